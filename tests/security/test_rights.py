"""Rights are what the file says, everywhere, at once: every team, every table with personal data, every one who enforces it.

Three enforcers, each asked in its own way: Unity Catalog (emulated: who holds SELECT, which columns are masked, whom the
mask lets through), the warehouse (real rows of a small lake), the console (what its pages and lists are built from).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.service.catalog import Privilege

from basketry.access import AccessRefusedError, Grants, load_grants, unity
from basketry.access.model import CLEAR, MASKED, REFUSED, TREATMENTS
from basketry.access.unity_masks import mask_name
from basketry.config.catalogs import catalog_names
from basketry.config.settings import Settings
from basketry.config.unity_names import UnityNames
from basketry.tables import APPLIED_GRANTS, CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE, Table
from basketry.warehouse import Warehouse, open_warehouse
from basketry.warehouse.remote_rows import RemoteRowStore
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.canary import canary_row, shows_canary
from tests.kit.documents import INCLUDE, copy_include
from tests.kit.lake import fill

AUDIENCE = MARKETING_AUDIENCE.full_name
Sight = dict[tuple[str, str], str]
"""How a team sees a table."""


def personal(grants: Grants) -> list[Table]:
    """Every table with personal data."""
    return [table for table in grants.tables.values() if table.pii_columns]


def of_the_file(grants: Grants, tables: list[Table]) -> Sight:
    """What the file says, read as a person reads it."""
    return {
        (name, table.full_name): team.pii if team.covers(table.full_name) else REFUSED
        for name, team in grants.teams.items()
        for table in tables
    }


def in_the_warehouse(warehouse: Warehouse, tables: list[Table]) -> Sight:
    """What rows come back, whether all is asked for or a personal column."""
    sight: Sight = {}
    for team, table in itertools.product(warehouse.grants.teams, tables):
        try:
            rows = warehouse.query(f"SELECT * FROM {table.full_name}", team=team).rows
        except AccessRefusedError:
            sight[(team, table.full_name)] = REFUSED
            continue
        sight[(team, table.full_name)] = CLEAR if shows_canary(rows) else MASKED
        if not shows_canary(rows):
            for column in table.pii_columns:
                with pytest.raises(AccessRefusedError):
                    warehouse.query(f"SELECT max({column}) AS m FROM {table.full_name}", team=team)
    return sight


def in_the_console(include: Path, catalog: str, grants: Grants, tables: list[Table]) -> Sight:
    """What a member's pages are built from; of the audience also what goes into lists."""
    from basketry_airflow.console.contacts import CONTACT, contact_columns
    from basketry_airflow.console.viewer import viewer_of

    sight: Sight = {}
    for name in grants.teams:
        viewer = viewer_of(f"member_of_{name}", catalog, "/basketry")
        for table in tables:
            if not viewer.may_read(table.full_name):
                sight[(name, table.full_name)] = REFUSED
                continue
            shown = set(table.pii_columns) & set(viewer.columns(table.full_name))
            assert shown in (set(), set(table.pii_columns))
            sight[(name, table.full_name)] = CLEAR if shown else MASKED
        columns, _ = contact_columns(viewer, "s")
        handed_out = sight[(name, AUDIENCE)] == CLEAR
        assert columns == ("".join(f", a.{column}" for column in CONTACT) if handed_out else "")
    return sight


