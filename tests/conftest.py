"""What all tests share: one Spark session a process, an empty lakehouse per test, where the real data is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lakehouse import Lakehouse

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The process's one Spark session, as a job opens it."""
    from basketry.session import spark_session

    assert "SPARK_CONF_DIR" in os.environ, 'Spark is not set up in this shell: run make test ARGS="<your selection>"'
    session = spark_session("tests")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Settings of an instance whose home is an empty folder."""
    from basketry.settings import Settings

    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BASKETRY_RUNTIME", raising=False)
    return Settings.from_environment()


@pytest.fixture
def lake(spark: SparkSession, settings: object) -> Lakehouse:
    """An empty lakehouse of the catalog demo in a temporary home."""
    from basketry.lakehouse import Lakehouse
    from basketry.settings import Settings

    assert isinstance(settings, Settings)
    return Lakehouse(spark, "demo", settings)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder of the real data sets; a test that needs them fails without it, because a silent skip would prove nothing."""
    root = Path(os.environ.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data")
    assert root.is_dir(), f"real data not found at {root}: set BASKETRY_DATA"
    return root
