"""What a deployment refuses: named, with the command that mends it, before anything is changed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from databricks.sdk.errors import DatabricksError

from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.kit.documents import INCLUDE, Document
from tests.kit.mistakes import Mistake, mistakes
from tests.tools.deploy.conftest import CATALOG, Bench, Edit, target_text
from tools.deploy.checks import check_secrets, check_workspace
from tools.deploy.commands import explained_errors
from tools.deploy.target import NOBODY, load_target
from tools.deploy.trials import try_permissions
from tools.problem import Problem

FOLDER = "/basketry"


def refused(bench: Bench, words: str, **options: bool) -> None:
    """Deploying is refused with these words and leaves everything as it was."""
    before = bench.state()
    site = bench.site()
    with pytest.raises(Problem, match=words), explained_errors(site.target):
        bench.deploy(**options)
    assert bench.state() == before


Break = Callable[[Bench, Edit], object]


def _node_type(bench: Bench, edit: Edit) -> None:
    file = "include/compute/small.yaml"
    edit(file, (bench.checkout / file).read_text().replace("aws: m5d.large", "aws: Standard_D4ads_v5"))


def _typo(bench: Bench, edit: Edit) -> None:
    file = "include/compute/small.yaml"
    edit(file, (bench.checkout / file).read_text().replace("data_security_mode", "data_securty_mode"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda b, edit: edit("include/targets/dev.yaml", target_text(cloud="azure")),
            "it is on aws and the target says azure; set cloud in include/targets/dev.yaml",
        ),
        (
            lambda b, edit: edit("include/targets/dev.yaml", target_text(host="https://other.cloud.databricks.com")),
            "databricks auth login --host https://other.cloud.databricks.com",
        ),
        (
            lambda b, edit: edit("include/targets/dev.yaml", target_text(warehouse="missing")),
            "databricks warehouses create --name missing",
        ),
        (
            lambda b, edit: b.emulator.unity.principals.discard("basketry-sales"),
            "the workspace has no group of that name; databricks account groups create --display-name basketry-sales",
        ),
        (
            lambda b, edit: b.emulator.governance.workspace_groups.add("basketry-sales"),
            "a group of this workspace alone, to which Unity Catalog grants nothing; .*databricks account groups create",
        ),
        (
            lambda b, edit: edit("include/targets/dev.yaml", target_text(service_principal=NOBODY)),
            "the target names nobody yet; databricks service-principals create",
        ),
        (
            lambda b, edit: b.emulator.service_principals.groups.clear(),
            "the workspace has no service principal of that application id",
        ),
        (
            lambda b, edit: b.emulator.service_principals.groups.update({SERVICE_PRINCIPAL: []}),
            "it is not in the group basketry-jobs",
        ),
        (
            lambda b, edit: b.emulator.service_principals.entitlements.clear(),
            "it lacks the entitlement allow-cluster-create; databricks service-principals patch .*or a policy_id",
        ),
        (
            _node_type,
            "the workspace offers no node_type_id Standard_D4ads_v5; .*list-node-types in include/compute/small.yaml",
        ),
        (_typo, "the Jobs API knows no field or value 'new_cluster.data_securty_mode'"),
        (
            lambda b, edit: b.emulator.denied.append("POST .*/unity-catalog/schemas"),
            f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG `{CATALOG}` TO",
        ),
        (
            lambda b, edit: b.emulator.denied.append("POST .*/secrets/scopes/create"),
            "databricks secrets create-scope basketry",
        ),
        (lambda b, edit: b.emulator.denied.append("POST .*/sql/statements"), "CAN_USE on the warehouse basketry"),
        (lambda b, edit: b.emulator.denied.append("POST .*/workspace/import"), "CAN_EDIT on /"),
        (lambda b, edit: b.emulator.faults.add("expired_token"), "databricks auth login"),
    ],
    ids=[
        *("cloud", "host", "warehouse", "group", "workspace group", "nobody", "unknown principal", "not in the group"),
        *("no entitlement", "node type", "typo", "schema", "scope", "statement", "file", "token"),
    ],
)
def test_a_workspace_that_is_not_ready(bench: Bench, edit: Edit, spoil: Break, words: str) -> None:
    """Each cause is found before the first change and told with its command."""
    spoil(bench, edit)
    refused(bench, words)


def test_a_policy_stands_in_for_the_entitlement(bench: Bench, edit: Edit) -> None:
    """Clusters that are made by a policy need no right to make any cluster."""
    bench.emulator.service_principals.entitlements.clear()
    for path in (bench.checkout / "include" / "compute").glob("*.yaml"):
        text = path.read_text().replace("new_cluster:", "new_cluster:\n  policy_id: ABC123")
        edit(f"include/compute/{path.name}", text)
    bench.deploy()


@mistakes(
    Document(
        path="targets/dev.yaml",
        text=target_text(),
        load=partial(load_target, "dev"),
        beside={f"catalogs/{CATALOG}.yaml": (INCLUDE / "catalogs" / f"{CATALOG}.yaml").read_text()},
        error=Problem,
    ),
    ("cloud: aws", "cloud: amazon", "2: unknown cloud 'amazon'…"),
    (f"catalog: {CATALOG}", "catalog: sales_projekt", "…did you mean 'sales_project'?"),
    (
        "warehouse: basketry\n",
        "warehouse: basketry\nwarehous: x\n",
        "unknown key 'warehous' in the target; did you mean 'warehouse'?",
    ),
    ("/Workspace/basketry", "/tmp/basketry", "…no folder below /Workspace…"),
    (SERVICE_PRINCIPAL, "basketry", "…'basketry' is no application id: databricks service-principals list…"),
    ("cloud: aws\n", "", "1: …has no 'cloud'…"),
)
def test_a_target_is_read_strictly(mistake: Mistake, tmp_path: Path) -> None:
    """File, line, and the nearest right word."""
    mistake.check(tmp_path)


@pytest.mark.parametrize("name", ["", "dve"])
def test_an_unknown_target_names_those_that_exist(checkout: Path, name: str) -> None:
    """`make deploy` without TARGET, or with a misspelt one."""
    with pytest.raises(Problem, match="dev"):
        load_target(name, checkout / "include")


def test_the_check_tries_each_permission_and_leaves_nothing(bench: Bench) -> None:
    """One line per finding; what was made for trying is gone again."""
    before, site = bench.state(), bench.site()
    from basketry.access import load_grants

    grants = load_grants(CATALOG, bench.checkout / "include")
    found = [*check_workspace(site, grants, bench.checkout / "include"), *try_permissions(site, grants)]
    assert all(str(one).endswith(": ok") for one in found if not one.what.startswith("compute profile existing")), found
    tried = " ".join(one.what for one in found)
    for permission in ("schema", "volume", "grant", "file", "experiment", "secret scope", "statement", "runs"):
        assert re.search(permission, tried)
    assert bench.state() == before


def others(bench: Bench) -> list[str]:
    """What the check says of who else may write."""
    from basketry.access import load_grants

    grants = load_grants(CATALOG, bench.checkout / "include")
    found = check_workspace(bench.site(), grants, bench.checkout / "include")
    return [str(one) for one in found if one.what.startswith("who but the deployer") and one.wrong]


@pytest.mark.parametrize("folder", ["/Workspace/Shared", "/Workspace/Shared/basketry"])
def test_code_where_everybody_may_write_is_not_deployed(bench: Bench, edit: Edit, folder: str) -> None:
    """What is in Shared belongs to all users, whether the folder is there yet or not; nothing is changed."""
    edit("include/targets/dev.yaml", target_text(folder=folder))
    before = bench.state()
    (line,) = others(bench)
    assert "users by CAN_MANAGE" in line and "include/targets/dev.yaml" in line
    with pytest.raises(Problem, match="who but the deployer may write"):
        bench.deploy()
    assert bench.state() == before
    bench.emulator.tree.make_folder(folder)
    assert others(bench) == [line.replace(" 1001,", f" {bench.emulator.tree.find(folder).object_id},")]


def test_somebody_who_was_let_in_by_hand_is_named(bench: Bench) -> None:
    """On the folder itself or on one around it; readers, administrators and the deployer are not."""
    from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel

    assert others(bench) == []
    bench.deploy()
    assert others(bench) == []
    number = str(bench.emulator.tree.find(FOLDER).object_id)
    by_hand = AccessControlRequest(group_name="basketry-sales", permission_level=PermissionLevel.CAN_EDIT)
    bench.client.permissions.update("directories", number, access_control_list=[by_hand])
    assert "basketry-sales by CAN_EDIT" in others(bench)[0]


def test_a_secret_without_value_is_named(bench: Bench, edit: Edit) -> None:
    """With the command that puts it in; the deployment itself never asks for a value."""
    edit("include/targets/dev.yaml", target_text(secrets="[dialler]"))
    (finding,) = check_secrets(bench.site())
    assert (
        str(finding) == "secret basketry/dialler: it has no value yet; databricks secrets put-secret basketry dialler"
    )


def test_a_sleeping_warehouse_is_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is still starting is not wrong; one that never starts is, and is named."""
    from tools.deploy import statements

    monkeypatch.setattr(statements, "FIRST_WAIT", "0s")
    monkeypatch.setattr(statements, "POLL_SECONDS", 0.05)
    bench.emulator.warehouse_up.clear()
    waking = threading.Timer(0.3, bench.emulator.warehouse_up.set)
    waking.start()
    statements.run_statement(bench.site(), "SELECT 1")
    bench.emulator.warehouse_up.clear()
    with pytest.raises(DatabricksError, match="did not answer within 0.1 seconds: it is still pending"):
        statements.run_statement(bench.site(), "SELECT 1", seconds=0.1)
