"""What `make run` does after the sales report: which DAG a day needs, and what of it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from basketry.config.settings import Settings
from basketry.tables import JOB_RUNS, PROMOTIONS
from tests.kit.lake import fill
from tools import results
from tools.dag_runs import Waits, side_by_side
from tools.problem import Problem
from tools.progress import Board, Step
from tools.results import Results
from tools.task_errors import FailedRun

DAY, BEFORE = date(2026, 11, 29), date(2026, 11, 28)
JOBS = ("rfm", "decide_products", "score_propensity")
MODELS = ("rfm", "forecast", "propensity")


class Runs:
    """In place of the runs of a catalog: remembers what was started, acts on each task's end, or fails."""

    def __init__(self, home: Path, catalog: str = "demo", error: Problem | None = None) -> None:
        self.home, self.catalog, self.error = home, catalog, error
        self.client = self
        self.started: list[str] = []
        self.paused: list[str] = []
        self.active: list[str] = []

    def is_active(self, dag: str, conf: Mapping[str, object] | None = None) -> bool:
        return dag in self.active

    def pause(self, dag: str) -> None:
        self.paused.append(dag)

    def finish(
        self,
        dag: str,
        step: Step,
        done: Callable[[], bool],
        conf: Mapping[str, object],
        ready: Mapping[str, Callable[[], None]] | None = None,
    ) -> Waits[None]:
        self.started.append(f"{dag} {conf.get('as_of', '')}".strip())
        yield
        if self.error:
            raise self.error
        if dag == "bootstrap":
            ran(self.home, DAY, *JOBS)
        for act in (ready or {}).values():
            act()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was printed, by the name of what prints it."""
    names: list[str] = []

    def printing(name: str) -> Callable[..., None]:
        return lambda *arguments: names.append(name)

    shows = {job: (model, printing(job)) for job, (model, _) in results.SHOWN_BY.items()}
    monkeypatch.setattr(results, "SHOWN_BY", shows)
    monkeypatch.setattr(results, "show_callable", printing("callable"))
    monkeypatch.setattr("tools.dag_runs.PAUSE", 0.0)
    return names


def results_of(runs: Runs) -> Results:
    settings = Settings.from_environment({"BASKETRY_HOME": str(runs.home)})
    return Results(runs, Board(Console(quiet=True)), settings, DAY)  # type: ignore[arg-type]  # a stand-in


def verdict(model: str, champion: str | None) -> dict[str, Any]:
    return {
        "model": f"demo.gold.{model}",
        "number": 1,
        "version": "1",
        "champion_after": champion,
        "verdict": "promote" if champion else "refuse",
        "decided_by": "gate",
        "decided_at": datetime(2026, 11, 28, tzinfo=UTC),
        "reason": "r",
        "checks": "[]",
        "run_id": "r",
    }


def job_run(job: str, as_of: date) -> dict[str, Any]:
    counts = {"rows_in": 1, "rows_out": 1, "seconds": 1.0}
    return {
        "run_id": job,
        "job": job,
        "as_of": as_of,
        "arguments": "{}",
        "details": "{}",
        "input_versions": {},
        **counts,
    }


def judged(home: Path, *refused: str) -> None:
    fill(home / "lake", "demo", PROMOTIONS, [verdict(name, None if name in refused else "1") for name in MODELS])


def ran(home: Path, as_of: date, *jobs: str) -> None:
    fill(home / "lake", "demo", JOB_RUNS, [job_run(job, as_of) for job in jobs])


def no_sales() -> Waits[None]:
    """Sales that are up to date."""
    yield


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The catalogs whose shoppers were simulated; none is, in truth."""
    catalogs: list[str] = []

    def offers(results: Results) -> Waits[None]:
        """Note the catalog."""
        catalogs.append(results.runs.catalog)
        yield

    monkeypatch.setattr(Results, "_offers", offers)
    return catalogs


def models(runs: Runs) -> Iterator[None]:
    return results_of(runs).branches(no_sales())[1]


def test_first_models_are_trained_once(tmp_path: Path, shown: list[str]) -> None:
    """Without verdicts bootstrap runs, and all that its tasks make is printed; by hand it stays startable."""
    runs = Runs(tmp_path)
    side_by_side(models(runs))
    assert (runs.started, shown, runs.paused) == (["bootstrap 2026-11-29"], list(JOBS), [])


