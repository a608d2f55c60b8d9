"""Following runs of DAGs side by side, against a stand-in for Airflow."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from tools import dag_runs
from tools.airflow_client import AirflowClient
from tools.dag_runs import DagRuns, in_background, side_by_side
from tools.problem import Problem
from tools.progress import Step
from tools.task_errors import FailedRun


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dag_runs, "PAUSE", 0.0)


class Airflow(AirflowClient):
    """Each run takes two looks: its task runs, then has ended."""

    def __init__(self, *, active: str | None = None, due: str | None = None, outcome: str = "success") -> None:
        super().__init__("http://airflow", "admin", "secret")
        self.active, self.due, self.outcome = active, due, outcome
        self.asked: list[Mapping[str, object]] = []
        self.resumed: str | None = None
        self.triggered: list[dict[str, object]] = []
        self.followed: list[str] = []
        self.skipped: list[str] = []

    def unpause_due(self, dag: str, seconds: float = 30) -> str | None:
        return self.due

    def skip(self, dag: str, run: str, reason: str) -> None:
        self.skipped.append(run)

    def active_run(self, dag: str, conf: Mapping[str, object]) -> str | None:
        self.asked.append(conf)
        return self.active

    def resume(self, dag: str, conf: Mapping[str, object]) -> str | None:
        return self.resumed

    def trigger(self, dag: str, conf: Mapping[str, object]) -> str:
        self.triggered.append(dict(conf))
        return "mine"

    def polls(self, dag: str, run: str, seconds: float) -> Generator[str, None, str]:
        self.followed.append(run)
        self.looks = 0
        while self.looks < 2:
            self.looks += 1
            yield "running"
        return self.outcome

    def tasks(self, dag: str, run: str) -> list[dict[str, object]]:
        first = "running" if self.looks < 2 else "success"
        last = "failed" if self.outcome == "failed" else "skipped" if self.looks == 2 else None
        return [
            {"task_id": "rfm", "state": first, "try_number": 1},
            {"task_id": "score", "state": last, "try_number": 1},
        ]


def runs_of(airflow: Airflow, home: Path) -> DagRuns:
    return DagRuns(airflow, "demo", home)


def test_a_run_is_started_and_followed(tmp_path: Path) -> None:
    """The step names the task that runs; what a task has made, or was skipped, is acted on before the run ends."""
    airflow, step, shown = Airflow(), Step("x"), []
    ready = {"rfm": lambda: shown.append("segments"), "score": lambda: shown.append("buyers")}
    branch = runs_of(airflow, tmp_path).finish("bootstrap", step, lambda: False, {"as_of": "2026-11-29"}, ready)
    next(branch)
    assert (step.detail, shown) == ("rfm", [])
    next(branch)
    assert shown == ["segments", "buyers"]
    assert list(branch) == [] and shown == ["segments", "buyers"] and step.detail == ""
    assert airflow.triggered == [{"catalog": "demo", "as_of": "2026-11-29"}]


def test_a_run_that_is_under_way_is_followed(tmp_path: Path) -> None:
    """After Ctrl-C no second run is started; one follows only where the first did not do all."""
    airflow = Airflow(active="theirs")
    answers = iter([True])
    list(runs_of(airflow, tmp_path).finish("ingest", Step("x"), lambda: next(answers), {}))
    assert (airflow.followed, airflow.triggered) == (["theirs"], [])
    list(runs_of(airflow, tmp_path).finish("ingest", Step("x"), lambda: False, {}))
    assert airflow.followed == ["theirs", "theirs", "mine"]


def test_first_models_are_trained_once_whatever_the_day(tmp_path: Path) -> None:
    """A bootstrap that failed goes on from where it failed, also the next day; other DAGs begin anew."""
    airflow = Airflow()
    airflow.resumed = "yesterday's"
    runs = runs_of(airflow, tmp_path)
    for dag in ("bootstrap", "daily_sales"):
        list(runs.finish(dag, Step("x"), lambda: False, {"as_of": "2026-11-29"}))
    assert airflow.followed == ["yesterday's", "mine"]
    assert airflow.asked == [{"catalog": "demo"}, {"catalog": "demo", "as_of": "2026-11-29"}]
    assert not runs.is_active("bootstrap")
    airflow.active = "theirs"
    assert runs.is_active("bootstrap") and runs.is_active("daily_sales", {"as_of": "2026-11-29"})


@pytest.mark.parametrize(("scheduled", "followed"), [("demo", ["due"]), ("online_retail", [])])
def test_a_due_run_counts_for_the_catalog_of_schedules(
    scheduled: str, followed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that the schedule starts is of BASKETRY_CATALOG and of no other; it works beside ours where it has tables."""
    (tmp_path / "lake" / scheduled).mkdir(parents=True)
    monkeypatch.setenv("BASKETRY_CATALOG", scheduled)
    airflow = Airflow(due="due")
    list(runs_of(airflow, tmp_path).finish("daily_sales", Step("x"), lambda: True, {}))
    assert airflow.followed == followed and not airflow.skipped


