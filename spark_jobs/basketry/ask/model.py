"""What a question becomes: an answer with its sentence, query, rows, chart and freshness, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from basketry.errors import BadInputError
from basketry.warehouse.model import TableState

MONEY, COUNT, SHARE, NUMBER, DATE, TEXT = "money", "count", "share", "number", "date", "text"
UNITS = (MONEY, COUNT, SHARE, NUMBER, DATE, TEXT)
"""What the values of a column are. money: in the catalog's currency; share: 1.0 is all, shown in per cent."""


class NotUnderstoodError(BadInputError):
    """A question that is not answered. suggestions: questions that would be."""

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        """message: one sentence that says why."""
        super().__init__(message)
        self.suggestions = suggestions


@dataclass(frozen=True)
class Heading:
    """A column of an answer. name: in the query; label: for people; unit: one of UNITS."""

    name: str
    label: str
    unit: str


@dataclass(frozen=True)
class Chart:
    """How the rows are best drawn. kind: number, bar, line or table; x, series: dimension columns; y: measures."""

    kind: str
    x: str | None = None
    y: tuple[str, ...] = ()
    series: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is shown for a question. Refused: refusal says why, suggestions what to ask instead, all else is empty.

    understood: the question as it was understood, in words. sql: the query that was run, Databricks SQL.
    rows: a tuple a row, in the order of columns. read: version and time of every table. data_until: the last day that
    the data knows, from which "last month" and the like are counted. source: who wrote the query: grammar, genie, model.
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
    source: str = "grammar"

    @property
    def answered(self) -> bool:
        """Whether there is an answer."""
        return self.refusal is None
