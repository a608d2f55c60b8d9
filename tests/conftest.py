"""What all tests share: one Spark session a process and an empty lakehouse per test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.few_rows import FOR_FEW_ROWS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

CHECKOUT = Path(__file__).resolve().parents[1]

os.environ.setdefault("BASKETRY_NOW", "2100-01-01T12:00:00+00:00")
"""Every day of the tests' data is over, whatever day they are run on; processes that a test starts take this over."""

SHORT_LIVED = "-XX:TieredStopAtLevel=1 "
"""What jobs start with, which end soon. One session serves a process's every test: it may use both compilers."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes come first: begun last, they would keep one of two processes waiting at the end."""
    items.sort(key=lambda item: "/end_to_end/" not in item.path.as_posix())


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The process's one Spark session, as a job opens it."""
    from basketry.lake.session import spark_session

    assert "SPARK_CONF_DIR" in os.environ, 'Spark is not set up in this shell: run make test ARGS="<your selection>"'
    conf = (Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf").read_text()
    (options,) = [
        line.split(" ", 1)[1] for line in conf.splitlines() if line.startswith("spark.driver.extraJavaOptions")
    ]
    tuned = options.replace(SHORT_LIVED, "")
    os.environ["PYSPARK_SUBMIT_ARGS"] = f'--driver-java-options "{tuned}" pyspark-shell'
    session = spark_session("tests")
    del os.environ["PYSPARK_SUBMIT_ARGS"]  # processes that a test starts have launch settings of their own
    session.sparkContext.setLogLevel("ERROR")
    for name, value in FOR_FEW_ROWS.items():
        session.conf.set(name, value)
    yield session
    session.stop()


@pytest.fixture(scope="module")
def spark_of_jobs(spark: SparkSession) -> Iterator[SparkSession]:
    """The session with the settings of a job, for a module that works on many rows."""
    launched = dict(spark.sparkContext.getConf().getAll())
    for name in FOR_FEW_ROWS:
        if name in launched:
            spark.conf.set(name, launched[name])
        else:
            spark.conf.unset(name)
    yield spark
    for name, value in FOR_FEW_ROWS.items():
        spark.conf.set(name, value)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Settings of an instance whose home is an empty folder."""
    from basketry.config.settings import Settings

    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BASKETRY_RUNTIME", raising=False)
    return Settings.from_environment()


@pytest.fixture
def lake(spark: SparkSession, settings: object) -> Lakehouse:
    """An empty lakehouse of the catalog demo in a temporary home."""
    from basketry.config.settings import Settings
    from basketry.lake.lakehouse import Lakehouse

    assert isinstance(settings, Settings)
    return Lakehouse(spark, "demo", settings)
