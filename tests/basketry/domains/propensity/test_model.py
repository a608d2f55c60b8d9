"""What training finds where the truth is known, and what it refuses."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from threadpoolctl import threadpool_info, threadpool_limits

from basketry.domains.propensity import model
from basketry.domains.propensity.candidates import FAMILIES
from basketry.domains.propensity.dates import split_dates
from basketry.domains.propensity.estimators import Blend, Calibrated, PerCategory, ShrunkRates
from basketry.domains.propensity.inputs import BASELINE, CALENDAR_DRIVEN_INPUTS, DEFINITION, InputDefinition
from basketry.errors import BadInputError
from basketry.learning.evaluation import mean_metrics, metrics_by_group, probability_metrics
from tests.basketry.domains.propensity.simulated import INPUTS, rows, settings, split


@pytest.fixture(scope="module")
def trained() -> tuple[model.TrainedPropensityModel, pd.DataFrame]:
    """A model of the simulated shop, and its test rows."""
    training, validation, test = split(rows(5))
    return model.train_propensity_model(training, validation, INPUTS, settings()), test


def test_splits_are_in_time_order_with_a_gap() -> None:
    """The 30 days of labels of every split end no later than the as-of date of the next; the test's end as of today."""
    as_of = date(2024, 12, 31)
    dates = split_dates(as_of, settings(dates=4, step_days=7))
    assert dates.test + timedelta(days=30) == as_of
    assert dates.validation + timedelta(days=30) == dates.test
    assert max(dates.train) + timedelta(days=30) == dates.validation
    assert len(dates.train) == 4 and dates.all == tuple(sorted(dates.all))


def test_a_trained_model_is_nearly_as_good_as_the_truth(
    trained: tuple[model.TrainedPropensityModel, pd.DataFrame],
) -> None:
    """On a later period it reaches the ranking of the true probabilities less a little, and is calibrated."""
    ours, test = trained

    def mean(predicted: np.ndarray) -> dict[str, float]:
        return mean_metrics(metrics_by_group(test["bought"], predicted, test["category"]))

    learned, truth, noise = mean(ours.predict(test)), mean(test["truth"].to_numpy()), mean(test["noise"].to_numpy())
    assert learned["average_precision"] > truth["average_precision"] - 0.06
    assert learned["average_precision"] > noise["average_precision"] + 0.1
    assert learned["calibration_ratio"] == pytest.approx(1, abs=0.2)
    assert learned["log_loss"] < truth["log_loss"] + 0.02


def test_every_kind_competes_and_the_best_on_validation_wins(
    trained: tuple[model.TrainedPropensityModel, pd.DataFrame],
) -> None:
    """Each kind pooled, a blend, the best kind with one model per category; what was chosen has the highest score of all."""
    ours, _ = trained
    *families, blend, apart = ours.candidates
    assert [candidate.family for candidate in families] == list(FAMILIES)
    assert {candidate.structure for candidate in families} == {"pooled"}
    assert blend.family == "blend" and apart.structure == "per_category"
    assert apart.family == max(families, key=lambda candidate: candidate.score).family
    assert ours.chosen.score == max(candidate.score for candidate in ours.candidates)


def test_training_twice_gives_the_same_probabilities(
    trained: tuple[model.TrainedPropensityModel, pd.DataFrame],
) -> None:
    """Everything random is seeded."""
    training, validation, test = split(rows(5))
    again = model.train_propensity_model(training, validation, INPUTS, settings())
    assert np.array_equal(again.predict(test), trained[0].predict(test))


class SlowClock(datetime):
    """A clock of a machine so busy that an hour passes between two looks at it."""

    hours = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        """An hour later than at the last look."""
        cls.hours += 1
        return datetime(2024, 1, 1, tzinfo=tz) + timedelta(hours=cls.hours)

    @classmethod
    def seconds(cls) -> float:
        """The same as a number."""
        return cls.now().timestamp()


def test_the_clock_has_no_say_in_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine so busy that hours pass during each fit, the same settings are chosen and predict the same."""
    training, validation, test = split(rows(4, customers=120))
    quick = model.train_propensity_model(training, validation, INPUTS, settings(trials=4))
    assert any(
        candidate.parameters != FAMILIES[candidate.family].usual
        for candidate in quick.candidates
        if candidate.family in FAMILIES
    )
    for name in ("time", "monotonic", "perf_counter"):
        monkeypatch.setattr(time, name, SlowClock.seconds)
    monkeypatch.setattr("optuna.study._optimize.datetime", SimpleNamespace(datetime=SlowClock))
    slow = model.train_propensity_model(training, validation, INPUTS, settings(trials=4))
    assert slow.chosen.seconds >= 3600 and SlowClock.hours > 0
    choices = [
        [(candidate.family, candidate.structure, candidate.parameters) for candidate in trained.candidates]
        for trained in (quick, slow)
    ]
    assert choices[0] == choices[1]
    assert np.array_equal(slow.predict(test), quick.predict(test))


def test_every_fit_runs_on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many cores there are, no sum is split among them; afterwards the libraries may use them again."""
    threads: list[int] = []
    fit = model._Search._fit

    def watched(*arguments: Any) -> Any:
        threads.extend(pool["num_threads"] for pool in threadpool_info())
        return fit(*arguments)

    monkeypatch.setattr(model._Search, "_fit", watched)
    training, validation, _ = split(rows(3, customers=60))
    with threadpool_limits(2):
        model.train_propensity_model(training, validation, INPUTS, settings())
        assert {pool["num_threads"] for pool in threadpool_info()} == {2}
    assert threads and set(threads) == {1}


