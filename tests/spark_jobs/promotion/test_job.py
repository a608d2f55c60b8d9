"""Promotion: compare and set. One of two wins, a cut-off heals, a refusal is kept, a rollback returns."""

from __future__ import annotations

import itertools
import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Barrier

import pytest

from basketry import registry
from basketry.errors import BadInputError
from basketry.lakehouse import Lakehouse
from basketry.promotion import job, ledger
from basketry.promotion.ledger import Decision
from basketry.report import JobReport
from tests.spark_jobs.promotion.models import aliases, own_registry, register

NUMBERS = itertools.count(1)
MOMENT = "2026-03-10T09:30:00+00:00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry for this module."""
    folder = tmp_path_factory.mktemp("registry")
    with own_registry(folder):
        yield folder


@pytest.fixture
def model(folder: Path) -> str:
    """A kind of model that no other test uses, with three versions; the last is the challenger."""
    model = f"kind_{next(NUMBERS)}"
    name = registry.registered_name("demo", model)
    for _ in range(3):
        register(folder, name)
    registry.set_challenger(name, "3")
    return model


def promote(lake: Lakehouse, kind: str, version: str | None, expected: str | None = None, **given: object) -> JobReport:
    """Run the job as a gate does."""
    arguments = {
        "model": kind, "challenger": version, "expected_champion": expected, "verdict": "promote", "rollback_to": None,
        "decided_by": "gate", "decided_at": MOMENT, "reason": "all 5 checks hold.", "dry_run": False,
        "run_id": f"weekly_retraining/run_{next(NUMBERS)}/gate.promote/-1/1",
    }  # fmt: skip
    return job.run(lake, Namespace(**{**arguments, **given}))


def rollback(lake: Lakehouse, model: str, to: str, **given: object) -> JobReport:
    """Run the job as model_rollback does."""
    return promote(lake, model, None, **{"verdict": None, "rollback_to": to, "decided_by": "alice", **given})


def kept(lake: Lakehouse, model: str) -> list[Decision]:
    """The model's rows of ops.promotions."""
    return ledger.decisions(lake, registry.registered_name("demo", model))


def pointing(model: str) -> dict[str, str]:
    """Where the model's aliases point."""
    return aliases(registry.registered_name("demo", model))


def test_the_first_champion_and_its_successor(lake: Lakehouse, folder: Path, model: str) -> None:
    """Every promotion is a numbered row with its checks, and the aliases follow it."""
    name = registry.registered_name("demo", model)
    checks = [{"metric": "average_precision", "outcome": "passed"}]
    registry.keep_verdict(name, registry.version_run(name, "2").run_id, {"checks": checks})
    report = promote(lake, model, "2")
    assert report.model_version == "2"
    assert report.summary == (
        f"{name}, number 1: version 2 is the champion instead of none (gate): all 5 checks hold.",
    )
    assert pointing(model) == {"champion": "2", "challenger": "3"}
    promote(lake, model, "3", "2", decided_by="alice", reason="fresher")
    assert pointing(model) == {"champion": "3", "previous": "2"}
    first, second = kept(lake, model)
    assert (first.number, first.champion_before, first.champion_after, json.loads(first.checks)) == (
        1,
        None,
        "2",
        checks,
    )
    assert first.decided_at.isoformat() == MOMENT
    assert (second.number, second.champion_before, second.champion_after) == (2, "2", "3")
    assert (second.verdict, second.decided_by, second.reason, second.checks) == ("promote", "alice", "fresher", "[]")


def test_a_refusal_is_kept_and_moves_nothing(lake: Lakehouse, model: str) -> None:
    """Refused: a row, and every alias stays where it was; the same version may be judged again later."""
    promote(lake, model, "1")
    before = pointing(model)
    promote(lake, model, "3", "1", verdict="refuse", reason="1 of 5 checks failed.")
    assert pointing(model) == before == {"champion": "1", "challenger": "3"}
    assert [(row.verdict, row.champion_before, row.champion_after) for row in kept(lake, model)][1] == (
        "refuse",
        "1",
        "1",
    )
    promote(lake, model, "3", "1")
    assert pointing(model)["champion"] == "3"


