"""What every warehouse is: a guarded query in, rows with their tables' versions out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from basketry.access.guard import Guarded, guard, visible_columns
from basketry.access.model import CLEAR, Grants, Team
from basketry.errors import BadInputError, BasketryError
from basketry.warehouse.cache import Cache

MOST_ROWS = 10_000
"""Rows of a query whose caller names no other limit."""

SECONDS = 20.0
"""How long a query may take whose caller names no other limit."""

_HOUSE = "house"


class WarehouseError(BasketryError):
    """The warehouse did not answer; one sentence, without the query's values."""


class SlowQueryError(WarehouseError):
    """The query took longer than it may."""


class UnavailableError(WarehouseError):
    """The warehouse could not be asked at all; one sentence that any reader may see."""


class NotYetError(BadInputError):
    """A table that the query reads has not been filled yet."""


@dataclass(frozen=True)
class TableState:
    """The state of a table that was read.

    Attributes:
        name: schema.table.
        version: The Delta version.
        written_at: The UTC instant of its commit.
    """

    name: str
    version: int
    written_at: datetime


@dataclass(frozen=True)
class Rows:
    """The answer to a query.

    Attributes:
        columns: The names of the columns.
        rows: One tuple per row.
        read: The tables from which it comes.
        truncated: Whether there was more than the limit.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    read: tuple[TableState, ...]
    truncated: bool = False

    def records(self) -> list[dict[str, Any]]:
        """Return one dict per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        """Return the values of one column; ValueError when there is none of that name."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]

    def cut(self, limit: int) -> Rows:
        """Return the first rows, at most so many, marked as truncated where there are more."""
        if len(self.rows) <= limit:
            return self
        return Rows(self.columns, self.rows[:limit], self.read, truncated=True)


class Warehouse(ABC):
    """The tables of one catalog, as far as a team may see them."""

    def __init__(self, grants: Grants) -> None:
        """Keep who may read what of the catalog."""
        self.grants = grants
        self._passed: Cache[Guarded] = Cache(512)

    @property
    def catalog(self) -> str:
        """The catalog that it reads."""
        return self.grants.catalog

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        team: str,
        limit: int = MOST_ROWS,
        seconds: float = SECONDS,
    ) -> Rows:
        """Run one SELECT in Databricks SQL.

        Args:
            sql: The query, over `schema.table`.
            parameters: The value of each `:name`.
            team: The team that asks.
            limit: Most rows.
            seconds: How long the query may take.

        Raises:
            AccessRefusedError: The team may not ask this.
            NotYetError: A table is not there yet.
            SlowQueryError: The time was over.
            WarehouseError: Any other failure.
        """
        guarded = self.guarded(sql, team=team, limit=limit)
        return self._run(guarded, dict(parameters or {}), seconds).cut(limit)

    def own(self, sql: str, *, limit: int, seconds: float = SECONDS) -> Rows:
        """Run one SELECT of the library itself, whatever teams may read: its rows decide what is shown and never are shown.

        Args:
            sql: Words of the code alone, never anybody's input.
            limit: Most rows.
            seconds: How long the query may take.

        Raises:
            WarehouseError: As `query` does.
        """
        unrestricted = Team(name=_HOUSE, principal=self.grants.pipeline, members=(), reads=("*",), pii=CLEAR)
        guarded = guard(replace(self.grants, teams={_HOUSE: unrestricted}), _HOUSE, sql, limit + 1)
        return self._run(guarded, {}, seconds).cut(limit)

    def guarded(self, sql: str, *, team: str, limit: int = MOST_ROWS) -> Guarded:
        """Return the query as it would be run, with the tables it reads; AccessRefusedError when the team may not ask it."""
        # One row more than may be shown tells that there is more.
        return self._passed.get((team, sql, limit), lambda: guard(self.grants, team, sql, limit + 1))

    def columns(self, team: str, full_name: str) -> tuple[str, ...]:
        """Return the columns of `schema.table` that the team sees: what `SELECT *` gives it."""
        return visible_columns(self.grants, team, full_name)

    @abstractmethod
    def states(self, full_names: Sequence[str]) -> tuple[TableState, ...]:
        """Return the newest state of each table that exists, in the order of the names."""

    @abstractmethod
    def _run(self, guarded: Guarded, parameters: dict[str, Any], seconds: float) -> Rows:
        """Return the rows of a query that passed the guard."""
