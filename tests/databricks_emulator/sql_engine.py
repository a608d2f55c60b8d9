"""Answers a SELECT over the Delta tables of the lake with DuckDB, no JVM; errors carry Databricks' error classes.

The statement is read as Databricks SQL and translated by sqlglot, so what DuckDB lacks is an error here and not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from basketry.metrics.plain_sql import written_out
from tests.databricks_emulator.sql_writes import UnwritableError, write

_DESCRIBE_HISTORY = re.compile(
    r"DESCRIBE HISTORY `(?P<catalog>[^`]+)`\.`(?P<schema>[^`]+)`\.`(?P<table>[^`]+)` LIMIT (?P<limit>\d+)"
)

READ_STATEMENTS = (exp.Select, exp.SetOperation, exp.Subquery)


class StatementError(Exception):
    """A statement that failed; message begins with Databricks' error class, sql_state is its five letters."""

    def __init__(self, message: str, sql_state: str, code: str = "BAD_REQUEST") -> None:
        """code: a ServiceErrorCode of the SQL API."""
        super().__init__(message)
        self.message = message
        self.sql_state = sql_state
        self.code = code


@dataclass(frozen=True)
class Statement:
    """What to execute; parameters map a name to (text or None, Databricks type)."""

    sql: str
    parameters: Mapping[str, tuple[str | None, str]]
    catalog: str = ""
    schema: str = ""


class Lake:
    """The Delta tables of every catalog below one home."""

    def __init__(self, home: Path, view: Callable[[str], dict[str, Any] | None] = lambda name: None) -> None:
        """home: the BASKETRY_HOME that the jobs run with. view: the definition of a metric view, None for another name."""
        self._lake = home / "lake"
        self._view = view

    def execute(self, statement: Statement) -> pa.Table:
        """The rows of a query; StatementError with one sentence when it cannot be answered."""
        if described := _DESCRIBE_HISTORY.fullmatch(statement.sql.strip()):
            return self._history(described, statement)
        tree = _parse(statement.sql)
        _refuse_unbound(tree, statement.parameters)
        if not isinstance(tree, READ_STATEMENTS):
            return self._write(tree, statement)
        self._write_out(tree, statement)
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for position, table in enumerate(_outer_tables(tree)):
                name = f"table_{position}"
                connection.register(name, self._dataset(table, statement))
                alias = table.alias or table.name
                table.replace(exp.to_table(name).as_(alias, table=True))
            values = {name: statement.parameters[name][0] for name in _type_parameters(tree, statement.parameters)}
            _keep_dates(tree)
            return _run(connection, tree.sql(dialect="duckdb"), values)

    def _write_out(self, tree: exp.Expression, statement: Statement) -> None:
        """Replace what is asked of metric views by their definitions, as the platform does."""

        def find(table: exp.Table) -> dict[str, Any] | None:
            return self._view(f"{table.catalog or statement.catalog}.{table.db or statement.schema}.{table.name}")

        try:
            written_out(tree, find)
        except LookupError as error:
            raise StatementError(f"[UNRESOLVED_COLUMN] a metric view has no field {error}", "42703") from None

    def _write(self, tree: exp.Expression, statement: Statement) -> pa.Table:
        try:
            if isinstance(tree, exp.Merge):
                self._dataset(tree.this, statement)  # which must be there
            return write(self._lake, tree, statement.parameters)
        except UnwritableError:
            message = "The emulator executes one SELECT at a time, and of what writes a row, a table or a column more."
            raise StatementError(message, "0A000") from None

    def _history(self, described: re.Match[str], statement: Statement) -> pa.Table:
        """The newest commits, as DESCRIBE HISTORY has them: version and timestamp."""
        self._dataset(exp.table_(described["table"], db=described["schema"], catalog=described["catalog"]), statement)
        folder = self._lake.joinpath(described["catalog"], described["schema"], described["table"])
        commits = DeltaTable(folder).history(int(described["limit"]))
        times = [datetime.fromtimestamp(commit["timestamp"] / 1000, UTC) for commit in commits]
        return pa.table(
            {"version": pa.array([commit["version"] for commit in commits], pa.int64()), "timestamp": times}
        )

    def _dataset(self, table: exp.Table, statement: Statement) -> Any:
        parts = [table.catalog or statement.catalog, table.db or statement.schema, table.name]
        label = ".".join(f"`{part}`" for part in parts if part)
        folder = self._lake.joinpath(*parts)
        inside = all(part and part not in {".", ".."} and "/" not in part for part in parts)
        if not inside or not (folder / "_delta_log").is_dir():
            raise StatementError(
                f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {label} cannot be found. "
                "Verify the spelling and correctness of the catalog, schema and table name.",
                "42P01",
            )
        try:
            return DeltaTable(folder).to_pyarrow_dataset()
        except DeltaError as error:
            raise StatementError(f"The emulator cannot read {label}: {error}", "0A000") from error


