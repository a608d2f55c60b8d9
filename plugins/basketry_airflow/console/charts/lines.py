"""Lines over time, with an interval around one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry_airflow.console.charts.scale import WIDTH, Scale, scale, spread
from basketry_airflow.console.formats import Formatter, decimal, tick

HEIGHT = 220.0
LABELS = 6
"""Labels along the time axis, at most; on a narrow screen every other one is shown."""


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        name: In the legend.
        values: One per label; None leaves a gap.
        look: How templates draw it: main, before, year, forecast or other.
    """

    name: str
    values: Sequence[float | None]
    look: str = "main"


@dataclass(frozen=True)
class Band:
    """An interval around a line, by label; None where there is none."""

    name: str
    low: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True)
class Tick:
    """A label of an axis.

    Attributes:
        position: Per cent along the time axis, pixels down the value axis.
        text: What stands there.
        anchor: SVG's text-anchor.
        minor: Whether a narrow screen leaves it out.
    """

    position: float
    text: str
    anchor: str = "middle"
    minor: bool = False


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An area that a pointer or the arrow keys find: its tool tip, and where the points of the lines are."""

    left: float
    width: float
    middle: float
    tip: str
    dots: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class LineChart:
    """All that the template draws; paths are (look, SVG path) in a drawing WIDTH wide."""

    title: str
    summary: str
    height: float
    legend: tuple[tuple[str, str], ...]
    areas: tuple[str, ...]
    paths: tuple[tuple[str, str], ...]
    grid: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    hits: tuple[Hit, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def line_chart(
    title: str,
    labels: Sequence[str],
    lines: Sequence[Line],
    *,
    band: Band | None = None,
    write: Formatter = decimal,
    from_zero: bool = True,
    over: str = "period",
) -> LineChart:
    """Draw lines of equal length over labels.

    Args:
        title: Above the chart.
        labels: Along the time axis.
        lines: The lines, each as long as the labels.
        band: An interval around one of them.
        write: How values are written.
        from_zero: Whether the value axis begins at zero.
        over: What a label is, the first heading of the table.
    """
    values = [value for line in lines for value in line.values]
    values += [*band.low, *band.high] if band else []
    ruler = scale(values, HEIGHT, from_zero=from_zero)
    positions = spread(len(labels)) if labels else []
    names = tuple(line.name for line in lines) + ((band.name,) if band else ())
    looks = tuple(line.look for line in lines) + (("band",) if band else ())
    rows = tuple(_row(index, label, lines, band=band, write=write) for index, label in enumerate(labels))
    return LineChart(
        title=title,
        summary=_summary(title, labels, lines, write),
        height=HEIGHT,
        legend=tuple(zip(looks, names, strict=True)),
        areas=_areas(band, positions, ruler) if band else (),
        paths=tuple((line.look, _path(line.values, positions, ruler)) for line in lines),
        grid=tuple(Tick(ruler.y(value), tick(write(value))) for value in ruler.ticks),
        labels=tuple(_labels(labels, positions)),
        hits=tuple(
            _hit(index, positions=positions, row=rows[index], names=names, lines=lines, ruler=ruler)
            for index in range(len(labels))
        ),
        header=(over, *names),
        rows=rows,
    )


def _path(values: Sequence[float | None], positions: Sequence[float], ruler: Scale) -> str:
    parts, pen = [], "M"
    for position, value in zip(positions, values, strict=True):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{position * WIDTH / 100:g} {ruler.y(float(value)):g}")
        pen = "L"
    return "".join(parts)


def _areas(band: Band, positions: Sequence[float], ruler: Scale) -> tuple[str, ...]:
    points = [
        (position * WIDTH / 100, ruler.y(float(low)), ruler.y(float(high)))
        for position, low, high in zip(positions, band.low, band.high, strict=True)
        if low is not None and high is not None
    ]
    if len(points) < 2:
        return ()
    upper = [f"{x:g} {high:g}" for x, _, high in points]
    lower = [f"{x:g} {low:g}" for x, low, _ in reversed(points)]
    return ("M" + "L".join(upper + lower) + "Z",)


def _labels(labels: Sequence[str], positions: Sequence[float]) -> list[Tick]:
    step = max(1, -(-len(labels) // LABELS))
    shown = list(range(0, len(labels), step))
    return [
        Tick(positions[index], labels[index], "start" if index == 0 else "middle", minor=bool(number % 2))
        for number, index in enumerate(shown)
        if positions[index] < 97
    ]


def _hit(
    index: int,
    positions: Sequence[float],
    row: tuple[str, ...],
    names: tuple[str, ...],
    lines: Sequence[Line],
    ruler: Scale,
) -> Hit:
    width = 100 / len(positions)
    values = [f"{name}: {text}" for name, text in zip(names, row[1:], strict=True)]
    dots = tuple((line.look, ruler.y(float(value))) for line in lines if (value := line.values[index]) is not None)
    return Hit(
        left=round(positions[index] - width / 2, 3),
        width=round(width, 3),
        middle=positions[index],
        tip="\n".join([row[0], *values]),
        dots=dots,
    )


def _row(index: int, label: str, lines: Sequence[Line], band: Band | None, write: Formatter) -> tuple[str, ...]:
    cells = [label, *(write(line.values[index]) for line in lines)]
    if band:
        low, high = band.low[index], band.high[index]
        cells.append("" if low is None or high is None else f"{write(low)} to {write(high)}")
    return tuple(cells)


def _summary(title: str, labels: Sequence[str], lines: Sequence[Line], write: Formatter) -> str:
    if not labels:
        return f"{title}: nothing to show."
    sentences = []
    for line in lines:
        points = [(label, value) for label, value in zip(labels, line.values, strict=True) if value is not None]
        if points:
            highest = max(points, key=lambda pair: pair[1])
            sentences.append(
                f"{line.name} ends at {write(points[-1][1])} ({points[-1][0]}), highest {write(highest[1])} ({highest[0]})"
            )
    return f"{title}: {'; '.join(sentences) or 'no values'}."