@pytest.mark.parametrize("expected", [None, "2"])
def test_another_champion_than_the_judged_one_stops_it(lake: Lakehouse, model: str, expected: str | None) -> None:
    """What was judged against another champion, or against none, moves nothing and writes nothing."""
    promote(lake, model, "1")
    with pytest.raises(BadInputError) as error:
        promote(lake, model, "3", expected)
    assert error.value.message == (
        f"version 3 of demo.gold.{model} was judged against champion {expected or 'none'} but the champion is now 1:"
        " nothing was moved, train and judge again."
    )
    assert (len(kept(lake, model)), pointing(model)["champion"]) == (1, "1")


@contextmanager
def both_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two threads meet after they compared and before they write, as two clusters could."""
    meeting = Barrier(2, timeout=60)

    def meet_first(lake: Lakehouse, decision: Decision, found: list[Decision]) -> list[Decision]:
        if decision.number == 2:
            meeting.wait()
        return ledger.insert_unless_taken(lake, decision)

    with monkeypatch.context() as patch:
        patch.setattr(job, "insert", meet_first)
        patch.setattr(job, "alone", lambda lake: nullcontext())
        yield


@pytest.mark.parametrize("locked", [True, False], ids=["one machine", "two clusters"])
def test_two_promotions_at_once_cannot_both_win(
    lake: Lakehouse, model: str, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one of two becomes champion, the other gets a named error; so also where no lock reaches both."""
    promote(lake, model, "1")

    def attempt(version: str) -> str | BadInputError:
        try:
            return str(promote(lake, model, version, "1").model_version)
        except BadInputError as error:
            return error

    with nullcontext() if locked else both_at_once(monkeypatch), ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(attempt, ["2", "3"]))
    (winner,) = [end for end in ends if isinstance(end, str)]
    (loser,) = [end for end in ends if isinstance(end, BadInputError)]
    assert "was judged against champion 1" in loser.message or "it is under way" in loser.message
    assert [row.champion_after for row in kept(lake, model)] == ["1", winner]
    assert (pointing(model)["champion"], pointing(model)["previous"]) == (winner, "1")


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


def cut_off(monkeypatch: pytest.MonkeyPatch, step: int, attempt: Callable[[], object]) -> None:
    """Run until just before the given step of those that move the aliases, then die."""
    from mlflow import MlflowClient

    steps = itertools.count(1)
    set_alias = MlflowClient.set_registered_model_alias

    def dying(client: MlflowClient, *given: str) -> None:
        if next(steps) == step:
            raise Killed
        set_alias(client, *given)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_registered_model_alias", dying)
        with pytest.raises(Killed):
            attempt()


