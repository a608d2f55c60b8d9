"""A few rows of local Delta folders, read and written by delta-rs: no JVM, and not even pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deltalake import DeltaTable, QueryBuilder

from basketry.tables import Table, evolution
from basketry.warehouse import local_delta
from basketry.warehouse.locks import table_lock
from basketry.warehouse.rows import Row, RowStore, plain_row


class LocalRowStore(RowStore):
    """The Delta folders of one catalog; writers wait for one another, those of Spark too."""

    jobs_run_here = True

    def __init__(self, catalog: str, lake: Path) -> None:
        """Open nothing yet.

        Args:
            catalog: The catalog.
            lake: The folder that holds the catalogs.
        """
        super().__init__(catalog)
        self._folder = lake / catalog

    def read(self, table: Table, columns: Sequence[str], where: Mapping[str, object]) -> list[Row]:
        """Read by delta-rs' own engine; see RowStore."""
        for name in (*columns, *where):
            table.column(name)  # a name that is not declared must not reach a query
        folder = self._path(table)
        if not local_delta.exists(folder):
            return []
        stored = DeltaTable(folder)
        stored_columns = {field.name for field in stored.schema().fields}  # an earlier release may have written it
        selected = ", ".join(f'"{name}"' if name in stored_columns else f'NULL AS "{name}"' for name in columns)
        query = f"SELECT {selected} FROM stored WHERE {_condition(where)}"  # noqa: S608 declared names, quoted values
        rows = QueryBuilder().register("stored", stored).execute(query).read_all()
        return [plain_row(row.as_py(), table) for row in rows.to_struct_array()]

    def insert(self, table: Table, row: Mapping[str, object]) -> bool:
        """Look for the key and write, while no other writes; see RowStore."""
        key = {name: row[name] for name in table.key}
        with table_lock(self._folder, table.full_name):
            if self.read(table, table.key, key):
                return False
            self._replace(table, row, key)
            return True

    def put(self, table: Table, row: Mapping[str, object]) -> None:
        """Replace the row of the key; see RowStore."""
        with table_lock(self._folder, table.full_name):
            self._replace(table, row, {name: row[name] for name in table.key})

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a lock beside those of the tables; see RowStore."""
        with table_lock(self._folder, name):
            yield

    def _replace(self, table: Table, row: Mapping[str, object], key: Mapping[str, object]) -> None:
        folder = self._path(table)
        if not local_delta.exists(folder):
            local_delta.create(folder, table)
        elif missing := evolution.missing_columns(table, local_delta.columns(folder)):
            local_delta.add_columns(folder, missing)
        values = [row[name] for name in table.column_names]
        local_delta.replace_rows(folder, table.column_names, [values], _condition(key))

    def _path(self, table: Table) -> Path:
        return self._folder / table.schema / table.name


def _condition(where: Mapping[str, object]) -> str:
    return " AND ".join(f'"{name}" = {_literal(value)}' for name, value in where.items()) or "true"


def _literal(value: object) -> str:
    """Return a value as standard SQL writes it, where a backslash is a letter like any other."""
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
