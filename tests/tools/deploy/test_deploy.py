"""make deploy against an emulated workspace: plan, apply, again, undeploy."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from databricks.sdk.service.jobs import SubmitTask

from tests.tools.deploy.conftest import CATALOG, Bench, Edit

FOLDER = "/Shared/basketry"


def wheel(bench: Bench) -> str:
    """The path of the one wheel in the workspace."""
    (path,) = [path for path in bench.emulator.tree._entries if path.startswith(f"{FOLDER}/lib/basketry-")]
    return path


def test_a_plan_shows_everything_and_changes_nothing(bench: Bench) -> None:
    """Every kind of thing has its line; the workspace is as before."""
    before = bench.state()
    changes = bench.deploy(plan=True)
    assert bench.state() == before
    assert changes == len(bench.lines)
    for line in (
        f"+ folder {FOLDER}",
        f"+ file {FOLDER}/spark_jobs/hello.py",
        f"+ schema {CATALOG}.gold",
        f"+ volume {CATALOG}.landing.files",
        f"+ registered model {CATALOG}.gold.rfm",
        f"+ experiment {FOLDER}/{CATALOG}_rfm",
        "+ secret scope basketry",
        "+ dashboard sales",
        "+ Genie space Basketry sales",
        "+ CAN_USE on warehouse basketry to `basketry-sales`",
        f"+ GRANT MODIFY ON SCHEMA {CATALOG}.gold TO `basketry-jobs`",
    ):
        assert line in bench.lines
    assert any(line.startswith(f"+ file {FOLDER}/lib/basketry-0.1.0+") for line in bench.lines)


def test_a_second_deployment_has_nothing_to_do(bench: Bench) -> None:
    """The plan after applying is empty, and so is what a further one does."""
    assert bench.deploy() > 50
    after = bench.state()
    assert bench.deploy(plan=True) == 0, bench.lines
    assert bench.deploy() == 0
    assert bench.state() == after


def test_what_is_deployed_is_what_the_checkout_says(bench: Bench, checkout: Path) -> None:
    """Files byte by byte, the dashboard published with its readers' own rights, the catalog written into the space."""
    bench.deploy()
    stored = bench.client.workspace.download(f"{FOLDER}/spark_jobs/hello.py").read()
    assert stored == (checkout / "spark_jobs/hello.py").read_bytes()
    with zipfile.ZipFile(io.BytesIO(bench.client.workspace.download(wheel(bench)).read())) as library:
        assert library.read("basketry/greeting.py") == (checkout / "spark_jobs/basketry/greeting.py").read_bytes()
        assert library.read("basketry/include/jobs.yaml") == (checkout / "include/jobs.yaml").read_bytes()
    (dashboard,) = bench.emulator.dashboards.documents.values()
    assert dashboard["dataset_catalog"] == CATALOG
    published = bench.emulator.dashboards.published[dashboard["dashboard_id"]]
    assert published["embed_credentials"] is False and published["etag"] == dashboard["etag"]
    (space,) = bench.emulator.genie.documents.values()
    tables = json.loads(space["serialized_space"])["data_sources"]["tables"]
    assert tables == [{"identifier": f"{CATALOG}.gold.sales_day"}]


def test_a_deployed_job_runs(bench: Bench) -> None:
    """The script finds its library in the wheel, though another one is installed here."""
    bench.deploy()
    task = {
        "task_key": "main",
        "existing_cluster_id": "c-1",
        "libraries": [{"whl": f"/Workspace{wheel(bench)}"}],
        "spark_python_task": {"python_file": f"/Workspace{FOLDER}/spark_jobs/hello.py"},
    }
    run_id = bench.client.jobs.submit(tasks=[SubmitTask.from_dict(task)]).response.run_id
    run = bench.emulator.wait(int(run_id or 0))
    assert run.state.result == "SUCCESS", run.tasks[0].log("stderr")
    assert (bench.emulator.home / "said").read_text() == "good morning"


def test_only_what_changed_is_changed(bench: Bench, edit: Edit, checkout: Path) -> None:
    """A changed script is one file and another wheel, for they are of one edition; a script that is gone is removed."""
    bench.deploy()
    edit("include/dashboards/sales.lvdash.json", '{"pages": []}')
    assert bench.deploy() == 1
    assert bench.lines == ["~ dashboard sales"]
    old = wheel(bench)
    edit("spark_jobs/hello.py", "print('hello')\n")
    assert bench.deploy() == 3
    assert sorted(bench.lines) == [f"+ file {wheel(bench)}", f"- file {old}", f"~ file {FOLDER}/spark_jobs/hello.py"]
    old = wheel(bench)
    (checkout / "spark_jobs/hello.py").unlink()
    assert bench.deploy() == 3
    assert sorted(bench.lines) == [f"+ file {wheel(bench)}", f"- file {old}", f"- file {FOLDER}/spark_jobs/hello.py"]
    edit("spark_jobs/basketry/greeting.py", "TEXT = 'good evening'\n")
    bench.deploy()
    assert [line[:2] for line in sorted(bench.lines)] == ["+ ", "- "]


def test_undeploy_leaves_the_workspace_as_it_was(bench: Bench) -> None:
    """Also what was granted on things that were there before."""
    before = bench.state()
    bench.deploy()
    assert bench.undeploy() == 0, bench.lines
    assert bench.state() == before


def test_undeploy_touches_nothing_that_it_did_not_make(bench: Bench) -> None:
    """A schema, a folder's file, a grant that were there before stay; so does what holds data by now, and it is said."""
    client, lake = bench.client, bench.emulator.home / "lake" / CATALOG
    client.schemas.create("gold", CATALOG, comment="made by hand")
    bench.deploy()
    bench.emulator.tree.write(f"{FOLDER}/notes.txt", b"mine", overwrite=False)
    bench.emulator.governance.secrets["basketry"] = ["token"]
    delivered = bench.emulator.home / "landing" / CATALOG / "orders.csv"
    delivered.write_text("a\n")
    bench.undeploy()
    output = "\n".join(bench.lines)
    assert (lake / "gold").is_dir() and "schema sales_project.gold" not in output
    assert f"folder {FOLDER} stays: it holds {FOLDER}/notes.txt" in output
    assert "secret scope basketry stays: it holds the secret token" in output
    assert f"volume {CATALOG}.landing.files stays: it holds /Volumes/{CATALOG}/landing/files/orders.csv" in output
    assert delivered.exists() and bench.emulator.tree.read(f"{FOLDER}/notes.txt") == b"mine"
    delivered.unlink()
    bench.emulator.governance.secrets.clear()
    bench.emulator.tree.remove(f"{FOLDER}/notes.txt")
    assert bench.undeploy() == 0, "what stayed is removed once it holds nothing"
