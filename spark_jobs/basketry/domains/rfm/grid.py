"""The grid of named segments: which name each of the 125 combinations of scores has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator

from basketry.config.model import Document, Label, Mistake, Text, must

SCORES = 5
_MAX_NAMED = 3

Cell = tuple[int, ...]
"""r, f and m."""


@dataclass(frozen=True)
class SegmentGrid:
    """Named segments in the order of their file.

    Attributes:
        names: The names.
        treatments: The treatment of each name.
        positions: 5 x 5 x 5: the position in `names` by r - 1, f - 1, m - 1.
    """

    names: tuple[str, ...]
    treatments: Mapping[str, str]
    positions: NDArray[np.int64]

    def segments(self, scores: NDArray[np.int64]) -> NDArray[np.object_]:
        """Return the name of each row of scores, which are rows x (r, f, m) from 1 to 5."""
        r, f, m = (scores - 1).T
        cells: NDArray[np.object_] = np.asarray(self.names, dtype=object)[self.positions[r, f, m]]
        return cells


def _ends(value: object) -> object:
    """Let a single score stand for a range of its own."""
    ends = value if isinstance(value, tuple) else (value, value)
    if len(ends) != 2:
        raise Mistake("{what} has {count} numbers; write one score or the two ends of a range.", count=len(ends))
    return ends


ScoreRange = Annotated[
    tuple[int, int],
    BeforeValidator(_ends),
    must(
        lambda ends: 1 <= ends[0] <= ends[1] <= SCORES,
        f"{{what}} is {{value[0]}} to {{value[1]}}; scores run from 1 to {SCORES}, the lower one first.",
    ),
]


class CellRange(Document, title="a cell of {1}"):
    """Cells side by side: one score or a range of scores in each dimension."""

    r: ScoreRange
    f: ScoreRange
    m: ScoreRange

    def cells(self) -> Iterator[Cell]:
        """Yield every cell."""
        return product(*(range(low, high + 1) for low, high in (self.r, self.f, self.m)))


class Segment(Document, title="the segment {0}"):
    """A named segment: its cells, and what marketing does with its customers."""

    cells: Annotated[
        tuple[CellRange, ...],
        must(bool, "the segment '{1}' has no cells; write at least one or remove it."),
        Label("cells of {1}"),
    ]
    treatment: Annotated[Text, Label("treatment of {1}")]


def _owners(segments: Mapping[str, Segment]) -> dict[Cell, str]:
    owner: dict[Cell, str] = {}
    for name, segment in segments.items():
        if name.startswith("("):
            reserved = "the segment '{name}' begins with a bracket; such names are kept for who came and who went."
            raise Mistake(reserved, name, name=name)
        for position, box in enumerate(segment.cells):
            for cell in box.cells():
                if cell in owner:
                    twice = "{cell} is in '{first}' and in '{name}'; leave it in one of them."
                    path = (name, "cells", position)
                    raise Mistake(twice, *path, cell=_cell_text(cell), first=owner[cell], name=name)
                owner[cell] = name
    return owner


def _check_segments(segments: Mapping[str, Segment]) -> Mapping[str, Segment]:
    owner = _owners(segments)
    holes = [cell for cell in product(range(1, SCORES + 1), repeat=3) if cell not in owner]
    if holes:
        more = f" and {len(holes) - _MAX_NAMED} more" if len(holes) > _MAX_NAMED else ""
        cells = "; ".join(_cell_text(cell) for cell in holes[:_MAX_NAMED])
        raise Mistake(f"no segment has {cells}{more}; every one of the 125 cells needs a name.")
    return segments


Segments = Annotated[Mapping[str, Segment], AfterValidator(_check_segments)]
"""Segments by name, each of the 125 cells in exactly one of them."""


def segment_grid(segments: Mapping[str, Segment]) -> SegmentGrid:
    """Lay the segments of a settings file out as a grid."""
    names = tuple(segments)
    positions = np.zeros((SCORES,) * 3, dtype=np.int64)
    for (r, f, m), name in _owners(segments).items():
        positions[r - 1, f - 1, m - 1] = names.index(name)
    return SegmentGrid(names, {name: segment.treatment for name, segment in segments.items()}, positions)


def _cell_text(cell: Cell) -> str:
    return "r {}, f {}, m {}".format(*cell)
