"""BG/NBD and Gamma-Gamma against the authors' published figures, and against customers drawn from the models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from basketry.domains.rfm import holdout
from basketry.domains.rfm.lifetime import PurchaseModel, SpendModel, fit_purchase_model, fit_spend_model, log_likelihood
from tests.basketry.domains.rfm.samples import histories

CDNOW = PurchaseModel(r=0.243, alpha=4.414, a=0.793, b=2.426)
"""The published parameters for the CDNOW customers, in weeks (Fader, Hardie & Lee 2005, table 2)."""

CDNOW_SPEND = SpendModel(p=6.25, q=3.74, gamma=15.44)
"""The published parameters for their spend (Fader & Hardie 2013)."""


def test_published_expectations() -> None:
    """A customer with x 2, t_x 30.43, T 38.86 makes 1.226 purchases in 39 weeks; one of 2 at $22.35 spends $24.66."""
    assert CDNOW.expected([2], [30.43], [38.86], 39)[0] == pytest.approx(1.226, abs=5e-4)
    assert CDNOW_SPEND.expected([2], [22.35])[0] == pytest.approx(24.66, abs=0.01)
    assert CDNOW_SPEND.expected([0], [0.0])[0] == pytest.approx(35.2, abs=0.05)


def test_published_probability_of_being_active() -> None:
    """That customer's is 0.727, by the source's formula; who never came back counts as active."""
    assert CDNOW.probability_active([2, 0], [30.43, 0], [38.86, 38.86]) == pytest.approx([0.7266, 1], abs=1e-4)


def test_the_fit_finds_the_customers_parameters() -> None:
    """On customers drawn from the model the likelihood is at least that of the truth, and the mean rate is the truth's."""
    history, _ = histories(4000, 700)
    columns = [history[name] for name in holdout.HISTORY[:3]]
    fitted = fit_purchase_model(*columns)
    assert fitted is not None
    assert log_likelihood(fitted, *columns) >= log_likelihood(PurchaseModel(0.8, 30, 0.8, 2.5), *columns)
    assert fitted.r / fitted.alpha == pytest.approx(0.8 / 30, rel=0.1)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(0.8 / 3.3, abs=0.05)


def test_the_fit_does_not_depend_on_the_unit_of_time() -> None:
    """Weeks instead of days: alpha is a seventh, everything else the same."""
    history, _ = histories(600, 700)
    x, t_x, age = (history[name].to_numpy() for name in holdout.HISTORY[:3])
    days, weeks = fit_purchase_model(x, t_x, age), fit_purchase_model(x, t_x / 7, age / 7)
    assert days is not None and weeks is not None
    assert weeks.alpha == pytest.approx(days.alpha / 7, rel=1e-3)
    assert weeks.expected(x, t_x / 7, age / 7, 90 / 7) == pytest.approx(days.expected(x, t_x, age, 90), rel=1e-3)


def test_spend_is_found_again() -> None:
    """Gamma-Gamma spends with p 6, q 4, gamma 15 give the same mean of all customers."""
    random = np.random.default_rng(3)
    nu, count = random.gamma(4, 1 / 15, 5000), random.integers(1, 8, 5000)
    mean = np.array([random.gamma(6 * dates, 1 / (rate * dates)) for rate, dates in zip(nu, count, strict=True)])
    fitted = fit_spend_model(count, mean)
    assert fitted is not None
    assert fitted.expected([0], [0.0])[0] == pytest.approx(6 * 15 / 3, rel=0.05)


def test_too_few_who_came_back_give_no_model() -> None:
    """Fewer than thirty repeat customers teach nothing; neither does an age of nothing."""
    assert fit_purchase_model([1] * 29 + [0] * 500, [1] * 29 + [0] * 500, [9] * 529) is None
    assert fit_purchase_model([1] * 50, [0] * 50, [0] * 50) is None
    assert fit_spend_model([1] * 29, [5.0] * 29) is None


def test_expectations_are_shown_where_they_beat_the_naive_rate() -> None:
    """Customers who leave and stay as the model says: its error in the holdout is surely below that of going on as before."""
    history, after = histories(3000, 500)
    actual = {holdout.PURCHASES: after, holdout.SPEND: after * history["monetary"].to_numpy()}
    result = holdout.evaluate_holdout(history, actual, 90, resamples=100, seed=1)
    assert holdout.PURCHASES in result.better
    assert result.metrics["lifetime/purchases/difference_high"] < 0
    assert result.metrics["lifetime/purchases/expected_over_observed"] == pytest.approx(1, abs=0.1)


def test_expectations_are_not_shown_where_the_naive_rate_is_as_good() -> None:
    """Customers who all go on exactly as before: nothing is better than that, and what is not shown is unknown."""
    history = pd.DataFrame(
        {
            "repeat_dates": np.arange(300) % 6 + 1.0,
            "last_after_days": 360.0,
            "age_days": 359.0,
            "repeat_spend": 10.0,
            "monetary": 10.0,
        }
    )
    as_before = holdout.naive_expectations(history, 90)
    result = holdout.evaluate_holdout(history, as_before, 90, resamples=50, seed=1)
    assert result.better == ()
    shown = holdout.fit_expectations(history, 90).shown_of(history)
    assert np.isnan(shown[holdout.PURCHASES]).all() and np.isnan(shown[holdout.SPEND]).all()


def test_the_naive_rate_is_over_the_time_at_least_that_it_foretells() -> None:
    """Two dates in 180 days are one in 90; two in the first ten days are two, not eighteen."""
    history = pd.DataFrame({"repeat_dates": [1, 1], "age_days": [179, 9], "monetary": [5.0, 5.0]})
    assert holdout.naive_expectations(history, 90) == {
        holdout.PURCHASES: pytest.approx([1, 2]),
        holdout.SPEND: pytest.approx([5, 10]),
    }
