"""The jobs on a small lake and a registry of their own: a model is trained, registered, scored with and judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from basketry import registry
from basketry.domains.propensity import dataset, outcomes, tracking, train
from basketry.domains.propensity.inputs import DEFINITION, InputDefinition
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.learning.evaluation import probability_metrics
from basketry.tables import (
    FEATURE_DATES,
    PROPENSITY_DRIFT,
    PROPENSITY_OUTCOMES,
    PROPENSITY_SCORES,
    SCORED_CATEGORIES,
    propensity_wide,
)
from tests.basketry.domains.propensity.world import AS_OF, CATEGORIES, FIRST, NAME, SCORED, SETTINGS, Shop, World
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake
from tests.kit.registry import copied_registry, let_in, lost_version

pytestmark = pytest.mark.slow


def _include(folder: Path) -> Path:
    folder.mkdir()
    (folder / "propensity.yaml").write_text(SETTINGS)
    return folder


def _note_features(lake: Lakehouse, shop: Shop) -> None:
    """What the features job notes beside the features."""
    dates = [FIRST + timedelta(days=day) for day in range(60, 260)]
    noted = [(day, 0, 0, (day - FIRST).days + 1, list(CATEGORIES), len(shop.customers), "r0") for day in dates]
    lake.record(FEATURE_DATES, noted, "true")
    chosen = [(dates[0], category, 9 - index, index + 1) for index, category in enumerate(CATEGORIES)]
    lake.record(SCORED_CATEGORIES, chosen, "true")


def _second_champion(world: World) -> None:
    """Version 2 is promoted three days before SCORED, unless an earlier test did it."""
    if registry.alias_version(NAME, registry.CHAMPION) == "1":
        let_in(world.lake, "propensity", "2", "1", decided_at=_night(SCORED - timedelta(days=3)))


def _night(day: date) -> str:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC).isoformat()


@pytest.fixture(scope="module")
def world(spark: SparkSession, empty_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A shop with features and two versions trained on it: 1 is the champion since day 100, 2 its challenger."""
    home = tmp_path_factory.mktemp("world")
    shop = Shop()
    with pytest.MonkeyPatch.context() as patch, copied_registry(empty_registry, home):
        patch.setattr(dataset, "pair_inputs", shop.pair_inputs)
        patch.setattr(dataset, "purchase_labels", shop.purchase_labels)
        patch.setattr(outcomes, "pair_inputs", shop.pair_inputs)
        patch.setattr(outcomes, "purchase_labels", shop.purchase_labels)
        world = World(a_lake(spark, home / "home", include=_include(home / "include")), shop)
        _note_features(world.lake, shop)
        assert world.train().model_version == "1"
        let_in(world.lake, "propensity", "1", decided_at=_night(FIRST + timedelta(days=100)))
        assert world.train().model_version == "2"
        yield world


def _stored(world: World, day: date) -> pd.DataFrame:
    frame = world.lake.read(PROPENSITY_SCORES).where(f"as_of = DATE'{day}'").toPandas()
    return frame.sort_values(["category", "customer_id"], ignore_index=True)


def _expected(world: World, version: str, day: date) -> pd.DataFrame:
    """Keys and probabilities by the version itself, without Spark scoring them."""
    inputs = dataset.input_rows(world.lake, [day], CATEGORIES, DEFINITION).toPandas()
    inputs["probability"] = tracking.LOADER.load(world.lake, version).predict(inputs)
    return inputs.sort_values(["category", "customer_id"], ignore_index=True)


def test_a_training_compares_with_the_champion_on_the_same_rows(world: World) -> None:
    """The first model has no rival but the naive ones; the second names the champion and is set beside it."""
    first, second = world.run_of("1"), world.run_of("2")
    assert first.data.tags["basketry.champion_version"] == ""
    assert not [name for name in first.data.metrics if name.startswith(("champion/", "versus/champion/"))]
    assert second.data.tags["basketry.champion_version"] == "1"
    # Trained twice on the same rows with the same seed, so the rival is the challenger's equal.
    assert second.data.metrics["champion/average_precision"] == second.data.metrics["average_precision"]
    assert second.data.metrics["versus/champion/log_loss/high"] == 0
    assert second.data.metrics["category/milk_cream/roc_auc"] > 0.6
    assert registry.alias_version(NAME, registry.CHALLENGER) == "2"
    assert second.data.params["version.ops.feature_dates"] == "1"
    assert second.data.params["dates.test"] == str(SCORED)


def test_a_training_beats_the_base_rate(world: World) -> None:
    """On a later month that chose nothing, with customers whose habits differ."""
    metrics = world.run_of("1").data.metrics
    assert metrics["versus/naive/base_rate/average_precision/low"] > 0
    assert metrics["calibration_ratio"] == pytest.approx(1, abs=0.35)