def test_tuning_keeps_the_best_of_its_trials() -> None:
    """More trials never choose a worse candidate on the validation rows than the usual parameters are."""
    training, validation, _ = split(rows(4, customers=120))
    usual = model.train_propensity_model(training, validation, INPUTS, settings())
    tuned = model.train_propensity_model(training, validation, INPUTS, settings(trials=4))
    assert tuned.best("pooled").score >= usual.best("pooled").score


def test_one_model_a_category_learns_what_differs_between_them() -> None:
    """Where one category reverses the meaning of every input, its own model knows and its neighbours' do too."""
    frame = rows(4)
    reverse = frame["category"] == "Tea"
    frame.loc[reverse, "bought"] = 1 - frame.loc[reverse, "bought"]
    training, validation, _ = split(frame)
    alone = PerCategory(FAMILIES["logistic_regression"].build(INPUTS, {"C": 1}, 0))
    alone.fit(training[["category", *INPUTS]], training["bought"])
    found = alone.predict_proba(validation)[:, 1]
    by_category = metrics_by_group(validation["bought"], found, validation["category"])
    assert min(measured["roc_auc"] for measured in by_category.values()) > 0.6


def test_a_category_without_buyers_is_left_to_all_rows_together() -> None:
    """Its models cannot be fitted alone; a category never seen at all is scored as well."""
    frame = rows(2)
    frame.loc[frame["category"] == "Tea", "bought"] = 0
    assert model.categories_without_buyers(frame) == ("Tea",)
    alone = PerCategory(FAMILIES["logistic_regression"].build(INPUTS, {"C": 1}, 0))
    alone.fit(frame[["category", *INPUTS]], frame["bought"])
    assert set(alone.models_) == {"Bread", "Milk"}
    new = frame.head(2).assign(category=["Tea", "Never seen"])
    assert alone.predict_proba(new).shape == (2, 2) and set(alone.predict(new)) <= {0, 1}


