"""Only what the gate left is carried out; against it only by name and with a reason, which the ledger and an alert tell."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from basketry import registry
from basketry.config import alerting
from basketry.config.settings import CHECKOUT
from basketry.errors import BadInputError
from basketry.jobs.command_line import parse_arguments
from basketry.jobs.promotion import PROMOTE, JudgeArguments
from basketry.registry.judge_job import judge_and_record
from basketry.registry.promotion_job import promote_and_record
from basketry.registry.promotion_request import PromotionRequest
from basketry.tables import JOB_RUNS
from basketry.warehouse.rows import RowStore
from tests.kit.gate_numbers import SHIPPED_FIRST
from tests.kit.registry import MOMENT, gate_says, pointing, promote, register, stored_decisions

OVERRIDE: dict[str, Any] = {"verdict": None, "override": True, "decided_by": "alice", "reason": "the shop insists"}


def refused(rows: RowStore, model: str, **given: Any) -> str:
    """The one sentence with which a promotion of version 3 is refused; nothing is written, no alias moves."""
    before = stored_decisions(rows, model), pointing(model)
    with pytest.raises(BadInputError) as error:
        promote(rows, model, "3", **given)
    assert (stored_decisions(rows, model), pointing(model)) == before
    return error.value.message.replace(f"demo.gold.{model}", "MODEL")


def test_without_a_verdict_the_gates_own_is_carried_out(rows: RowStore, model: str) -> None:
    """Who names nothing but the model gets the challenger, the verdict, the champion and the reason of the gate."""
    gate_says(model, "3", "promote", reason="better")
    decision = promote(rows, model, None, verdict=None, reason=None)
    assert (decision.version, decision.verdict, decision.reason, pointing(model)["champion"]) == (
        "3",
        "promote",
        "better",
        "3",
    )


@pytest.mark.parametrize(
    ("verdict", "asked"), [("refuse", "promote"), ("refuse", "provisional"), ("promote", "refuse")]
)
def test_another_verdict_than_the_gates_is_refused(rows: RowStore, model: str, verdict: str, asked: str) -> None:
    """Whoever decided: the way round the gate is an override."""
    for by in ("gate", "alice"):
        assert refused(rows, model, said=verdict, verdict=asked, decided_by=by) == (
            f"the gate's verdict on version 3 of MODEL is {verdict} and not {asked}: carry that out, or override it with"
            " --override, a name and a reason."
        )


def test_a_challenger_that_was_never_judged_is_refused(rows: RowStore, model: str) -> None:
    """Also to an override: the ledger would not know what was overridden."""
    for given in ({}, OVERRIDE):
        assert (
            refused(rows, model, **{**given, "said": ""})
            == "version 3 of MODEL was never judged: run the job judge first."
        )


def test_a_question_is_answered_by_a_person(rows: RowStore, model: str) -> None:
    """Without an answer, or with one of the gate itself, nobody is promoted; time that is up is a refusal."""
    sentence = "the gate asks a person about version 3 of MODEL: answer with --verdict promote or refuse"
    assert refused(rows, model, said="ask").startswith(sentence)
    assert refused(rows, model, said="ask", verdict=None, decided_by="alice").startswith(sentence)
    assert refused(rows, model, said="ask", verdict="provisional", decided_by="alice").startswith(sentence)
    assert promote(rows, model, "3", said="ask", verdict="refuse").verdict == "refuse"
    assert promote(rows, model, "3", said="ask", decided_by="alice").champion_after == "3"


@pytest.mark.parametrize("changed", [{"decided_by": "gate"}, {"decided_by": " "}, {"reason": " "}, {"reason": None}])
def test_an_override_needs_a_name_and_a_reason(rows: RowStore, model: str, changed: dict[str, Any]) -> None:
    """Both are kept; the gate is no name."""
    assert refused(rows, model, **{**OVERRIDE, "said": "refuse", **changed}) == (
        "an override needs --decided-by with a name and --reason: both are kept in ops.promotions."
    )


def test_an_override_is_in_the_ledger_as_such(rows: RowStore, model: str) -> None:
    """With who, why and what failed; it can be rolled back to like any champion, and a repeated try is one."""
    checks = [{"metric": "roc_auc", "outcome": "failed"}]
    for number in (1, 2):
        given = {**OVERRIDE, "said": "refuse", "more": {"checks": checks}, "run_id": f"by-hand/run/-1/{number}"}
        promote(rows, model, "3", **given)
    (row,) = stored_decisions(rows, model)
    assert (row.verdict, row.champion_after, row.decided_by, row.reason) == (
        "override",
        "3",
        "alice",
        "the shop insists",
    )
    assert json.loads(row.checks) == checks and pointing(model) == {"champion": "3"}
    promote(rows, model, "1", "3")
    assert promote(rows, model, None, verdict=None, rollback_to="3", decided_by="bob").champion_after == "3"


def test_where_the_gate_lets_it_in_nothing_is_overridden(rows: RowStore, model: str) -> None:
    """The ledger calls it what it is: the gate's verdict, carried out by a person."""
    decision = promote(rows, model, "3", **{**OVERRIDE, "said": "promote"})
    assert (decision.verdict, decision.decided_by, decision.reason) == ("promote", "alice", "the shop insists")


