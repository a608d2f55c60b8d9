"""The few statements that write which a SQL warehouse is asked for here: a table, columns more, one row by its key.

Read as Databricks SQL, carried out by delta-rs; of any other statement that writes the emulator says that it cannot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Schema
from sqlglot import exp

from basketry.tables.delta_schema import delta_type
from basketry.warehouse.locks import table_lock

Parameters = Mapping[str, tuple[str | None, str]]


class UnwritableError(Exception):
    """A statement that the emulator cannot carry out."""


def write(lake: Path, tree: exp.Expression, parameters: Parameters) -> pa.Table:
    """Carry the statement out and return what the warehouse answers."""
    if isinstance(tree, exp.Create):
        return _create(lake, tree)
    if isinstance(tree, exp.Alter):
        return _add_columns(lake, tree)
    if isinstance(tree, exp.Merge):
        return _merge(lake, tree, parameters)
    raise UnwritableError


def folder_of(lake: Path, table: exp.Table) -> Path:
    """The folder of a table that is named by three parts."""
    return Path(lake, table.catalog, table.db, table.name)


def _locked(lake: Path, table: exp.Table) -> AbstractContextManager[None]:
    return table_lock(lake / table.catalog, f"{table.db}.{table.name}")


def _create(lake: Path, tree: exp.Create) -> pa.Table:
    schema = tree.this
    folder = folder_of(lake, schema.this)
    with _locked(lake, schema.this):  # of two who ask at once, one makes it
        if not DeltaTable.is_deltatable(str(folder)):
            columns = [_field(column) for column in schema.expressions]
            DeltaTable.create(folder, Schema.from_json(json.dumps({"type": "struct", "fields": columns})))
    return pa.table({})


def _add_columns(lake: Path, tree: exp.Alter) -> pa.Table:
    columns = [_field(column) for action in tree.args["actions"] for column in _columns(action)]
    fields = Schema.from_json(json.dumps({"type": "struct", "fields": columns})).fields
    DeltaTable(folder_of(lake, tree.this)).alter.add_columns(list(fields))
    return pa.table({})


def _columns(action: exp.Expression) -> list[exp.ColumnDef]:
    return list(action.find_all(exp.ColumnDef))


def _field(column: exp.ColumnDef) -> dict[str, Any]:
    kinds = [constraint.args["kind"] for constraint in column.args.get("constraints", [])]
    required = any(isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null") for kind in kinds)
    comments = [kind.name for kind in kinds if isinstance(kind, exp.CommentColumnConstraint)]
    kind = delta_type(column.args["kind"].sql(dialect="databricks").lower())
    metadata = {"comment": comments[0]} if comments else {}
    return {"name": column.name, "type": kind, "nullable": not required, "metadata": metadata}


def _merge(lake: Path, tree: exp.Merge, parameters: Parameters) -> pa.Table:
    target = tree.this
    folder = folder_of(lake, target)
    with _locked(lake, target):
        table = DeltaTable(folder)
        schema = pa.schema(table.schema().to_arrow())
        values = {each.alias: _value(each.this, parameters) for each in tree.args["using"].this.expressions}
        arrays = [pa.array([_typed(values[field.name], field.type)], field.type) for field in schema]
        merging = table.merge(
            pa.Table.from_arrays(arrays, schema=schema),
            predicate=tree.args["on"].sql(dialect="duckdb"),
            source_alias=tree.args["using"].alias,
            target_alias=target.alias,
        )
        for when in tree.args["whens"].expressions:
            merging = (
                merging.when_matched_update_all() if when.args["matched"] else merging.when_not_matched_insert_all()
            )
        done = merging.execute()
    inserted, updated = int(done["num_target_rows_inserted"]), int(done["num_target_rows_updated"])
    counts = {"num_affected_rows": inserted + updated, "num_updated_rows": updated, "num_deleted_rows": 0}
    return pa.table({name: [count] for name, count in {**counts, "num_inserted_rows": inserted}.items()})


def _value(expression: exp.Expression, parameters: Parameters) -> Any:
    """The text of the one parameter in a CAST, or the value of its JSON."""
    (marker,) = expression.find_all(exp.Placeholder)
    text = parameters[marker.name][0]
    return text if isinstance(expression, exp.Cast) or text is None else json.loads(text)


def _typed(value: Any, kind: pa.DataType) -> Any:
    if not isinstance(value, str):
        return list(value.items()) if isinstance(value, dict) else value
    if pa.types.is_integer(kind):
        return int(value)
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_timestamp(kind):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if pa.types.is_date(kind) else value