def test_a_champion_that_cannot_be_compared_is_told_and_gone_around(world: World) -> None:
    """Its files are lost, or its inputs are no features any more: trained as without it, with a tag that says so."""
    with lost_version(NAME, "1"):
        report = world.train()
    tags = world.run_of(report.model_version or "").data.tags
    assert tags["basketry.champion_version"] == "" and "cannot be loaded" in tags["basketry.champion_problem"]
    assert any("was not compared" in line for line in report.summary)

    champion = replace(tracking.LOADER.load(world.lake, "1"), definition=InputDefinition({"x": "pair_days_of_old"}))
    with pytest.raises(ValueError, match="no pair_days_of_old any more"):
        train._champion_rows(world.lake, None, pd.DataFrame(), champion)  # type: ignore[arg-type]


def test_a_dry_training_leaves_nothing(world: World) -> None:
    """It says what it would, and registers no version."""
    before = registry.alias_version(NAME, registry.CHALLENGER)
    report = world.train(dry_run=True)
    assert report.model_version is None and report.summary[-1] == "nothing is registered"
    assert registry.alias_version(NAME, registry.CHALLENGER) == before


def test_history_that_is_too_short_is_one_sentence(world: World) -> None:
    """Training dates without 30 days of history are left out by name; without any the job says how much it needs."""
    needed = (
        "training as of 2024-04-20 needs 120 days of order lines up to then and there are 111, the first on 2024-01-01"
    )
    with pytest.raises(BadInputError, match=needed):
        world.train(as_of=FIRST + timedelta(days=110))
    plan = dataset.plan_training(
        world.lake, FIRST + timedelta(days=150), train.load_settings(world.lake.settings.include)
    )
    assert len(plan.dates.train) == 2 and plan.notes == ("2 of 3 training dates have 30 days of history: used these",)


