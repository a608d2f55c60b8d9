"""Lines over time, with an interval around one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry_airflow.console.charts.scale import WIDTH, Scale, scale, spread
from basketry_airflow.console.formats import Writer, decimal, tick

HEIGHT = 220.0
LABELS = 6
"""Labels along the time axis, at most; on a narrow screen every other one is shown."""


@dataclass(frozen=True)
class Line:
    """One line. look: main, before, year, forecast or other: how templates draw it. None leaves a gap."""

    name: str
    values: Sequence[float | None]
    look: str = "main"


@dataclass(frozen=True)
class Band:
    """An interval around a line, by place; None where there is none."""

    name: str
    low: Sequence[float | None]
    high: Sequence[float | None]


@dataclass(frozen=True)
class Tick:
    """A label of an axis. place: per cent along the time axis, pixels down the value axis."""

    place: float
    text: str
    anchor: str = "middle"
    minor: bool = False


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A place that a pointer or the arrow keys find: what it tells, and where the points of the lines are."""

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
    write: Writer = decimal,
    from_zero: bool = True,
    over: str = "period",
) -> LineChart:
    """Lines of equal length over labelled places. over: what a place is, the first heading of the table."""
    values = [value for line in lines for value in line.values]
    values += [*band.low, *band.high] if band else []
    ruler = scale(values, HEIGHT, from_zero=from_zero)
    places = spread(len(labels)) if labels else []
    names = tuple(line.name for line in lines) + ((band.name,) if band else ())
    looks = tuple(line.look for line in lines) + (("band",) if band else ())
    rows = tuple(_row(place, label, lines, band=band, write=write) for place, label in enumerate(labels))
    return LineChart(
        title=title,
        summary=_summary(title, labels, lines, write),
        height=HEIGHT,
        legend=tuple(zip(looks, names, strict=True)),
        areas=_areas(band, places, ruler) if band else (),
        paths=tuple((line.look, _path(line.values, places, ruler)) for line in lines),
        grid=tuple(Tick(ruler.y(value), tick(write(value))) for value in ruler.ticks),
        labels=tuple(_labels(labels, places)),
        hits=tuple(
            _hit(place, places=places, row=rows[place], names=names, lines=lines, ruler=ruler)
            for place in range(len(labels))
        ),
        header=(over, *names),
        rows=rows,
    )


def _path(values: Sequence[float | None], places: Sequence[float], ruler: Scale) -> str:
    parts, pen = [], "M"
    for place, value in zip(places, values, strict=True):
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{place * WIDTH / 100:g} {ruler.y(float(value)):g}")
        pen = "L"
    return "".join(parts)


def _areas(band: Band, places: Sequence[float], ruler: Scale) -> tuple[str, ...]:
    known = [
        (place * WIDTH / 100, ruler.y(float(low)), ruler.y(float(high)))
        for place, low, high in zip(places, band.low, band.high, strict=True)
        if low is not None and high is not None
    ]
    if len(known) < 2:
        return ()
    upper = [f"{x:g} {high:g}" for x, _, high in known]
    lower = [f"{x:g} {low:g}" for x, low, _ in reversed(known)]
    return ("M" + "L".join(upper + lower) + "Z",)


def _labels(labels: Sequence[str], places: Sequence[float]) -> list[Tick]:
    step = max(1, -(-len(labels) // LABELS))
    shown = list(range(0, len(labels), step))
    return [
        Tick(places[place], labels[place], "start" if place == 0 else "middle", minor=bool(number % 2))
        for number, place in enumerate(shown)
        if places[place] < 97
    ]


def _hit(
    place: int,
    places: Sequence[float],
    row: tuple[str, ...],
    names: tuple[str, ...],
    lines: Sequence[Line],
    ruler: Scale,
) -> Hit:
    width = 100 / len(places)
    told = [f"{name}: {text}" for name, text in zip(names, row[1:], strict=True)]
    dots = tuple((line.look, ruler.y(float(value))) for line in lines if (value := line.values[place]) is not None)
    return Hit(
        left=round(places[place] - width / 2, 3),
        width=round(width, 3),
        middle=places[place],
        tip="\n".join([row[0], *told]),
        dots=dots,
    )


def _row(place: int, label: str, lines: Sequence[Line], band: Band | None, write: Writer) -> tuple[str, ...]:
    cells = [label, *(write(line.values[place]) for line in lines)]
    if band:
        low, high = band.low[place], band.high[place]
        cells.append("" if low is None or high is None else f"{write(low)} to {write(high)}")
    return tuple(cells)


def _summary(title: str, labels: Sequence[str], lines: Sequence[Line], write: Writer) -> str:
    if not labels:
        return f"{title}: nothing to show."
    told = []
    for line in lines:
        known = [(label, value) for label, value in zip(labels, line.values, strict=True) if value is not None]
        if known:
            top = max(known, key=lambda pair: pair[1])
            told.append(
                f"{line.name} ends at {write(known[-1][1])} ({known[-1][0]}), highest {write(top[1])} ({top[0]})"
            )
    return f"{title}: {'; '.join(told) or 'no values'}."
