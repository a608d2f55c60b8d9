"""A first model that its gate refused leaves nothing to score with: that is said and skipped; whatever else is wrong fails."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from basketry import registry
from basketry.registry.models import PROPENSITY_MODEL
from basketry.tables import PROMOTIONS
from basketry_airflow.champions import first_refusal, skip_if_refused
from tests.kit.lake import fill

MODEL = "demo.gold.propensity"
DECIDED = datetime(2026, 11, 29, 9, minute=30, tzinfo=UTC)


def verdict(number: int, word: str = "refuse", after: str | None = None, who: str = "gate") -> dict[str, Any]:
    """A row of ops.promotions."""
    return {
        "model": MODEL,
        "number": number,
        "version": str(number),
        "champion_before": None,
        "champion_after": after,
        "verdict": word,
        "decided_by": who,
        "decided_at": DECIDED,
        "reason": "1 of 7 checks failed: roc_auc is 0.5.",
        "checks": "[]",
        "run_id": f"r/{number}",
    }


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake of one's own, and a registry that knows no champion."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setattr(registry, "alias_version", lambda name, alias: None)
    return tmp_path / "lake"


def start(model: str | None = "champion", named_by: str = "model") -> None:
    """What happens before the job."""
    skip_if_refused(PROPENSITY_MODEL, named_by=named_by)({"params": {"catalog": "demo", "model": model}})  # type: ignore[arg-type]


def test_a_refused_first_model_skips_with_the_reason(lake: Path) -> None:
    """Who refused which version, when and why, and where it says what to do: the newest refusal's words."""
    fill(lake, "demo", PROMOTIONS, [verdict(1), verdict(2)])
    with pytest.raises(AirflowSkipException) as skipped:
        start()
    assert str(skipped.value) == (
        "there is no champion of demo.gold.propensity to score with. The gate refused version 2 on 2026-11-29: 1 of 7 checks"
        " failed: roc_auc is 0.5. docs/runbooks/gate.md says what to do; scoring goes on by itself once a version is promoted."
    )
    with pytest.raises(AirflowSkipException):
        start("as-then")
    with pytest.raises(AirflowSkipException):
        start("7", named_by="")  # the form's field is not about this model


def test_a_version_that_a_person_names_is_scored(lake: Path) -> None:
    """Who asks for a version by its number gets it, whatever the gate said."""
    fill(lake, "demo", PROMOTIONS, [verdict(1)])
    start("1")


def test_only_a_refusal_skips(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a verdict, or where a champion existed and is gone, the job starts and says itself what is wrong."""
    start()
    fill(lake, "demo", PROMOTIONS, [verdict(1, "provisional", "1"), {**verdict(2), "champion_after": None}])
    start()
    fill(lake, "demo", PROMOTIONS, [verdict(1)], mode="overwrite")
    monkeypatch.setattr(registry, "alias_version", lambda name, alias: "9" if alias == registry.CHAMPION else None)
    start()


def test_a_registry_that_is_down_is_no_refusal(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody could ask is tried again, never skipped."""

    def down(name: str, alias: str) -> str:
        raise registry.RegistryDownError("it does not answer")

    fill(lake, "demo", PROMOTIONS, [verdict(1)])
    monkeypatch.setattr(registry, "alias_version", down)
    with pytest.raises(registry.RegistryDownError):
        start()


def test_a_persons_refusal_has_their_name() -> None:
    """A question can be answered with no for a first model too; then the refusal is that person's."""
    refusal = first_refusal([verdict(1, who="alice")])
    assert refusal is not None
    assert refusal.sentence.startswith("alice refused version 1 on 2026-11-29: 1 of 7")
    assert first_refusal([]) is None
