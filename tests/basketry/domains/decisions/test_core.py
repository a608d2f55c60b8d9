"""One decision per product, with the rule, its numbers and what it is worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.domains.decisions import core
from basketry.domains.decisions.rules import ACTIONS, load_decision_rules
from tests.kit.changed import changed

RULES = load_decision_rules(Path(__file__).resolve().parents[4] / "include")
LIMITS = (1000.0, 100.0)
_NAN = float("nan")


def products(**columns: object) -> pd.DataFrame:
    """A product of middling revenue of which nothing else is known, changed in these columns."""
    usual = {
        "product_id": "P",
        "product": None,
        "department": "D",
        "category": "C",
        "predicted_revenue": 400.0,
        "low_90": 200.0,
        "high_90": 800.0,
        "model_version": "1",
        "revenue_28d": 400.0,
        "price_28d": 2.0,
        "price_91d": 2.0,
        "units_available": _NAN,
        "elasticity": _NAN,
        "standard_error": _NAN,
        "average_rating": _NAN,
        "return_rate_91d": 0.0,
        "trend_28d": 1.0,
        "discount_depth_91d": 0.0,
    }
    return pd.DataFrame([{**usual, **columns}])


def decided(**columns: object) -> pd.Series:
    """Its decision."""
    return core.decide_products(products(**columns), RULES, LIMITS).iloc[0]


@pytest.mark.parametrize(
    ("facts", "action", "rule", "worth"),
    [
        ({}, "hold", "as_it_should_be", 0.0),
        ({"units_available": 100}, "increase_inventory", "runs_out", 200.0),  # 50 units per week: two weeks of four
        ({"units_available": 100, "predicted_revenue": 300.0}, "hold", "runs_out_while_falling", 0.0),
        ({"units_available": 2000}, "promote", "much_but_selling", 60.0),
        ({"units_available": 2000, "predicted_revenue": 50.0, "revenue_28d": 50.0}, "discount", "too_much", _NAN),
        ({"predicted_revenue": 40.0, "average_rating": 2.0}, "delist", "fading_and_poor", 0.0),
        ({"predicted_revenue": 200.0}, "promote", "slipping", 30.0),
        ({"return_rate_91d": 0.6, "predicted_revenue": 9.0}, "delist", "often_returned_and_small", 0.0),
        ({"elasticity": -2.0, "standard_error": 0.3}, "optimise_price", "price_too_high", 400 * (0.9**-1 - 1)),
        ({"elasticity": 0.0, "standard_error": 0.3}, "optimise_price", "price_too_low", 400 * 0.1),
        ({"elasticity": -2.0, "standard_error": 3.0}, "hold", "as_it_should_be", 0.0),  # too unsure to act on
    ],
)
def test_a_rule_fires_and_says_its_worth(facts: dict[str, object], action: str, rule: str, worth: float) -> None:
    """What is known decides; the worth is in money of the next 28 days, and nan where it cannot be told."""
    decision = decided(**facts)
    assert (decision.action, decision.rule) == (action, rule)
    assert decision.expected_worth == pytest.approx(worth, nan_ok=True)


def test_the_reason_has_the_numbers_that_fired_it() -> None:
    """A person reads why without looking anything up."""
    decision = decided(units_available=100)
    assert decision.reason.startswith("the stock ends before the sales do (")
    assert (
        "cover short: 2" in decision.reason
        and "outlook steady: 1" in decision.reason
        and "bucket Medium" in decision.reason
    )
    assert decision.measured["weeks_of_stock"] == pytest.approx(2)


def test_too_little_history_has_no_action() -> None:
    """Without a forecast there is no bucket, no rule and no action."""
    decision = decided(predicted_revenue=_NAN)
    assert (decision.action, decision.rule, decision.bucket) == ("none", "", None)
    assert "too little history" in decision.reason


def test_buckets_by_quantile_and_by_amount() -> None:
    """The best fifth is High; or fixed amounts. What earns nothing is Low even where all do."""
    revenues = pd.Series([0.0, 10, 20, 30, 40, 50, 60, 70, 80, 90])
    names = core.buckets(revenues, core.bucket_limits(revenues, RULES))
    assert names.value_counts().to_dict() == {"High": 2, "Medium": 3, "Low": 5}
    amounts = changed(RULES, by="amount", high_from=85.0, medium_from=25.0)
    assert core.buckets(revenues, core.bucket_limits(revenues, amounts)).tolist() == ["Low"] * 3 + ["Medium"] * 6 + [
        "High"
    ]
    zero = pd.Series([0.0, 0.0, None])
    assert core.buckets(zero, core.bucket_limits(zero, RULES)).tolist() == ["Low", "Low", None]


def test_a_price_of_zero_tells_nothing() -> None:
    """No division, no infinite stock: the cover is unknown."""
    decision = decided(price_28d=0.0, price_91d=0.0, units_available=10)
    assert "weeks_of_stock" not in decision.measured
    assert decision.action in ACTIONS


numbers = st.one_of(st.none(), st.floats(-3, 3000, allow_nan=False))


@settings(max_examples=150, deadline=None)
@given(st.lists(numbers, min_size=9, max_size=9))
def test_whatever_is_known_there_is_one_action(values: list[float | None]) -> None:
    """Any numbers at all, known or not."""
    names = (
        "predicted_revenue",
        "revenue_28d",
        "price_28d",
        "units_available",
        "elasticity",
        "standard_error",
        "average_rating",
        "return_rate_91d",
        "trend_28d",
    )
    decision = decided(**{name: _NAN if value is None else value for name, value in zip(names, values, strict=True)})
    if values[0] is None:
        assert decision.action == "none"
    else:
        assert decision.action in ACTIONS and decision.rule and np.isfinite(list(decision.measured.values())).all()
