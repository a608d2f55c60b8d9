"""Charts as geometry: what is drawn is where its value says, and everything drawn is in the table as well."""

from __future__ import annotations

import re

import pytest

from basketry_airflow.console.charts import Band, Dot, Flow, Line, flows, line_chart, point_chart
from basketry_airflow.console.charts.scale import nice_step, scale
from basketry_airflow.console.formats import count


@pytest.mark.parametrize(("rough", "step"), [(0.7, 1), (1, 1), (1.2, 2), (2.1, 2.5), (3, 5), (70, 100), (0.03, 0.05)])
def test_the_grid_has_round_steps(rough: float, step: float) -> None:
    """1, 2, 2.5 or 5 times a power of ten, never smaller than asked for."""
    assert nice_step(rough) == pytest.approx(step)


@pytest.mark.parametrize("values", [[], [None], [0.0, 0.0], [-3.0, 8.0], [1e9], [5.0, None, 7.0]])
def test_a_scale_holds_every_value(values: list[float | None]) -> None:
    """Whatever there is to show lies between the ends, zero included."""
    ruler = scale(values, 100)
    for value in (*values, 0.0):
        if value is not None:
            assert 0 <= ruler.y(value) <= 100
    assert ruler.ticks[0] == ruler.low < ruler.high == ruler.ticks[-1]


def test_a_line_goes_where_its_values_are_and_breaks_where_there_is_none() -> None:
    """Zero is at the bottom, the highest line of the grid at the top; a gap is no zero."""
    chart = line_chart("Sales", ["a", "b", "c", "d"], [Line("now", [0, 10, None, 5])], write=count)
    points = [tuple(map(float, pair)) for pair in re.findall(r"[ML]([\d.]+) ([\d.]+)", chart.paths[0][1])]
    assert points == [(125, 220), (375, 0), (875, 110)]
    assert chart.paths[0][1].count("M") == 2
    assert chart.rows == (("a", "0"), ("b", "10"), ("c", "–"), ("d", "5"))
    assert chart.hits[1].tip == "b\nnow: 10" and chart.hits[2].dots == ()


def test_an_interval_is_told_in_words_as_well() -> None:
    """The band is an area, a column of the table and a part of the tool tip."""
    chart = line_chart("Sales", ["a", "b"], [Line("now", [1, 2])], band=Band("90 %", [0, 1], [2, 4]), write=count)
    assert len(chart.areas) == 1 and chart.header == ("period", "now", "90 %")
    assert chart.rows[1] == ("b", "2", "1 to 4") and chart.hits[1].tip.endswith("90 %: 1 to 4")
    assert "now ends at 2 (b)" in chart.summary


def test_an_empty_chart_says_so() -> None:
    """Nothing to show is an answer, not an error."""
    chart = line_chart("Sales", [], [Line("now", [])])
    assert chart.summary == "Sales: nothing to show." and chart.hits == ()


def test_a_kept_promise_lies_on_the_diagonal() -> None:
    """Both axes have one scale."""
    chart = point_chart("Kept", [Dot("x", 2, 2), Dot("y", 4, 1)], x_name="said", y_name="came", of="product")
    (left, top, _), (_, low, _) = chart.dots
    assert left / 100 == pytest.approx(1 - top / chart.height) and low > top
    assert chart.rows[0] == ("x", "2.00", "2.00")


def test_flows_keep_their_numbers() -> None:
    """Both columns add up to the same; who stayed is told apart from who moved."""
    moved = [Flow("A", "A", 6), Flow("A", "B", 2), Flow("B", "B", 4)]
    chart = flows("Moves", moved, ["A", "B"], of="customers")
    assert [(end.name, end.text) for end in chart.sources] == [("A", "8"), ("B", "4")]
    assert [(end.name, end.text) for end in chart.targets] == [("A", "6"), ("B", "6")]
    assert [stays for _, _, stays in chart.bands] == [True, False, True]
    assert chart.summary == "Moves: 10 of 12 customers stayed where they were."
