"""The one place that chooses where tables live."""

from __future__ import annotations

from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.lake.lakehouse import Lakehouse


def lake_backend(settings: Settings) -> type[Lakehouse]:
    """Return the backend of BASKETRY_RUNTIME: Delta folders here, or Unity Catalog."""
    if settings.runtime == "local":
        from basketry.lake.local_lake import LocalLake

        return LocalLake
    from basketry.lake.unity_lake import UnityLake  # which needs no delta-rs

    return UnityLake


def open_lake(spark: SparkSession, catalog: str, settings: Settings) -> Lakehouse:
    """Open the tables of a catalog where they live.

    Args:
        spark: The session that reads and writes.
        catalog: A lower-case identifier.
        settings: Where the lake is.

    Raises:
        BadInputError: The catalog is no lower-case identifier.
    """
    return lake_backend(settings)(spark, catalog, settings)
