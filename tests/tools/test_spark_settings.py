"""Spark's launch settings and the class-data archive's name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest

from tools import engine, java, services, spark
from tools.engine import Engine
from tools.environment import CHECKOUT, InstancePaths, environment
from tools.problem import Problem
from tools.services import airflow_environment

SECRET = {"BASKETRY_SPARK_SECRET": "known-to-the-cluster"}


@pytest.fixture
def places(tmp_path: Path) -> InstancePaths:
    return InstancePaths(tmp_path / "home", tmp_path / "cache", 8080, 5000)


def test_settings_become_a_line_each(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """spark-defaults.conf holds every setting, and nothing else."""
    monkeypatch.setenv("BASKETRY_SPARK_DRIVER_MEMORY", "2g")
    values = spark.settings(places, [Path("/jars/delta.jar")], "-XX:+UseSerialGC")
    lines = spark.render(values).splitlines()
    assert len(lines) == len(values)
    assert "spark.driver.memory 2g" in lines
    assert "spark.sql.extensions io.delta.sql.DeltaSparkSessionExtension" in lines


def test_jars_come_before_any_folder_on_the_class_path(places: InstancePaths) -> None:
    """The archive works only while no folder precedes a jar: Delta's and pyspark's jars are named up front."""
    path = spark.settings(places, [Path("/jars/delta.jar")], "")["spark.driver.extraClassPath"]
    assert path == f"/jars/delta.jar{os.pathsep}{spark.pyspark_jars()}/*"


def test_another_jar_set_means_another_archive(tmp_path: Path) -> None:
    """An archive made for other jars or another Java is never used."""
    jar = tmp_path / "delta.jar"
    jar.write_bytes(b"1")
    home = tmp_path / "jdk"
    home.mkdir()
    (home / "release").write_text('JAVA_VERSION="17.0.1"')
    first = spark.archive_name(home, [jar])
    assert spark.archive_name(home, [jar]) == first
    jar.write_bytes(b"22")
    second = spark.archive_name(home, [jar])
    (home / "release").write_text('JAVA_VERSION="21.0.1"')
    assert len({first, second, spark.archive_name(home, [jar])}) == 3


@pytest.mark.parametrize(("size", "is_short"), [(0, True), (spark.LARGE_BYTES, True), (spark.LARGE_BYTES + 1, False)])
def test_a_large_lake_is_worth_the_second_compiler(tmp_path: Path, size: int, is_short: bool) -> None:
    """By the order lines of the largest catalog; a home without a lake is small."""
    assert spark.FIRST_COMPILER in spark.jvm_options(tmp_path).split()
    for catalog, bytes_of_table in (("small", 1), ("large", size)):
        folder = tmp_path / "lake" / catalog / "silver" / "order_lines" / "order_month=2026-01"
        folder.mkdir(parents=True)
        (folder / "part.parquet").write_bytes(bytes(bytes_of_table))
    assert (spark.FIRST_COMPILER in spark.jvm_options(tmp_path).split()) is is_short


def test_unchanged_settings_are_not_rewritten(tmp_path: Path) -> None:
    """A running job may be reading the file, so only a change touches it."""
    spark.write_conf(tmp_path, {"a": "1"})
    before = (tmp_path / "spark-defaults.conf").stat().st_mtime_ns
    spark.write_conf(tmp_path, {"a": "1"})
    assert (tmp_path / "spark-defaults.conf").stat().st_mtime_ns == before
    spark.write_conf(tmp_path, {"a": "2"})
    assert (tmp_path / "spark-defaults.conf").read_text() == "a 2\n"


def test_everything_runs_in_one_environment(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are absolute, Spark binds to the loopback address, our programs come first on the path."""
    monkeypatch.delenv("BASKETRY_INCLUDE", raising=False)
    env = environment(places, Path("/jdk"))
    assert env["PATH"].startswith(f"{CHECKOUT}/.venv/bin{os.pathsep}/jdk/bin{os.pathsep}")
    assert env["SPARK_LOCAL_IP"] == "127.0.0.1"
    assert env["BASKETRY_HOME"] == str(places.home)
    assert env.get("PYTHONPATH") == os.environ.get("PYTHONPATH"), "what is installed needs no path"


