"""Decisions, segments, likely buyers and verdicts as they are printed, from small tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from basketry.tables import PRODUCT_DECISIONS, PROMOTIONS, PROPENSITY_SCORES, RFM_MIGRATION, RFM_PROFILES, SALES_ROLLUP
from tests.kit.lake import fill
from tests.kit.printed import printed
from tests.kit.results import product_decision, segment_move, segment_profile
from tools.show import models

DAY, BEFORE = date(2026, 11, 29), date(2026, 11, 28)


def lines_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def decided(product: str, action: str, worth: float | None, as_of: date = DAY) -> dict[str, Any]:
    names = {"product_id": product, "product": product, "department": "D", "category": "C"}
    return product_decision(as_of, names, action=action, rule="r", reason=f"why {product}", expected_worth=worth)


def test_the_best_decision_of_each_action_comes_first(tmp_path: Path) -> None:
    """Five of the newest day: actions before repetitions, by worth; a product without an action is no decision."""
    rows = [
        decided("Old", "discount", 999, BEFORE),
        decided("Ale", "discount", 50),
        decided("Tea", "discount", 40),
        decided("Ham", "discount", 30),
        decided("Jam", "promote", 45.5),
        decided("Cod", "hold", None),
        decided("Fig", "none", 77),
    ]
    fill(tmp_path, "demo", PRODUCT_DECISIONS, rows)
    shown = lines_of(printed(models.show_decisions, tmp_path, "demo"))[2:]
    assert shown == [
        ["Ale", "discount", "50.00", "why", "Ale"],
        ["Jam", "promote", "45.50", "why", "Jam"],
        ["Cod", "hold", "why", "Cod"],
        ["Tea", "discount", "40.00", "why", "Tea"],
        ["Ham", "discount", "30.00", "why", "Ham"],
    ]


def test_segments_have_sizes_and_the_greatest_move(tmp_path: Path) -> None:
    """Named segments of the newest day by what they spent; of moves between two segments the greatest over the longest time."""
    profiles = [
        segment_profile(DAY, "Loyal", customers=1200, share_of_customers=0.6, revenue=Decimal(10)),
        segment_profile(DAY, "Champions", customers=800, share_of_customers=0.4, revenue=Decimal(90)),
        segment_profile(DAY, "3", view="cluster", customers=5, share_of_customers=1.0, revenue=Decimal(100)),
        segment_profile(BEFORE, "Lost", customers=5, share_of_customers=1.0, revenue=Decimal(100)),
    ]
    moves = [
        segment_move(DAY, 28, ("Loyal", "Loyal"), customers=500),
        segment_move(DAY, 28, ("(new)", "Loyal"), customers=400),
        segment_move(DAY, 28, ("Loyal", "Champions"), customers=17),
        segment_move(DAY, 1, ("Loyal", "At risk"), customers=30),
    ]
    fill(tmp_path, "demo", RFM_PROFILES, profiles)
    fill(tmp_path, "demo", RFM_MIGRATION, moves)
    shown = lines_of(printed(models.show_segments, tmp_path, "demo"))
    assert shown[2:4] == [["Champions", "800", "40%", "90.00"], ["Loyal", "1,200", "60%", "10.00"]]
    assert " ".join(shown[4]) == "Since 2026-11-01, 17 customers moved from Loyal to Champions."
    assert len(shown) == 5


def score(category: str, customer: str, probability: float, as_of: date = DAY) -> dict[str, Any]:
    made = {"decile": 1, "category_rank": 1, "model_version": "1", "is_stale": False}
    return {"as_of": as_of, "category": category, "customer_id": customer, "probability": probability, **made}


def test_the_likeliest_buyers_are_of_the_scored_category_that_sells_best(tmp_path: Path) -> None:
    """By probability on the newest day, with the category as it is written."""
    rows = [score("Tea", "c1", 0.5), score("Ale [x]", "c1", 0.25), score("Ale [x]", "c2", 0.75)]
    fill(tmp_path, "demo", PROPENSITY_SCORES, [*rows, score("Ale [x]", "c3", 0.99, BEFORE)])
    week = {"period_start": BEFORE, "level": "category", "department": "D"}
    sold = [
        {**week, "category": name, "net_revenue": Decimal(n)} for name, n in (("Tea", 1), ("Ale [x]", 9), ("Rum", 99))
    ]
    fill(tmp_path, "demo", SALES_ROLLUP["week"], sold)
    text = printed(models.show_buyers, tmp_path, "demo")
    assert f"likeliest to buy Ale [x] in the 30 days after {DAY}" in text
    assert lines_of(text)[2:] == [["customer", "c2", "75.0%"], ["customer", "c1", "25.0%"]]


def verdict(number: int, verdict: str, champion: str | None) -> dict[str, Any]:
    return {
        "model": "demo.gold.propensity",
        "number": number,
        "version": str(number),
        "champion_after": champion,
        "verdict": verdict,
        "decided_by": "gate",
        "decided_at": datetime(2026, 11, 29, tzinfo=UTC),
        "reason": "1 of 9 checks failed: roc_auc (absolute) is 0.5, at least 0.6.",
        "checks": "[]",
        "run_id": "r",
    }


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([verdict(1, "refuse", None)], "version 1 was refused, so nothing scores yet"),
        ([verdict(1, "promote", "1"), verdict(2, "refuse", "1")], "version 2 was refused, version 1 goes on scoring"),
        ([verdict(1, "provisional", "1")], "version 1 scores as provisional"),
    ],
)
def test_a_refused_model_is_shown_in_a_line(rows: list[dict[str, Any]], sentence: str, tmp_path: Path) -> None:
    """Which model and version, what that means, which check failed and by how much."""
    fill(tmp_path, "demo", PROMOTIONS, rows)
    text = printed(models.show_buyers, tmp_path, "demo")
    assert text == f"\nModel propensity: {sentence}: 1 of 9 checks failed: roc_auc (absolute) is 0.5, at least 0.6.\n"


def test_a_promoted_model_and_a_lake_without_models_print_nothing(tmp_path: Path) -> None:
    """Only the newest verdict counts: a later version was promoted."""
    assert printed(models.show_decisions, tmp_path, "demo") == printed(models.show_segments, tmp_path, "demo") == ""
    fill(tmp_path, "demo", PROMOTIONS, [verdict(1, "refuse", None), verdict(2, "promote", "2")])
    assert printed(models.show_buyers, tmp_path, "demo") == ""
