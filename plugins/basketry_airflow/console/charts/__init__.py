"""Charts as plain geometry; `templates/charts.html` draws them, so that every text passes its escaping.

The horizontal unit is per cent of the width and the vertical one is a pixel: charts fill any screen while their text keeps
its size. Every chart carries the numbers that it shows as a table, and one sentence for a reader who cannot see it.
"""

from __future__ import annotations

from basketry_airflow.console.charts.flows import Flow, Flows, flows
from basketry_airflow.console.charts.lines import Band, Line, LineChart, line_chart
from basketry_airflow.console.charts.points import Dot, PointChart, point_chart

__all__ = ["Band", "Dot", "Flow", "Flows", "Line", "LineChart", "PointChart", "flows", "line_chart", "point_chart"]
