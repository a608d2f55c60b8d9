"""What a deployment refuses: named, with the command that mends it, before anything is changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.kit.documents import INCLUDE, Document
from tests.kit.mistakes import Mistake, mistakes
from tests.tools.deploy.conftest import CATALOG, Bench, Edit, target_text
from tools.deploy.checks import check_secrets, check_workspace, try_permissions
from tools.deploy.commands import explained_errors
from tools.deploy.manifest import LOCK
from tools.deploy.target import load_target
from tools.problem import Problem

FOLDER = "/Shared/basketry"


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
            "databricks groups create --display-name basketry-sales",
        ),
        (
            _node_type,
            "the workspace offers no node_type_id Standard_D4ads_v5; .*list-node-types in include/compute/small.yaml",
        ),
        (_typo, "the Jobs API knows no field or value 'new_cluster.data_securty_mode'"),
        (
            lambda b, edit: b.emulator.denied.append("POST .*/unity-catalog/schemas"),
            f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG {CATALOG} TO",
        ),
        (
            lambda b, edit: b.emulator.denied.append("POST .*/secrets/scopes/create"),
            "databricks secrets create-scope basketry",
        ),
        (lambda b, edit: b.emulator.denied.append("POST .*/sql/statements"), "CAN_USE on the warehouse basketry"),
        (lambda b, edit: b.emulator.denied.append("POST .*/workspace/import"), "CAN_EDIT on /Shared"),
        (lambda b, edit: b.emulator.faults.add("expired_token"), "databricks auth login"),
    ],
    ids=["cloud", "host", "warehouse", "group", "node type", "typo", "schema", "scope", "statement", "file", "token"],
)
def test_a_workspace_that_is_not_ready(bench: Bench, edit: Edit, spoil: Break, words: str) -> None:
    """Each cause is found before the first change and told with its command."""
    spoil(bench, edit)
    refused(bench, words)


def test_work_by_hand_is_not_lost(bench: Bench, edit: Edit) -> None:
    """An edited dashboard, space or file stops the deployment; --overwrite, and only that, replaces them."""
    bench.deploy()
    (dashboard,) = bench.emulator.dashboards.documents
    bench.emulator.dashboards.update(dashboard, {"serialized_dashboard": '{"pages": ["mine"]}'})
    (space,) = bench.emulator.genie.documents
    bench.emulator.genie.update(space, {"serialized_space": "{}"})
    bench.emulator.tree.write(f"{FOLDER}/spark_jobs/hello.py", b"print('mine')", overwrite=True)
    for words in (
        f"dashboard sales was edited by hand since it was deployed: .*databricks lakeview get {dashboard}.*ARGS=--overwrite",
        "Genie space Basketry sales was edited by hand",
        f"file {FOLDER}/spark_jobs/hello.py was edited by hand",
    ):
        refused(bench, words)
    assert bench.deploy(overwrite=True) == 3
    assert "mine" not in bench.emulator.dashboards.documents[dashboard]["serialized_dashboard"]


def test_somebody_elses_dashboard_is_not_taken(bench: Bench) -> None:
    """One of the same name that nobody deployed stays as it is."""
    bench.client.workspace.mkdirs(FOLDER)
    shelf = bench.emulator.dashboards
    made = shelf.create({"display_name": "sales", "serialized_dashboard": '{"pages": ["theirs"]}', "path": "x"})
    bench.emulator.tree.add(f"{FOLDER}/sales.lvdash.json", "DASHBOARD", made["dashboard_id"])
    refused(bench, "dashboard sales is there already, made by hand")


def test_two_people_do_not_deploy_at_once(bench: Bench) -> None:
    """The second is told who is at it and what to do when that one died."""
    bench.client.workspace.mkdirs(FOLDER)
    lock = b'{"by": "alice@example.com", "at": "2026-01-05 10:00:00 UTC"}'
    bench.emulator.tree.write(f"{FOLDER}/{LOCK}", lock, overwrite=False)
    refused(bench, "alice@example.com since 2026-01-05 10:00:00 UTC is deploying 'dev'.*ARGS=--break-lock")
    bench.deploy(break_lock=True)
    assert bench.emulator.tree.local_file(f"{FOLDER}/{LOCK}") is None
    with pytest.raises(Problem, match="belongs to the target 'dev'"):
        bench.deploy("prod")


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
    ("/Workspace/Shared/basketry", "/tmp/basketry", "…no folder below /Workspace…"),
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
    for permission in ("schema", "volume", "model", "grant", "file", "experiment", "secret scope", "statement", "runs"):
        assert re.search(permission, tried)
    assert bench.state() == before


def test_a_secret_without_value_is_named(bench: Bench, edit: Edit) -> None:
    """With the command that puts it in; the deployment itself never asks for a value."""
    edit("include/targets/dev.yaml", target_text(secrets="[dialler]"))
    (finding,) = check_secrets(bench.site())
    assert (
        str(finding) == "secret basketry/dialler: it has no value yet; databricks secrets put-secret basketry dialler"
    )


@pytest.mark.parametrize("path", ["POST .*/unity-catalog/volumes", "POST .*/lakeview/dashboards$"])
def test_a_deployment_that_broke_off_is_finished_by_the_next(bench: Bench, path: str) -> None:
    """A thing whose making was answered by an error is made once, and undeploy knows it: the workspace ends as it began."""
    before, tries = bench.state(), int("volumes" in path)  # the check makes a volume of its own first
    bench.emulator.faults.add("server_error_after_accept", path=path, after=tries)
    site = bench.site()
    with pytest.raises(Problem, match="run the same command again"), explained_errors(site.target):
        bench.deploy()
    bench.deploy()
    assert bench.deploy(plan=True) == 0
    assert len(bench.emulator.dashboards.documents) == len(bench.emulator.genie.documents) == 1
    assert bench.undeploy() == 0
    assert bench.state() == before


def test_throttling_and_lost_answers_are_waited_out(bench: Bench) -> None:
    """429 with Retry-After, and a 503 after the schema was made: the same deployment goes on, nothing is made twice."""
    bench.emulator.faults.add("throttle", operation="unity", seconds=1, times=2)
    bench.emulator.faults.add("server_error_after_accept", path="POST .*/unity-catalog/schemas", status=503, after=1)
    bench.deploy()
    assert bench.emulator.faults.pending() == []
    assert bench.deploy(plan=True) == 0
