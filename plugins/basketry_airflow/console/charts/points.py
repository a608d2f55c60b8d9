"""Points over two measures, with the line on which both are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basketry_airflow.console.charts.lines import Tick
from basketry_airflow.console.charts.scale import scale
from basketry_airflow.console.formats import Formatter, decimal, tick

HEIGHT = 280.0


@dataclass(frozen=True)
class Dot:
    """One point of a chart and its name."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class PointChart:
    """All that the template draws.

    Attributes:
        title: Above the chart.
        summary: One sentence for a reader who cannot see it.
        height: In pixels.
        x_name: What is measured across.
        y_name: What is measured up.
        dots: Per cent from the left, pixels from the top, and the tool tip of each.
        diagonal: Both ends of the line on which the measures are equal.
        grid: Labels of the vertical axis.
        labels: Labels of the horizontal axis.
        header: Headings of the table beneath.
        rows: Its rows.
    """

    title: str
    summary: str
    height: float
    x_name: str
    y_name: str
    dots: tuple[tuple[float, float, str], ...]
    diagonal: tuple[float, float, float, float]
    grid: tuple[Tick, ...]
    labels: tuple[Tick, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def point_chart(
    title: str, dots: Sequence[Dot], *, x_name: str, y_name: str, of: str, write: Formatter = decimal
) -> PointChart:
    """Draw both measures on one scale, so that a point on the diagonal has kept its promise.

    Args:
        title: Above the chart.
        dots: The points.
        x_name: What is measured across.
        y_name: What is measured up.
        of: What a point is, e.g. product.
        write: How values are written.
    """
    ruler = scale([value for dot in dots for value in (dot.x, dot.y)], HEIGHT)
    across = 100 / (ruler.high - ruler.low)
    positions = tuple(
        (
            round((dot.x - ruler.low) * across, 2),
            ruler.y(dot.y),
            f"{dot.name}\n{x_name}: {write(dot.x)}\n{y_name}: {write(dot.y)}",
        )
        for dot in dots
    )
    ticks = ruler.ticks[1:-1]
    return PointChart(
        title=title,
        summary=f"{title}: {len(dots)} points, {x_name} across and {y_name} up; on the diagonal both are equal.",
        height=HEIGHT,
        x_name=x_name,
        y_name=y_name,
        dots=positions,
        diagonal=(0, HEIGHT, 100, 0),
        grid=tuple(Tick(ruler.y(value), tick(write(value))) for value in ruler.ticks),
        labels=tuple(Tick(round((value - ruler.low) * across, 2), tick(write(value))) for value in ticks),
        header=(of, x_name, y_name),
        rows=tuple((dot.name, write(dot.x), write(dot.y)) for dot in dots),
    )
