"""A few rows of the ops tables, read without a JVM: from the local Delta folder, or through a SQL warehouse."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.tables import Table

if TYPE_CHECKING:
    from databricks.sdk.service.sql import StatementExecutionAPI, StatementResponse

POLL_SECONDS = 2.0
Row = dict[str, Any]


def read_rows(catalog: str, table: Table, columns: Sequence[str], where: Mapping[str, str]) -> list[Row]:
    """Return the rows of a declared table whose columns have the texts of `where`; none when the table does not exist yet."""
    settings = Settings.from_environment()
    for name in (*columns, *where):
        table.column(name)  # a name that is not declared must not reach a query
    if settings.lake is not None:
        return _read_folder(settings.lake, catalog, table, columns=columns, where=where)
    from basketry_airflow.workspace import workspace

    return _ask_warehouse(workspace().statement_execution, catalog, table, columns=columns, where=where)


def _read_folder(lake: Path, catalog: str, table: Table, columns: Sequence[str], where: Mapping[str, str]) -> list[Row]:
    # Not by way of pyarrow's datasets: those load pandas, which takes a task longer than all else that it does.
    from deltalake import DeltaTable, QueryBuilder

    folder = str(lake / catalog / table.schema / table.name)
    if not DeltaTable.is_deltatable(folder):
        return []
    stored = DeltaTable(folder)
    stored_columns = {field.name for field in stored.schema().fields}  # an earlier release may have written it
    selected = ", ".join(f'"{name}"' if name in stored_columns else f'NULL AS "{name}"' for name in columns)
    condition = " AND ".join(f'"{name}" = {_literal(value)}' for name, value in where.items()) or "true"
    query = f"SELECT {selected} FROM stored WHERE {condition}"  # noqa: S608 declared names, quoted values
    rows = QueryBuilder().register("stored", stored).execute(query).read_all()
    return [_typed(row.as_py(), table) for row in rows.to_struct_array()]


def _literal(text: str) -> str:
    """Return a value as standard SQL writes it, where a backslash is a letter like any other."""
    return "'" + text.replace("'", "''") + "'"


def _ask_warehouse(
    api: StatementExecutionAPI, catalog: str, table: Table, columns: Sequence[str], where: Mapping[str, str]
) -> list[Row]:
    from databricks.sdk.service.sql import StatementParameterListItem

    warehouse = os.environ.get("BASKETRY_WAREHOUSE_ID")
    if not warehouse:
        raise BadInputError(
            "BASKETRY_WAREHOUSE_ID is not set: give the id of the SQL warehouse that reads the ops tables."
        )
    selected = ", ".join(f"`{name}`" for name in columns)
    condition = " AND ".join(f"`{name}` = :{name}" for name in where) or "true"
    answer = api.execute_statement(
        statement=f"SELECT {selected} FROM `{catalog}`.`{table.schema}`.`{table.name}` WHERE {condition}",  # noqa: S608
        warehouse_id=warehouse,
        parameters=[StatementParameterListItem(name=name, value=value) for name, value in where.items()],
        wait_timeout="50s",
    )
    return [_typed(dict(zip(columns, values, strict=True)), table) for values in _values(api, answer)]


def _values(api: StatementExecutionAPI, answer: StatementResponse) -> Iterator[list[str]]:
    answer = _finished(api, answer)
    if answer.status is None or answer.status.state is None or answer.status.state.value != "SUCCEEDED":
        _refuse(answer)
        return
    part = answer.result
    while part is not None:
        yield from part.data_array or []
        following = part.next_chunk_index
        part = api.get_statement_result_chunk_n(str(answer.statement_id), following) if following else None


def _finished(api: StatementExecutionAPI, answer: StatementResponse) -> StatementResponse:
    while answer.status and answer.status.state and answer.status.state.value in ("PENDING", "RUNNING"):
        time.sleep(POLL_SECONDS)
        answer = api.get_statement(str(answer.statement_id))
    return answer


def _refuse(answer: StatementResponse) -> None:
    error = answer.status.error if answer.status else None
    message = str(error.message) if error else "no reason given"
    if "TABLE_OR_VIEW_NOT_FOUND" not in message:
        raise RuntimeError(f"the SQL warehouse did not answer: {message}")


def _typed(row: Row, table: Table) -> Row:
    """Return both readers' values as plain Python: a warehouse sends every value as text, a folder sends a map as pairs."""
    return {name: _value(value, table.column(name).type) for name, value in row.items()}


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind in ("bigint", "int"):
        return int(value)
    if kind.startswith("map<"):
        pairs = json.loads(value) if isinstance(value, str) else value
        return {str(key): int(count) for key, count in dict(pairs).items()}
    if kind in ("date", "timestamp"):
        return value if isinstance(value, str) else value.isoformat()
    return value
