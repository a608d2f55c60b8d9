"""The little of Unity Catalog that permissions need: schemas, tables with their columns, metric views, grants, column masks.

Tables are the Delta folders of the lake; grants and masks live in memory. Masks and views are made by SQL, as on Databricks.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from deltalake import DeltaTable
from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.metric_view_rules import read_view, sources
from tests.databricks_emulator.unity_objects import Securables

Document = dict[str, Any]
PRIVILEGES = {
    "CATALOG": {"USE_CATALOG", "USE_SCHEMA", "SELECT", "MODIFY", "BROWSE", "CREATE_MODEL_VERSION", "ALL_PRIVILEGES"},
    "SCHEMA": {
        "USE_SCHEMA",
        "SELECT",
        "MODIFY",
        "EXECUTE",
        "CREATE_TABLE",
        "CREATE_FUNCTION",
        "CREATE_MODEL",
        "CREATE_MODEL_VERSION",
        "ALL_PRIVILEGES",
    },
    "TABLE": {"SELECT", "MODIFY", "ALL_PRIVILEGES"},
    "VOLUME": {"READ_VOLUME", "WRITE_VOLUME", "MANAGE", "ALL_PRIVILEGES"},
    "FUNCTION": {"EXECUTE", "MANAGE", "APPLY_TAG", "CREATE_MODEL_VERSION", "ALL_PRIVILEGES"},
}
_NAME = r"(`[^`]+`\.`[^`]+`\.`[^`]+`)"
_MASK = re.compile(rf"ALTER TABLE {_NAME} ALTER COLUMN `(\w+)` SET MASK {_NAME}\Z")
_DROP = re.compile(r"DROP SCHEMA (`[^`]+`\.`[^`]+`) CASCADE\Z")
_FUNCTION = re.compile(rf"CREATE OR REPLACE FUNCTION {_NAME}\(value (\w+)\) RETURNS \2 RETURN .+\Z", re.S)


class UnityCatalog:
    """What the metastore remembers. principals: groups that exist; grants to others are refused."""

    def __init__(self, home: Path) -> None:
        """home: the BASKETRY_HOME that the jobs run with."""
        self._lake = home / "lake"
        self.principals: set[str] = set()
        self.securables = Securables(home)
        self.functions: dict[str, str] = {}
        self.views: dict[str, Document] = {}
        self.definitions: dict[str, Document] = {}
        self._masks: dict[tuple[str, str], str] = {}
        self._granted: dict[tuple[str, str], dict[str, set[str]]] = {}

    def schemas(self, catalog: str) -> list[Document]:
        """The schemas of a catalog."""
        folder = self._lake / catalog
        if not folder.is_dir():
            raise ApiError(404, "CATALOG_DOES_NOT_EXIST", f"Catalog '{catalog}' does not exist.")
        names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        return [{"name": name, "catalog_name": catalog, "full_name": f"{catalog}.{name}"} for name in names]

    def tables(self, catalog: str, schema: str) -> list[Document]:
        """The tables of a schema, with columns and their masks, and its metric views."""
        folders = sorted((self._lake / catalog / schema).glob("*"))
        tables = [
            path for path in folders if any(path.glob("_delta_log/*.json"))
        ]  # a write that failed leaves no commit
        views = [
            view for view in self.views.values() if (view["catalog_name"], view["schema_name"]) == (catalog, schema)
        ]
        return [*(self._table(catalog, schema, path) for path in tables), *views]

    def _table(self, catalog: str, schema: str, path: Path) -> Document:
        full_name = f"{catalog}.{schema}.{path.name}"
        columns = []
        for field in pa.schema(DeltaTable(path).schema().to_arrow()):
            mask = self._masks.get((full_name, field.name))
            columns.append({"name": field.name, **({"mask": {"function_name": mask}} if mask else {})})
        return {
            "name": path.name,
            "catalog_name": catalog,
            "schema_name": schema,
            "full_name": full_name,
            "columns": columns,
        }

    def permissions(self, kind: str, name: str) -> Document:
        """What principals hold on a securable."""
        held = self._granted.get(self._securable(kind, name), {})
        assignments = [{"principal": one, "privileges": sorted(names)} for one, names in sorted(held.items()) if names]
        return {"privilege_assignments": assignments} if assignments else {}

    def granted(self) -> dict[tuple[str, str], dict[str, set[str]]]:
        """Everything that anybody holds on what exists."""
        return {
            (kind, name): {who: set(what) for who, what in held.items() if what}
            for (kind, name), held in self._granted.items()
            if any(held.values()) and (self.securables.exists(kind, name) or name in self.views)
        }

    def change(self, kind: str, name: str, changes: list[Document]) -> Document:
        """Grant and revoke; ApiError for a principal or privilege that does not exist."""
        securable = self._securable(kind, name)
        for item in changes:
            if item["principal"] not in self.principals:
                raise ApiError(
                    404, "PRINCIPAL_DOES_NOT_EXIST", f"Could not find principal with name {item['principal']}."
                )
            unknown = {*item.get("add", ()), *item.get("remove", ())} - PRIVILEGES[securable[0]]
            if unknown:
                raise invalid(
                    f"Privilege {sorted(unknown)[0]} is not applicable to this entity [{name}:{securable[0]}]."
                )
            held = self._granted.setdefault(securable, {}).setdefault(item["principal"], set())
            held |= set(item.get("add", ()))
            held -= set(item.get("remove", ()))
        return self.permissions(kind, name)

    def _securable(self, kind: str, name: str) -> tuple[str, str]:
        if kind.upper() not in PRIVILEGES:
            raise invalid(f"{kind} is not a securable type.")
        if not self.securables.exists(kind.upper(), name) and name not in self.views:
            raise ApiError(404, f"{kind.upper()}_DOES_NOT_EXIST", f"{kind.capitalize()} '{name}' does not exist.")
        return kind.upper(), name

    def execute(self, sql: str) -> bool:
        """Carry out a statement about masks, metric views or schemas; False for any other."""
        if view := read_view(sql):
            self._make_view(*view)
            return True
        if dropped := _DROP.match(sql):
            self._drop_schema(dropped[1].replace("`", ""))
            return True
        made, masked = _FUNCTION.match(sql), _MASK.match(sql)
        if made:
            self.functions[made[1].replace("`", "")] = sql
        if masked:
            table, column, function = (part.replace("`", "") for part in masked.groups())
            if function not in self.functions:
                raise invalid(f"[ROUTINE_NOT_FOUND] The routine {function} cannot be found.")
            self._masks[(table, column)] = function
        return bool(made or masked)

    def _make_view(self, full_name: str, properties: dict[str, str], definition: Document) -> None:
        """Make it, or make it anew: then nobody has a right on it any more."""
        for table in sources(definition):
            if not self.securables.exists("TABLE", f"{table.catalog}.{table.db}.{table.name}"):
                raise invalid(f"[TABLE_OR_VIEW_NOT_FOUND] The table or view {table.sql()} cannot be found.")
        catalog, schema, name = full_name.split(".")
        fields = (*definition["dimensions"], *definition["measures"])
        self.views[full_name] = {
            "name": name,
            "catalog_name": catalog,
            "schema_name": schema,
            "full_name": full_name,
            "table_type": "METRIC_VIEW",
            "properties": properties,
            "columns": [{"name": field["name"]} for field in fields],
        }
        self.definitions[full_name] = definition
        self._granted.pop(("TABLE", full_name), None)

    def _drop_schema(self, name: str) -> None:
        """With everything in it."""
        self.securables.drop(name)
        for view in [one for one in self.views if one.startswith(f"{name}.")]:
            del self.views[view], self.definitions[view]


def unity_router(unity: UnityCatalog) -> APIRouter:
    """The routes below /api/2.1/unity-catalog."""
    router = APIRouter()

    @router.get("/schemas")
    def schemas(catalog_name: str) -> Document:
        return {"schemas": unity.schemas(catalog_name)}

    @router.get("/functions")
    def functions(catalog_name: str, schema_name: str) -> Document:
        prefix = f"{catalog_name}.{schema_name}."
        made = [name for name in unity.functions if name.startswith(prefix)]
        return {"functions": [{"name": name.rpartition(".")[2], "full_name": name} for name in made]}

    @router.get("/functions/{name}")
    def function(name: str) -> Document:
        if name not in unity.functions:
            raise ApiError(404, "FUNCTION_DOES_NOT_EXIST", f"Function '{name}' does not exist.")
        body = unity.functions[name].partition(" RETURN ")[2]
        return {"name": name.rpartition(".")[2], "full_name": name, "routine_definition": body}

    @router.get("/tables")
    def tables(catalog_name: str, schema_name: str) -> Document:
        return {"tables": unity.tables(catalog_name, schema_name)}

    @router.get("/permissions/{kind}/{name}")
    def permissions(kind: str, name: str) -> Document:
        return unity.permissions(kind, name)

    @router.patch("/permissions/{kind}/{name}")
    def change(kind: str, name: str, body: Annotated[Document, Body()]) -> Document:
        return unity.change(kind, name, body["changes"])

    return router
