"""The grid of named segments: which name each of the 125 combinations of scores has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from basketry.config.documents import Node

SCORES = 5
DIMENSIONS = ("r", "f", "m")
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
        return np.asarray(self.names, dtype=object)[self.positions[r, f, m]]


def load_segment_grid(node: Node) -> SegmentGrid:
    """Read the segments of a settings file.

    Raises:
        ContractError: A cell has no segment, or two; the message names it.
    """
    entries: dict[str, Node] = node.expect(dict, "segments")
    owner: dict[Cell, str] = {}
    treatments = {}
    for name, entry in entries.items():
        if name.startswith("("):
            entry.fail(f"the segment '{name}' begins with a bracket; such names are kept for who came and who went.")
        segment = entry.mapping(f"the segment {name}", ("cells", "treatment"), ("cells", "treatment"))
        treatments[name] = segment["treatment"].string(f"treatment of {name}")
        for cell, box in _cells(segment["cells"], name):
            if cell in owner:
                box.fail(f"{_cell_text(cell)} is in '{owner[cell]}' and in '{name}'; leave it in one of them.")
            owner[cell] = name
    holes = [cell for cell in product(range(1, SCORES + 1), repeat=3) if cell not in owner]
    if holes:
        more = f" and {len(holes) - _MAX_NAMED} more" if len(holes) > _MAX_NAMED else ""
        cells = "; ".join(_cell_text(cell) for cell in holes[:_MAX_NAMED])
        node.fail(f"no segment has {cells}{more}; every one of the 125 cells needs a name.")
    names = tuple(entries)
    positions = np.zeros((SCORES,) * 3, dtype=np.int64)
    for (r, f, m), name in owner.items():
        positions[r - 1, f - 1, m - 1] = names.index(name)
    return SegmentGrid(names, treatments, positions)


def _cells(node: Node, name: str) -> Iterator[tuple[Cell, Node]]:
    boxes = node.items(f"cells of {name}")
    if not boxes:
        node.fail(f"the segment '{name}' has no cells; write at least one or remove it.")
    for box in boxes:
        ranges = box.mapping(f"a cell of {name}", DIMENSIONS, DIMENSIONS)
        for r, f, m in product(*(_range(ranges[dimension], dimension) for dimension in DIMENSIONS)):
            yield (r, f, m), box


def _range(node: Node, dimension: str) -> range:
    ends = node.items(dimension) if isinstance(node.value, list) else [node, node]
    if len(ends) != 2:
        node.fail(f"{dimension} has {len(ends)} numbers; write one score or the two ends of a range.")
    low, high = (int(end.expect(int, dimension)) for end in ends)
    if not 1 <= low <= high <= SCORES:
        node.fail(f"{dimension} is {low} to {high}; scores run from 1 to {SCORES}, the lower one first.")
    return range(low, high + 1)


def _cell_text(cell: Cell) -> str:
    return "r {}, f {}, m {}".format(*cell)