def test_half_of_the_first_models_are_not_enough(tmp_path: Path, shown: list[str]) -> None:
    """A bootstrap that ended early is repeated."""
    fill(tmp_path / "lake", "demo", PROMOTIONS, [verdict("rfm", "1")])
    runs = Runs(tmp_path)
    side_by_side(models(runs))
    assert runs.started == ["bootstrap 2026-11-29"]


def test_a_day_later_it_is_only_scored(tmp_path: Path, shown: list[str]) -> None:
    """With champions a new day needs daily_scoring, whose schedule stays off."""
    judged(tmp_path)
    ran(tmp_path, BEFORE, *JOBS)
    runs = Runs(tmp_path)
    side_by_side(models(runs))
    assert (runs.started, shown, runs.paused) == (["daily_scoring 2026-11-29"], list(JOBS), ["daily_scoring"])


def test_a_bootstrap_under_way_is_followed_to_its_end(tmp_path: Path, shown: list[str]) -> None:
    """Its gates have spoken, its scores are still to come: no day's scoring beside it."""
    judged(tmp_path)
    runs = Runs(tmp_path)
    runs.active = ["bootstrap"]
    side_by_side(models(runs))
    assert (runs.started, shown) == (["bootstrap 2026-11-29"], list(JOBS))


def test_nothing_is_done_twice(tmp_path: Path, shown: list[str]) -> None:
    """A day that is scored is only shown again; a model that was refused when there was none owes it nothing."""
    judged(tmp_path, "propensity")
    ran(tmp_path, DAY, "rfm", "decide_products")
    runs = Runs(tmp_path)
    side_by_side(models(runs))
    assert (runs.started, shown) == ([], list(JOBS))


def test_an_audience_serves_for_a_week(tmp_path: Path, shown: list[str], offered: list[str]) -> None:
    """Seven days say who may be called; then a new one is made."""
    ran(tmp_path, date(2026, 11, 22), "export_audience")
    runs = Runs(tmp_path)
    side_by_side(results_of(runs).branches(no_sales())[0])
    assert (runs.started, runs.paused, shown) == (["weekly_marketing 2026-11-29"], ["weekly_marketing"], ["callable"])
    ran(tmp_path, date(2026, 11, 23), "export_audience")
    side_by_side(results_of(runs).branches(no_sales())[0])
    assert len(runs.started) == 1 and shown == ["callable"] * 2


@pytest.mark.parametrize(("catalog", "wanted"), [("demo", ["demo"]), ("online_retail", [])])
def test_only_the_demo_has_shoppers(
    catalog: str, wanted: list[str], tmp_path: Path, shown: list[str], offered: list[str]
) -> None:
    """Nobody is simulated in a retailer's own data."""
    side_by_side(results_of(Runs(tmp_path, catalog)).branches(no_sales())[0])
    assert offered == wanted


def test_the_audience_waits_for_the_sales(tmp_path: Path, shown: list[str], offered: list[str]) -> None:
    """It would take a turn away from the models; sales that fail are followed by nothing."""

    def failing() -> Waits[None]:
        """Sales that end badly."""
        yield
        raise Problem("sales failed.")

    runs = Runs(tmp_path)
    with pytest.raises(Problem, match="sales failed"):
        side_by_side(results_of(runs).branches(failing())[0])
    assert (runs.started, offered) == ([], [])


@pytest.mark.parametrize(
    ("catalog", "is_bad_input", "fails"),
    [("demo", True, True), ("online_retail", False, True), ("online_retail", True, False)],
)
def test_a_retailer_s_own_files_may_be_too_few_for_a_model(
    catalog: str, is_bad_input: bool, fails: bool, tmp_path: Path, shown: list[str]
) -> None:
    """That is said in a line and is no failure; of the demo, or by another cause, it is."""
    runs = Runs(tmp_path, catalog, FailedRun("bootstrap: too little history.", is_bad_input=is_bad_input))
    if fails:
        with pytest.raises(Problem, match="too little history"):
            side_by_side(models(runs))
    else:
        side_by_side(models(runs))
    assert runs.started == ["bootstrap 2026-11-29"] and not shown
