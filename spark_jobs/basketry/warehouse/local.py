"""Delta folders read by DuckDB in this process: no JVM, no network, no file but the tables' own.

The tables reach DuckDB as Arrow data sets, so it reads only the columns and the files that a query needs, and can itself
be forbidden every access to files and settings.
"""

from __future__ import annotations

import queue
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deltalake.exceptions import DeltaError
from sqlglot import exp

from basketry.access.guard import Guarded
from basketry.access.model import Grants
from basketry.tables import Table
from basketry.warehouse import local_delta
from basketry.warehouse.cache import Cache
from basketry.warehouse.model import NotYetError, Rows, SlowQueryError, TableState, Warehouse, WarehouseError

CONFIGURATION: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "1GB",
    "threads": "2",
}
CONNECTIONS = 4
REMEMBERED, REMEMBERED_ROWS = 256, 2_000
"""Answers kept, and the most rows of one that is."""


class LocalWarehouse(Warehouse):
    """The Delta folders of one catalog."""

    def __init__(self, grants: Grants, lake: Path) -> None:
        """Open nothing yet.

        Args:
            grants: Who may read what of the catalog.
            lake: The folder that holds the catalogs.
        """
        super().__init__(grants)
        self._folder = lake / grants.catalog
        self._datasets: Cache[Any] = Cache(64)
        self._states: Cache[TableState] = Cache(256)
        self._answers: Cache[Rows] = Cache(REMEMBERED, lambda rows: len(rows.rows) <= REMEMBERED_ROWS)
        self._idle: queue.LifoQueue[duckdb.DuckDBPyConnection | None] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(None)

    def states(self, full_names: Sequence[str]) -> tuple[TableState, ...]:
        """Return the newest state of each table that exists."""
        tables = [self.grants.tables[name] for name in full_names]
        return tuple(self._state(table) for table in tables if local_delta.exists(self._path(table)))

    def _run(self, guarded: Guarded, parameters: dict[str, Any], seconds: float) -> Rows:
        states = self.states([table.full_name for table in guarded.tables])
        if len(states) < len(guarded.tables):
            missing = sorted({table.full_name for table in guarded.tables} - {state.name for state in states})
            raise NotYetError(f"{missing[0]} of catalog {self.catalog} does not exist yet: run the job that fills it.")
        key = (
            _asked(guarded),
            tuple(sorted(parameters.items())),
            tuple((state.name, state.version) for state in states),
        )
        return self._answers.get(key, lambda: self._answer(guarded, parameters, states=states, seconds=seconds))

    def _answer(
        self, guarded: Guarded, parameters: dict[str, Any], states: tuple[TableState, ...], seconds: float
    ) -> Rows:
        sql, names = _duckdb_sql(guarded)
        datasets = [self._dataset(table, state.version) for table, state in zip(guarded.tables, states, strict=True)]
        with self._connection(seconds) as connection:
            for name, dataset in zip(names, datasets, strict=True):
                connection.register(name, dataset)
            try:
                answer = _execute(connection, sql, parameters, seconds)
            finally:
                for name in names:
                    connection.unregister(name)
        columns = [column.to_pylist(maps_as_pydicts="lossy") for column in answer.columns]
        return Rows(tuple(answer.column_names), tuple(zip(*columns, strict=True)), states)

    @contextmanager
    def _connection(self, seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend one of a few connections for one query at a time: opening one takes longer than many a query."""
        try:
            idle = self._idle.get(timeout=seconds)
        except queue.Empty:
            raise SlowQueryError("too many people ask at once: try again in a moment.") from None
        connection = _connect() if idle is None else idle
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def _path(self, table: Table) -> Path:
        return self._folder / table.schema / table.name

    def _state(self, table: Table) -> TableState:
        path = self._path(table)
        version = local_delta.version(path)
        key = (table.full_name, version)
        return self._states.get(
            key, lambda: TableState(table.full_name, version, local_delta.written_at(path, version))
        )

    def _dataset(self, table: Table, version: int) -> Any:
        def load() -> Any:
            """Open the version of the table."""
            try:
                return local_delta.open_dataset(self._path(table), version, table.columns)
            except DeltaError as error:
                raise WarehouseError(f"{table.full_name} cannot be read: {_first_line(error)}") from None

        return self._datasets.get((table.full_name, version), load)


def _connect() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config=CONFIGURATION)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection


@lru_cache(maxsize=512)  # writing it takes longer than many an answer that is remembered
def _asked(guarded: Guarded) -> str:
    """Return the query as the key of its answer."""
    return guarded.sql()


@lru_cache(maxsize=512)
def _duckdb_sql(guarded: Guarded) -> tuple[str, tuple[str, ...]]:
    """Return the query for DuckDB, and the name of each of its tables there; dates stay dates when days are added.

    The names are drawn after the query was written, so that nothing in it can mean a table but what the guard put there.
    """
    tree = guarded.query.copy()
    names = {table.full_name: f"table_{secrets.token_hex(16)}" for table in guarded.tables}
    for table in tree.find_all(exp.Table):
        if table.catalog:  # the guard's own; a query of WITH has none
            raw = exp.to_identifier(names[f"{table.db}.{table.name}"], quoted=True)
            table.replace(exp.table_(raw).as_(table.alias_or_name, table=True))
    for added in list(tree.find_all(exp.TsOrDsAdd)):
        added.replace(exp.cast(added.copy(), "date"))
    return str(tree.sql(dialect="duckdb")), tuple(names.values())


def _execute(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any], seconds: float) -> pa.Table:
    timer = threading.Timer(seconds, connection.interrupt)
    timer.start()
    try:
        return connection.sql(sql, params=parameters or None).to_arrow_table()
    except duckdb.InterruptException:
        raise SlowQueryError(f"the query took longer than {seconds:g} seconds: ask for less at once.") from None
    except duckdb.Error as error:
        # DuckDB's own words may quote a value of a row: who reads the log may not be who may read the row.
        raise WarehouseError(f"the query cannot be answered ({type(error).__name__}).") from None
    finally:
        timer.cancel()


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
