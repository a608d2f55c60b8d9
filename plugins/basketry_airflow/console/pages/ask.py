"""Ask: a question in plain words, and its answer with the query, the numbers, a chart and how fresh they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from basketry.ask import Answer, Heading, answer
from basketry_airflow.console import audit, formats, rate_limits
from basketry_airflow.console.charts import Line, LineChart, line_chart
from basketry_airflow.console.exports import export
from basketry_airflow.console.page import Page
from basketry_airflow.console.pages import sales
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Viewer

router = APIRouter()
PAGE = Page(path="ask", title="Ask", position=10, router=router)

EXAMPLES = (
    "Top 5 products by predicted revenue",
    "Which products require discount or optimization?",
    "Revenue by department last month",
    "Revenue by week since May",
    "Revenue last week vs last year",
)
LONGEST = 300
SHOWN_ROWS = 200


@dataclass(frozen=True, kw_only=True)
class DrawnAnswer:
    """An answer as it is drawn.

    Attributes:
        answer: The answer itself.
        now: The time of the request.
        cells: The texts of the first rows.
        bars: The share of each row's first measure in the largest.
        line: The chart of an answer over time.
    """

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


Question = Annotated[str, Form(max_length=LONGEST)]
"""It is posted: addresses of pages stay in histories and logs, and people write names into questions."""


@router.get("/ask")
def page(viewer: CurrentViewer) -> Response:
    """Return the page before a question."""
    return _page(viewer, "")


@router.post("/ask")
def answered_page(viewer: CurrentViewer, q: Question = "") -> Response:
    """Return the page with the answer to a question."""
    return _page(viewer, q)


def _page(viewer: Viewer, q: str) -> Response:
    shown = ask(viewer, q) if q.strip() else None
    no_sales = sales.PAGE.unavailable(viewer) if sales.PAGE.is_readable(viewer) else None
    return render(
        viewer, PAGE.path, PAGE.title, shown, question=q, examples=EXAMPLES, longest=LONGEST, no_sales=no_sales
    )


@router.post("/ask/download")
def download(viewer: CurrentViewer, q: Question) -> Response:
    """Return the answer's rows as CSV; the question is recorded as for the page, and once more beside the file."""
    rate_limits.check_limit(audit.EXPORT, viewer.user)
    answered = _recorded_answer(viewer, q)
    columns = [column.label for column in answered.columns]
    return export(viewer, "answer", columns, answered.rows, question=q.strip())


def ask(viewer: Viewer, question: str) -> DrawnAnswer:
    """Answer a question; the question is recorded first."""
    answered = _recorded_answer(viewer, question)
    now = datetime.now(UTC)
    if not answered.answered:
        return DrawnAnswer(answer=answered, now=now)
    currency = viewer.catalog.currency
    writers = [_writer(column.unit, currency) for column in answered.columns]
    cells = tuple(
        tuple(write(value) for write, value in zip(writers, row, strict=True)) for row in answered.rows[:SHOWN_ROWS]
    )
    return DrawnAnswer(answer=answered, now=now, cells=cells, bars=_bars(answered), line=_line(answered, currency))


def _recorded_answer(viewer: Viewer, question: str) -> Answer:
    rate_limits.rate_limit(audit.QUESTION, viewer, question=question.strip())
    return answer(question, team=viewer.team.name, warehouse=viewer.warehouse)


def _writer(unit: str, currency: str) -> formats.Formatter:
    """Return how values of a unit are written."""
    writers: dict[str, formats.Formatter] = {
        "money": formats.exact_money(currency),
        "count": formats.count,
        "share": formats.share,
        "number": formats.decimal,
        "date": _day,
    }
    return writers.get(unit, lambda value: formats.NOTHING if value is None else str(value))


def _day(value: Any) -> str:
    return formats.day(value) if isinstance(value, date) or value is None else str(value)


def _index_of(columns: Sequence[Heading], name: str) -> int:
    return next(index for index, column in enumerate(columns) if column.name == name)


def _bars(answered: Answer) -> tuple[float, ...]:
    if answered.chart.kind != "bar" or not answered.chart.y:
        return ()
    index = _index_of(answered.columns, answered.chart.y[0])
    values = [max(0.0, float(row[index] or 0)) for row in answered.rows[:SHOWN_ROWS]]
    largest = max(values, default=0.0)
    return tuple(value / largest if largest else 0.0 for value in values)


def _line(answered: Answer, currency: str) -> LineChart | None:
    """Draw a line for each measure, or for each value of the series; None for an answer that is no line."""
    drawn = answered.chart
    if drawn.kind != "line" or drawn.x is None or not drawn.y or len(answered.rows) < 2:
        return None
    x = _index_of(answered.columns, drawn.x)
    labels = list(dict.fromkeys(row[x] for row in answered.rows))
    looks = ("main", "year", "forecast", "other", "before")
    lines: list[Line] = []
    for name, values in _series(answered, x).items():
        lines.append(Line(name, [values.get(label) for label in labels], looks[len(lines) % len(looks)]))
    heading = answered.columns[_index_of(answered.columns, drawn.y[0])]
    write = formats.money(currency) if heading.unit == "money" else _writer(heading.unit, currency)
    texts = [_day(label) if isinstance(label, date) else str(label) for label in labels]
    return line_chart(
        heading.label.capitalize(), texts, lines[: len(looks)], write=write, over=answered.columns[x].label
    )


def _series(answered: Answer, x: int) -> dict[str, dict[Any, float | None]]:
    """Return the values by label, for each line."""
    lines: dict[str, dict[Any, float | None]] = {}
    for measure in answered.chart.y:
        index = _index_of(answered.columns, measure)
        for row in answered.rows:
            name = answered.columns[index].label
            if answered.chart.series:
                name = str(row[_index_of(answered.columns, answered.chart.series)])
            lines.setdefault(name, {})[row[x]] = None if row[index] is None else float(row[index])
    return lines
