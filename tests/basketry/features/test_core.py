"""Value by value what the reference's expressions give, and the same however the work is spread."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from basketry.features import core
from basketry.features.definitions import CORRECTED, REFERENCE_WINDOWS, parity_columns, with_ratios
from basketry.tables import FEATURES, ORDER_LINES, PRODUCTS, Table
from basketry.tables.features import WINDOWS
from benchmarks import plain_features
from tests.basketry.features.samples import FIRST, by_key, computed, counted, shop
from tests.kit.lake import frame

pytestmark = pytest.mark.slow

AS_OF = FIRST + timedelta(days=420)
CATEGORIES = ("Milk 'n more", "Tea", "Uncategorised")
LEVELS = dict(zip(FEATURES, plain_features.LEVELS, strict=True))


@pytest.fixture(scope="module")
def silver(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """The shop's order lines and products."""
    lines, products = shop(lines=700)
    return frame(spark, ORDER_LINES, lines), frame(spark, PRODUCTS, products)


@pytest.fixture(scope="module")
def ours(silver: tuple[DataFrame, DataFrame]) -> dict[Table, DataFrame]:
    """Features of two dates in one pass."""
    packed = core.packed_features(core.packed_lines(*silver), [AS_OF - timedelta(days=1), AS_OF], CATEGORIES).persist()
    return {table: core.unpacked_features(packed, table) for table in FEATURES}


def _expected(silver: tuple[DataFrame, DataFrame], level: str) -> pd.DataFrame:
    lines = plain_features.transactions(*silver)
    rows = plain_features.plain_features(lines, AS_OF, level, CATEGORIES)
    names = {"household": "customer_id", "commodity": "category"}
    return rows.toPandas().rename(columns=names).set_index([names[key] for key in plain_features.LEVELS[level]])


def _named_as_the_reference(rows: DataFrame) -> pd.DataFrame:
    corrected = {
        f"{ours}_{REFERENCE_WINDOWS[window]}": f"{ours}_{window}" for ours in CORRECTED.values() for window in WINDOWS
    }
    names = corrected | {name: of for window in WINDOWS for name, of in parity_columns(window).items()}
    chosen = with_ratios(rows.where(F.col("as_of") == F.lit(AS_OF)))
    keys = [name for name in ("customer_id", "category") if name in rows.columns]
    return (
        chosen.select(*keys, *(F.col(of).cast("double").alias(name) for name, of in names.items()))
        .toPandas()
        .set_index(keys)
    )


@pytest.mark.parametrize("table", FEATURES, ids=lambda table: table.name)
def test_parity_with_the_reference(
    spark: SparkSession, silver: tuple[DataFrame, DataFrame], ours: dict[Table, DataFrame], table: Table
) -> None:
    """All 376 columns and the two corrected measures agree to 1e-9; a pair that is not stored is 0 throughout."""
    ansi = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "false")  # as the plain port runs
    try:
        wanted = _expected(silver, LEVELS[table])
    finally:
        spark.conf.set("spark.sql.ansi.enabled", ansi)
    ours_named = _named_as_the_reference(ours[table])
    assert len(ours_named.columns) == 376 + 8 and set(ours_named.columns) == set(wanted.columns)
    assert set(ours_named.index) <= set(wanted.index)
    ours_named = ours_named.reindex(wanted.index, columns=wanted.columns)
    if table is FEATURES[2]:
        ours_named = ours_named.fillna(0)
    pd.testing.assert_frame_equal(ours_named, wanted, rtol=1e-9, atol=1e-12, check_dtype=False)


def test_spreading_changes_nothing(silver: tuple[DataFrame, DataFrame], ours: dict[Table, DataFrame]) -> None:
    """Three tasks a level and two a table give the rows that one gives, and those that no Spark gives."""
    dates = [AS_OF - timedelta(days=1), AS_OF]
    packed = core.packed_features(core.packed_lines(*silver, parts=3), dates, CATEGORIES, parts=3).persist()
    plainly: dict[str, Any] = computed(counted(*shop(lines=700)), dates, CATEGORIES)
    for table in FEATURES:
        spread = by_key((row.asDict() for row in core.unpacked_features(packed, table, tasks=2).collect()), table)
        assert spread == by_key((row.asDict() for row in ours[table].collect()), table)
        assert spread == by_key(plainly[table.name], table)


def test_types_are_the_declared_ones(ours: dict[Table, DataFrame]) -> None:
    """The frames have the declared columns in order, never missing, so that writing them casts nothing."""
    for table in FEATURES:
        found = [(field.name, field.dataType.simpleString(), field.nullable) for field in ours[table].schema]
        assert found == [(column.name, column.type, False) for column in table.columns]
