"""What all tests share: the order of the long ones, one Spark session per process and an empty lakehouse per test.

A test of seconds has no mark. The others say themselves how long they take, by one mark for the module or the test:

    slow    seconds or tens of them: what `make test` adds to `make test-fast`
    system  minutes: real services, spark-submit, kills, a browser, a whole data set; `make test-system`
    full    minutes of one fault: `make faults` alone

Two marks need not be written: what asks for an Airflow application or an emulated workspace is `slow`, and `spark` marks
what asks for the process's Spark session.
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
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.few_rows import FOR_FEW_ROWS
from tests.kit.tiers import COLLECTED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

pytest_plugins = ["tests.kit.fixtures"]

CHECKOUT = Path(__file__).resolve().parents[1]

os.environ.setdefault("BASKETRY_NOW", "2100-01-01T12:00:00+00:00")
"""Every day of the tests' data is over, whatever day they are run on; processes that a test starts take this over."""

SLOW_FIXTURES = {"airflow_app", "databricks_emulator", "emulator"}
"""They set up an Airflow application, or a workspace that starts processes."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the marks that need not be written, note all of them before they select, and put the longest files first.

    Begun last, what may take longest would keep one of two processes waiting at the end.
    """
    limits: dict[Path, float] = {}
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if "spark" in asked:
            item.add_marker("spark")
        if SLOW_FIXTURES & asked:
            item.add_marker("slow")
        limit = item.get_closest_marker("timeout")
        limits[item.path] = max(limits.get(item.path, 0), limit.args[0] if limit else 0)
    items.sort(key=lambda item: -limits[item.path])
    config.stash[COLLECTED] = {item.nodeid: frozenset(mark.name for mark in item.iter_markers()) for item in items}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Keep together what shares something that takes long to set up."""
    from tests.kit.scheduling import SharedFolders

    return SharedFolders(config, log)


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
    from tools.spark import FIRST_COMPILER

    conf = (Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf").read_text()
    (options,) = [
        line.split(" ", 1)[1] for line in conf.splitlines() if line.startswith("spark.driver.extraJavaOptions")
    ]
    # Jobs end soon; one session serves a process's every test, so it may use both compilers.
    tuned = options.replace(f"{FIRST_COMPILER} ", "")
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-java-options '{tuned}' pyspark-shell"  # quotes within name a file
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
