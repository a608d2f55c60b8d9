"""make deploy against an emulated workspace: what holds data, rights, then the bundle; again; what stays."""

from __future__ import annotations

import pytest
from databricks.sdk.service.catalog import VolumeType

from tests.tools.deploy.conftest import CATALOG, Bench, Edit, StandInCli, target_text
from tools.deploy.apply import make
from tools.deploy.bundle_cli import BundleCommands
from tools.deploy.checks import check_workspace
from tools.deploy.commands import explained_errors
from tools.deploy.containers import Schema, containers
from tools.problem import Problem


def test_a_plan_shows_everything_and_changes_nothing(bench: Bench) -> None:
    """Every kind of thing has its line; the workspace is as before."""
    before = bench.state()
    changes = bench.deploy(plan=True)
    assert bench.state() == before
    assert changes == len(bench.lines)
    for line in (
        "+ folder /basketry",
        f"+ schema {CATALOG}.gold",
        f"+ volume {CATALOG}.landing.files",
        f"+ volume {CATALOG}.checkpoints.files",
        f"+ directory /Volumes/{CATALOG}/checkpoints/files/offers",
        f"+ directory /Volumes/{CATALOG}/landing/files/offer_events",
        f"+ directory /Volumes/{CATALOG}/landing/files/order_lines",
        f"+ experiment /basketry/{CATALOG}_rfm",
        "+ secret scope basketry",
        "+ CAN_USE on warehouse basketry to `basketry-sales`",
        f"+ GRANT MODIFY ON SCHEMA `{CATALOG}`.`gold` TO `basketry-jobs`",
        f"+ GRANT CREATE MODEL ON SCHEMA `{CATALOG}`.`gold` TO `basketry-jobs`",
        f"+ GRANT WRITE VOLUME ON VOLUME `{CATALOG}`.`checkpoints`.`files` TO `basketry-jobs`",
    ):
        assert line in bench.lines
    assert not [line for line in bench.lines if "basketry-auditors" in line]  # who reads no table needs no group
    # The first training makes a model, and so the jobs' principal owns it.
    assert not [line for line in bench.lines if "registered model" in line or "ON FUNCTION" in line]


def test_a_second_deployment_has_nothing_to_do(bench: Bench) -> None:
    """The plan after applying is empty, and so is what a further one does."""
    assert bench.deploy() > 50
    after = bench.state()
    assert bench.deploy(plan=True) == 0, bench.lines
    assert bench.deploy() == 0
    assert bench.state() == after


def test_nothing_that_holds_data_is_ever_removed(bench: Bench) -> None:
    """What was there before stays what it was; what the declarations name no more stays, too, with every right on it."""
    bench.client.schemas.create("gold", CATALOG, comment="made by hand")
    bench.deploy()
    assert bench.client.schemas.get(f"{CATALOG}.gold").comment == "made by hand"
    before = bench.state()
    (bench.checkout / "include" / "gates" / "rfm.yaml").unlink()
    assert bench.deploy() == 0
    assert bench.state() == before


def test_rights_are_given_before_the_bundle_and_stay_where_it_fails(bench: Bench, cli: StandInCli) -> None:
    """A document that cannot be made keeps no job from its tables; the next deployment has only the bundle left."""
    cli.code = 1
    cli.install()
    bundle = BundleCommands(bench.checkout, "dev")
    with pytest.raises(Problem, match="databricks bundle deploy --target dev did not end well, see above"):
        bench.deploy(bundle=bundle)
    given = bench.emulator.unity.granted()
    assert given[("SCHEMA", f"{CATALOG}.gold")]["basketry-jobs"] >= {"SELECT", "MODIFY", "CREATE_MODEL"}
    cli.code = 0
    cli.install()
    assert bench.deploy(bundle=bundle) == 0
    assert cli.calls == [["bundle", "deploy", "--target", "dev"]] * 2


def test_a_plan_asks_the_bundle_for_its_own(bench: Bench, cli: StandInCli) -> None:
    """And deploys nothing; what a person allows is passed on."""
    bundle = BundleCommands(bench.checkout, "prod")
    bench.deploy(target="prod", bundle=bundle, plan=True)
    bench.deploy(target="prod", bundle=bundle, auto_approve=True, force=True, force_lock=True)
    assert cli.calls == [
        ["bundle", "plan", "--target", "prod"],
        ["bundle", "deploy", "--auto-approve", "--force", "--force-lock", "--target", "prod"],
    ]


