"""What all tests share: their tiers, one Spark session per process and an empty lakehouse per test.

Every test belongs to one tier. It is found from what the test asks for; a module may say it itself by a mark.

    unit       plain Python: no Spark, no server, no browser
    spark      asks for the process's Spark session, on a few rows
    service    starts processes: Airflow's services, spark-submit, a browser, an emulated workspace
    real_data  reads a real data set that stands beside the checkout
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.few_rows import FOR_FEW_ROWS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

pytest_plugins = ["tests.kit.fixtures"]

CHECKOUT = Path(__file__).resolve().parents[1]

os.environ.setdefault("BASKETRY_NOW", "2100-01-01T12:00:00+00:00")
"""Every day of the tests' data is over, whatever day they are run on; processes that a test starts take this over."""

SHORT_LIVED = "-XX:TieredStopAtLevel=1 "
"""What jobs start with, which end soon. One session serves a process's every test: it may use both compilers."""


TIERS = ("unit", "spark", "service", "real_data")
SERVICE_FOLDERS = ("end_to_end", "containers", "faults")
SERVICE_FIXTURES = {"databricks_emulator", "emulator", "airflow_app"}


def tier(item: pytest.Item) -> str:
    """The tier that a mark names, else the one that the test's folder, data and fixtures make it belong to."""
    marked = [name for name in TIERS if item.get_closest_marker(name)]
    if marked:
        return marked[0]
    folder = item.path.relative_to(CHECKOUT / "tests").parts[0]
    if folder == "real_data" or hasattr(getattr(item, "module", None), "data_folder"):
        return "real_data"
    fixtures = set(getattr(item, "fixturenames", ()))
    if folder in SERVICE_FOLDERS or fixtures & SERVICE_FIXTURES:
        return "service"
    return "spark" if "spark" in fixtures else "unit"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, before marks select.

    The files that take minutes come first: begun last, they would keep one of two processes waiting at the end.
    """
    for item in items:
        item.add_marker(tier(item))
    items.sort(key=lambda item: "/end_to_end/" not in item.path.as_posix())


def pytest_sessionstart(session: pytest.Session) -> None:
    """Give tests and the processes that they start the environment of a real run, in whatever shell pytest was called.

    `make test` has made it already; an editor or a plain `pytest` has not. What is not installed yet is installed.
    """
    library = importlib.util.find_spec("basketry")
    if library is None or not Path(str(library.origin)).is_relative_to(CHECKOUT):
        installed = library.origin if library else "not installed"
        pytest.exit(f"basketry is {installed}, which is not this checkout's: make setup installs it into .venv.", 4)
    if "SPARK_CONF_DIR" in os.environ:
        return
    from tools.environment import InstancePaths
    from tools.setup import prepare

    home = Path(tempfile.mkdtemp(prefix="basketry-test-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ.update(prepare(replace(InstancePaths.from_environment(), home=home.resolve()), lambda text: None))


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The process's one Spark session, as a job opens it."""
    from basketry.lake.session import spark_session

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
    from basketry.lake.opening import open_lake

    assert isinstance(settings, Settings)
    return open_lake(spark, "demo", settings)