@pytest.mark.parametrize("port", ["http", "80", "70000"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    """A typo in a port is named with its variable."""
    with pytest.raises(Problem, match=f"BASKETRY_MLFLOW_PORT is '{port}'"):
        InstancePaths.from_environment({"BASKETRY_MLFLOW_PORT": port})


def fake_java(home: Path, version: str, modules: str) -> Path:
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -version ]; then echo \'openjdk version "{version}"\' >&2; else echo {modules}; fi\n'
    )
    program.chmod(0o755)
    return home


def test_only_a_full_java_of_the_right_age_suits(tmp_path: Path) -> None:
    """Too old, too new, and a small runtime without the vector module are all passed over."""
    good = "jdk.incubator.vector@17"
    assert java.suits(fake_java(tmp_path / "17", "17.0.15", good))
    assert java.suits(fake_java(tmp_path / "21", "21", good))
    assert not java.suits(fake_java(tmp_path / "8", "1.8.0_402", good))
    assert not java.suits(fake_java(tmp_path / "25", "25.0.1", good))
    assert not java.suits(fake_java(tmp_path / "jre", "17.0.15", "java.base@17"))
    assert not java.suits(tmp_path / "missing")


def test_the_java_found_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later starts ask nobody, until JAVA_HOME says otherwise."""
    first = fake_java(tmp_path / "a", "17", "jdk.incubator.vector")
    second = fake_java(tmp_path / "b", "21", "jdk.incubator.vector")
    monkeypatch.setenv("JAVA_HOME", str(first))
    assert java.java_home(tmp_path / "cache", print) == first
    monkeypatch.setattr(java, "suits", lambda home: home == second)
    assert java.java_home(tmp_path / "cache", print) == first
    monkeypatch.setenv("JAVA_HOME", str(second))
    assert java.java_home(tmp_path / "cache", print) == second


def test_no_java_and_no_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be fetched, a person learns what to install."""

    def offline(address: str, target: Path) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(java, "_fetch", offline)
    with pytest.raises(Problem, match=r"none could be fetched \(.*no route to host.*\): .*openjdk-17-jdk-headless"):
        java.install_java(tmp_path)


def test_a_cluster_is_named_by_one_setting(places: InstancePaths) -> None:
    """Executors get the jars, the JVM options and the limits that the driver has; here nothing of it is said."""
    env = {"BASKETRY_SPARK_MASTER": "spark://spark-master:7077", **SECRET, "BASKETRY_SPARK_CORES": "3"}
    there = spark.settings(places, [Path("/jars/delta.jar")], "-XX:+UseSerialGC", engine=Engine.from_environment(env))
    assert there["spark.master"] == "spark://spark-master:7077"
    assert there["spark.cores.max"] == there["spark.sql.shuffle.partitions"] == "3"
    assert there["spark.executor.extraClassPath"] == there["spark.driver.extraClassPath"]
    assert (there["spark.authenticate"], there["spark.authenticate.secret"]) == (
        "true",
        SECRET["BASKETRY_SPARK_SECRET"],
    )
    here = spark.settings(places, [Path("/jars/delta.jar")], "", engine=Engine.from_environment({}))
    assert not [name for name in here if "authenticate" in name]
    assert not [name for name in here if name.startswith("spark.executor")]


@pytest.mark.parametrize("secret", ["", "short"])
def test_a_cluster_without_a_secret_is_refused(secret: str) -> None:
    """Whoever reaches an open cluster runs code on it; the setting is named, its value is not."""
    env = {"BASKETRY_SPARK_MASTER": "spark://host:7077", "BASKETRY_SPARK_SECRET": secret}
    with pytest.raises(Problem, match="a cluster needs BASKETRY_SPARK_SECRET, at least 16 signs") as problem:
        Engine.from_environment(env)
    assert not secret or secret not in str(problem.value)


def test_the_secret_is_its_owner_s(tmp_path: Path) -> None:
    """In the file that Spark reads, and in no text about the engine."""
    engine_there = Engine.from_environment({"BASKETRY_SPARK_MASTER": "spark://host:7077", **SECRET})
    assert SECRET["BASKETRY_SPARK_SECRET"] not in repr(engine_there)
    before = os.umask(0o022)
    try:
        spark.write_conf(tmp_path / "conf", engine_there.settings("", ""))
        spark.write_conf(tmp_path / "open", {"a": "1"})
    finally:
        os.umask(before)
    assert (tmp_path / "conf" / "spark-defaults.conf").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "open" / "spark-defaults.conf").stat().st_mode & 0o777 == 0o644


