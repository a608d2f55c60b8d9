"""include/grants enforced in the emulated Unity Catalog, with databricks-sdk as the client."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError
from databricks.sdk.service.catalog import PermissionsChange, Privilege
from deltalake import write_deltalake

from basketry.access import Grants, load_grants, unity
from basketry.config.settings import CHECKOUT
from basketry.config.unity_names import UnityNames
from basketry.tables import APPLIED_GRANTS, CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE, SALES
from basketry.warehouse.remote_rows import RemoteRowStore
from tests.databricks_emulator.emulator import DatabricksEmulator

NAMES = UnityNames(catalog="demo")
TABLES = (CUSTOMERS, MARKETING_AUDIENCE, SALES["day"], QUARANTINE)


@pytest.fixture
def grants(emulator: DatabricksEmulator) -> Grants:
    """The shipped file, its groups, and four empty tables to grant on."""
    loaded = load_grants("demo", CHECKOUT / "include")
    emulator.unity.principals = {
        loaded.pipeline,
        "analyst@example.com",
        *(team.principal for team in loaded.teams.values()),
    }
    for table in TABLES:
        empty = pa.table({name: pa.array([], pa.string()) for name in table.column_names})
        write_deltalake(emulator.home / "lake" / "demo" / table.schema / table.name, empty)
    return loaded


def planned(client: WorkspaceClient, grants: Grants) -> unity.GrantPlan:
    """The plan, with what ops.applied_grants remembers."""
    rows = RemoteRowStore("demo", NAMES, lambda: client, "emulator").read(
        APPLIED_GRANTS, APPLIED_GRANTS.column_names, {}
    )
    return unity.plan_grants(client, grants, NAMES, unity.read_applied(rows))


def apply(client: WorkspaceClient, grants: Grants, *, revoke_by_hand: bool = False) -> unity.GrantPlan:
    """Plan, apply and remember; masks are set by SQL through the statements API."""
    plan = planned(client, grants)
    store = RemoteRowStore("demo", NAMES, lambda: client, "emulator")

    def remember(applied: unity.Applied) -> None:
        for row in unity.applied_rows(applied):
            store.put(APPLIED_GRANTS, row)

    def execute(sql: str) -> None:
        answer = client.statement_execution.execute_statement(sql, "emulator")
        assert answer.status and answer.status.error is None, answer.status

    unity.apply_grants(client, plan, execute, remember, revoke_by_hand=revoke_by_hand)
    return plan


def holders(client: WorkspaceClient, table: str) -> set[str]:
    """Who may select from a table."""
    given = client.grants.get("TABLE", f"demo.{table}").privilege_assignments or []
    return {str(one.principal) for one in given if Privilege.SELECT in (one.privileges or [])}


def test_a_plan_changes_nothing(client: WorkspaceClient, grants: Grants) -> None:
    """It says every GRANT and mask, and nothing is granted."""
    lines = planned(client, grants).lines()
    assert "GRANT SELECT ON TABLE `demo`.`gold`.`sales_day` TO `basketry-sales`" in lines
    assert "GRANT USE CATALOG ON CATALOG `demo` TO `basketry-marketing`" in lines
    assert any(
        line.startswith("ALTER TABLE `demo`.`silver`.`customers` ALTER COLUMN `email` SET MASK") for line in lines
    )
    assert holders(client, "gold.sales_day") == set()


def test_each_team_gets_what_is_theirs(client: WorkspaceClient, grants: Grants) -> None:
    """And a second run has nothing left to do."""
    apply(client, grants)
    everybody = {"basketry-sales", "basketry-marketing", "basketry-data-science", "basketry-on-call"}
    assert holders(client, "gold.sales_day") == everybody
    assert holders(client, "gold.marketing_audience") == {
        "basketry-marketing",
        "basketry-data-science",
        "basketry-on-call",
    }
    assert holders(client, "silver.customers") == {"basketry-data-science", "basketry-on-call"}
    assert holders(client, "ops.quarantine") == {"basketry-on-call"}
    again = planned(client, grants)
    assert again.lines() == ("grants are as the file says",)


def test_masks_hide_every_personal_column_from_all_but_who_may_see(
    emulator: DatabricksEmulator, client: WorkspaceClient, grants: Grants
) -> None:
    """The function names marketing and the jobs, nobody else; every tagged column of a table read masked has it."""
    apply(client, grants)
    function = emulator.unity.functions["demo.ops.mask_personal"]
    assert "'basketry-marketing'" in function and "'basketry-jobs'" in function
    assert "data-science" not in function and "sales" not in function
    for table in (CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE):
        (stored,) = [one for one in client.tables.list("demo", table.schema) if one.name == table.name]
        assert {one.name for one in stored.columns or [] if one.mask} == set(table.pii_columns)


def test_a_grant_by_hand_is_reported_and_revoked_on_request(client: WorkspaceClient, grants: Grants) -> None:
    """It shows as drift until somebody ticks the box; what the file says stays."""
    apply(client, grants)
    audience = "demo.gold.marketing_audience"
    for principal in ("basketry-sales", "analyst@example.com"):
        client.grants.update(
            "TABLE", audience, changes=[PermissionsChange(principal=principal, add=[Privilege.SELECT])]
        )
    found = apply(client, grants)
    assert {change.principal for change in found.drift} == {"basketry-sales", "analyst@example.com"}
    assert any(line.startswith("added by hand: REVOKE SELECT ON TABLE") for line in found.lines())
    assert "basketry-sales" in holders(client, "gold.marketing_audience")
    apply(client, grants, revoke_by_hand=True)
    assert holders(client, "gold.marketing_audience") == {
        "basketry-marketing",
        "basketry-data-science",
        "basketry-on-call",
    }
    assert not planned(client, grants).drift


def with_team(grants: Grants, name: str, **changes: Any) -> Grants:
    """The grants of a file that says something else of one team."""
    return replace(grants, teams={**grants.teams, name: replace(grants.teams[name], **changes)})


def test_what_the_file_gave_is_taken_without_asking(client: WorkspaceClient, grants: Grants) -> None:
    """A table that a team reads no longer, and a team that is gone; only what a hand gave waits for the tick."""
    apply(client, grants)
    by_hand = PermissionsChange(principal="analyst@example.com", add=[Privilege.SELECT])
    client.grants.update("TABLE", "demo.gold.marketing_audience", changes=[by_hand])
    less = with_team(grants, "marketing", reads=("gold.sales_*",))
    less = replace(less, teams={name: team for name, team in less.teams.items() if name != "data_science"})
    plan = apply(client, less)
    assert "REVOKE SELECT ON TABLE `demo`.`gold`.`marketing_audience` FROM `basketry-marketing`" in plan.lines()
    assert {change.principal for change in plan.drift} == {"analyst@example.com"}
    assert holders(client, "gold.marketing_audience") == {"basketry-on-call", "analyst@example.com"}
    assert holders(client, "gold.sales_day") == {"basketry-sales", "basketry-marketing", "basketry-on-call"}
    assert not [change for change in planned(client, less).changes if not change.by_hand]


def test_an_apply_that_breaks_off_forgets_nothing(client: WorkspaceClient, grants: Grants) -> None:
    """What it granted before it broke off is the file's: the next file that does not say it takes it away."""
    plan, remembered = planned(client, grants), []

    def broken(sql: str) -> None:
        answer = client.statement_execution.execute_statement(sql, "emulator")
        assert answer.status and answer.status.error is None

    with pytest.raises(DatabricksError):
        wrong = unity.GrantChange(
            securable=("TABLE", "demo.gold.sales_day"), principal="x", privilege="SELECT", grant=True
        )
        unity.apply_grants(client, replace(plan, changes=(*plan.changes, wrong)), broken, remembered.append)
    assert holders(client, "gold.marketing_audience")
    nobody = replace(grants, teams={})
    after = unity.plan_grants(client, nobody, NAMES, remembered[-1])
    assert after.changes and not after.drift


