"""Promotion: compare and set. One of two wins, a cut-off heals, a refusal is kept."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Barrier

import pytest

from basketry import registry
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.learning.versions import champion_promotions
from basketry.registry import ledger, promotion
from basketry.registry.ledger import PromotionDecision
from basketry.registry.promotion_history import former_champions
from basketry.warehouse.rows import RowStore
from tests.kit.registry import MOMENT, pointing, promote, rollback, stored_decisions


def test_the_first_champion_and_its_successor(rows: RowStore, folder: Path, model: str) -> None:
    """Every promotion is a numbered row with its checks, and the aliases follow it."""
    name = registry.registered_name("demo", model)
    checks = [{"metric": "average_precision", "outcome": "passed"}]
    decision = promote(rows, model, "2", more={"checks": checks})
    assert decision.champion_after == "2"
    assert promotion.describe(decision) == (
        f"{name}, number 1: version 2 is the champion instead of none (gate): all 5 checks hold."
    )
    assert pointing(model) == {"champion": "2", "challenger": "3"}
    promote(rows, model, "3", "2", decided_by="alice", reason="fresher")
    assert pointing(model) == {"champion": "3", "previous": "2"}
    first, second = stored_decisions(rows, model)
    assert (first.number, first.champion_before, first.champion_after, json.loads(first.checks)) == (
        1,
        None,
        "2",
        checks,
    )
    assert first.decided_at.isoformat() == MOMENT
    assert (second.number, second.champion_before, second.champion_after) == (2, "2", "3")
    assert (second.verdict, second.decided_by, second.reason, second.checks) == ("promote", "alice", "fresher", "[]")


def test_a_refusal_is_kept_and_moves_nothing(rows: RowStore, model: str) -> None:
    """Refused: a row, and every alias stays where it was; the same version may be judged again later."""
    promote(rows, model, "1")
    before = pointing(model)
    promote(rows, model, "3", "1", verdict="refuse", reason="1 of 5 checks failed.")
    assert pointing(model) == before == {"champion": "1", "challenger": "3"}
    assert [(row.verdict, row.champion_before, row.champion_after) for row in stored_decisions(rows, model)][1] == (
        "refuse",
        "1",
        "1",
    )
    promote(rows, model, "3", "1")
    assert pointing(model)["champion"] == "3"


@pytest.mark.parametrize("expected", [None, "2"])
def test_another_champion_than_the_judged_one_stops_it(rows: RowStore, model: str, expected: str | None) -> None:
    """What was judged against another champion, or against none, moves nothing and writes nothing."""
    promote(rows, model, "1")
    with pytest.raises(BadInputError) as error:
        promote(rows, model, "3", expected)
    assert error.value.message == (
        f"version 3 of demo.gold.{model} was judged against champion {expected or 'none'} but the champion is now 1:"
        " nothing was moved, train and judge again."
    )
    assert (len(stored_decisions(rows, model)), pointing(model)["champion"]) == (1, "1")


@contextmanager
def both_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let two threads meet after they compared and before they write, as two clusters could."""
    meeting = Barrier(2, timeout=60)

    def meet_first(rows: RowStore, decision: PromotionDecision) -> list[PromotionDecision]:
        if decision.number == 2:
            meeting.wait()
        return ledger.insert_decision(rows, decision)

    with monkeypatch.context() as patch:
        patch.setattr(promotion, "insert_decision", meet_first)
        patch.setattr(promotion, "promotion_lock", lambda rows: nullcontext())
        yield


