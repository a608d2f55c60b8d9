"""Unity Catalog as far as it can be had here: three-level names, and the SQL of a job, in Spark's own catalog of Delta tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

CATALOG = "spark_catalog"
"""The one name of a catalog that a session knows without a metastore of its own."""

SCHEMAS = ("bronze", "silver", "gold", "ops")


@contextmanager
def unity_lake(spark: SparkSession, home: Path) -> Iterator[Lakehouse]:
    """An empty catalog, opened as on Databricks; its tables are gone afterwards."""
    from basketry.config.settings import Settings
    from basketry.lake.opening import open_lake

    for schema in SCHEMAS:
        spark.sql(f"CREATE SCHEMA `{CATALOG}`.`{schema}` LOCATION '{home / schema}'")
    try:
        yield open_lake(spark, CATALOG, Settings.from_environment({"BASKETRY_RUNTIME": "databricks"}))
    finally:
        for schema in SCHEMAS:
            spark.sql(f"DROP SCHEMA `{CATALOG}`.`{schema}` CASCADE")
