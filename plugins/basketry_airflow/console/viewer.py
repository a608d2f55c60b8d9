"""Who looks at a page: the Airflow user, the team that include/grants or the instance puts the user into, and the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from basketry.access import AccessRefusedError, Team
from basketry.access.users import users_changed_at
from basketry.config.catalogs import Catalog, catalog_names, load_catalog
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.warehouse import TableState, Warehouse, open_warehouse
from basketry_airflow.forms import scheduled_catalog

if TYPE_CHECKING:
    from basketry_airflow.console.filling import Filling

Record = dict[str, Any]

RETRY_SECONDS = 5
"""Seconds that a page waits for a workspace that turns it away for now."""


@dataclass(frozen=True)
class Notice:
    """Why a part of a page is not shown, in words for its reader.

    Attributes:
        title: In a few words.
        text: In one or two sentences.
        link: The text of a link to where to go from here, if anywhere.
        href: The address of that link.
        filling: What is done about it, where a DAG fills what is missing.
    """

    title: str
    text: str
    link: str = ""
    href: str = ""
    filling: Filling | None = None


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """One user looking at one catalog.

    Attributes:
        user: The Airflow user.
        team: The user's team.
        catalog: The catalog looked at.
        catalogs: The names of all catalogs, the scheduled one first.
        warehouse: What reads the catalog's tables.
        base: The path under which the console is served.
        account: Airflow's own user, by whose permissions Airflow is asked; None where nobody is logged in.
    """

    user: str
    team: Team
    catalog: Catalog
    catalogs: tuple[str, ...]
    warehouse: Warehouse
    base: str
    account: Any = None

    def records(self, sql: str, limit: int = 2_000, **values: Any) -> list[Record]:
        """Return the rows of a query over what the team may see; `:name` in it takes its value from `values`."""
        return self.warehouse.query(sql, values, team=self.team.name, limit=limit).records()

    def record(self, sql: str, **values: Any) -> Record | None:
        """Return the first row of a query, None without one."""
        rows = self.records(sql, limit=1, **values)
        return rows[0] if rows else None

    def columns(self, full_name: str) -> tuple[str, ...]:
        """Return the columns of a table that the team sees."""
        return self.warehouse.columns(self.team.name, full_name)

    def may_read(self, full_name: str) -> bool:
        """Return whether the team may read a declared table."""
        table = self.warehouse.grants.tables.get(full_name)
        return table is not None and self.team.may_read(table)

    def sees_people(self) -> bool:
        """Return whether the team sees personal data in clear."""
        return self.team.pii == "clear"

    def state(self, full_name: str) -> TableState | None:
        """Return the newest state of a table, None while there is none."""
        states = self.warehouse.states([full_name]) if full_name in self.warehouse.grants.tables else ()
        return states[0] if states else None

    def missing(self, what: str, dag: str, *full_names: str) -> Notice | None:
        """Say why `what` cannot be shown from these tables, None when it can.

        Args:
            what: The part of the page.
            dag: The DAG that fills the tables.
            full_names: The tables, as schema.table.
        """
        for name in full_names:
            if name in self.warehouse.grants.tables and not self.may_read(name):
                text = f"Team {self.team.name} may not read {name}. Who needs it asks for it in include/grants."
                return Notice(f"{what}: not for your team", text)
            if self.state(name) is None:
                text = f"{name} has not been filled yet in the catalog {self.catalog.name}. The DAG {dag} fills it."
                return Notice(f"No {what[:1].lower()}{what[1:]} yet", text)
        return None

    def newest(self, full_name: str, column: str = "as_of") -> date | None:
        """Return the last day of a table."""
        row = self.record(f"SELECT max({column}) AS newest FROM {full_name}")  # noqa: S608 both are the console's own
        return row["newest"] if row else None

    def link(self, page: str, **parameters: object) -> str:
        """Return the address of a page of the console, in this catalog; parameters that are None or '' are left out."""
        query_parameters = {name: value for name, value in parameters.items() if value not in (None, "")}
        if self.catalog.name != self.catalogs[0]:
            query_parameters["catalog"] = self.catalog.name
        query = f"?{urlencode(query_parameters)}" if query_parameters else ""
        return f"{self.base}/{page}{query}"

    def airflow(self, path: str) -> str:
        """Return the address of a page of Airflow itself."""
        return f"{self.base.rpartition('/')[0]}/{path}"


def viewer_of(user: str, requested_catalog: str | None, base: str, account: Any = None) -> Viewer:
    """Return the viewer; AccessRefusedError for a user in no team, BadInputError for a catalog that does not exist."""
    include = Settings.from_environment().include
    names = catalogs_default_first(include)
    catalog = requested_catalog or names[0]
    if catalog not in names:
        raise BadInputError(f"There is no such catalog: choose one of {', '.join(names)}.")
    warehouse = _warehouse(catalog, _changes(include))
    team = warehouse.grants.team_of(user)
    return Viewer(
        user=user,
        team=team,
        catalog=_catalog(catalog, include),
        catalogs=names,
        warehouse=warehouse,
        base=base,
        account=account,
    )


def catalogs_default_first(include: Path) -> tuple[str, ...]:
    """Return every catalog's name, that of the scheduled runs first."""
    first = scheduled_catalog(include)
    return (first, *(name for name in catalog_names(include) if name != first))


@lru_cache(maxsize=64)
def _catalog(name: str, include: Path) -> Catalog:
    return load_catalog(name, include)


def _changes(include: Path) -> tuple[tuple[str, int], ...]:
    """Return how the grants files and the users look now: rights that were taken away must not live on in a cache."""
    files = sorted((path.name, path.stat().st_mtime_ns) for path in (include / "grants").glob("*.yaml"))
    return (*files, ("users", users_changed_at()))


@lru_cache(maxsize=16)
def _warehouse(catalog: str, changes: tuple[tuple[str, int], ...]) -> Warehouse:
    import os

    from basketry_airflow.workspace import workspace

    client = partial(workspace, RETRY_SECONDS)  # called on Databricks alone
    return open_warehouse(catalog, Settings.from_environment(), client, os.environ.get("BASKETRY_WAREHOUSE_ID"))


def choose_value(parameters: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    """Return a parameter that must be one of the allowed words; anything else is the default."""
    return parameters[name] if parameters.get(name) in allowed else default


__all__ = ["AccessRefusedError", "Notice", "Record", "Viewer", "choose_value", "viewer_of"]
