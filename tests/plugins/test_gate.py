"""The gate's tasks: what they hand on, who is asked, and what an answer means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput

from basketry.errors import BadInputError
from basketry.gates import Gate, Verdict, load_gate
from basketry.registry import VersionRun
from basketry.registry.judging import Judgement, evaluate_challenger, realised_metric
from basketry.registry.ledger import PromotionDecision
from basketry.registry.models import PROPENSITY_MODEL
from basketry.registry.promotion_request import PromotionRequest
from basketry.warehouse.rows import RowStore
from basketry_airflow.gate import Ask, decision_payload, gate
from tests.kit.rendering import context

CHECKOUT = Path(__file__).resolve().parents[2]
MODEL = "demo.gold.propensity"


@pytest.fixture
def judge() -> Gate:
    """The shipped gate."""
    return load_gate("propensity", CHECKOUT / "include")


@pytest.fixture
def dag() -> DAG:
    """A DAG with a gate in it, whose runs may wait three days."""
    with DAG("weekly", schedule=None, params={"catalog": "demo"}, dagrun_timeout=timedelta(days=3)) as dag:
        gate(PROPENSITY_MODEL)
    return dag


DECIDED = {
    "gate": "propensity",
    "model": "propensity",
    "challenger": "7",
    "champion": "6",
    "verdict": "ask",
    "reason": "noise.",
    "answer_within_hours": 48,
    "users": ["alice"],
}
DECISION = PromotionDecision(
    model=MODEL,
    number=1,
    version="7",
    champion_before="6",
    champion_after="6",
    verdict="refuse",
    decided_by="gate",
    decided_at=datetime(2026, 3, 10, tzinfo=UTC),
    reason="noise.",
    checks="[]",
    run_id="weekly/manual__2026-03-10/gate.promote/-1/1",
)
ANSWERED = {"verdict": "refuse", "decided_by": "alice", "reason": "wait for spring"}


def seen(task: Any, decided: dict[str, Any], answered: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a task's templates see after `decide` and `ask`."""
    handed_on = {"gate.decide": decided, "gate.ask": answered}
    found = context(task)
    found["ti"].xcom_pull = lambda task_ids: handed_on[task_ids]
    found["dag_run"] = SimpleNamespace(start_date=datetime(2026, 3, 10, 9, minute=30, tzinfo=UTC))
    return found


