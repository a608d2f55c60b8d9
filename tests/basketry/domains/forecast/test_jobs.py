"""The jobs on a small lake with a registry of their own: train, gate, forecast, decide, and see what came true."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from basketry import registry
from basketry.config.settings import CHECKOUT
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.registry.models import LOADERS
from basketry.tables import (
    FORECAST_ACCURACY,
    FORECAST_OUTCOMES,
    PRICE_RESPONSE,
    PRODUCT_DECISIONS,
    PRODUCT_FEATURES,
    PRODUCT_FORECASTS,
)
from tests.basketry.domains.forecast.lake import AS_OF, FIRST, ODD, PRODUCT_COUNT, filled, order_lines
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake, read
from tests.kit.registry import copied_registry, let_in, run_of

pytestmark = pytest.mark.slow

NAME = "demo.gold.forecast"
MADE = AS_OF - timedelta(days=28)
YOUNG = FIRST + timedelta(days=19)


def _include(folder: Path) -> Path:
    folder.mkdir()
    text = (CHECKOUT / "include" / "forecast.yaml").read_text()
    for old, new in {
        "rounds: 100": "rounds: 10",
        "origins: 26": "origins: 5",
        "bootstrap: 500": "bootstrap: 30",
        "chosen_on: 3": "chosen_on: 2",
        "tested_on: 3": "tested_on: 2",
        "products_a_group: 1000": "products_a_group: 15",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "forecast.yaml").write_text(text)
    shutil.copy(CHECKOUT / "include" / "decisions.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def lake(spark: SparkSession, empty_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    """The filled lake, with version 1 as champion and two days forecast: the last, and the one 28 days before."""
    home = tmp_path_factory.mktemp("forecast")
    with copied_registry(empty_registry, home):
        filled_lake = filled(a_lake(spark, home / "home", include=_include(home / "include")))
        assert run_job(filled_lake, "train_forecast", as_of=AS_OF).model_version == "1"
        let_in(filled_lake, "forecast", "1")
        for day in (AS_OF, MADE):  # in any order
            run_job(filled_lake, "forecast", as_of=day)
        run_job(filled_lake, "decide_products", as_of=AS_OF)
        yield filled_lake


def _forecasts(lake: Lakehouse, day: Any = AS_OF) -> pd.DataFrame:
    return read(lake, PRODUCT_FORECASTS, f"as_of = DATE'{day}'")


def test_training_leaves_metrics_beside_every_baseline(lake: Lakehouse) -> None:
    """In MLflow: WAPE, RMSE, RMSSE, bias and coverage, by class and horizon, and a card."""
    run = run_of(NAME, "1")
    for name in (
        "wape",
        "rmse",
        "rmsse",
        "bias",
        "coverage_90",
        "days_7/wape",
        "naive/seasonal_naive/wape",
        "naive/tsb/rmse",
    ):
        assert np.isfinite(run.data.metrics[name]), name
    assert any(name.startswith("class/") for name in run.data.metrics)
    assert {file.path for file in MlflowClient().list_artifacts(run.info.run_id)} >= {
        "model_card.md",
        "evaluation.json",
    }
    registry.check_loadable(NAME, "1", LOADERS)
    served = mlflow.pyfunc.load_model(f"models:/{NAME}/1")
    rows = {"product_id": "A", "department": "D", "category": "C", "weeks_ago": 0, "revenue": 5.0, "orders": 1.0}
    rows |= {"units": 1.0, "largest_order": 5.0, "log_sum": 1.6, "log_square": 2.6}
    predicted = served.predict(pd.DataFrame([rows]))
    assert predicted["revenue_28d"].notna().all()
    assert mlflow.models.infer_signature(None, predicted).outputs == served.metadata.signature.outputs


def test_all_levels_add_up_in_every_period(lake: Lakehouse) -> None:
    """Products make departments, departments the total; weeks make horizons; bounds hold the forecast."""
    rows = _forecasts(lake)
    periods = ["first_day", "last_day"]
    products = rows[rows.level == "product"].groupby(["department", *periods]).revenue.sum()
    departments = rows[rows.level == "department"].set_index(["department", *periods]).revenue
    assert np.allclose(products, departments.reindex(products.index))
    total = rows[rows.level == "total"].set_index(periods).revenue
    assert np.allclose(departments.groupby(periods).sum(), total)
    weeks = [total[(7 * week + 1, 7 * week + 7)] for week in range(13)]
    assert total[(1, 28)] == pytest.approx(sum(weeks[:4])) and total[(1, 91)] == pytest.approx(sum(weeks))
    known = rows[rows.revenue.notna()]
    order = ["low_90", "low_50", "revenue", "high_50", "high_90"]
    assert all((known[low] <= known[high] + 1e-9).all() for low, high in zip(order, order[1:], strict=False))
    assert (known.low_90 >= 0).all() and (rows.model_version == "1").all()


def test_odd_products_have_a_documented_answer(lake: Lakehouse) -> None:
    """One sale: by its category. Only returns, or a price of 0: too little history. Long gone: nothing is expected."""
    rows = _forecasts(lake)
    month = rows[(rows.level == "product") & (rows.first_day == 1) & (rows.last_day == 28)].set_index("product_id")
    assert set(ODD) - {"TOMORROW"} <= set(month.index) and "TOMORROW" not in month.index
    assert month.demand_class["ONCE"] == "new" and month.revenue["ONCE"] > 0
    assert month.basis[["RETURNED", "FREE"]].tolist() == ["too_little_history"] * 2
    assert month.revenue[["RETURNED", "FREE"]].isna().all()
    assert (month.basis["GONE"], month.revenue["GONE"]) == ("dormant", 0)
    assert month.revenue["GAP"] > 0


def test_a_day_again_gives_the_same_and_leaves_others(lake: Lakehouse) -> None:
    """Running a date replaces that date, whatever the size of the groups; other days stay to the row."""
    before, other = _forecasts(lake), _forecasts(lake, MADE)
    path = lake.settings.include / "forecast.yaml"
    text = path.read_text()
    path.write_text(text.replace("products_a_group: 15", "products_a_group: 500"))
    run_job(lake, "forecast", as_of=AS_OF)
    path.write_text(text)
    pd.testing.assert_frame_equal(_forecasts(lake), before)
    pd.testing.assert_frame_equal(_forecasts(lake, MADE), other)
    assert len(_forecasts(lake, MADE)) and run_job(lake, "forecast", as_of=AS_OF, dry_run=True).rows_out == 0


def test_features_by_hand(lake: Lakehouse) -> None:
    """What is known of products as of a day, and nothing of the day after."""
    rows = read(lake, PRODUCT_FEATURES, f"as_of = DATE'{AS_OF}'")
    products = rows[rows.level == "product"].set_index("product_id")
    assert (float(products.revenue_7d["ONCE"]), products.orders_28d["ONCE"], products.price_28d["ONCE"]) == (30, 1, 15)
    assert products.first_sold_on["ONCE"] == AS_OF and pd.isna(products.trend_28d["ONCE"])
    assert float(products.returns_91d["RETURNED"]) == 8 and pd.isna(products.return_rate_91d["RETURNED"])
    assert (products.average_rating["P00"], products.ratings["P00"], products.units_available["P00"]) == (3.0, 2, 10)
    assert pd.isna(products.price_28d["FREE"]) and products.seasonality_28d.isna().all()
    categories = rows[rows.level == "category"]
    assert categories.revenue_28d.astype(float).sum() == pytest.approx(products.revenue_28d.astype(float).sum())


def test_every_product_has_one_decision(lake: Lakehouse) -> None:
    """A row a product with rule, reason and numbers; none where there is no forecast."""
    rows = read(lake, PRODUCT_DECISIONS)
    assert len(rows) == PRODUCT_COUNT + len(ODD) - 1 and rows.product_id.is_unique
    without = rows[rows.predicted_revenue.isna()]
    assert set(without.product_id) == {"RETURNED", "FREE"} and set(without.action) == {"none"}
    rest = rows[rows.predicted_revenue.notna()]
    assert (
        (rest.rule != "").all()
        and rest.reason.str.contains(r"\(").all()
        and rest.bucket.isin(["High", "Medium", "Low"]).all()
    )
    assert rows.set_index("product_id")["product"]["P03"] == "Product 3"
    assert {"product", "category"} >= set(read(lake, PRICE_RESPONSE).level)
    before = rows
    run_job(lake, "decide_products", as_of=AS_OF)
    assert read(lake, PRODUCT_DECISIONS).drop(columns="measured").equals(before.drop(columns="measured"))


def test_what_came_true_is_kept_beside_what_was_said(lake: Lakehouse) -> None:
    """28 days later: every product, and the numbers by class that the gate reads; twice is once."""
    for _ in range(2):
        report = run_job(lake, "forecast_accuracy", as_of=AS_OF)
    rows = read(lake, FORECAST_ACCURACY, "horizon_days = 28")
    assert rows.as_of.unique().tolist() == [MADE]
    products = rows[rows.level == "product"]
    assert products.observed.sum() == pytest.approx(rows[rows.level == "total"].observed.sum())
    truth = {row["product_id"]: 0.0 for row in products.to_dict("records")}
    for one in order_lines():
        if MADE < one["order_date"] <= AS_OF and one["line_kind"] == "sale" and one["product_id"] in truth:
            truth[one["product_id"]] += float(one["net_amount"])
    assert products.set_index("product_id").observed.to_dict() == pytest.approx(truth)
    outcome = read(lake, FORECAST_OUTCOMES, "horizon_days = 28 AND demand_class = ''").iloc[0]
    error = (products.predicted - products.observed).abs().sum() / products.observed.sum()
    assert (outcome.wape, outcome.products, outcome.horizon) == (pytest.approx(error), len(products), "days_28")
    assert any("nothing was forecast as of" in told for told in report.summary)


def test_a_catalog_of_twenty_days_has_no_forecast_and_no_action(lake: Lakehouse) -> None:
    """Two complete weeks are too little history: rows that say so, decisions that do nothing, no error."""
    note = run_job(lake, "forecast", as_of=YOUNG).summary[-1]
    rows = _forecasts(lake, YOUNG)
    products = rows[rows.level == "product"]
    assert "too little history" in note and len(products)
    assert set(products.basis) == {"too_little_history"} and products.revenue.isna().all()
    assert set(rows.model_version) == {"fallback"}
    run_job(lake, "decide_products", as_of=YOUNG)
    found = lake.read(PRODUCT_DECISIONS).where(f"as_of = DATE'{YOUNG}'").toPandas()
    assert set(found.action) == {"none"}


def test_a_catalog_of_ten_weeks_goes_by_category(lake: Lakehouse) -> None:
    """Too young to train on: every product has its category's share, and the levels add up all the same."""
    day = FIRST + timedelta(days=69)
    assert "by category" in run_job(lake, "forecast", as_of=day).summary[-1]
    rows = _forecasts(lake, day)
    sold = rows[(rows.level == "product") & rows.revenue.notna() & (rows.first_day == 1) & (rows.last_day == 28)]
    assert set(sold.basis) <= {"category_share", "dormant"} and (sold.revenue > 0).any()
    total = rows[(rows.level == "total") & (rows.first_day == 1) & (rows.last_day == 28)].revenue.iloc[0]
    assert sold.revenue.sum() == pytest.approx(total)


def test_bad_input_is_one_sentence(lake: Lakehouse) -> None:
    """Before the first sale; too young to train; a version that does not exist; a day that was not forecast."""
    with pytest.raises(BadInputError, match="sold no product up to"):
        run_job(lake, "forecast", as_of=FIRST - timedelta(days=1))
    with pytest.raises(BadInputError, match="training needs 16 complete weeks of sales and there are 10"):
        run_job(lake, "train_forecast", as_of=FIRST + timedelta(days=69))
    with pytest.raises(BadInputError, match="version 9 of demo.gold.forecast was not promoted"):
        run_job(lake, "forecast", as_of=AS_OF, model="9")
    with pytest.raises(BadInputError, match="run the job forecast for that day"):
        run_job(lake, "decide_products", as_of=AS_OF - timedelta(days=1))
