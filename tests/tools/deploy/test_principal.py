"""make deploy-check as the principal that will run: a job by the factory of the DAGs, and what is said when it fails."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from basketry.jobs.command_line import parse_arguments
from basketry.jobs.maintenance import NOOP
from tests.databricks_emulator.principals_api import SERVICE_PRINCIPAL
from tests.databricks_emulator.process import Ending
from tests.kit.bundle import put_code
from tests.tools.deploy.conftest import CATALOG, Bench, ready_workspace
from tools.deploy.principal import try_principal

STARTS = f"a job of service principal {SERVICE_PRINCIPAL} starts"
WRITES = f"a job of service principal {SERVICE_PRINCIPAL} writes a row into ops.job_runs"


@dataclass
class Trial:
    """What the workspace is asked to run. endings: how each run ends, in order; well when there are no more."""

    endings: list[Ending] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, script: Path, parameters: Sequence[str]) -> Ending:
        """Note it, and end as planned."""
        assert script.name == "noop.py"
        self.asked.append(list(parameters))
        return self.endings.pop(0) if self.endings else Ending("success")


@dataclass
class Tried:
    """A workspace, and the trial that its runs are."""

    bench: Bench
    trial: Trial

    def lines(self) -> list[str]:
        """What the check says."""
        return [str(one) for one in try_principal(self.bench.site(), self.bench.checkout, polling=0.02)]


@pytest.fixture
def tried(tmp_path: Path, checkout: Path) -> Iterator[Tried]:
    """A workspace with the code in it."""
    (checkout / "spark_jobs" / "noop.py").write_text("print('deployed')\n")
    trial = Trial()
    with ready_workspace(tmp_path, checkout, trial) as bench:
        put_code(bench.emulator.tree, checkout, bench.site().target)
        yield Tried(bench, trial)


def test_the_jobs_principal_runs_a_job_and_writes_a_row(tried: Tried) -> None:
    """Two runs, as that principal, on the job's own profile, with arguments that the job takes."""
    assert tried.lines() == [f"{STARTS}: ok", f"{WRITES}: ok"]
    dry, writing = (parse_arguments(NOOP, words) for words in tried.trial.asked)
    assert (dry.dry_run, dry.write) == (True, False)
    assert (writing.dry_run, writing.write, writing.catalog) == (False, True, CATALOG)
    runs = list(tried.bench.emulator.runs)
    assert {run.submission.run_as for run in runs} == {SERVICE_PRINCIPAL}
    (task,) = runs[0].submission.tasks
    assert task.settings["new_cluster"]["custom_tags"]["dag"] == "deploy-check"
    library, *_ = task.settings["libraries"]
    assert tried.bench.emulator.tree.local_file(library["whl"])


def test_before_the_first_deployment_nothing_is_claimed(bench: Bench) -> None:
    """What was not tried is not called right."""
    lines = [str(one) for one in try_principal(bench.site(), bench.checkout)]
    assert lines == [
        f"{what}: not tried, this checkout is not deployed: make deploy TARGET=dev, then make deploy-check again"
        for what in (STARTS, WRITES)
    ]


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("PERMISSION_DENIED: You are not authorized to create clusters", "patch id-of-.* or a policy_id"),
        (
            "AnalysisException: [INSUFFICIENT_PERMISSIONS] User lacks USE SCHEMA",
            "make deploy TARGET=dev gives the group",
        ),
        (
            "BadInputError: the DAG of this run is of edition a and the library here of b",
            "make deploy TARGET=dev from this",
        ),
        ("ValueError: whatever", "databricks jobs get-run .* shows the run"),
    ],
    ids=["cluster", "rights", "edition", "unknown"],
)
def test_a_run_that_fails_is_explained(tried: Tried, error: str, fix: str) -> None:
    """With its own words and the command that mends it; what was not reached is not called right."""
    tried.trial.endings.append(Ending("failure", error))
    starts, writes = tried.lines()
    assert starts.startswith(f"{STARTS}: {error}; ")
    assert re.search(fix, starts)
    assert writes == f"{WRITES}: not tried, no job starts"


def test_a_job_that_starts_and_may_not_write(tried: Tried) -> None:
    """The two are told apart."""
    tried.trial.endings += [Ending("success"), Ending("failure", "PERMISSION_DENIED: no MODIFY on ops.job_runs")]
    starts, writes = tried.lines()
    assert starts == f"{STARTS}: ok"
    assert (
        writes
        == f"{WRITES}: PERMISSION_DENIED: no MODIFY on ops.job_runs; make deploy TARGET=dev gives the group its rights"
    )


def test_who_may_not_run_as_the_principal_is_told_so(tried: Tried) -> None:
    """The role is given by whoever manages the principal."""
    tried.bench.emulator.denied.append("POST .*/jobs/runs/submit")
    assert "ask for the role Service Principal User on it" in tried.lines()[0]
