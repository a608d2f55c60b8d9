"""Who moved from where to where: two columns of names and bands between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry_airflow.console.charts.scale import WIDTH
from basketry_airflow.console.formats import Writer, count

GAP = 6.0
LEAST = 16.0
"""Pixels between two names of a column, and the least height of one: its text must fit."""
LEFT, RIGHT = 370.0, WIDTH - 370.0


@dataclass(frozen=True)
class Flow:
    """So many went from one to the other."""

    source: str
    target: str
    size: float
    tip: str = ""


@dataclass(frozen=True)
class End:
    """A name in one of the two columns: where it begins and how high it is."""

    name: str
    top: float
    height: float
    text: str


@dataclass(frozen=True)
class Flows:
    """All that the template draws. bands: (SVG path, what it tells, whether it stays)."""

    title: str
    summary: str
    height: float
    sources: tuple[End, ...]
    targets: tuple[End, ...]
    bands: tuple[tuple[str, str, bool], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def flows(title: str, moved: Sequence[Flow], order: Sequence[str], *, of: str, write: Writer = count) -> Flows:
    """Bands between two columns in one order. of: what is counted, e.g. customers."""
    names = [name for name in order if any(name in (one.source, one.target) for one in moved)]
    kept = sorted(
        (one for one in moved if one.size > 0 and one.source in names and one.target in names),
        key=lambda one: (names.index(one.source), names.index(one.target)),
    )
    pixels = _pixels(kept)
    sources = _column([(name, sum(one.size for one in kept if one.source == name)) for name in names], pixels, write)
    targets = _column([(name, sum(one.size for one in kept if one.target == name)) for name in names], pixels, write)
    everything = sum(one.size for one in kept)
    stayed = sum(one.size for one in kept if one.source == one.target)
    return Flows(
        title=title,
        summary=f"{title}: {write(stayed)} of {write(everything)} {of} stayed where they were.",
        height=max([end.top + end.height for end in (*sources, *targets)], default=LEAST),
        sources=sources,
        targets=targets,
        bands=tuple(_bands(kept, sources, targets, pixels, of, write)),
        header=("from", "to", of),
        rows=tuple((one.source, one.target, write(one.size)) for one in sorted(kept, key=lambda one: -one.size)),
    )


def _pixels(moved: Sequence[Flow]) -> float:
    """Pixels for one of what is counted."""
    return 360.0 / max(1.0, sum(one.size for one in moved))


def _column(sizes: Sequence[tuple[str, float]], pixels: float, write: Writer) -> tuple[End, ...]:
    ends, top = [], 0.0
    for name, size in sizes:
        if size > 0:
            height = max(LEAST, size * pixels)
            ends.append(End(name, round(top, 1), round(height, 1), write(size)))
            top += height + GAP
    return tuple(ends)


def _bands(
    moved: Sequence[Flow], sources: Sequence[End], targets: Sequence[End], pixels: float, of: str, write: Writer
) -> list[tuple[str, str, bool]]:
    leave = {end.name: end.top for end in sources}
    arrive = {end.name: end.top for end in targets}
    drawn = []
    for one in moved:
        thick = max(1.0, one.size * pixels)
        path = _band(leave[one.source], arrive[one.target], thick)
        leave[one.source] += thick
        arrive[one.target] += thick
        tip = one.tip or f"{one.source} → {one.target}\n{write(one.size)} {of}"
        drawn.append((path, tip, one.source == one.target))
    return drawn


def _band(start: float, end: float, thick: float) -> str:
    middle = WIDTH / 2
    top = f"M{LEFT:g} {start:.1f}C{middle:g} {start:.1f} {middle:g} {end:.1f} {RIGHT:g} {end:.1f}"
    low, low_end = start + thick, end + thick
    return f"{top}L{RIGHT:g} {low_end:.1f}C{middle:g} {low_end:.1f} {middle:g} {low:.1f} {LEFT:g} {low:.1f}Z"