@pytest.mark.parametrize("step", [1, 2])
def test_a_promotion_that_was_cut_off_heals(
    lake: Lakehouse, model: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try of the run finds its row and finishes; until then another promotion is refused; repeats change nothing."""
    promote(lake, model, "1")
    cut_off(monkeypatch, step, lambda: promote(lake, model, "3", "1", run_id="weekly/run/promote/-1/1"))
    assert pointing(model)["champion"] == "1"
    with pytest.raises(BadInputError) as error:
        promote(lake, model, "2", "1")
    assert error.value.message == (
        f"promotion 2 of demo.gold.{model} made version 3 the champion but the alias says 1: it is under way, was cut off"
        " (clear the task of weekly/run/promote/-1/1), or the alias was moved by hand (run model_rollback to the version"
        " that should score)."
    )
    for number in (2, 3):
        promote(lake, model, "3", "1", run_id=f"weekly/run/promote/-1/{number}")
        assert pointing(model) == {"champion": "3", "previous": "1"}
    assert len(kept(lake, model)) == 2


def test_a_rollback_mends_a_promotion_that_nobody_finishes(
    lake: Lakehouse, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may say which version is right, even the one that scores already; then promotions go on."""
    promote(lake, model, "1")
    cut_off(monkeypatch, 1, lambda: promote(lake, model, "3", "1"))
    rollback(lake, model, "1", reason="3 was never meant")
    assert pointing(model)["champion"] == "1"
    promote(lake, model, "2", "1")
    assert [row.verdict for row in kept(lake, model)] == ["promote", "promote", "rollback", "promote"]


def test_a_rollback_returns_to_previous_and_back(lake: Lakehouse, model: str) -> None:
    """previous is the champion before; twice is there and back again, each with its reason; a repeated try is one."""
    promote(lake, model, "1")
    promote(lake, model, "3", "1")
    for number in (1, 2):
        rollback(lake, model, "previous", reason="complaints", run_id=f"model_rollback/first/promote/-1/{number}")
        assert pointing(model) == {"champion": "1", "previous": "3"}
    rollback(lake, model, "previous", reason="no, it was the shop")
    assert pointing(model) == {"champion": "3", "previous": "1"}
    rollback(lake, model, "2", reason="try the other")
    assert pointing(model) == {"champion": "2", "previous": "3"}
    told = [(row.verdict, row.version, row.champion_before, row.decided_by, row.reason) for row in kept(lake, model)][
        2:
    ]
    assert told == [
        ("rollback", "1", "3", "alice", "complaints"),
        ("rollback", "3", "1", "alice", "no, it was the shop"),
        ("rollback", "2", "3", "alice", "try the other"),
    ]


def test_a_try_that_was_overtaken_does_not_come_back(lake: Lakehouse, model: str) -> None:
    """Clearing an old promotion after a rollback does not undo the rollback."""
    promote(lake, model, "1")
    promote(lake, model, "3", "1", run_id="weekly/run/promote/-1/1")
    rollback(lake, model, "previous", reason="complaints")
    with pytest.raises(BadInputError, match="number 3 has replaced it since: run model_rollback to return to it"):
        promote(lake, model, "3", "1", run_id="weekly/run/promote/-1/2")
    assert pointing(model)["champion"] == "1"


@pytest.mark.parametrize(
    ("to", "told"),
    [
        ("previous", "has no previous version: name the version to roll back to."),
        ("99", "version 99 of demo.gold.{} does not exist: name one that the registry lists."),
        ("1", "version 1 of demo.gold.{} is the champion already: name another version."),
        ("2", "version 2 of demo.gold.{} cannot be loaded ("),
    ],
)
def test_a_rollback_that_cannot_be_is_one_sentence(
    lake: Lakehouse, model: str, to: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such version, none before, the champion itself, or files that are gone: nothing is moved or written."""
    import mlflow

    promote(lake, model, "1")
    if to == "2":
        monkeypatch.setattr(mlflow.pyfunc, "load_model", lambda uri: Path("/nowhere/at/all").read_text())
    with pytest.raises(BadInputError) as error:
        rollback(lake, model, to, reason="because")
    assert told.format(model) in error.value.message
    assert (len(kept(lake, model)), pointing(model)["champion"]) == (1, "1")


def test_a_dry_run_checks_and_writes_nothing(lake: Lakehouse, model: str) -> None:
    """What would be done is said; a comparison that fails fails."""
    report = promote(lake, model, "3", dry_run=True)
    assert report.dry_run and "version 3 is the champion instead of none" in report.summary[0]
    assert (kept(lake, model), pointing(model)) == ([], {"challenger": "3"})
    with pytest.raises(BadInputError, match="judged against champion 2"):
        promote(lake, model, "3", "2", dry_run=True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"rollback_to": "previous"}, "give either --rollback-to, or --challenger and --verdict."),
        ({"model": "x' OR 'a' = 'a"}, "--model is 'x' OR 'a' = 'a'; use lower-case letters, digits and underscores."),
        ({"verdict": None}, "give either --rollback-to, or --challenger and --verdict."),
        ({"reason": " "}, "--reason is empty: say in one sentence why."),
        ({"decided_at": "yesterday"}, "--decided-at is 'yesterday'; write a moment with its zone as"),
        (
            {"decided_at": "2026-03-10T09:30:00"},
            "--decided-at is '2026-03-10T09:30:00'; write a moment with its zone as",
        ),
    ],
)
def test_bad_arguments_are_one_sentence(lake: Lakehouse, model: str, given: dict[str, object], told: str) -> None:
    """What contradicts itself is refused before anything is written."""
    with pytest.raises(BadInputError) as error:
        promote(lake, model, "3", **given)
    assert error.value.message.startswith(told)