def test_a_mask_that_somebody_changed_is_set_right(
    emulator: DatabricksEmulator, client: WorkspaceClient, grants: Grants
) -> None:
    """Its columns still carry it, but it says something else: the plan says so, and what it says is the file's again."""
    apply(client, grants)
    changed = "CREATE OR REPLACE FUNCTION demo.ops.mask_personal(value STRING) RETURNS STRING RETURN value"
    emulator.unity.functions["demo.ops.mask_personal"] = changed
    assert any(line.startswith("CREATE OR REPLACE FUNCTION") for line in planned(client, grants).lines())
    apply(client, grants)
    assert "CASE WHEN" in emulator.unity.functions["demo.ops.mask_personal"]
    assert planned(client, grants).lines() == ("grants are as the file says",)


def test_the_jobs_own_grants_are_no_drift(client: WorkspaceClient, grants: Grants) -> None:
    """The pipeline's principal is not the file's to manage."""
    apply(client, grants)
    change = PermissionsChange(principal=grants.pipeline, add=[Privilege.ALL_PRIVILEGES])
    client.grants.update("CATALOG", "demo", changes=[change])
    assert not planned(client, grants).drift


def test_an_unknown_group_is_an_error(emulator: DatabricksEmulator, client: WorkspaceClient, grants: Grants) -> None:
    """As in Unity Catalog: nothing is granted to who does not exist."""
    emulator.unity.principals.discard("basketry-sales")
    with pytest.raises(DatabricksError, match="basketry-sales"):
        apply(client, grants)