@pytest.mark.parametrize(
    ("scheduled", "as_of", "followed"),
    [("demo", "2026-01-05", []), ("demo", "2099-12-31", ["due"]), ("complete_journey", "2099-12-31", [])],
)
def test_a_due_run_that_could_only_fail_is_skipped(
    scheduled: str, as_of: str, followed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that end before yesterday, or a catalog of schedules that was never loaded: no run turns red for that."""
    monkeypatch.setenv("BASKETRY_CATALOG", scheduled)
    airflow = Airflow(due="due")
    list(runs_of(airflow, tmp_path).finish("daily_sales", Step("x"), lambda: True, {"as_of": as_of}))
    assert airflow.followed == followed and airflow.skipped == ([] if followed else ["due"])


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    """By the sentence of its task; whether the data are to blame is known."""
    log = tmp_path / "logs/tasks/dag_id=bootstrap/run_id=mine/task_id=score/attempt=1.log"
    log.parent.mkdir(parents=True)
    log.write_text("BAD_INPUT: training needs more history.")
    with pytest.raises(FailedRun, match="the task score failed: training needs more history") as raised:
        list(runs_of(Airflow(outcome="failed"), tmp_path).finish("bootstrap", Step("x"), lambda: False, {}))
    assert raised.value.is_bad_input
    log.write_text("ValueError: no")
    with pytest.raises(FailedRun) as raised:
        list(runs_of(Airflow(outcome="failed"), tmp_path).finish("bootstrap", Step("x"), lambda: False, {}))
    assert not raised.value.is_bad_input


def test_branches_take_turns_and_one_that_fails_stops_no_other() -> None:
    """All go on to their end; then what went wrong is raised, in as many sentences as there were problems."""
    order: list[str] = []

    def branch(name: str, steps: int, error: Exception | None = None) -> Iterator[None]:
        for number in range(steps):
            order.append(f"{name}{number}")
            yield
        if error:
            raise error

    with pytest.raises(Problem, match=r"^a is broken\. c is bad\.$"):
        side_by_side(
            branch("a", 1, Problem("a is broken.")), branch("b", 3), branch("c", 2, BadInputError("c is bad."))
        )
    assert order == ["a0", "b0", "c0", "b1", "c1", "b2"]


def test_work_in_the_background_lets_others_go_on() -> None:
    """It yields until the thread has ended; its result and its error come back."""
    go_on, results = threading.Event(), []

    def work() -> Iterator[None]:
        results.append((yield from in_background(lambda: go_on.wait(10))))

    def other() -> Iterator[None]:
        yield
        go_on.set()

    side_by_side(work(), other())
    assert results == [True]

    def fail() -> None:
        raise BadInputError("no disk.")

    with pytest.raises(Problem, match="no disk"):
        side_by_side(in_background(fail))
