"""Rolling back: to what scored before by a verdict, and to nothing else."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from basketry import registry
from basketry.errors import BadInputError
from basketry.warehouse.rows import RowStore
from tests.kit.registry import lost_version, pointing, promote, rollback, stored_decisions

pytestmark = pytest.mark.slow


def test_a_rollback_returns_to_previous_and_back(rows: RowStore, model: str) -> None:
    """Previous is the champion before; twice is there and back again, each with its reason; a repeated try is one."""
    promote(rows, model, "1")
    promote(rows, model, "3", "1")
    for number in (1, 2):
        rollback(rows, model, "previous", reason="complaints", run_id=f"model_rollback/first/promote/-1/{number}")
        assert pointing(model) == {"champion": "1", "previous": "3"}
    rollback(rows, model, "previous", reason="no, it was the shop")
    assert pointing(model) == {"champion": "3", "previous": "1"}
    sentence = [
        (row.verdict, row.version, row.champion_before, row.decided_by, row.reason)
        for row in stored_decisions(rows, model)
    ][2:]
    assert sentence == [
        ("rollback", "1", "3", "alice", "complaints"),
        ("rollback", "3", "1", "alice", "no, it was the shop"),
    ]


def test_a_rollback_does_not_let_in_what_no_verdict_let_in(rows: RowStore, model: str) -> None:
    """A version that was refused, or never judged, is no way back, by its number or as `previous`; nothing moves."""
    promote(rows, model, "1")
    promote(rows, model, "3", "1", verdict="refuse", reason="1 of 5 checks failed.")
    registry.move_champion(registry.registered_name("demo", model), "1", "2")  # by hand: 2 is `previous` now
    for to, version in (("3", "3"), ("2", "2"), ("previous", "2"), ("99", "99")):
        for dry_run in (False, True):
            with pytest.raises(BadInputError) as error:
                rollback(rows, model, to, reason="it is newer", dry_run=dry_run)
            assert error.value.message == (
                f"version {version} of demo.gold.{model} was never the champion: roll back to one that was (1), or train"
                " again and have the gate judge it."
            )
    assert (len(stored_decisions(rows, model)), pointing(model)["champion"]) == (2, "1")


@pytest.mark.parametrize("first", ["promote", "provisional"])
def test_a_rollback_returns_to_whatever_was_champion(rows: RowStore, model: str, first: str) -> None:
    """By a promotion, as a provisional first model, or by a rollback itself."""
    promote(rows, model, "1", verdict=first)
    promote(rows, model, "2", "1")
    promote(rows, model, "3", "2")
    for version in ("1", "3", "2"):
        rollback(rows, model, version, reason="complaints")
        assert pointing(model)["champion"] == version


def test_a_try_that_was_overtaken_does_not_come_back(rows: RowStore, model: str) -> None:
    """Clearing an old promotion after a rollback does not undo the rollback."""
    promote(rows, model, "1")
    promote(rows, model, "3", "1", run_id="weekly/run/promote/-1/1")
    rollback(rows, model, "previous", reason="complaints")
    with pytest.raises(BadInputError, match="number 3 has replaced it since: run model_rollback to return to it"):
        promote(rows, model, "3", "1", run_id="weekly/run/promote/-1/2")
    assert pointing(model)["champion"] == "1"


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("previous", "has no previous version: name the version to roll back to."),
        ("99", "version 99 of demo.gold.{} was never the champion: roll back to one that was (1), or train again"),
        ("1", "version 1 of demo.gold.{} is the champion already: name another version."),
        ("2", "version 2 of demo.gold.{} cannot be loaded ("),
    ],
)
def test_a_rollback_that_cannot_be_is_one_sentence(rows: RowStore, model: str, to: str, sentence: str) -> None:
    """No such version, none before, the champion itself, or files that are gone: nothing is moved or written."""
    before = "2" if to == "2" else None
    if before:
        promote(rows, model, before)
    promote(rows, model, "1", before)
    count = len(stored_decisions(rows, model))
    lost = lost_version(registry.registered_name("demo", model), "2") if to == "2" else nullcontext()
    with lost, pytest.raises(BadInputError) as error:
        rollback(rows, model, to, reason="because")
    assert sentence.format(model) in error.value.message
    assert (len(stored_decisions(rows, model)), pointing(model)["champion"]) == (count, "1")


def test_after_the_champion_was_deleted_the_next_that_passes_is_a_first_one(rows: RowStore, model: str) -> None:
    """Nobody scores then, and no former champion need be left to return to; an alias that only moved still stops it."""
    from mlflow import MlflowClient

    promote(rows, model, "1")
    name = registry.registered_name("demo", model)
    client = MlflowClient()
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(BadInputError, match="made version 1 the champion but the alias says none"):
        promote(rows, model, "3")
    client.delete_model_version(name, "1")
    promote(rows, model, "3", verdict="provisional")
    assert pointing(model)["champion"] == "3"