@pytest.mark.parametrize("locked", [True, False], ids=["one machine", "two clusters"])
def test_two_promotions_at_once_cannot_both_win(
    rows: RowStore, model: str, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly one of two becomes champion, the other gets a named error; so also where no lock reaches both."""
    promote(rows, model, "1")

    def attempt(version: str) -> str | BadInputError:
        try:
            return str(promote(rows, model, version, "1").champion_after)
        except BadInputError as error:
            return error

    with nullcontext() if locked else both_at_once(monkeypatch), ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(attempt, ["2", "3"]))
    (winner,) = [end for end in ends if isinstance(end, str)]
    (loser,) = [end for end in ends if isinstance(end, BadInputError)]
    assert "was judged against champion 1" in loser.message or "it is under way" in loser.message
    assert [row.champion_after for row in stored_decisions(rows, model)] == ["1", winner]
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
    rows: RowStore, model: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next try of the run finds its row and finishes; until then another promotion is refused; repeats change nothing."""
    promote(rows, model, "1")
    cut_off(monkeypatch, step, lambda: promote(rows, model, "3", "1", run_id="weekly/run/promote/-1/1"))
    assert pointing(model)["champion"] == "1"
    with pytest.raises(BadInputError) as error:
        promote(rows, model, "2", "1")
    assert error.value.message == (
        f"promotion 2 of demo.gold.{model} made version 3 the champion but the alias says 1: it is under way, was cut off"
        " (clear the task of weekly/run/promote/-1/1), or the alias was moved by hand (run model_rollback to the version"
        " that should score)."
    )
    for number in (2, 3):
        promote(rows, model, "3", "1", run_id=f"weekly/run/promote/-1/{number}")
        assert pointing(model) == {"champion": "3", "previous": "1"}
    assert len(stored_decisions(rows, model)) == 2


def test_a_rollback_mends_a_promotion_that_nobody_finishes(
    rows: RowStore, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may say which version is right, even the one that scores already; then promotions go on."""
    promote(rows, model, "1")
    cut_off(monkeypatch, 1, lambda: promote(rows, model, "3", "1"))
    rollback(rows, model, "1", reason="3 was never meant")
    assert pointing(model)["champion"] == "1"
    promote(rows, model, "2", "1")
    assert [row.verdict for row in stored_decisions(rows, model)] == ["promote", "promote", "rollback", "promote"]


def test_a_provisional_first_model_scores_until_the_next_that_passes(
    rows: RowStore, lake: Lakehouse, model: str
) -> None:
    """It moves the alias and is written as provisional; a repeated try is one; what passes later replaces it."""
    for number in (1, 2):
        decision = promote(
            rows, model, "1", verdict="provisional", reason="not surely.", run_id=f"b/run/promote/-1/{number}"
        )
    name = registry.registered_name("demo", model)
    assert promotion.describe(decision) == (
        f"{name}, number 1: version 1 is the champion, provisionally: there was none (gate): not surely."
    )
    assert (pointing(model)["champion"], len(stored_decisions(rows, model))) == ("1", 1)
    promote(rows, model, "3", "1")
    assert pointing(model)["champion"] == "3"
    verdicts = [(row.verdict, row.champion_before, row.champion_after) for row in stored_decisions(rows, model)]
    assert verdicts == [("provisional", None, "1"), ("promote", "1", "3")]
    assert former_champions(champion_promotions(lake, name)) == ["3", "1"]


def test_nothing_is_provisional_beside_a_champion(rows: RowStore, model: str) -> None:
    """Where somebody scores already a person must decide; with another champion than expected nothing moves either."""
    promote(rows, model, "1")
    with pytest.raises(
        BadInputError, match="version 3 of .* cannot be provisional beside champion 1: have a person decide"
    ):
        promote(rows, model, "3", "1", verdict="provisional")
    with pytest.raises(BadInputError, match="was judged against champion none but the champion is now 1"):
        promote(rows, model, "3", verdict="provisional")
    assert (len(stored_decisions(rows, model)), pointing(model)["champion"]) == (1, "1")


def test_a_dry_run_checks_and_writes_nothing(rows: RowStore, model: str) -> None:
    """What would be done is said; a comparison that fails fails."""
    decision = promote(rows, model, "3", dry_run=True)
    assert "version 3 is the champion instead of none" in promotion.describe(decision)
    assert (stored_decisions(rows, model), pointing(model)) == ([], {"challenger": "3"})
    with pytest.raises(BadInputError, match="judged against champion 2"):
        promote(rows, model, "3", "2", dry_run=True)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"rollback_to": "previous"}, "give either --rollback-to, or --challenger and --verdict."),
        ({"model": "x' OR 'a' = 'a"}, "--model is 'x' OR 'a' = 'a'; use lower-case letters, digits and underscores."),
        ({"override": True}, "give either --override, or --verdict with what the gate said."),
        ({"reason": " "}, "--reason is empty: say in one sentence why."),
        ({"decided_at": "yesterday"}, "--decided-at is 'yesterday'; write a moment with its zone as"),
        (
            {"decided_at": "2026-03-10T09:30:00"},
            "--decided-at is '2026-03-10T09:30:00'; write a moment with its zone as",
        ),
    ],
)
def test_bad_arguments_are_one_sentence(rows: RowStore, model: str, changed: dict[str, object], sentence: str) -> None:
    """What contradicts itself is refused before anything is written."""
    with pytest.raises(BadInputError) as error:
        promote(rows, model, "3", **changed)
    assert error.value.message.startswith(sentence)