def test_a_blend_is_the_mean_of_log_odds() -> None:
    """Of 0.5 and 0.9 it makes 0.75: odds of 1 and 9 have the geometric mean 3."""

    def certain(value: float) -> SimpleNamespace:
        return SimpleNamespace(
            classes_=np.array([0, 1]), predict_proba=lambda frame: np.tile([1 - value, value], (len(frame), 1))
        )

    blend = Blend([certain(0.5), certain(0.9)])
    assert blend.predict_proba(pd.DataFrame({"x": [1, 2]})) == pytest.approx(np.array([[0.25, 0.75]] * 2))
    assert blend.predict(pd.DataFrame({"x": [1]})).tolist() == [1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_scored_the_same_in_every_batch(family: str) -> None:
    """To the last bit, calibration included: a day scored alone and among thirty has the same probabilities."""
    frame, random = rows(2), np.random.default_rng(2)
    more = pd.DataFrame({f"noise_{number}": random.normal(size=len(frame)) for number in range(60)})
    frame, inputs = pd.concat([frame, more], axis=1), (*INPUTS, *more)
    fitted = (
        FAMILIES[family].build(inputs, FAMILIES[family].usual, 7).fit(frame[["category", *inputs]], frame["bought"])
    )
    calibrated = Calibrated.from_rows(Blend([fitted, fitted]), frame[["category", *inputs]], frame["bought"])
    whole = calibrated.predict_proba(frame)[:, 1]
    for size in (1, 7, 64, 333, 450):
        part = random.permutation(len(frame))[:size]
        assert np.array_equal(calibrated.predict_proba(frame.iloc[part])[:, 1], whole[part])


def test_shrunk_rates_by_hand() -> None:
    """A customer nobody knows yet has the average rate; one with much history her own; a new category the overall share."""
    rates = ShrunkRates({"ever": ("tea", "any", np.inf)}, "age", trips=10, days=30)
    averages = pd.DataFrame(
        {"category": ["Tea", "Milk"], "tea": [20.0, 0.0], "any": [100.0, 100.0], "age": [999.0, 999.0]}
    )
    rates.fit(averages)
    assert (
        rates.rate_ == {"ever": 0.1}
        and rates.shares_["ever"] == {"Tea": 0.2, "Milk": 0}
        and rates.share_["ever"] == 0.1
    )
    new = pd.DataFrame({"category": ["Tea", "Coffee"], "tea": [0.0, 0.0], "any": [0.0, 0.0], "age": [-1.0, -1.0]})
    trips, share, expected, own = np.exp(rates.transform(new)).T
    assert trips == pytest.approx([3, 3], rel=1e-4) and share == pytest.approx([0.2, 0.1], rel=1e-4)
    assert expected == pytest.approx(trips * share, rel=1e-4) and own == pytest.approx(expected, rel=1e-4)
    mine = np.exp(rates.transform(averages))[0]
    assert mine[1] == pytest.approx((20 + 2) / 110, rel=1e-4) and mine[3] == pytest.approx(30 * 20.6 / 1030, rel=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_calibration_repairs_a_shift_and_keeps_the_order(family: str) -> None:
    """Half as many buyers as when it was fitted are predicted half as often; who was likelier before still is."""
    training, validation, test = split(rows(4, customers=800))
    fitted = (
        FAMILIES[family]
        .build(INPUTS, FAMILIES[family].usual, 7)
        .fit(training[["category", *INPUTS]], training["bought"])
    )
    x = validation[["category", *INPUTS]]
    right = Calibrated.from_rows(fitted, x, validation["bought"])
    found = probability_metrics(test["bought"], model.purchase_probabilities(right, test))
    assert found["calibration_ratio"] == pytest.approx(1, abs=0.12) and found["expected_calibration_error"] < 0.04
    fewer = validation["bought"] * (np.arange(len(validation)) % 2)
    halved = Calibrated.from_rows(fitted, x, fewer)
    ratio = model.purchase_probabilities(halved, test).mean() / model.purchase_probabilities(right, test).mean()
    assert ratio == pytest.approx(fewer.mean() / validation["bought"].mean(), rel=0.06)
    before, after = (model.purchase_probabilities(estimator, test) for estimator in (fitted, halved))
    assert probability_metrics(test["bought"], after)["roc_auc"] == pytest.approx(
        probability_metrics(test["bought"], before)["roc_auc"]
    )


def test_a_calibration_that_has_nothing_to_repair_changes_nothing() -> None:
    """Labels drawn from the very probabilities leave a line of slope 1 through 0."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"truth": random.uniform(0.02, 0.98, 20_000)})
    honest = SimpleNamespace(
        classes_=np.array([0, 1]), predict_proba=lambda x: np.column_stack([1 - x["truth"], x["truth"]])
    )
    found = Calibrated.from_rows(honest, frame, random.random(20_000) < frame["truth"])
    assert (found.slope, found.shift) == pytest.approx((1, 0), abs=0.06)


def test_the_chosen_is_fitted_once_more_with_the_validation_date(
    trained: tuple[model.TrainedPropensityModel, pd.DataFrame],
) -> None:
    """The newest month teaches too: refitted from its parts it predicts the same; the test date never took part."""
    training, validation, test = split(rows(5))
    both = pd.concat([training, validation], ignore_index=True)
    again = clone(trained[0].estimator.estimator).fit(both[["category", *INPUTS]], both["bought"])
    calibrated = Calibrated(again, trained[0].estimator.slope, trained[0].estimator.shift)
    assert np.array_equal(model.purchase_probabilities(calibrated, test), trained[0].predict(test))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda frame: frame[frame["customer_id"] == "C0000"], "have 1 customer"),
        (lambda frame: frame.assign(bought=0), "900 training rows 0 bought"),
        (lambda frame: frame.assign(bought=1), "900 training rows 900 bought"),
        (lambda frame: frame.head(0), "have 0 customer"),
    ],
)
def test_rows_that_teach_nothing_are_refused(spoil: object, sentence: str) -> None:
    """One customer, nobody who bought, or nobody who did not: one sentence, nothing trained."""
    training, validation, _ = split(rows(3))
    assert callable(spoil)
    with pytest.raises(BadInputError, match=sentence):
        model.train_propensity_model(spoil(training), validation, INPUTS, settings())


def test_an_input_that_is_always_missing_harms_nobody() -> None:
    """A history shorter than a year leaves last year's inputs empty on every row."""
    training, validation, test = (part.assign(noise=np.nan) for part in split(rows(3)))
    found = model.train_propensity_model(training, validation, INPUTS, settings())
    assert np.isfinite(found.predict(test)).all()


def test_definitions_name_the_stored_features_they_need() -> None:
    """Columns are read off the expressions; customer, category and pair only."""
    found = InputDefinition({"a": "pair_days_30d / nullif(customer_days_ever, 0)", "b": "pair_days_30d + history_days"})
    assert found.columns == ("customer_days_ever", "pair_days_30d")
    assert found.select()[1] == "CAST(pair_days_30d + history_days AS DOUBLE) AS `b`"
    assert not set(BASELINE.names) & set(DEFINITION.names)


def test_drift_watches_what_stands_still_by_nature() -> None:
    """Counts since the first day grow every day, so they say nothing of drift; windows, shares and gaps are watched."""
    watched = set(DEFINITION.names) - CALENDAR_DRIVEN_INPUTS
    assert watched >= {"pair_days_30d", "customer_days_90d", "pair_recency", "share_of_trips", "mean_gap", "due"}
    assert not watched & {"pair_days", "pair_age", "customer_paid", "customer_baskets", "category_customers_30d"}
