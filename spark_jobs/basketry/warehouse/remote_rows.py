"""A few rows of tables in Unity Catalog, read and written by a SQL warehouse: no cluster is started."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import TYPE_CHECKING

from basketry.config.unity_names import UnityNames
from basketry.tables import Column, Table, evolution
from basketry.tables.ddl import add_columns_statement, create_statement
from basketry.warehouse.model import NotYetError
from basketry.warehouse.rows import Row, RowConflictError, RowStore, plain_row
from basketry.warehouse.statements import StatementConflictError, Statements

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

SECONDS = 900.0
"""How long a statement may take: a warehouse that sleeps needs minutes to start."""

ATTEMPTS = 5
"""How often a row is put that meets what others write."""


class RemoteRowStore(RowStore):
    """The tables of one catalog in Unity Catalog; of two writers at once Delta lets one win."""

    jobs_run_here = False

    def __init__(
        self, catalog: str, names: UnityNames, client: Callable[[], WorkspaceClient] | None, warehouse_id: str | None
    ) -> None:
        """Connect nothing yet; see `Statements`. The names tell where the catalog lies in Unity Catalog."""
        super().__init__(catalog)
        self._names = names
        self._statements = Statements(catalog, client, warehouse_id)
        self._prepared: set[Table] = set()

    def read(self, table: Table, columns: Sequence[str], where: Mapping[str, object]) -> list[Row]:
        """Ask the warehouse; see RowStore."""
        for name in (*columns, *where):
            table.column(name)  # a name that is not declared must not reach a query
        try:
            stored = self._stored_columns(table)
            selected = ", ".join(f"`{name}`" if name in stored else f"NULL AS `{name}`" for name in columns)
            condition = " AND ".join(f"`{name}` = :{name}" for name in where) or "true"
            query = f"SELECT {selected} FROM {self._name(table)} WHERE {condition}"  # noqa: S608 declared names
            rows = self._statements.run(query, dict(where), SECONDS)
        except NotYetError:
            return []
        return [plain_row(row, table) for row in rows.records()]

    def insert(self, table: Table, row: Mapping[str, object]) -> bool:
        """Merge by key; see RowStore."""
        try:
            return self._merge(table, row, "") > 0
        except StatementConflictError as error:
            message = f"another row was written to {table.full_name} at the same time."
            raise RowConflictError(message) from error

    def put(self, table: Table, row: Mapping[str, object]) -> None:
        """Merge by key, again where others write meanwhile; see RowStore."""
        for attempt in range(ATTEMPTS):
            try:
                self._merge(table, row, "WHEN MATCHED THEN UPDATE SET *")
                return
            except StatementConflictError:
                if attempt == ATTEMPTS - 1:
                    raise

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Keep nobody out: writers are on many machines, and the key alone decides; see RowStore."""
        return nullcontext()

    def _merge(self, table: Table, row: Mapping[str, object], matched: str) -> int:
        self._prepare(table)
        values = ", ".join(_value(column) for column in table.columns)
        same = " AND ".join(f"old.`{name}` = new.`{name}`" for name in table.key)
        statement = (
            f"MERGE INTO {self._name(table)} AS old USING (SELECT {values}) AS new ON {same}"
            f" {matched} WHEN NOT MATCHED THEN INSERT *"
        )
        parameters = {name: _text(row[name]) for name in table.column_names}
        counts = self._statements.run(statement, parameters, SECONDS).records()[0]
        return int(counts["num_affected_rows"])

    def _prepare(self, table: Table) -> None:
        """Create the table, or add the columns that an earlier release did not know; once."""
        if table in self._prepared:
            return
        try:
            stored = self._stored_columns(table)
        except NotYetError:
            self._statements.run(create_statement(self._name(table), table), {}, SECONDS)
        else:
            types = {column.name: column.type for column in table.columns if column.name in stored}
            if missing := evolution.missing_columns(table, types):
                self._statements.run(add_columns_statement(self._name(table), missing), {}, SECONDS)
        self._prepared.add(table)

    def _stored_columns(self, table: Table) -> tuple[str, ...]:
        query = f"SELECT * FROM {self._name(table)} LIMIT 0"  # noqa: S608 a declared name
        return self._statements.run(query, {}, SECONDS).columns

    def _name(self, table: Table) -> str:
        return self._names.quoted(table.schema, table.name)


def _value(column: Column) -> str:
    """Return the expression that makes a column's value from the text of its parameter."""
    if column.type.startswith(("map", "array", "struct")):
        return f"from_json(:{column.name}, '{column.type}') AS `{column.name}`"
    return f"CAST(:{column.name} AS {column.type}) AS `{column.name}`"


def _text(value: object) -> str | None:
    """Return a value as the text of a parameter."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, sort_keys=True)
