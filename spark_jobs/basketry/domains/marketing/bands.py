"""Customers in bands that each are shared by many: for those who may not know who somebody is. DataFrames in and out.

::

    region, year, age, household  ->  region, year, age  ->  region, year  ->  region  ->  nothing

A customer gets the finest of these sets of bands that FEWEST_IN_BAND customers share, of those whom no finer one holds
(k-anonymity by generalising, L. Sweeney 2002).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from basketry.tables import FEWEST_IN_BAND

_BANDS = ("region", "joined_year", "age", "household")


def customer_bands(customers: DataFrame) -> DataFrame:
    """Return rows of gold.customer_bands.

    Args:
        customers: Rows of silver.customers.
    """
    rows = customers.select(
        "customer_id",
        F.col("state").alias("region"),
        F.year("joined_on").alias("joined_year"),
        F.col("age_band").alias("age"),
        F.col("household_size").alias("household"),
        F.lit(0).alias("_bands"),
    )
    for count in range(len(_BANDS), 0, -1):
        # Whom a finer set holds is counted apart, so that they do not hide how few the others are.
        alike = Window.partitionBy("_bands", *_BANDS[:count])
        is_enough = (F.col("_bands") == 0) & (F.count("*").over(alike) >= FEWEST_IN_BAND)
        rows = rows.withColumn("_bands", F.when(is_enough, count).otherwise(F.col("_bands")))
    shown = {name: F.when(F.col("_bands") > position, F.col(name)) for position, name in enumerate(_BANDS)}
    return rows.withColumns(shown).drop("_bands")