def test_scores_are_the_models_own(world: World) -> None:
    """Every customer x category with the version's probability, deciles in categories, ranks in customers; wide agrees."""
    report = world.score()
    stored, expected = _stored(world, SCORED), _expected(world, "1", SCORED)
    assert report.model_version == "1" and report.rows_out == len(stored) == len(world.shop.customers) * len(CATEGORIES)
    assert (stored[["category", "customer_id"]] == expected[["category", "customer_id"]]).all(axis=None)
    assert np.array_equal(stored["probability"], expected["probability"])
    assert set(stored["model_version"]) == {"1"} and not stored["is_stale"].any()
    above = stored.groupby("category")["probability"].rank(method="min", ascending=False) - 1
    assert stored["decile"].tolist() == (above * 10 // len(world.shop.customers) + 1).astype(int).tolist()
    best = stored.sort_values(["probability", "category"], ascending=[False, True]).groupby("customer_id").head(1)
    assert (best["category_rank"] == 1).all() and set(stored["category_rank"]) == {1, 2, 3}

    wide = world.lake.read(propensity_wide(CATEGORIES)).where(f"as_of = DATE'{SCORED}'").toPandas()
    milk = stored[stored["category"] == "Milk & cream"].set_index("customer_id")["probability"]
    assert wide.set_index("customer_id")["p_milk_cream"].sort_index().equals(milk.rename("p_milk_cream"))


def test_days_scored_in_any_order_end_the_same(world: World) -> None:
    """Several days in one job give what single days give; a day scored again replaces itself and no other."""
    earlier = SCORED - timedelta(days=1)
    world.score(days=2)
    both = [_stored(world, day) for day in (earlier, SCORED)]
    world.score(as_of=earlier)
    world.score(as_of=SCORED)
    world.score(as_of=earlier)
    for day, frame in zip((earlier, SCORED), both, strict=True):
        pd.testing.assert_frame_equal(_stored(world, day), frame, check_exact=True)


def test_a_category_that_was_dropped_stops_no_other(world: World) -> None:
    """A day whose features lack a category that the champion knows is scored for the others, and says so."""
    day, customers = SCORED - timedelta(days=9), len(world.shop.customers)
    left = [name for name in CATEGORIES if name != "Tea"]
    noted = (day, 0, 0, (day - FIRST).days + 1, left, customers, "r0")
    world.lake.record(FEATURE_DATES, [noted], f"as_of = DATE'{day}'")
    report = world.score(as_of=day, model="1")
    assert report.rows_out == customers * 2 and set(_stored(world, day)["category"]) == set(left)
    assert f"Tea not scored on {day}: the features have them no more" in report.summary


def test_drift_is_kept_warned_of_and_past_the_limit_refused(world: World) -> None:
    """Every watched input has its index; past the limit of refusal nothing is written and the worst inputs are named."""
    day = SCORED - timedelta(days=5)
    world.set_drift("{warning: 0.0001, refusal: 0.0002}")
    with pytest.raises(BadInputError, match=r"inputs of version 1 drifted past 0.0002 \(\w+ \d"):
        world.score(as_of=day)
    assert _stored(world, day).empty
    assert world.lake.read(PROPENSITY_DRIFT).where(f"as_of = DATE'{day}'").isEmpty()

    world.set_drift("{warning: 0.0001, refusal: 50}")
    report = world.score(as_of=day)
    world.set_drift("{warning: 0.2, refusal: 50}")
    drifts = world.lake.read(PROPENSITY_DRIFT).where(f"as_of = DATE'{day}'").toPandas()
    assert set(drifts["feature"]) == set(tracking.LOADER.load(world.lake, "1").profile) and "warning" in set(
        drifts["verdict"]
    )
    assert any(line.startswith("inputs drifted: ") for line in report.summary)


def test_a_lost_champion_is_replaced_by_the_last_good_one(world: World) -> None:
    """Scoring goes on with the champion before it and says so; a version asked for by number is not replaced."""
    day = SCORED - timedelta(days=7)
    _second_champion(world)
    with lost_version(NAME, "2"):
        report = world.score(as_of=day)
        assert report.model_version == "1"
        assert any("scored with version 1, the last good champion" in line for line in report.summary)
        with pytest.raises(BadInputError, match="version 2 of demo.gold.propensity cannot be loaded"):
            world.score(as_of=day, model="2")
    assert world.score(as_of=day, dry_run=True).model_version == "2"


def test_a_backfill_as_then_scores_each_day_by_its_own_champion(world: World) -> None:
    """Until version 2 was promoted version 1 scored; the champion now is another question."""
    _second_champion(world)
    report = world.score(as_of=SCORED - timedelta(days=2), days=3, model="as-then")
    assert report.model_version == "1, 2"
    scored = {day: set(_stored(world, SCORED - timedelta(days=day))["model_version"]) for day in (4, 3, 2)}
    assert scored == {4: {"1"}, 3: {"2"}, 2: {"2"}}


def test_outcomes_say_what_came_true(world: World) -> None:
    """Metrics of the scores against the 30 days after, by category and audience, and the mean over the categories."""
    world.score(model="1")
    report = run_job(world.lake, "propensity_outcomes", as_of=AS_OF)
    stored = world.lake.read(PROPENSITY_OUTCOMES).where(f"as_of = DATE'{SCORED}'").toPandas()
    assert report.rows_out == len(stored) == (len(CATEGORIES) + 1) * 3
    scores = _stored(world, SCORED)
    bought = world.shop.purchase_labels(world.lake, [SCORED], CATEGORIES).toPandas().assign(bought=1)
    together = scores.merge(bought, how="left", on=["as_of", "customer_id", "category"]).fillna({"bought": 0})
    tea, judged = together[together["category"] == "Tea"], stored[stored["category"] == "Tea"].set_index("audience")
    assert judged.loc["all", "buyers"] == tea["bought"].sum() and judged.loc["all", "customers"] == len(tea)
    assert judged.loc["all", "average_precision"] == pytest.approx(
        probability_metrics(tea["bought"], tea["probability"])["average_precision"]
    )
    assert judged.loc["all", "customers"] == judged.loc["repeat", "customers"] + judged.loc["explore", "customers"]
    mean = stored[(stored["category"] == "") & (stored["audience"] == "all")].iloc[0]
    each = stored[(stored["category"] != "") & (stored["audience"] == "all")]
    assert mean["log_loss"] == pytest.approx(each["log_loss"].mean()) and mean["customers"] == len(scores)
    assert report.summary[0].startswith(f"version 1 on {SCORED}: average precision 0.")


def test_nothing_scored_is_nothing_to_judge(world: World) -> None:
    """The first month of a catalog has no outcomes yet: said, not failed."""
    report = run_job(world.lake, "propensity_outcomes", as_of=FIRST + timedelta(days=100))
    assert report.rows_out == 0 and report.summary[0].endswith("nothing to judge")


def test_without_a_champion_scoring_says_what_to_do(world: World) -> None:
    """A catalog that never promoted a model cannot be scored, now or as then."""
    other = open_lake(world.lake.spark, "other", world.lake.settings)
    for model, sentence in (("champion", "has no champion: run train_propensity"), ("as-then", "no champion of other")):
        with pytest.raises(BadInputError, match=sentence):
            run_job(other, "score_propensity", as_of=SCORED, model=model)
    with pytest.raises(BadInputError, match="--days is 0"):
        world.score(days=0)


def test_evaluation_is_kept_whole(world: World) -> None:
    """The run's evaluation.json has every metric, the curves and all candidates; the card is beside it."""
    run = world.run_of("2")
    evaluation = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/evaluation.json")
    assert evaluation["metrics"] == run.data.metrics and len(evaluation["candidates"]) == 5
    assert json.dumps(evaluation["curves"]).count("C001") == 0
    card = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/model_card.md")
    assert "Compared with the champion (version 1) on the same rows." in card
