"""Whole runs of what cannot be undone: it waits for a second person, and without one nothing is done.

The job is a stand-in that notes how it was started; question, answers and time limit are Airflow's own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.kit.dags import lets_time_pass, run_dag, says, task_states
from tests.kit.users import include_with_approvers

pytestmark = pytest.mark.slow

STARTER, APPROVER = "dag_test", "data_protection"
"""Airflow's name for who runs a DAG's test, and whom the file lets approve."""
FORGET = {"catalog": "demo", "customers": "200417", "request_id": "DP-7", "dry_run": False}
REVOKE = {"catalog": "demo", "apply": True, "revoke_by_hand": True}
Started = list[list[str]]


@pytest.fixture(scope="module", autouse=True)
def database() -> None:
    """Airflow's own tables, once."""
    from airflow.utils.db import initdb

    initdb()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The arguments of every job that began."""
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

    # DAG.test calls a DAG's own callback with the scheduler's copy of the DAG, which cannot fill in required fields.
    monkeypatch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    began: Started = []
    monkeypatch.setattr(SparkSubmitOperator, "execute", lambda task, context: began.append(list(task.application_args)))
    return began


def then(*answers: Callable[[], None]) -> Callable[[], None]:
    """One answer after another; all but the last are refused by Airflow, because they may not answer."""

    def answer() -> None:
        """Try each."""
        from fastapi import HTTPException

        for refused in answers[:-1]:
            with pytest.raises(HTTPException) as error:
                refused()
            assert error.value.status_code == 403
        answers[-1]()

    return answer


def with_approvers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: str) -> None:
    """A grants file in which these, and nobody else, may approve."""
    monkeypatch.setenv("BASKETRY_INCLUDE", str(include_with_approvers(tmp_path, members)))


@pytest.fixture(autouse=True)
def approver(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may approve, unless a test says otherwise."""
    with_approvers(tmp_path_factory.mktemp("approver"), monkeypatch, APPROVER)


def test_a_second_person_lets_people_be_forgotten(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the starter, though named in the file, nor a stranger may say yes; when the right one does, the job begins."""
    with_approvers(tmp_path, monkeypatch, f"{STARTER}, {APPROVER}")
    yes = partial(says, "Approve", "")
    done = run_dag("forget", FORGET, then(yes(STARTER), yes("marketing"), yes(APPROVER)))
    assert task_states(done) == {"second_person": "success", "forget": "success"}
    (arguments,) = started
    assert {"--request-id=DP-7", f"--decided-by={STARTER}"} <= set(arguments)


def test_a_dry_run_asks_nobody(started: Started) -> None:
    """It changes nothing."""
    done = run_dag("forget", {**FORGET, "dry_run": True})
    assert task_states(done) == {"second_person": "success", "forget": "success"}
    assert "--dry-run" in started[0]


def test_a_no_changes_nothing(started: Started) -> None:
    """The question's task is skipped like the job, so that clearing the job alone does not begin it."""
    done = run_dag("forget", FORGET, says("Reject", user=APPROVER))
    assert task_states(done) == {"second_person": "skipped", "forget": "skipped"}
    assert started == []


def test_no_answer_changes_nothing(started: Started) -> None:
    """And fails, for somebody waits for it."""
    done = run_dag("forget", FORGET, partial(lets_time_pass, 24))
    assert task_states(done) == {"second_person": "failed", "forget": "upstream_failed"}
    assert started == []


@pytest.mark.parametrize("members", ["", STARTER])
def test_where_nobody_else_may_approve_it_is_refused(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: str
) -> None:
    """At once: an empty list is not everybody here."""
    with_approvers(tmp_path, monkeypatch, members)
    done = run_dag("forget", FORGET)
    assert task_states(done) == {"second_person": "failed", "forget": "upstream_failed"}
    assert done.get_task_instance("second_person").try_number == 1
    assert started == []


def test_revoking_by_hand_asks_and_applying_the_file_does_not(started: Started) -> None:
    """The plan is made in any case."""
    done = run_dag("apply_grants", {**REVOKE, "revoke_by_hand": False})
    assert set(task_states(done).values()) == {"success"}
    done = run_dag("apply_grants", REVOKE, says("Reject", user=APPROVER))
    assert task_states(done)["change"] == "skipped"
    done = run_dag("apply_grants", REVOKE, says("Approve", user=APPROVER))
    assert set(task_states(done).values()) == {"success"}
    changes = [arguments for arguments in started if "--dry-run" not in arguments]
    assert ["--revoke-by-hand" in arguments for arguments in changes] == [False, True]


def seen(answer: Any, **form: Any) -> Any:
    """What a job sees right before it starts, after the question left this."""
    from types import SimpleNamespace

    return {
        "params": {**FORGET, **form},
        "dag_run": SimpleNamespace(triggering_user_name="marketing"),
        "ti": SimpleNamespace(xcom_pull=lambda task_ids: answer),
    }


@pytest.mark.parametrize("answer", [None, {}, {"approved_by": "marketing"}, {"approved_by": "mallory"}])
def test_a_question_that_was_only_marked_as_done_lets_nothing_through(answer: Any) -> None:
    """Nor one that the starter answered, nor somebody who may not."""
    from basketry.errors import BadInputError
    from basketry_airflow.privacy_forms import forgets
    from basketry_airflow.second_person import must_be_approved

    check = must_be_approved(forgets)
    with pytest.raises(BadInputError, match="no second person has approved"):
        check(seen(answer))
    check(seen({"approved_by": APPROVER}))
    check(seen(answer, dry_run=True))


def test_a_run_that_nobody_started_cannot_be_approved() -> None:
    """Then nobody can be told from the starter."""
    from types import SimpleNamespace

    from basketry.errors import BadInputError
    from basketry_airflow.second_person import approvers

    context = {**seen(None), "dag_run": SimpleNamespace(triggering_user_name=None)}
    with pytest.raises(BadInputError, match="nobody knows who started this run"):
        approvers(context)
