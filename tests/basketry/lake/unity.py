"""Unity Catalog as far as it can be had here: three-level names, and the SQL of a job, in Spark's own catalog of Delta tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from basketry.config.settings import UNITY_NAMES, Settings
from basketry.config.unity_names import UnityNames
from basketry.tables import REVIEWS, SCHEMAS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from basketry.lake.lakehouse import Lakehouse
    from basketry.lake.unity_lake import UnityLake

CATALOG = "spark_catalog"
"""The one name of a catalog that a session knows without a metastore of its own."""

OWN_CATALOG, ONE_SCHEMA = UnityNames(catalog=CATALOG), UnityNames(catalog=CATALOG, one_schema="shop")


@contextmanager
def unity_lake(spark: SparkSession, home: Path, names: UnityNames = OWN_CATALOG) -> Iterator[UnityLake]:
    """An empty place of the demo, opened as on Databricks; its tables are gone afterwards."""
    from basketry.lake.opening import open_lake
    from basketry.lake.unity_lake import UnityLake

    schemas = {names.schema_name(layer) for layer in SCHEMAS}
    for schema in schemas:
        spark.sql(f"CREATE SCHEMA `{CATALOG}`.`{schema}` LOCATION '{home / schema}'")
    try:
        environment = {"BASKETRY_RUNTIME": "databricks", UNITY_NAMES: names.as_argument()}
        lake = open_lake(spark, "demo", Settings.from_environment(environment))
        assert isinstance(lake, UnityLake)
        yield lake
    finally:
        for schema in schemas:
            spark.sql(f"DROP SCHEMA `{CATALOG}`.`{schema}` CASCADE")


def reviews(lake: Lakehouse, *rows: tuple[str, int, int]) -> DataFrame:
    """Reviews (id, rating, day of delivery in January)."""
    from basketry.lake.schemas import declared_schema

    full = [
        (name, "p1", None, rating, date(2026, 1, 1), f"file-{day}", 2, datetime(2026, 1, day, tzinfo=UTC), None)
        for name, rating, day in rows
    ]
    return lake.spark.createDataFrame(full, declared_schema(REVIEWS))


def ratings(lake: Lakehouse) -> dict[str, int]:
    """What the table says now."""
    return {row.review_id: row.rating for row in lake.read(REVIEWS).collect()}
