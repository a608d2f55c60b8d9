"""Back-test, choice and the forecaster as a whole on series whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from basketry.domains.forecast import backtest, evaluate, forecaster, train
from basketry.domains.forecast.candidates import BASELINES, spread_over_weeks
from basketry.domains.forecast.series import MONTH, WEEKS_AHEAD
from tests.basketry.domains.forecast.shop import panel, plain_panel, settings
from tests.kit.jobs import job_arguments

AS_OF = date(2026, 3, 1)
ARGUMENTS = job_arguments("demo", "train_forecast", as_of=AS_OF)


@pytest.fixture(scope="module")
def outcome() -> train.ForecastTraining:
    """A training on a shop of forty weeks."""
    return train.train_challenger(panel(), ARGUMENTS, settings())


def test_it_beats_what_everybody_has(outcome: train.ForecastTraining) -> None:
    """On test origins that chose nothing: better than the seasonal naive, surely, and no worse than smoothing."""
    metrics = outcome.metrics
    assert metrics["versus/naive/seasonal_naive/wape/high"] < 0
    assert metrics["wape"] < metrics["naive/exponential_smoothing/wape"]
    assert 0.8 < metrics["coverage_90"] <= 1
    assert all(f"naive/{name}/rmse" in metrics for name in BASELINES)


def test_every_number_of_the_gate_is_logged(outcome: train.ForecastTraining) -> None:
    """The shipped gate promotes a first challenger that holds, so it finds all it needs."""
    from basketry.config.settings import CHECKOUT
    from basketry.gates import evaluate_gate, load_gate

    gate = load_gate("forecast", CHECKOUT / "include")
    checks = evaluate_gate(gate, outcome.metrics, has_champion=False).checks
    assert len(checks) == 5
    assert all(check.value is not None for check in checks)


def test_an_origin_sees_nothing_of_what_came() -> None:
    """Other sales after an origin change none of its forecasts."""
    whole, ours = panel(), settings()
    changed = {name: values.copy() for name, values in whole.weekly.items()}
    for values in changed.values():
        values[:, -8:] = values[:, -8:][:, ::-1] * 3
    one, other = (backtest.make_origin(each, 8, ours) for each in (whole, replace(whole, weekly=changed)))
    assert all(np.array_equal(one.weekly[name], other.weekly[name]) for name in one.weekly)
    assert not np.array_equal(one.observed, other.observed)


def test_a_test_origin_is_chosen_by_earlier_ones_alone(outcome: train.ForecastTraining) -> None:
    """Whatever came at the newest origin, its own forecast stays."""
    last = outcome.origins[-1]
    worse = replace(last, observed=last.observed * 7)
    found = [
        evaluate.evaluate_origins([*outcome.origins[:-1], end], settings(), None).forecasts[""] for end in (last, worse)
    ]
    assert np.array_equal(*found)


def test_a_forecaster_survives_its_store(outcome: train.ForecastTraining) -> None:
    """As JSON and back it says the same."""
    again = forecaster.restore_forecaster(json.loads(json.dumps(outcome.trained.state())))
    one, other = (each.base(panel()) for each in (outcome.trained, again))
    assert np.array_equal(one.weekly, other.weekly)
    assert again.bounds(np.ones((2, 15)), np.array(["smooth", "new"]))[0.9][1].shape == (2, 15)


def test_products_are_forecast_alike_alone_and_together(outcome: train.ForecastTraining) -> None:
    """A group of products needs no other product."""
    whole = panel()
    some = outcome.trained.base(whole.select(np.arange(len(whole)) % 7 == 0)).weekly
    assert np.allclose(some, outcome.trained.base(whole).weekly[::7])


def test_training_twice_gives_the_same(outcome: train.ForecastTraining) -> None:
    """No draw without a seed."""
    assert train.train_challenger(panel(), ARGUMENTS, settings()).trained.state() == outcome.trained.state()


def test_odd_products_have_a_documented_answer(outcome: train.ForecastTraining) -> None:
    """Never sold: none. Not for half a year: nothing. One sale last week: by its category. Gaps of months: a number."""
    weeks = 40
    sale, gap = [0.0] * (weeks - 1) + [30.0], [20.0] + [0.0] * 25 + [20.0] * 14
    base = outcome.trained.base(plain_panel([[0.0] * weeks, [9.0] + [0.0] * (weeks - 1), sale, gap], ["C1"] * 4))
    assert base.basis.tolist()[:2] == ["too_little_history", "dormant"]
    assert np.isnan(base.weekly[0]).all() and not base.weekly[1].any()
    assert base.classes[2] == "new" and (base.weekly[2] > 0).all()
    assert np.isfinite(base.weekly[3]).all() and (base.weekly[3] >= 0).all()


def test_a_young_catalog_goes_by_category() -> None:
    """Without a training every product has its category's level, the more its own the longer it lives."""
    young = plain_panel([[10.0, 10, 10, 10, 10]] * 3 + [[0.0, 0, 0, 0, 1]], ["C"] * 4)
    found = forecaster.fallback_forecaster(young, AS_OF, settings()).base(young)
    assert set(found.basis) == {"category_share"}
    assert 1 < found.weekly[3, 0] < found.weekly[0, 0] <= 10 * 1.01
    bounds = forecaster.fallback_forecaster(young, AS_OF, settings()).bounds(np.full((4, 15), 10.0), found.classes)
    assert (bounds[0.9][1] >= 30).all()


def test_weeks_add_up_to_horizons() -> None:
    """7, 28 and 91 days as weeks; a longer horizon never holds less than a shorter one."""
    found = spread_over_weeks(np.array([[5.0, 20, 65], [9, 3, 30]]))
    assert found.shape == (2, WEEKS_AHEAD)
    assert found[0].tolist() == [5] * 13
    assert found[1, :4].sum() == 9 and found[1].sum() == pytest.approx(30)


def test_the_champion_is_judged_on_the_same_rows(outcome: train.ForecastTraining) -> None:
    """The same methods anew: no difference, so the gate calls it noise and asks."""
    from basketry.config.settings import CHECKOUT
    from basketry.gates import evaluate_gate, load_gate

    late = replace(outcome.trained, trained_as_of=AS_OF)
    choice = backtest.choose_methods(outcome.origins[:-1], settings().candidates)
    rival = train.ComparedChampion("1", replace(late, choice=choice))
    found = evaluate.evaluate_origins(outcome.origins, settings(tested_on=1), train._forecasts(rival, ARGUMENTS))
    assert np.allclose(found.forecasts["champion"][:, MONTH], found.forecasts[""][:, MONTH])
    gate = load_gate("forecast", CHECKOUT / "include")
    said = evaluate_gate(gate, evaluate.named_metrics(found, settings()), has_champion=True)
    assert "against the champion" in {check.condition for check in said.checks}
    assert said.verdict in ("ask", "refuse")
