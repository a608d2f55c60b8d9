"""The SQL of expressions in Spark itself, with ANSI errors switched on: a bad value is null and never a failed job."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from tests.kit.expressions import compiled

COLUMNS = {"text": "string", "whole": "integer", "amount": "number", "moment": "timestamp"}
ROWS = """
    select cast(null as string) text, 9223372036854775807 whole, cast(99999999999999.9999 as decimal(18,4)) amount,
           timestamp'2026-07-01 03:30:00Z' moment
    union all select 'x (12) 2026-02-30', 0, cast(0 as decimal(18,4)), timestamp'2026-01-01 05:30:00Z'
"""

RESULTS = {
    "whole + 1": [None, "1"],
    "whole * whole": [None, "0"],
    "amount / amount": ["1", None],
    "cast(text as int)": [None, None],
    "make_date(2026, 2, whole)": [None, None],
    "make_date(2026, 2, whole + 28)": [None, "2026-02-28"],
    "to_date(text, 'yyyy-MM-dd')": [None, None],
    "to_date(right(text, 10))": [None, None],
    "to_date(moment)": ["2026-06-30", "2026-01-01"],
    "cast(moment as date)": ["2026-06-30", "2026-01-01"],
    "to_timestamp('2026-07-01 1200', 'yyyy-MM-dd HHmm')": ["2026-07-01 16:00:00"] * 2,
    r"regexp_extract(text, '\\((\\d+)\\)')": [None, "12"],
    "left(text, whole)": [None, ""],
    "concat(text, whole)": [None, "x (12) 2026-02-300"],
    "row_hash(text) = row_hash(coalesce(text, ''))": ["false", "true"],
}


@pytest.fixture
def strict(spark: SparkSession) -> Iterator[SparkSession]:
    before = spark.conf.get("spark.sql.ansi.enabled")
    spark.conf.set("spark.sql.ansi.enabled", "true")
    yield spark
    spark.conf.set("spark.sql.ansi.enabled", str(before))


def test_no_value_can_fail_an_expression(strict: SparkSession) -> None:
    """Overflow, division by zero, impossible dates and wrong texts give null; days and times are the retailer's."""
    written = [compiled(text, columns=COLUMNS, time_zone="America/New_York").sql for text in RESULTS]
    selected = ", ".join(f"cast({sql} as string)" for sql in written)
    rows = strict.sql(f"select {selected} from ({ROWS})").collect()
    found = {text: [row[position] for row in rows] for position, text in enumerate(RESULTS)}
    found["amount / amount"][0] = str(found["amount / amount"][0]).rstrip("0").rstrip(".")
    assert found == RESULTS