class Workspace:
    """An emulated workspace with tables of the catalog."""

    def __init__(self, emulator: DatabricksEmulator, grants: Grants, tables: list[Table]) -> None:
        """Put the tables there, with a row each."""
        self.emulator = emulator
        self.client = WorkspaceClient(config=Config(host=emulator.url, token=emulator.token, rate_limit=1000))
        self.tables = tables
        self.catalog, self.names = grants.catalog, UnityNames(catalog=grants.catalog)
        emulator.unity.principals = {grants.pipeline, *(team.principal for team in grants.teams.values())}
        for table in tables:
            fill(emulator.home / "lake", grants.catalog, table, [canary_row(table)])

    def apply(self, grants: Grants) -> None:
        """Make it what the file says, as the DAG does without a tick at "revoke by hand"."""
        store = RemoteRowStore(self.catalog, self.names, lambda: self.client, self.emulator.warehouse_id)
        applied = unity.read_applied(store.read(APPLIED_GRANTS, APPLIED_GRANTS.column_names, {}))
        plan = unity.plan_grants(self.client, grants, self.names, applied)

        def execute(sql: str) -> None:
            """Run a statement."""
            answer = self.client.statement_execution.execute_statement(sql, self.emulator.warehouse_id)
            assert answer.status and answer.status.error is None, answer.status

        def remember(applied: unity.Applied) -> None:
            """Keep what was applied."""
            for row in unity.applied_rows(applied):
                store.put(APPLIED_GRANTS, row)

        unity.apply_grants(self.client, plan, execute, remember)

    def sight(self, grants: Grants) -> Sight:
        """Who holds SELECT, on what, and whom the masks let through."""
        body = self.emulator.unity.functions.get(mask_name(self.names, "string"), "")
        sight: Sight = {}
        for table in self.tables:
            assignments = self.client.grants.get("TABLE", f"{self.catalog}.{table.full_name}").privilege_assignments
            holders = {one.principal for one in assignments or [] if Privilege.SELECT in (one.privileges or [])}
            (stored,) = [one for one in self.client.tables.list(self.catalog, table.schema) if one.name == table.name]
            masked = {one.name for one in stored.columns or [] if one.mask}
            for name, team in grants.teams.items():
                through = f"'{team.principal}'" in body or not masked & set(table.pii_columns)
                seen = CLEAR if through else MASKED
                sight[(name, table.full_name)] = seen if team.principal in holders else REFUSED
        return sight


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[DatabricksEmulator]:
    """A workspace without tables."""
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "databricks") as running:
        yield running


def everybody_has_a_member(include: Path, catalog: str) -> None:
    """Give each team of a file a member, by whom the console can be asked."""
    path = include / "grants" / f"{catalog}.yaml"
    lines = [line for line in path.read_text().splitlines() if "    members:" not in line]
    text = "\n".join(lines)
    for name in load_grants(catalog, include).teams:
        text = text.replace(f"  {name}:\n", f"  {name}:\n    members: [member_of_{name}]\n")
    path.write_text(text + "\n")


def filled_home(tmp_path: Path, catalog: str, tables: list[Table], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a lake and an include folder in which each team has a member; returns the include folder."""
    include = copy_include(tmp_path)
    everybody_has_a_member(include, catalog)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include))
    monkeypatch.setenv("BASKETRY_RUNTIME", "local")
    for table in tables:
        fill(tmp_path / "lake", catalog, table, [canary_row(table)])
    return include


@pytest.mark.parametrize("catalog", catalog_names(INCLUDE))
def test_every_team_sees_every_table_alike_everywhere(
    catalog: str, tmp_path: Path, emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teams by tables with personal data by enforcers, of every file that is shipped."""
    grants = load_grants(catalog, INCLUDE)
    tables = personal(grants)
    include = filled_home(tmp_path, catalog, tables, monkeypatch)
    expected = of_the_file(grants, tables)
    assert set(expected.values()) == set(TREATMENTS)
    workspace = Workspace(emulator, grants, tables)
    workspace.apply(grants)
    assert workspace.sight(grants) == expected
    assert in_the_warehouse(open_warehouse(catalog, Settings.from_environment()), tables) == expected
    assert in_the_console(include, catalog, grants, tables) == expected


PAIRS = [pair for pair in itertools.product(TREATMENTS, TREATMENTS) if pair[0] != pair[1]]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_right_that_changes_changes_everywhere(
    before: str, after: str, tmp_path: Path, emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every pair of treatments in both directions: nobody keeps what yesterday's file gave, without any tick."""
    tables = [CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE]
    include = filled_home(tmp_path, "demo", tables, monkeypatch)
    path = include / "grants" / "demo.yaml"
    text = path.read_text()
    workspace: Workspace | None = None
    for treatment in (before, after):
        head, marketing, rest = text.partition("  marketing:\n")
        path.write_text(head + marketing + rest.replace("{pii: clear}", f"{{pii: {treatment}}}", 1))
        grants = load_grants("demo", include)
        assert grants.teams["marketing"].pii == treatment
        workspace = workspace or Workspace(emulator, grants, tables)
        workspace.apply(grants)
        expected = of_the_file(grants, tables)
        assert expected[("marketing", AUDIENCE)] == treatment
        assert workspace.sight(grants) == expected
        assert in_the_warehouse(open_warehouse("demo", Settings.from_environment()), tables) == expected
        assert in_the_console(include, "demo", grants, tables) == expected
