"""What a question becomes: an answer with its sentence, query, rows, chart and freshness, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from basketry.errors import BadInputError
from basketry.warehouse.model import TableState

MONEY, COUNT, SHARE, NUMBER, DATE, TEXT = "money", "count", "share", "number", "date", "text"
GRAMMAR = "grammar"
"""The source of an answer whose query the grammar wrote."""

UNITS = (MONEY, COUNT, SHARE, NUMBER, DATE, TEXT)
"""What the values of a column are. money: in the catalog's currency; share: 1.0 is all, shown in per cent."""


class NotUnderstoodError(BadInputError):
    """A question that is not answered.

    Attributes:
        suggestions: Questions that would be answered.
    """

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        """Say why in one sentence."""
        super().__init__(message)
        self.suggestions = suggestions


@dataclass(frozen=True)
class Heading:
    """A column of an answer.

    Attributes:
        name: Its name in the query.
        label: Its name for people.
        unit: One of UNITS.
    """

    name: str
    label: str
    unit: str


@dataclass(frozen=True)
class Chart:
    """How the rows are best drawn.

    Attributes:
        kind: number, bar, line or table.
        x: The dimension's column along the axis.
        y: The measures' columns.
        series: The column that tells several lines apart.
    """

    kind: str
    x: str | None = None
    y: tuple[str, ...] = ()
    series: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is shown for a question; of a refused one all but question, refusal, suggestions and source is empty.

    Attributes:
        question: As it was asked.
        understood: The question as it was understood, in words.
        sql: The query that was run, Databricks SQL.
        columns: The columns of the rows, in order.
        rows: One tuple per row, in the order of the columns.
        truncated: Whether there are more rows.
        chart: How the rows are best drawn.
        read: Version and time of every table that was read.
        data_until: The last day that the data know, from which "last month" and the like are counted.
        refusal: Why there is no answer.
        suggestions: What to ask instead.
        source: Who wrote the query: grammar, genie or model.
    """

    question: str
    understood: str = ""
    sql: str = ""
    columns: tuple[Heading, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    truncated: bool = False
    chart: Chart = field(default_factory=lambda: Chart("table"))
    read: tuple[TableState, ...] = ()
    data_until: date | None = None
    refusal: str | None = None
    suggestions: tuple[str, ...] = ()
    source: str = GRAMMAR

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.refusal is None