def test_a_retailer_lies_where_the_target_says(bench: Bench, edit: Edit) -> None:
    """In one schema of a catalog of another name, files in a volume that is there; another target may not come there, too."""
    place = f"{{{CATALOG}: {{catalog: retail-analytics-m, one_schema: dg-day, landing: /Volumes/retail-analytics-m/raw/inbox}}}}"
    for target in ("dev", "prod"):
        edit(f"include/targets/{target}.yaml", target_text(unity=place, folder=f"/Workspace/{target}"))
    (bench.emulator.home / "lake" / "retail-analytics-m").mkdir()
    bench.client.schemas.create("raw", "retail-analytics-m")
    bench.client.volumes.create("retail-analytics-m", "raw", "inbox", VolumeType.MANAGED)
    bench.deploy()
    made = {name for kind, name in bench.emulator.unity.securables._infos}
    own = {
        name.removeprefix("retail-analytics-m.dg-day.")
        for name in made
        if name.startswith("retail-analytics-m.dg-day.")
    }
    assert {"exports_files", "requests_files", "checkpoints_files"} <= own and "landing_files" not in own
    assert (bench.emulator.home / "Volumes/retail-analytics-m/raw/inbox/order_lines").is_dir()
    for line in (
        "+ GRANT CREATE FUNCTION ON SCHEMA `retail-analytics-m`.`dg-day` TO `basketry-jobs`",
        "+ GRANT WRITE VOLUME ON VOLUME `retail-analytics-m`.`raw`.`inbox` TO `basketry-jobs`",
    ):
        assert line in bench.lines
    assert bench.deploy() == 0
    with pytest.raises(
        Problem, match="schema retail-analytics-m.dg-day: it belongs to the target 'dev'; give sales_project"
    ):
        bench.deploy("prod")


def test_two_targets_of_one_metastore_do_not_share_tables(bench: Bench) -> None:
    """The schemas of dev are not taken for those of prod."""
    bench.deploy()
    before = bench.state()
    with pytest.raises(
        Problem, match=f"schema {CATALOG}.bronze: it belongs to the target 'dev'; give {CATALOG} below unity"
    ):
        bench.deploy("prod")
    assert bench.state() == before


@pytest.mark.parametrize("path", ["POST .*/unity-catalog/volumes", "POST .*/mlflow/experiments/create"])
def test_a_deployment_that_broke_off_is_finished_by_the_next(bench: Bench, path: str) -> None:
    """A thing whose making was answered by an error is made once."""
    # The check makes a volume and an experiment of its own first.
    bench.emulator.faults.add("server_error_after_accept", path=path, after=1)
    site = bench.site()
    with pytest.raises(Problem, match="run the same command again"), explained_errors(site.target):
        bench.deploy()
    bench.deploy()
    assert bench.deploy(plan=True) == 0
    wanted = containers(site.target, bench.checkout / "include")
    assert all(container.exists(bench.site()) for container in wanted)


def test_throttling_and_lost_answers_are_waited_out(bench: Bench) -> None:
    """429 with Retry-After, and a 503 after the schema was made: the same deployment goes on, nothing is made twice."""
    bench.emulator.faults.add("throttle", operation="unity", seconds=1, times=2)
    bench.emulator.faults.add("server_error_after_accept", path="POST .*/unity-catalog/schemas", status=503, after=1)
    bench.deploy()
    assert bench.emulator.faults.pending() == []
    assert bench.deploy(plan=True) == 0


def test_what_somebody_else_made_meanwhile_counts_as_made(bench: Bench) -> None:
    """Of two deployments at once the second finds the first one's schema; any other refusal is an error."""
    schema = Schema(f"{CATALOG}.gold")
    make(bench.site(), schema)
    make(bench.site(), schema)
    from databricks.sdk.errors import NotFound

    with pytest.raises(NotFound):
        make(bench.site(), Schema("nowhere.gold"))


def test_where_there_is_serverless_compute_alone(bench: Bench, edit: Edit) -> None:
    """As in Free Edition: without profiles of clusters nobody asks for nodes, and the principal needs no entitlement for them."""
    from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL

    for profile in ("small", "medium", "large", "existing"):
        (bench.checkout / "include" / "compute" / f"{profile}.yaml").unlink()
    edit("include/jobs.yaml", "default: serverless\njobs: {}\ntags: {}\n")
    bench.emulator.denied.append("GET .*/clusters/.*")
    lines = [str(finding) for finding in check_workspace(bench.site(), bench.grants(), bench.checkout / "include")]
    assert all(line.endswith(": ok") for line in lines), lines
    assert f"service principal {SERVICE_PRINCIPAL} starts clusters" not in " ".join(lines)
    assert bench.deploy() > 50
