"""Values, profiles and moves: a few rows in, the rows out worked out by hand; and an independent computation in pandas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from basketry.domains.rfm import core, summaries
from basketry.tables import GONE, NEW, ORDER_LINES
from tests.kit.lake import frame
from tests.kit.rows import order_line, returned_line

AS_OF = date(2024, 3, 10)
line, returned = partial(order_line, net_amount=9), partial(returned_line, net_amount=-9)


def days_of(spark: SparkSession, rows: Sequence[dict[str, Any]], as_of: date = AS_OF) -> DataFrame:
    return core.purchase_days(frame(spark, ORDER_LINES, rows), as_of)


def values_of(spark: SparkSession, rows: Sequence[dict[str, Any]], window: int = 365) -> dict[str, dict[str, Any]]:
    values = core.customer_values(days_of(spark, rows), AS_OF, window).collect()
    assert len({row.customer_id for row in values}) == len(values)
    return {row.customer_id: row.asDict() for row in values}


def test_recency_frequency_and_spend_of_one_customer(spark: SparkSession) -> None:
    """Three dates, one with two orders and one with a return: days since the last, distinct dates, mean of date totals."""
    values = values_of(
        spark,
        [
            line("O1", "1", "2024-03-01"),
            line("O2", "1", "2024-03-01", net_amount="3"),
            line("O3", "1", "2024-03-05", net_amount="20"),
            returned("O4", "1", "2024-03-05", net_amount="-8"),
            line("O5", "1", "2024-02-09", net_amount="6.5"),
        ],
    )["C1"]
    assert (values["recency_days"], values["frequency"]) == (5, 3)
    assert values["monetary_total"] == Decimal("30.5") and values["monetary"] == Decimal("10.1667")
    # The history behind expectations leaves out the first date: 24 over two dates, 25 days from the first to the last.
    assert (values["repeat_dates"], values["last_after_days"], values["age_days"]) == (2, 25, 30)
    assert values["repeat_spend"] == 12.0


def test_what_does_not_count(spark: SparkSession) -> None:
    """Days without positive spend, the future, null and blank customers, cancelled orders, fees: as if never written."""
    values = values_of(
        spark,
        [
            line("O1", "1", "2024-03-01"),
            returned("O2", "1", "2024-03-04"),
            line("O3", "1", "2024-03-05"),
            returned("O4", "1", "2024-03-05"),
            line("O5", "1", "2024-03-11"),
            line("O6", "1", "2024-03-06", customer=None),
            line("O6", "2", "2024-03-06", customer="  "),
            line("O7", "1", "2024-03-07", status="cancelled"),
            line("O8", "1", "2024-03-08", product=None, line_kind="fee"),
            line("O9", "1", "2024-03-09", product=None, line_kind="adjustment"),
            returned("O10", "1", "2024-03-09", customer="C2"),
        ],
    )
    assert set(values) == {"C1"}
    assert (values["C1"]["recency_days"], values["C1"]["frequency"]) == (9, 1)


def test_the_window_ends_on_the_as_of_date(spark: SparkSession) -> None:
    """With seven days the 4th to the 10th of March count; who bought only before has no row; history knows all."""
    values = values_of(
        spark,
        [
            line("O1", "1", "2024-03-03"),
            line("O2", "1", "2024-03-04"),
            line("O3", "1", "2024-03-10"),
            line("O4", "1", "2024-03-03", customer="C2"),
        ],
        window=7,
    )
    assert set(values) == {"C1"}
    assert (values["C1"]["frequency"], values["C1"]["recency_days"], values["C1"]["repeat_dates"]) == (2, 0, 2)


def test_values_equal_an_independent_computation(spark: SparkSession) -> None:
    """A thousand random lines, customer by customer, against dictionaries of plain Python."""
    random = np.random.default_rng(8)
    rows, spend = [], {}
    for number in range(1000):
        day = (
            date(2024, 1, 1 + int(random.integers(31)))
            if random.random() < 0.7
            else date(2024, 3, int(random.integers(1, 20)))
        )
        who, cents = f"C{random.integers(40)}", int(random.integers(-400, 1000))
        make = line if cents >= 0 else returned
        rows.append(make(f"O{number}", "1", str(day), customer=who, net_amount=str(Decimal(cents) / 100)))
        if day <= AS_OF:
            spend[who, day] = spend.get((who, day), 0) + cents
    positive = {key: cents for key, cents in spend.items() if cents > 0}
    values = values_of(spark, rows, window=60)
    inside = {key: cents for key, cents in positive.items() if (AS_OF - key[1]).days < 60}
    assert set(values) == {who for who, _ in inside}
    for who, row in values.items():
        dates = {day: cents for (other, day), cents in inside.items() if other == who}
        ever = sorted(day for other, day in positive if other == who)
        assert row["recency_days"] == (AS_OF - max(dates)).days and row["frequency"] == len(dates)
        assert row["monetary_total"] == Decimal(sum(dates.values())) / 100
        assert float(row["monetary"]) == pytest.approx(sum(dates.values()) / 100 / len(dates), abs=1e-4)
        assert (row["repeat_dates"], row["age_days"]) == (len(ever) - 1, (AS_OF - ever[0]).days)


COLUMNS = (
    "as_of date, customer_id string, recency_days int, frequency int, monetary decimal(18,4), monetary_total decimal(18,4),"
    " segment string, cluster int, expected_purchases_90d double, expected_spend_90d double, model_version string"
)


def assigned(spark: SparkSession, day: date, **customers: tuple[str, int, str]) -> DataFrame:
    """Rows of a day: customer -> named segment, cluster, spend in the window."""
    rows = [
        (day, who, 4, 2, Decimal(spend) / 2, Decimal(spend), segment, cluster, None, None, "1")
        for who, (segment, cluster, spend) in customers.items()
    ]
    return spark.createDataFrame(rows, COLUMNS)


def test_moves_add_up_to_both_days(spark: SparkSession) -> None:
    """Rows of a from_segment add up to the last period's customers, of a to_segment to this one's, with new and gone."""
    before = assigned(spark, AS_OF, A=("Loyal", 1, "10"), B=("Loyal", 1, "20"), C=("Lost", 2, "5"))
    after = assigned(spark, AS_OF, A=("Loyal", 1, "12"), B=("At risk", 1, "20"), D=("New", 3, "7"))
    moves = list(summaries.migration_rows(row.asDict() for row in core.transitions(before, after).collect()))
    named = {(row["from_segment"], row["to_segment"]): row for row in moves if row["view"] == "named"}
    assert {path: row["customers"] for path, row in named.items()} == {
        ("Loyal", "Loyal"): 1,
        ("Loyal", "At risk"): 1,
        ("Lost", GONE): 1,
        (NEW, "New"): 1,
    }
    money = {path: (row["revenue_before"], row["revenue_after"]) for path, row in named.items()}
    assert money["Loyal", "Loyal"] == (10, 12) and money["Lost", GONE] == (5, 0) and money[NEW, "New"] == (0, 7)
    clusters = {(row["from_segment"], row["to_segment"]): row["customers"] for row in moves if row["view"] == "cluster"}
    assert clusters == {("1", "1"): 2, ("2", GONE): 1, (NEW, "3"): 1}


def test_each_customer_keeps_the_segment_before_and_the_date_of_change(spark: SparkSession) -> None:
    """Who stays keeps both; who moves has the old one and today; who is new has neither an old one."""
    first = core.with_history(
        assigned(spark, date(2024, 3, 8), A=("Loyal", 1, "1"), B=("New", 2, "1")), None, date(2024, 3, 8)
    )
    second = core.with_history(
        assigned(spark, date(2024, 3, 9), A=("At risk", 1, "1"), B=("New", 2, "1")), first, date(2024, 3, 9)
    )
    third = core.with_history(
        assigned(spark, AS_OF, A=("At risk", 1, "1"), B=("Loyal", 3, "1"), C=("New", 2, "1")), second, AS_OF
    )
    by_customer = {row.customer_id: row for row in third.collect()}
    segments = {who: (row.previous_segment, row.segment_since.day) for who, row in by_customer.items()}
    assert segments == {"A": ("Loyal", 9), "B": ("New", 10), "C": (None, 10)}
    clusters = {who: (row.previous_cluster, row.cluster_since.day) for who, row in by_customer.items()}
    assert clusters == {"A": (None, 8), "B": (2, 10), "C": (None, 10)}


def test_a_profile_says_size_shares_and_what_came_true(spark: SparkSession) -> None:
    """Shares of customers and revenue, means in real units, who bought since, and the treatment of a cluster's majority."""
    rows = assigned(spark, AS_OF, A=("Loyal", 1, "30"), B=("Loyal", 1, "50"), C=("Lost", 1, "10"), D=("Lost", 2, "10"))
    days = days_of(
        spark,
        [
            line("O1", "1", "2024-03-11", customer="A", net_amount="8"),
            line("O2", "1", "2024-03-12", customer="A", net_amount="2"),
            line("O3", "1", "2024-03-10", customer="B"),
            line("O4", "1", "2024-06-09", customer="D"),
        ],
        as_of=date(2024, 12, 31),
    )
    after = core.bought_after(days, AS_OF, date(2024, 6, 8))
    sums = [row.asDict() for row in core.segment_sums(rows, after).collect()]
    profiles = {
        (row["view"], row["segment"]): row for row in summaries.profile_rows(sums, {"Loyal": "thank", "Lost": "leave"})
    }
    loyal, cluster = profiles["named", "Loyal"], profiles["cluster", "1"]
    assert (loyal["customers"], loyal["share_of_customers"], loyal["share_of_revenue"]) == (2, 0.5, 0.8)
    assert (loyal["revenue"], loyal["monetary"], loyal["frequency"], loyal["recency_days"]) == (80, 20, 2, 4)
    assert (loyal["repurchase_rate_90d"], loyal["spend_90d"], loyal["treatment"]) == (0.5, 5.0, "thank")
    assert (cluster["customers"], cluster["mostly"], cluster["treatment"]) == (3, "Loyal", "thank")
    assert profiles["cluster", "2"]["repurchase_rate_90d"] == 0 and loyal["expected_spend_90d"] is None
    assert sum(row["share_of_revenue"] for (view, _), row in profiles.items() if view == "named") == pytest.approx(1)
    early = [row.asDict() for row in core.segment_sums(rows).collect()]
    lost = next(row for row in summaries.profile_rows(early, {"Loyal": "thank"}) if row["segment"] == "Lost")
    assert (lost["repurchase_rate_90d"], lost["spend_90d"], lost["treatment"]) == (None, None, "")


def test_pandas_counts_the_same_drops(spark: SparkSession) -> None:
    """Days whose spend is not positive are all there before they are dropped."""
    rows = [
        line("O1", "1", "2024-03-01"),
        returned("O2", "1", "2024-03-02"),
        line("O3", "1", "2024-03-03", net_amount="0"),
    ]
    days = core.customer_days(frame(spark, ORDER_LINES, rows), AS_OF).toPandas()
    assert isinstance(days, pd.DataFrame) and (days["spend"] <= 0).sum() == 2 and len(days) == 3