def test_airflow_s_connection_is_the_same_engine(places: InstancePaths) -> None:
    """A task's spark-submit gets the cluster's address, whole."""
    env = {"BASKETRY_SPARK_MASTER": "spark://spark-master:7077", **SECRET}
    connection = json.loads(airflow_environment(places, env)["AIRFLOW_CONN_SPARK_LOCAL"])
    assert connection == {"conn_type": "spark", "host": "spark://spark-master:7077"}


def test_spark_s_known_warnings_are_filtered_by_their_words() -> None:
    """As whole lines; a file of properties would take a backslash away, and an appender takes one filter."""
    (pattern,) = re.findall(r"^appender\.console\.filter\.known\.regex = (.*)", spark.LOGGING, re.M)
    assert "\\" not in pattern
    assert re.fullmatch(pattern, "Block rdd_6_0 already exists on this machine; not re-adding it")
    assert not re.fullmatch(pattern, "Block rdd_6_0 could not be removed")


@pytest.mark.slow
def test_a_known_warning_of_airflow_is_not_first_in_every_log(places: InstancePaths) -> None:
    """Airflow imports the filter when it starts; other deprecations of its own are shown as before."""
    env = airflow_environment(places, {**os.environ, "PYTHONWARNINGS": ""})
    says = "import warnings\nfrom airflow import settings\nsettings.initialize()\n"
    says += "for text in ('GitWildMatchPattern (x) is deprecated.', 'Other'):\n"
    says += "    warnings.warn_explicit(text, DeprecationWarning, 'x.py', 1, module='airflow.x')"
    done = subprocess.run([sys.executable, "-c", says], env=env, capture_output=True, text=True, check=True)
    shown = done.stdout + done.stderr
    assert "Other" in shown and "GitWild" not in shown


def test_a_small_machine_runs_one_small_job_at_a_time(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 4 GB a job gets 1 GB of heap, and Airflow starts no second one beside it."""
    monkeypatch.delenv("BASKETRY_SPARK_DRIVER_MEMORY", raising=False)
    for module in (engine, services):
        monkeypatch.setattr(module, "memory_limit", lambda: int(3.8 * 1024**3))
    assert "spark.driver.memory 1g" in spark.render(spark.settings(places, [], ""))
    assert airflow_environment(places, {})["AIRFLOW__CORE__PARALLELISM"] == "1"


def test_a_job_has_room_for_the_code_that_spark_makes() -> None:
    """The first compiler's own 48 MB are too few: a job of many queries died of them."""
    program = Path(os.environ["JAVA_HOME"]) / "bin" / "java"
    said = subprocess.check_output([program, *spark.JVM.split(), "-XX:+PrintFlagsFinal", "-version"], text=True)  # noqa: S603
    (reserved,) = re.findall(r"ReservedCodeCacheSize\s*=\s*(\d+)", said)
    assert int(reserved) == 256 * 1024**2


def test_a_driver_of_a_cluster_can_be_reached(places: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bound to the loopback address only where the executors are threads of its own."""
    monkeypatch.delenv("SPARK_LOCAL_IP", raising=False)
    monkeypatch.setenv("BASKETRY_SPARK_MASTER", "spark://spark-master:7077")
    monkeypatch.setenv("BASKETRY_SPARK_SECRET", SECRET["BASKETRY_SPARK_SECRET"])
    assert "SPARK_LOCAL_IP" not in environment(places, Path("/jdk"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASKETRY_SPARK_MASTER", "spark-master:7077"),
        ("BASKETRY_SPARK_MASTER", "yarn"),
        ("BASKETRY_SPARK_MASTER", "local[0]"),
        ("BASKETRY_SPARK_CORES", "all"),
        ("BASKETRY_SPARK_CORES", "0"),
        ("BASKETRY_SPARK_EXECUTOR_MEMORY", "2"),
        ("BASKETRY_SPARK_DRIVER_MEMORY", "2 GB"),
    ],
)
def test_an_engine_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    """The sentence names the variable and shows a right value."""
    env = {"BASKETRY_SPARK_MASTER": "spark://spark-master:7077", **SECRET, name: value}
    with pytest.raises(Problem, match=re.escape(f"{name} is '{value}'; ")):
        Engine.from_environment(env)
