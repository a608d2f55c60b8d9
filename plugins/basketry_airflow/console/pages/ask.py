"""Ask: a question in plain words, and its answer with the query, the numbers, a chart and how fresh they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from basketry.ask import Answer, Heading, answer
from basketry_airflow.console import audit, formats, limits
from basketry_airflow.console.charts import Line, LineChart, line_chart
from basketry_airflow.console.exports import export
from basketry_airflow.console.rendering import Looking, render
from basketry_airflow.console.viewer import Viewer

router = APIRouter()

EXAMPLES = (
    "Top 5 products by predicted revenue",
    "Which products require discount or optimization?",
    "Revenue by department last month",
    "Revenue by week since May",
    "Revenue last week vs last year",
)
LONGEST = 300
SHOWN_ROWS = 200


@dataclass(frozen=True)
class Shown:
    """An answer as it is drawn. cells: texts of the first rows; bars: share of each row's first measure in the largest."""

    answer: Answer
    now: datetime
    cells: tuple[tuple[str, ...], ...] = ()
    bars: tuple[float, ...] = ()
    line: LineChart | None = None

    @property
    def kind(self) -> str:
        """How the answer is drawn: number, bar, line or table."""
        drawn = self.answer.chart.kind
        return "table" if drawn == "line" and self.line is None else drawn


@router.get("/ask")
def page(viewer: Looking, q: str = Query("", max_length=LONGEST)) -> Response:
    """The page, with an answer when there is a question."""
    shown = ask(viewer, q) if q.strip() else None
    return render(viewer, "ask", "Ask", shown, question=q, examples=EXAMPLES, longest=LONGEST)


@router.get("/ask/download")
def download(viewer: Looking, q: str = Query(max_length=LONGEST)) -> Response:
    """The answer's rows as CSV."""
    found = answer(q, team=viewer.team.name, warehouse=viewer.warehouse)
    return export(viewer, "answer", [column.label for column in found.columns], found.rows)


def ask(viewer: Viewer, question: str) -> Shown:
    """The answer to a question; the question is written down first."""
    limits.admit(
        audit.QUESTION, viewer.user, team=viewer.team.name, catalog=viewer.catalog.name, question=question.strip()
    )
    found = answer(question, team=viewer.team.name, warehouse=viewer.warehouse)
    now = datetime.now(UTC)
    if not found.answered:
        return Shown(found, now)
    currency = viewer.catalog.currency
    writers = [_writer(column.unit, currency) for column in found.columns]
    cells = tuple(
        tuple(write(value) for write, value in zip(writers, row, strict=True)) for row in found.rows[:SHOWN_ROWS]
    )
    return Shown(found, now, cells, _bars(found), _line(found, currency))


def _writer(unit: str, currency: str) -> formats.Writer:
    """How values of a unit are written."""
    writers: dict[str, formats.Writer] = {
        "money": formats.exact_money(currency),
        "count": formats.count,
        "share": formats.share,
        "number": formats.decimal,
        "date": _day,
    }
    return writers.get(unit, lambda value: formats.NOTHING if value is None else str(value))


def _day(value: Any) -> str:
    return formats.day(value) if isinstance(value, date) or value is None else str(value)


def _place(columns: Sequence[Heading], name: str) -> int:
    return next(place for place, column in enumerate(columns) if column.name == name)


def _bars(found: Answer) -> tuple[float, ...]:
    if found.chart.kind != "bar" or not found.chart.y:
        return ()
    place = _place(found.columns, found.chart.y[0])
    values = [max(0.0, float(row[place] or 0)) for row in found.rows[:SHOWN_ROWS]]
    most = max(values, default=0.0)
    return tuple(value / most if most else 0.0 for value in values)


def _line(found: Answer, currency: str) -> LineChart | None:
    """A line for each measure, or for each value of the series; None for an answer that is no line."""
    drawn = found.chart
    if drawn.kind != "line" or drawn.x is None or not drawn.y or len(found.rows) < 2:
        return None
    x = _place(found.columns, drawn.x)
    labels = list(dict.fromkeys(row[x] for row in found.rows))
    looks = ("main", "year", "forecast", "other", "before")
    lines: list[Line] = []
    for name, values in _series(found, x).items():
        lines.append(Line(name, [values.get(label) for label in labels], looks[len(lines) % len(looks)]))
    heading = found.columns[_place(found.columns, drawn.y[0])]
    write = formats.money(currency) if heading.unit == "money" else _writer(heading.unit, currency)
    texts = [_day(label) if isinstance(label, date) else str(label) for label in labels]
    return line_chart(heading.label.capitalize(), texts, lines[: len(looks)], write=write, over=found.columns[x].label)


def _series(found: Answer, x: int) -> dict[str, dict[Any, float | None]]:
    """Values by label, for each line."""
    lines: dict[str, dict[Any, float | None]] = {}
    for measure in found.chart.y:
        place = _place(found.columns, measure)
        for row in found.rows:
            name = found.columns[place].label
            if found.chart.series:
                name = str(row[_place(found.columns, found.chart.series)])
            lines.setdefault(name, {})[row[x]] = None if row[place] is None else float(row[place])
    return lines