@pytest.mark.parametrize(
    ("decided", "answered", "expected"),
    [
        ({"verdict": "promote"}, None, ("promote", "gate", "noise.")),
        ({"verdict": "refuse", "champion": ""}, None, ("refuse", "gate", "noise.")),
        ({"verdict": "provisional", "champion": ""}, None, ("provisional", "gate", "noise.")),
        ({}, ANSWERED, ("refuse", "alice", "wait for spring")),
    ],
)
def test_the_job_is_told_who_decided_what(
    dag: DAG,
    decided: dict[str, Any],
    answered: dict[str, Any] | None,
    expected: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person's answer goes before the machine's verdict; no champion is none; the catalog is the form's."""
    requests: list[tuple[str, PromotionRequest]] = []

    def carry_out(rows: RowStore, request: PromotionRequest) -> PromotionDecision:
        requests.append((rows.catalog, request))
        return DECISION

    monkeypatch.setattr("basketry.registry.promotion_job.promote_and_record", carry_out)
    task = dag.get_task("gate.promote")
    found = seen(task, {**DECIDED, **decided}, answered)
    found["params"], found["ti"].dag_id = {"catalog": "demo"}, "weekly"
    found["dag_run"].run_id = "manual__2026-03-10"
    sentence = task.python_callable({**DECIDED, **decided}, "gate.ask", **found)
    assert sentence == "demo.gold.propensity, number 1: version 7 is refused, 6 stays the champion (gate): noise."
    verdict, decided_by, reason = expected
    request = PromotionRequest(
        model="propensity",
        challenger="7",
        expected_champion=None if decided.get("champion") == "" else "6",
        verdict=verdict,
        decided_by=decided_by,
        decided_at="2026-03-10T09:30:00+00:00",
        reason=reason,
        run_id="weekly/manual__2026-03-10/gate.promote/-1/1",
    )
    assert requests == [("demo", request)]


def test_the_job_runs_whether_or_not_somebody_was_asked(dag: DAG) -> None:
    """decide, then perhaps ask, then promote: a skipped question stops nothing, a failed one does."""
    promote = dag.get_task("gate.promote")
    assert promote.upstream_task_ids == {"gate.decide", "gate.ask"}
    assert promote.trigger_rule == "none_failed"
    assert dag.get_task("gate.ask").upstream_task_ids == {"gate.decide"}


@pytest.fixture
def ask(dag: DAG, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """The question, without a supervisor that would keep it."""
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **given: None)
    task = dag.get_task("gate.ask")
    assert isinstance(task, Ask)
    yield task


def asking(task: Ask, **decided: Any) -> Any:
    """What the question's task sees when it runs."""
    found = seen(task, {**DECIDED, **decided})
    found["task_instance"] = SimpleNamespace(id="1")
    return found


def test_the_question_has_no_default_answer_and_ends(ask: Ask) -> None:
    """It waits as long as the gate says, for the users whom the gate names, and nothing is taken for granted."""
    with pytest.raises(TaskAwaitingInput) as waiting:
        ask.execute(asking(ask))
    assert waiting.value.timeout == timedelta(hours=48)
    assert ask.assigned_users == [{"id": "alice", "name": "alice"}]
    assert ask.defaults is None
    with pytest.raises(TaskAwaitingInput):
        ask.execute(asking(ask, users=[]))
    assert ask.assigned_users is None


@pytest.mark.parametrize("verdict", ["promote", "refuse", "provisional"])
def test_nobody_is_asked_what_the_numbers_say(ask: Ask, verdict: str) -> None:
    """A clear verdict skips the question."""
    with pytest.raises(AirflowSkipException, match=f"the verdict is {verdict}"):
        ask.execute(asking(ask, verdict=verdict))


def test_a_question_must_fit_into_its_run(ask: Ask) -> None:
    """A gate that waits longer than the run may last would never be answered: bad input that names both places."""
    with pytest.raises(BadInputError) as error:
        ask.execute(asking(ask, answer_within_hours=72))
    assert error.value.message == (
        "the gate 'propensity' waits 72 hours for an answer but a run of weekly ends after 3 days, 0:00:00: lower"
        " answer_within_hours in include/gates/propensity.yaml or raise run_limit in the DAG."
    )


@pytest.mark.parametrize(
    ("chosen", "why", "expected"),
    [
        ("Approve", {"why": " fresher\nmodel "}, ("promote", "alice", "fresher model")),
        ("Approve", {}, ("promote", "alice", "approved without a reason.")),
        ("Reject", {"why": "spring sale"}, ("refuse", "alice", "spring sale")),
        ("Reject", {"why": ""}, ("refuse", "alice", "rejected without a reason.")),
    ],
)
def test_an_answer_is_a_verdict_with_a_name(
    ask: Ask, chosen: str, why: dict[str, str], expected: tuple[str, str, str]
) -> None:
    """Who answered and why goes on to the job, yes and no alike."""
    user = {"id": "7", "name": "alice"}
    event = {
        "chosen_options": [chosen],
        "params_input": why,
        "responded_at": datetime.now(UTC),
        "responded_by_user": user,
    }
    answer = ask.execute_complete(asking(ask), event)
    assert (answer["verdict"], answer["decided_by"], answer["reason"]) == expected


def test_no_answer_is_no(ask: Ask) -> None:
    """Time-out means refuse, said by the gate itself."""
    answer = ask.execute_complete(asking(ask), {"error": "too late", "error_type": "timeout"})
    assert answer == {"verdict": "refuse", "decided_by": "gate", "reason": "nobody answered within 48 hours."}


@pytest.mark.parametrize(("compared", "champion"), [("3", "4"), ("", "4"), ("3", None)])
def test_a_comparison_with_another_champion_is_refused(judge: Gate, compared: str, champion: str | None) -> None:
    """Numbers against a champion that is none any more say nothing about today's."""
    result = evaluate_challenger(judge, VersionRun("r", {}, {"basketry.champion_version": compared}), champion, {})
    assert (result.verdict, result.reason) == (
        "refuse",
        f"it was compared with champion {compared or 'none'}, but the champion is {champion or 'none'}: train again.",
    )


def test_a_champion_that_could_not_be_judged_is_asked_about(judge: Gate) -> None:
    """A champion that cannot be loaded any more must not stop every successor: a person is told why and asked."""
    good = {"roc_auc": 0.8, "lift_top_decile": 3.0, "expected_calibration_error": 0.001, "calibration_ratio": 1.0}
    for margin in judge.must_beat:
        good |= {margin.metric: 0.2, f"versus/naive/{margin.baseline}/{margin.metric}/low": 0.1}
    tags = {"basketry.champion_version": "", "basketry.champion_problem": "version 4 cannot be loaded."}
    result = evaluate_challenger(judge, VersionRun("r", good, tags), "4", {})
    assert (result.verdict, result.reason) == (
        "ask",
        "the champion could not be judged on the challenger's test rows; all other checks hold. version 4 cannot be loaded.",
    )
    assert evaluate_challenger(judge, VersionRun("r", {**good, "roc_auc": 0.1}, tags), "4", {}).verdict == "refuse"


def test_the_question_shows_the_numbers(judge: Gate) -> None:
    """Subject, reason, what either answer does, and the table of checks."""
    verdict = Verdict("ask", "the challenger cannot be told from the champion.", ())
    answer = decision_payload(Judgement(gate=judge, model=MODEL, challenger="7", champion=None, verdict=verdict))
    assert answer["subject"] == f"{MODEL}: version 7 instead of none? The gate says ask."
    assert answer["body"].startswith(
        "The challenger cannot be told from the champion.\n\n"
        "Approve: version 7 scores from now on. Reject: nothing stays.\n\n| condition |"
    )
    assert (answer["champion"], answer["answer_within_hours"], answer["users"]) == ("", 48, [])


@pytest.mark.parametrize(
    ("verdict", "follows"),
    [
        ("promote", "Nobody is asked: version 7 scores from now on."),
        ("refuse", "Nobody is asked: version 7 does not score, nothing stays."),
        (
            "provisional",
            "Nobody is asked: version 7 scores from now on, as provisional. It is beyond a limit, but not surely; the next"
            " training may replace it.",
        ),
    ],
)
def test_what_the_gate_decides_alone_is_told_as_decided(judge: Gate, verdict: str, follows: str) -> None:
    """The log offers no choice where there is none, and says what a provisional champion is."""
    said = Verdict(verdict, "calibration is 0.0207, at most 0.02.", ())
    answer = decision_payload(Judgement(gate=judge, model=MODEL, challenger="7", champion=None, verdict=said))
    assert answer["verdict"] == verdict and answer["subject"].endswith(f"The gate says {verdict}.")
    assert answer["body"].startswith(f"Calibration is 0.0207, at most 0.02.\n\n{follows}\n\n| condition |")


def test_what_came_true_is_the_mean_of_the_newest_days(judge: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven days of the champion's outcomes are averaged beside its promise; a warehouse's texts are numbers too."""
    rows = [{"as_of": f"2026-01-{day:02}", "average_precision": str(day / 100)} for day in (9, 3, 4, 5, 6, 7, 8, 2, 1)]
    rows.append({"as_of": "2026-01-10", "average_precision": None})
    asked: list[Any] = []

    class Outcomes(RowStore):
        """The rows of one table, read alone."""

        def read(self, table: Any, columns: Any, where: Any) -> list[dict[str, Any]]:
            """Keep what was asked for."""
            asked.append((self.catalog, table.full_name, where))
            return rows

        insert = put = lock = None  # type: ignore[assignment]

    store = Outcomes("demo")
    promise = VersionRun("r", {"average_precision": 0.25}, {})
    monkeypatch.setattr("basketry.registry.judging.version_run", lambda name, version: promise)
    means = realised_metric(store, MODEL, judge, "6")
    assert means == pytest.approx({"realised/average_precision": 0.06, "promised/average_precision": 0.25})
    assert asked == [("demo", "gold.propensity_outcomes", {"category": "", "audience": "all", "model_version": "6"})]
    rows.clear()
    assert realised_metric(store, MODEL, judge, "6") == realised_metric(store, MODEL, judge, None) == {}
