"""An empty shop for the tests of loading."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.basketry.domains.ingest.shop import Shop
from tests.basketry.domains.ingest.till import Till


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An empty shop."""
    return Shop(spark, tmp_path, monkeypatch)


@pytest.fixture
def till(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Till:
    """An empty shop of order lines."""
    return Till(spark, tmp_path, monkeypatch)
