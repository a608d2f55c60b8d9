"""An empty shop for the tests of loading."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.kit.deliveries import Shop, Till


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path) -> Shop:
    """An empty shop."""
    return Shop(spark, tmp_path)


@pytest.fixture
def till(spark: SparkSession, tmp_path: Path) -> Till:
    """An empty shop of order lines."""
    return Till(spark, tmp_path)