def _parse(sql: str) -> exp.Expression:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="databricks") if tree is not None]
    except SqlglotError as error:
        raise StatementError(f"[PARSE_SYNTAX_ERROR] {str(error).splitlines()[0]}", "42601") from error
    if len(trees) != 1:
        raise StatementError("The emulator executes one SELECT at a time, or one statement that writes.", "0A000")
    return trees[0]


def _outer_tables(tree: exp.Expression) -> list[exp.Table]:
    """Tables of the lake, not the names that WITH gives."""
    given = {common.alias for common in tree.find_all(exp.CTE)}
    return [table for table in tree.find_all(exp.Table) if table.db or table.name not in given]


def _refuse_unbound(tree: exp.Expression, parameters: Mapping[str, object]) -> None:
    for marker in tree.find_all(exp.Placeholder):
        if marker.name not in parameters:
            raise StatementError(f"[UNBOUND_SQL_PARAMETER] Found the unbound parameter: {marker.name}.", "42P02")


def _type_parameters(tree: exp.Expression, parameters: Mapping[str, tuple[str | None, str]]) -> set[str]:
    """Give every parameter marker its type; they arrive as text, and `:day` must compare as a DATE."""
    used = set()
    for marker in list(tree.find_all(exp.Placeholder)):
        used.add(marker.name)
        kind = exp.DataType.build(parameters[marker.name][1], dialect="databricks")
        marker.replace(exp.Cast(this=marker.copy(), to=kind))
    return used


def _keep_dates(tree: exp.Expression) -> None:
    """date_add and date_sub give a DATE on Databricks, a TIMESTAMP in DuckDB."""
    for added in list(tree.find_all(exp.TsOrDsAdd)):
        added.replace(exp.Cast(this=added.copy(), to=exp.DataType.build("date")))


def _run(connection: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, str | None]) -> pa.Table:
    try:
        return connection.sql(sql, params=dict(values)).to_arrow_table()
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise StatementError(f"[UNRESOLVED_COLUMN] {_first_line(error)}", "42703") from error
    except duckdb.Error as error:
        raise StatementError(_first_line(error), "XX000") from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def as_text(value: object) -> str | None:
    """A value as JSON_ARRAY results have it: everything is text, null is null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        instant = value if value.tzinfo else value.replace(tzinfo=UTC)
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Sequence | Mapping) and not isinstance(value, bytes):
        return json.dumps(value, default=as_text, separators=(",", ":"))
    return str(value)


TYPE_NAMES: dict[str, str] = {
    "bool": "BOOLEAN",
    "int8": "BYTE",
    "int16": "SHORT",
    "int32": "INT",
    "int64": "LONG",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date32[day]": "DATE",
    "null": "NULL",
    "binary": "BINARY",
}
TYPE_TEXTS = {"LONG": "BIGINT", "SHORT": "SMALLINT", "BYTE": "TINYINT", "NULL": "VOID"}
"""Where the SQL name of a type differs from the name in the manifest."""


def column_info(field: pa.Field, position: int) -> dict[str, Any]:
    """A column of the manifest's schema."""
    kind = field.type
    body: dict[str, Any] = {"name": field.name, "position": position}
    if pa.types.is_decimal(kind):
        text = f"DECIMAL({kind.precision},{kind.scale})"
        body |= {"type_precision": kind.precision, "type_scale": kind.scale}
        return body | {"type_name": "DECIMAL", "type_text": text}
    name = _nested_name(kind) or TYPE_NAMES.get(str(kind), "STRING")
    return body | {"type_name": name, "type_text": TYPE_TEXTS.get(name, name)}


def _nested_name(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "ARRAY"
    if pa.types.is_map(kind):
        return "MAP"
    return "STRUCT" if pa.types.is_struct(kind) else ""
