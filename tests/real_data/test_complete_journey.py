"""The Complete Journey: every file loads through its contract, no line is lost, amounts follow the definitions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from basketry.contracts import load_contract
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import CAMPAIGNS, ORDER_LINES, PRODUCTS
from tests.kit.data_sets import data_file
from tests.kit.lake import a_lake
from tests.real_data.loading import load

FILES_OF = {
    "products": ("product.csv.gz", 92_353, 0),
    "customers": ("hh_demographic.csv", 801, 0),
    "campaigns": ("campaign_desc.csv", 30, 0),
    "campaign_members": ("campaign_table.csv", 7_208, 0),
    "coupons": ("coupon.csv.gz", 124_548, 5_164),
    "redemptions": ("coupon_redempt.csv", 2_318, 0),
}

CENTS = Decimal("0.0001")
"""The file writes some amounts as a float prints them, 4.440892098500626e-16 for nothing; money has four decimals."""

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("spark_of_jobs")]


@pytest.fixture(scope="module")
def lake(spark_of_jobs: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """A lakehouse for the whole module."""
    home = tmp_path_factory.mktemp("complete_journey")
    return a_lake(spark_of_jobs, home, catalog="complete_journey")


@pytest.mark.parametrize("feed", FILES_OF)
def test_every_dimension_file_loads_whole(lake: Lakehouse, feed: str) -> None:
    """The published row counts are read; exact duplicates are counted as such; nothing is rejected."""
    name, rows, duplicates = FILES_OF[feed]
    [line] = load(lake, feed, [data_file("complete_journey", name)])
    assert (line.rows_read, line.rows_duplicate, line.rows_quarantined) == (rows, duplicates, 0)


def test_transactions_follow_the_amount_definitions(lake: Lakehouse) -> None:
    """No line is lost; list amount, discounts and days equal an independent computation."""
    file = data_file("complete_journey", "transaction_data_sample_1yr.csv.gz")
    [line] = load(lake, "transactions", [file])
    assert line.rows_read == 100_000 == line.rows_good + line.rows_quarantined + line.rows_duplicate
    assert (line.rows_quarantined, line.rows_duplicate) == (0, 0)
    rows = pd.read_csv(file, dtype=str)
    money = {
        name: rows[name].map(lambda text: Decimal(text).quantize(CENTS))
        for name in ("SALES_VALUE", "RETAIL_DISC", "COUPON_DISC", "COUPON_MATCH_DISC")
    }
    matched = money["COUPON_MATCH_DISC"] != 0
    expected = {
        "list_amount": money["SALES_VALUE"] - money["RETAIL_DISC"] - money["COUPON_DISC"] - money["COUPON_MATCH_DISC"],
        "instore_discount": -money["RETAIL_DISC"],
        "campaign_coupon_discount": (-money["COUPON_DISC"]).where(~matched, Decimal(0)),
        "manuf_coupon_discount": (-money["COUPON_DISC"]).where(matched, Decimal(0)),
        "manuf_coupon_match_discount": -money["COUPON_MATCH_DISC"],
        "net_amount": money["SALES_VALUE"],
    }
    sums = lake.read(ORDER_LINES).select(*(F.sum(name).alias(name) for name in expected)).head()
    assert sums is not None
    assert sums.asDict() == {name: sum(values, Decimal(0)) for name, values in expected.items()}
    days = lake.read(ORDER_LINES).select(F.min("order_date"), F.max("order_date")).head()
    assert days is not None
    assert tuple(days) == (date(2018, 10, 12), date(2019, 10, 11))


def test_a_day_counter_becomes_a_date(lake: Lakehouse) -> None:
    """Day 224 of the campaigns is 2018-08-12; END_DAY 719 is 2019-12-20."""
    data_file("complete_journey", "campaign_desc.csv")  # its campaigns are loaded by the first test
    row = lake.read(CAMPAIGNS).select(F.min("start_date"), F.max("end_date")).head()
    assert row is not None
    assert tuple(row) == (date(2018, 8, 12), date(2019, 12, 20))


def test_products_keep_their_tree(lake: Lakehouse) -> None:
    """Categories are the file's commodities, less the texts that the contract says mean that there is none."""
    texts = pd.read_csv(data_file("complete_journey", "product.csv.gz"), dtype=str, keep_default_na=False)[
        "COMMODITY_DESC"
    ]
    missing = load_contract("complete_journey", "products").file.null_values
    expected = set(texts.str.strip()) - set(missing)
    found = {row.category for row in lake.read(PRODUCTS).where("category is not null").select("category").collect()}
    assert {name.casefold() for name in found} == {name.casefold() for name in expected}
    assert len(expected) > 300
