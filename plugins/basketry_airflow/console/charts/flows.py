"""Who moved from where to where: two columns of names and bands between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry_airflow.console.charts.scale import WIDTH
from basketry_airflow.console.formats import Formatter, count

GAP = 6.0
LEAST = 16.0
"""Pixels between two names of a column, and the least height of one: its text must fit."""
LEFT, RIGHT = 370.0, WIDTH - 370.0


@dataclass(frozen=True)
class Flow:
    """So many moved from one name to another.

    Attributes:
        source: The name that they left.
        target: The name at which they arrived.
        size: How many.
        tip: The tool tip; made from the others when empty.
    """

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


@dataclass(frozen=True, kw_only=True)
class Flows:
    """All that the template draws.

    Attributes:
        title: Above the chart.
        summary: One sentence for a reader who cannot see it.
        height: In pixels.
        sources: The left column.
        targets: The right column.
        bands: SVG path, tool tip, and whether source and target are one.
        header: Headings of the table beneath.
        rows: Its rows.
    """

    title: str
    summary: str
    height: float
    sources: tuple[End, ...]
    targets: tuple[End, ...]
    bands: tuple[tuple[str, str, bool], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def flows(title: str, movements: Sequence[Flow], order: Sequence[str], *, of: str, write: Formatter = count) -> Flows:
    """Draw bands between two columns in one order.

    Args:
        title: Above the chart.
        movements: How many moved from where to where; others than of `order` are left out.
        order: The names of both columns, from the top.
        of: What is counted, e.g. customers.
        write: How counts are written.
    """
    names = [name for name in order if any(name in (flow.source, flow.target) for flow in movements)]
    drawn = sorted(
        (flow for flow in movements if flow.size > 0 and flow.source in names and flow.target in names),
        key=lambda flow: (names.index(flow.source), names.index(flow.target)),
    )
    pixels = _pixels(drawn)
    sources = _column(
        [(name, sum(flow.size for flow in drawn if flow.source == name)) for name in names], pixels, write
    )
    targets = _column(
        [(name, sum(flow.size for flow in drawn if flow.target == name)) for name in names], pixels, write
    )
    total = sum(flow.size for flow in drawn)
    stayed = sum(flow.size for flow in drawn if flow.source == flow.target)
    return Flows(
        title=title,
        summary=f"{title}: {write(stayed)} of {write(total)} {of} stayed where they were.",
        height=max([end.top + end.height for end in (*sources, *targets)], default=LEAST),
        sources=sources,
        targets=targets,
        bands=tuple(_bands(drawn, sources=sources, targets=targets, pixels=pixels, of=of, write=write)),
        header=("from", "to", of),
        rows=tuple((flow.source, flow.target, write(flow.size)) for flow in sorted(drawn, key=lambda flow: -flow.size)),
    )


def _pixels(movements: Sequence[Flow]) -> float:
    """Return the pixels for one of what is counted."""
    return 360.0 / max(1.0, sum(flow.size for flow in movements))


def _column(sizes: Sequence[tuple[str, float]], pixels: float, write: Formatter) -> tuple[End, ...]:
    ends, top = [], 0.0
    for name, size in sizes:
        if size > 0:
            height = max(LEAST, size * pixels)
            ends.append(End(name, round(top, 1), round(height, 1), write(size)))
            top += height + GAP
    return tuple(ends)


def _bands(
    movements: Sequence[Flow], sources: Sequence[End], targets: Sequence[End], pixels: float, of: str, write: Formatter
) -> list[tuple[str, str, bool]]:
    leave = {end.name: end.top for end in sources}
    arrive = {end.name: end.top for end in targets}
    bands = []
    for flow in movements:
        thick = max(1.0, flow.size * pixels)
        path = _band(leave[flow.source], arrive[flow.target], thick)
        leave[flow.source] += thick
        arrive[flow.target] += thick
        tip = flow.tip or f"{flow.source} → {flow.target}\n{write(flow.size)} {of}"
        bands.append((path, tip, flow.source == flow.target))
    return bands


def _band(start: float, end: float, thick: float) -> str:
    middle = WIDTH / 2
    top = f"M{LEFT:g} {start:.1f}C{middle:g} {start:.1f} {middle:g} {end:.1f} {RIGHT:g} {end:.1f}"
    low, low_end = start + thick, end + thick
    return f"{top}L{RIGHT:g} {low_end:.1f}C{middle:g} {low_end:.1f} {middle:g} {low:.1f} {LEFT:g} {low:.1f}Z"
