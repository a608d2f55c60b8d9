"""The SQL warehouse of a Databricks workspace, which answers what people ask."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from basketry.access.guard import Guarded
from basketry.access.model import Grants
from basketry.access.reads import DIALECT
from basketry.config.unity_names import UnityNames
from basketry.warehouse.model import NotYetError, Rows, TableState, Warehouse
from basketry.warehouse.statements import Statements

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

STATE_SECONDS = 60.0
"""How long a table's state is believed: asking for it is a statement of its own."""


class DatabricksWarehouse(Warehouse):
    """One retailer's tables in Unity Catalog."""

    def __init__(
        self, grants: Grants, names: UnityNames, client: Callable[[], WorkspaceClient] | None, warehouse_id: str | None
    ) -> None:
        """Connect nothing yet.

        Args:
            grants: Who may read what of the catalog.
            names: Where the catalog lies in Unity Catalog.
            client: Makes the workspace's client; the SDK's own settings are used without one.
            warehouse_id: The id of the SQL warehouse.
        """
        super().__init__(grants)
        self._names = names
        self._statements = Statements(grants.catalog, client, warehouse_id)
        self._states: dict[str, tuple[float, TableState]] = {}

    @property
    def client(self) -> WorkspaceClient:
        """The workspace's client."""
        return self._statements.client

    def states(self, full_names: Sequence[str]) -> tuple[TableState, ...]:
        """Return the newest state of each table that exists, at most a minute old."""
        states = (self._state(name) for name in full_names)
        return tuple(state for state in states if state is not None)

    def _state(self, full_name: str) -> TableState | None:
        asked_at, state = self._states.get(full_name, (float("-inf"), None))
        if state is not None and time.monotonic() - asked_at < STATE_SECONDS:
            return state
        schema, name = full_name.split(".")
        try:
            history = self._statements.run(f"DESCRIBE HISTORY {self._names.quoted(schema, name)} LIMIT 1", {}, 30.0)
        except NotYetError:
            return None
        newest = history.records()[0]
        state = TableState(full_name, int(newest["version"]), newest["timestamp"])
        self._states[full_name] = (time.monotonic(), state)
        return state

    def _run(self, guarded: Guarded, parameters: dict[str, Any], seconds: float) -> Rows:
        rows = self._statements.run(self._placed(guarded.query), parameters, seconds)
        return Rows(rows.columns, rows.rows, self.states([table.full_name for table in guarded.tables]))

    def _placed(self, query: exp.Query) -> str:
        """Return the text of a guarded query, whose tables are named by their place."""
        placed = query.copy()
        for table in placed.find_all(exp.Table):
            if table.db:  # else it is a query of WITH
                catalog, schema, name = self._names.parts(table.db, table.name)
                for key, part in (("catalog", catalog), ("db", schema), ("this", name)):
                    table.set(key, exp.to_identifier(part, quoted=True))
        return str(placed.sql(dialect=DIALECT))
