"""The pages say what the gate did: who refused a first model, why and what to do; which champion is only provisional."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from basketry import tables
from basketry_airflow.console import model_aliases
from basketry_airflow.console.verdicts import former_champions
from tests.kit.lake import fill

Clients = Callable[[str | None], Any]
WHY = "1 of 7 checks failed: expected_calibration_error (absolute) is 0.031 (excess +0.011 to +0.021), at most 0.02."
UNSURE = "beyond a limit, but not surely: expected_calibration_error (absolute) is 0.0207, at most 0.02; all other checks hold."
CATALOG = "sales_project"


def verdict(catalog: str, kind: str, number: int, word: str, **more: Any) -> dict[str, Any]:
    """A row of ops.promotions about version `number`, which scores from then on unless it was refused."""
    check = {
        "condition": "absolute",
        "metric": "expected_calibration_error",
        "value": 0.0207,
        "reference": 0.0121,
        "low": -0.002,
        "high": 0.019,
        "limit": "at most 0.02",
        "outcome": "unsure",
    }
    return {
        "model": f"{catalog}.gold.{kind}",
        "number": number,
        "version": str(number),
        "champion_before": None,
        "champion_after": None if word == "refuse" else str(number),
        "verdict": word,
        "decided_by": "gate",
        "decided_at": datetime(2026, 11, 29, 9, minute=30, tzinfo=UTC),
        "reason": WHY if word == "refuse" else UNSURE,
        "checks": json.dumps([check]),
        "run_id": f"r/{number}",
        **more,
    }


@pytest.fixture
def refused(home: Path, airflow_app: Any) -> None:
    """A catalog in which every gate has refused the first model; nothing else is ever written there."""
    kinds = ("propensity", "rfm", "forecast", "recommendations")
    rows = [verdict(CATALOG, kind, 1, "refuse") for kind in kinds]
    fill(home / "lake", CATALOG, tables.PROMOTIONS, rows, mode="overwrite")


@pytest.fixture
def provisional(home: Path, airflow_app: Any) -> Iterator[None]:
    """The demo's models, each brought in as provisional by a further verdict."""
    kinds = ("propensity", "rfm", "forecast", "recommendations")
    fill(home / "lake", "demo", tables.PROMOTIONS, [verdict("demo", kind, 9, "provisional") for kind in kinds])
    yield
    from tests.kit.console.models import make_models
    from tests.kit.console.shop import AS_OF

    make_models(home / "lake" / "demo", AS_OF)


def page(client: Clients, path: str, user: str = "admin") -> str:
    """The page's text, on one line and without quotes made harmless."""
    return " ".join(client(user).get(f"/basketry/{path}").text.replace("&#39;", "'").replace("&#43;", "+").split())


@pytest.mark.parametrize(
    ("path", "kind"),
    [("propensity", "propensity"), ("segments", "rfm"), ("decisions", "forecast"), ("decisions/P0001", "forecast")],
)
def test_an_empty_page_says_who_refused_and_what_to_do(client: Clients, refused: None, path: str, kind: str) -> None:
    """Not "the DAG fills it", which it cannot: the gate's reason, the next step, and the way to the checks."""
    text = page(client, f"{path}?catalog={CATALOG}")
    assert f"The gate refused version 1 on 2026-11-29: {WHY}" in text
    assert "run the DAG bootstrap again" in text and "docs/runbooks/gate.md" in text
    assert f'href="/basketry/models?catalog={CATALOG}#{kind}"' in text
    assert "The DAG daily_scoring fills it" not in text


def test_who_may_not_read_verdicts_is_told_none(client: Clients, refused: None) -> None:
    """A team without ops.promotions sees what it saw before: its rights hold for the reason too."""
    text = page(client, f"segments?catalog={CATALOG}", "marketing")
    assert "No segments yet" in text and "refused" not in text
    assert "may not read" in page(client, f"propensity?catalog={CATALOG}", "sales")


def test_models_says_that_nothing_scores(client: Clients, refused: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who refused and why stand above the numbers; the version is no longer said to wait; nothing is offered to return to."""
    versions = model_aliases.ModelAliases({"champion": None, "challenger": "1", "previous": None}, answered=True)
    monkeypatch.setattr(
        "basketry_airflow.console.pages.models.model_aliases", lambda names: dict.fromkeys(names, versions)
    )
    text = page(client, f"models?catalog={CATALOG}")
    assert text.count(f"The gate refused version 1 on 2026-11-29: {WHY}") == 4
    assert text.count("run the DAG bootstrap again") == 3 and text.count("run the DAG weekly_offers again") == 1
    assert (
        text.count("refused by its gate") == 4 and "waits for its gate" not in text and "scores every day" not in text
    )
    assert "data-trigger" not in text and text.count("there is nothing to roll back to") == 4


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("propensity", "propensity"),
        ("segments", "rfm"),
        ("decisions", "forecast"),
        ("decisions/P0001", "forecast"),
        ("offers", "recommendations"),
    ],
)
def test_a_provisional_champion_is_said_to_be_one(client: Clients, provisional: None, path: str, kind: str) -> None:
    """Every page that shows its results says that it is beyond which limit, and that the next training may replace it."""
    text = page(client, path)
    assert f"The {kind} model is provisional" in text
    assert (
        f"Version 9 is {UNSURE[:-1]}. It scores meanwhile; the next training that passes its gate may replace it."
        in text
    )


def test_models_shows_what_is_provisional(client: Clients, provisional: None) -> None:
    """By a word in the list of verdicts and a note above it; a check that is unsure is neither passed nor failed."""
    text = page(client, "models")
    assert text.count("model is provisional") == 4
    assert text.count('<span class="badge warn">provisional</span>') == 4
    assert '<span class="badge warn">unsure</span>' in text


def test_a_model_that_replaced_a_provisional_one_is_not(client: Clients, provisional: None, home: Path) -> None:
    """The note goes with the version that it is about."""
    fill(home / "lake", "demo", tables.PROMOTIONS, [verdict("demo", "propensity", 10, "promote")])
    assert "is provisional" not in page(client, "propensity")


def test_only_versions_that_scored_are_offered_to_return_to(client: Clients) -> None:
    """Propensity was 1, refused 2, 3 and 4: back to 3 or 1, never to the refused 2 nor to the champion itself."""
    text = page(client, "models")
    sections = {
        kind: text.partition(f'<h2 id="{kind}">')[2].partition("</section>")[0] for kind in ("propensity", "forecast")
    }
    offered = {kind: re.findall(r'<option value="(\w+)"', part) for kind, part in sections.items()}
    assert offered == {"propensity": ["3", "1"], "forecast": ["2"]}


def test_a_champion_of_the_ledger_is_one_however_it_came() -> None:
    """Promoted, provisional or rolled back to: each has scored; what was refused has not."""
    rows = [
        {"verdict": "rollback", "champion_after": "1"},
        {"verdict": "refuse", "champion_after": "2"},
        {"verdict": "promote", "champion_after": "2"},
        {"verdict": "provisional", "champion_after": "1"},
    ]
    assert former_champions(rows, "1") == ("2",)
    assert former_champions(rows, None) == ("1", "2")
