"""RFM on real purchases: Online Retail counted as its reference does, The Complete Journey by its households' true totals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from basketry.config.settings import CHECKOUT
from basketry.domains.rfm import core, model
from basketry.domains.rfm.settings import CapSettings, RfmSettings, load_settings
from basketry.domains.rfm.values import VALUES, Cap, Scoring
from tests.kit.changed import changed
from tests.kit.data_sets import data_file

LAST_DAY = date(2011, 12, 9)
CUSTOMERS = 4_334
DAYS, DROPPED = 19_296, 2_688
OFTEN, DEAR = 26, 32
SILHOUETTE_8 = 0.36
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def settings() -> RfmSettings:
    """As shipped, with the reference's caps and all days of the file."""
    shipped = load_settings(CHECKOUT / "include")
    return changed(shipped, frequency=CapSettings(at=30), monetary=CapSettings(at=2500), window_days=374, resamples=4)


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    """Every line of a known customer, as delivered: customer, day, amount in thousandths of a pound."""
    columns = ["Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    rows = pd.read_csv(data_file("online_retail", "OnlineRetail.csv.gz"), dtype=str, usecols=columns)
    rows = rows[rows["CustomerID"].notna()]
    amount = (rows["UnitPrice"].astype(float) * 1000).round().astype(int) * rows["Quantity"].astype(int)
    days = pd.to_datetime(rows["InvoiceDate"]).dt.date
    return pd.DataFrame({"customer": rows["CustomerID"].str.split(".").str[0], "day": days, "amount": amount})


@pytest.fixture(scope="module")
def lines(spark: SparkSession, purchases: pd.DataFrame) -> DataFrame:
    """The same as order lines with the columns that RFM reads."""
    table = pa.table(
        {
            "customer_id": pa.array(purchases["customer"].to_numpy()),
            "order_date": pa.array(purchases["day"].to_numpy(), pa.date32()),
            "amount": pa.array(purchases["amount"].to_numpy()),
        }
    )
    return spark.createDataFrame(table).selectExpr(
        *("customer_id", "order_date"),
        "CAST(amount / CAST(1000 AS DECIMAL(5)) AS DECIMAL(18,4)) AS net_amount",
        "IF(amount < 0, 'return', 'sale') AS line_kind",
        "'paid' AS status",
    )


def by_hand(purchases: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """RFM of each customer in pandas alone, all days up to as_of."""
    history = purchases[purchases["day"] <= as_of]
    daily = history.pivot_table(index="customer", columns="day", values="amount", aggfunc="sum")
    daily = daily.where(daily > 0)
    total, dates = daily.sum(axis=1), daily.notna().sum(axis=1)
    last = daily.apply(lambda row: row.last_valid_index(), axis=1)
    found = pd.DataFrame({"frequency": dates, "total": total / 1000, "monetary": total / 1000 / dates})[dates > 0]
    found["recency_days"] = [(as_of - day).days for day in last[dates > 0]]
    return found.sort_index()


def values_of(lines: DataFrame, as_of: date, window_days: int) -> pd.DataFrame:
    """The project's own, indexed by customer."""
    found = core.customer_values(core.purchase_days(lines, as_of), as_of, window_days).toArrow().to_pandas()
    found = found.astype({"monetary": float, "monetary_total": float})
    return found.set_index("customer_id").sort_index()


@pytest.fixture(scope="module")
def values(lines: DataFrame, settings: RfmSettings) -> pd.DataFrame:
    """RFM as of the last day of the file."""
    return values_of(lines, LAST_DAY, settings.window_days)


def test_values_equal_pandas_customer_by_customer(values: pd.DataFrame, purchases: pd.DataFrame) -> None:
    """Recency, frequency and spend of all 4,334 customers who ever spent more on a day than they brought back."""
    expected = by_hand(purchases, LAST_DAY)
    assert values.index.tolist() == expected.index.tolist() and len(values) == CUSTOMERS
    assert (values["recency_days"] == expected["recency_days"]).all()
    assert (values["frequency"] == expected["frequency"]).all()
    assert np.allclose(values["monetary_total"], expected["total"], atol=1e-6, rtol=0)
    assert np.allclose(values["monetary"], expected["monetary"], atol=5.1e-5, rtol=0)


def test_drops_and_caps_are_counted(lines: DataFrame, values: pd.DataFrame, purchases: pd.DataFrame) -> None:
    """Customer days, those without positive spend, and customers beyond 30 dates and 2,500 pounds a date."""
    daily = purchases.groupby(["customer", "day"])["amount"].sum()
    row = core.customer_days(lines, LAST_DAY).selectExpr("count(*) days", "count_if(spend <= 0) dropped").collect()[0]
    assert (row.days, row.dropped) == (len(daily), int((daily <= 0).sum())) == (DAYS, DROPPED)
    assert ((values["frequency"] > 30).sum(), (values["monetary"] > 2500).sum()) == (OFTEN, DEAR)


@dataclass(frozen=True)
class Last:
    """A model as a champion."""

    trained: model.TrainedRfmModel
    number: str = "1"

    def clusters_of(self, values: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.trained.pipeline.predict(values[list(VALUES)].astype(float)))


def test_a_refit_a_week_later_keeps_nine_in_ten(lines: DataFrame, values: pd.DataFrame, settings: RfmSettings) -> None:
    """Of the customers whom the old model leaves where they were, at least 90 % stay after a refit; both curves are there."""
    quick = changed(settings, least=6, most=8, keep_within=1.0, keep_stability=0.0)
    week_ago = values_of(lines, LAST_DAY - timedelta(days=7), settings.window_days)
    first = model.train_rfm_model(week_ago.reset_index(), quick)
    again = model.train_rfm_model(values.reset_index(), quick, Last(first))
    both = values.index.intersection(week_ago.index)
    before, now = (Last(first).clusters_of(part.loc[both]) for part in (week_ago, values))
    unmoved = before == now
    after = Last(again).clusters_of(values.loc[both])
    assert unmoved.mean() > 0.5
    assert (after[unmoved] == before[unmoved]).mean() >= 0.9
    assert again.comparison is not None and again.comparison.stability.changed_share <= 0.1


def test_eight_clusters_have_a_silhouette_of_their_own(values: pd.DataFrame, settings: RfmSettings) -> None:
    """The curve over k that is logged holds k = 8, and its value is scikit-learn's of the same clusters."""
    from sklearn.metrics import silhouette_score

    trained = model.train_rfm_model(values.reset_index(), changed(settings, least=8, most=8, resamples=2))
    curve = model.cluster_curves(trained.choice)
    assert curve["k"] == [8.0]
    assert curve["silhouette"][0] == pytest.approx(silhouette_score(trained.matrix, trained.assigned), abs=1e-3)
    assert curve["silhouette"][0] == pytest.approx(SILHOUETTE_8, abs=0.02)


def test_households_get_segments_from_their_true_totals(settings: RfmSettings) -> None:
    """2,500 households of The Complete Journey by recency, baskets and spend a basket: champions spend most, lost left first.

    The summary counts baskets, not days with a purchase.
    """
    file = data_file("complete_journey", "household_summary.csv.gz")
    rows = pd.read_csv(file)
    households = pd.DataFrame(
        {
            "recency_days": 711 - rows["Last_Day"],
            "frequency": rows["Basket_Count"],
            "monetary": rows["Spend_Total"] / rows["Basket_Count"],
        }
    )
    assert rows["Spend_Total"].sum() == pytest.approx(8_057_463.08)
    scoring = Scoring.from_values(households, Cap(1.0, is_quantile=True), Cap(1.0, is_quantile=True))
    scores = scoring.scores(households)
    names = pd.Series(settings.grid.segments(scores))
    assert len(names) == 2500 and set(names) <= set(settings.grid.names)
    spent = rows["Spend_Total"].groupby(names.to_numpy()).mean()
    assert spent["Champions"] == spent.max() and spent["Champions"] > 2 * rows["Spend_Total"].mean()
    assert rows["Last_Day"].groupby(names.to_numpy()).mean().idxmin() in {"Lost", "Hibernating"}