@pytest.mark.parametrize("given", [{}, {**OVERRIDE, "said": "refuse"}])
def test_a_champion_that_has_moved_stops_an_override_too(rows: RowStore, model: str, given: dict[str, Any]) -> None:
    """What was judged against another champion says nothing about today's."""
    promote(rows, model, "1")
    assert refused(rows, model, expected="2", **given) == (
        "version 3 of MODEL was judged against champion 2 but the champion is now 1: nothing was moved, train and judge again."
    )
    gate_says(model, "3", "promote", "1")
    with pytest.raises(BadInputError, match="was judged against champion 1 and not against 2: nothing was moved"):
        promote(rows, model, "3", "2", said="", verdict="promote")


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[alerting.Webhook, dict[str, Any]]]:
    """What reaches the webhook of AIRFLOW_CONN_BASKETRY_ALERTS."""
    fields = {
        "conn_type": "http",
        "schema": "https",
        "host": "alerts.example",
        "password": "t",
        "extra": {"path": "/x"},
    }
    monkeypatch.setenv(alerting.WEBHOOK, json.dumps(fields))
    posts: list[tuple[alerting.Webhook, dict[str, Any]]] = []
    monkeypatch.setattr(alerting, "post_alert", lambda webhook, alert: posts.append((webhook, dict(alert))))
    return posts


def test_an_override_raises_an_alert_and_nothing_else_does(
    rows: RowStore, model: str, posted: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Who, what and why, in the log and at the webhook; neither a promotion nor a dry run alerts anybody."""
    gate_says(model, "1", "promote")
    promote_and_record(rows, PromotionRequest(model=model, challenger="1", decided_at=MOMENT, run_id="a"))
    gate_says(model, "3", "refuse", "1")
    request = PromotionRequest(
        model=model, override=True, decided_by="alice", reason="the shop insists", decided_at=MOMENT, run_id="b"
    )
    promote_and_record(rows, dataclasses.replace(request, dry_run=True))
    assert posted == []
    with caplog.at_level(logging.ERROR):
        promote_and_record(rows, request)
    ((webhook, alert),) = posted
    assert webhook == alerting.Webhook("https://alerts.example/x", "t")
    assert alert["text"] == f"alice made version 3 of demo.gold.{model} the champion against its gate."
    assert (alert["reason"], alert["champion_before"], alert["number"]) == ("the shop insists", "1", 2)
    assert "basketry alert: " in caplog.text
    runs = rows.read(JOB_RUNS, ["run_id", "job", "model_version"], {"job": "promote"})
    assert sorted((row["run_id"], row["model_version"]) for row in runs) == [("a", "1"), ("b", "3")]


def test_a_command_line_without_a_moment_decides_now(
    rows: RowStore, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not given is the gate's, and the time that of the clock."""
    monkeypatch.setenv("BASKETRY_NOW", "2031-05-06T07:08:09+00:00")
    gate_says(model, "3", "promote", reason="better")
    resolve_name(PROMOTE.entry)(rows, parse_arguments(PROMOTE, ["--catalog=demo", f"--model={model}"]))
    (row,) = stored_decisions(rows, model)
    assert (row.version, row.decided_by, row.reason) == ("3", "gate", "better")
    assert row.decided_at.isoformat() == "2031-05-06T07:08:09+00:00"


def test_the_gate_is_asked_from_the_command_line(
    rows: RowStore, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is printed with its checks and the command that carries it out, and kept; a dry run keeps nothing."""
    name = registry.registered_name("demo", "propensity")
    judge: Callable[[bool], Any] = lambda dry_run: judge_and_record(  # noqa: E731
        rows, CHECKOUT / "include", JudgeArguments(catalog="demo", model="propensity", run_id="j", dry_run=dry_run)
    )
    with pytest.raises(BadInputError, match="has no challenger: run its training first"):
        judge(False)
    registry.set_challenger(name, register(folder, name, SHIPPED_FIRST, {"basketry.champion_version": ""}))
    judge(True)
    assert registry.gate_verdict(name, "1") is None
    judge(False)
    lines = capsys.readouterr().out.splitlines()
    assert "judge: The gate says promote: all 7 checks hold, and there is no champion yet." in lines
    assert (
        lines[-1]
        == 'judge: To carry it out: make job JOB=promote ARGS="--catalog demo --model propensity --challenger 1"'
    )
    verdict = registry.gate_verdict(name, "1")
    assert verdict is not None and (verdict.verdict, verdict.champion) == ("promote", None)
    assert [row["job"] for row in rows.read(JOB_RUNS, ["job"], {"run_id": "j"})] == ["judge"]
