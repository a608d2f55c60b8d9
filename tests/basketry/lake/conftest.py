"""The backend of Databricks, as far as it can be had in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.basketry.lake.unity import unity_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.unity_lake import UnityLake


@pytest.fixture
def unity(spark: SparkSession, tmp_path: Path) -> Iterator[UnityLake]:
    """The backend of Databricks, empty."""
    with unity_lake(spark, tmp_path) as lake:
        yield lake
