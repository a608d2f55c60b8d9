"""Jars and the JDK are those of the lock, or nothing is used of them."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from pathlib import Path

import pytest

from tools import artifacts, java, spark
from tools.artifacts import check_artifacts, check_file, checksums
from tools.environment import InstancePaths
from tools.problem import Problem


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstancePaths:
    """A cache with two jars, which the lock names."""
    folder = tmp_path / "cache" / "jars"
    folder.mkdir(parents=True)
    locked = {}
    for name in ("io.delta_a-4.jar", "io.delta_b-4.jar"):
        (folder / name).write_bytes(name.encode())
        locked[name] = hashlib.sha256(name.encode()).hexdigest()
    (folder / f".complete-{spark.DELTA.rsplit(':', 1)[1]}").touch()
    monkeypatch.setattr(artifacts, "_lock", lambda: {"delta": locked, "jdk": {}})
    return InstancePaths(tmp_path / "home", tmp_path / "cache", 8080, 5000)


def test_every_checksum_is_of_the_version_that_is_used() -> None:
    """Another version of Delta or of the JDK needs other checksums; macOS and Linux, both processors, have one."""
    version = spark.DELTA.rsplit(":", 1)[1]
    assert all(re.fullmatch(rf"io\.delta_.*-{re.escape(version)}\.jar", name) for name in checksums("delta"))
    connector = spark.KAFKA.rsplit(":", 1)[1]
    assert f"org.apache.spark_spark-sql-kafka-0-10_2.13-{connector}.jar" in checksums("kafka")
    assert len(checksums("kafka")) == len(spark.NOT_IN_PYSPARK) + 1  # the connector and its tokens begin alike
    jdk = java.INSTALLED.replace("+", "_")
    systems = {f"{machine}_{system}" for machine in ("x64", "aarch64") for system in ("linux", "mac")}
    assert set(checksums("jdk")) == {f"OpenJDK17U-jdk_{system}_hotspot_{jdk}.tar.gz" for system in systems}
    for kind in ("delta", "jdk", "kafka"):
        assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in checksums(kind).values())


def test_this_cache_holds_what_the_lock_says() -> None:
    """The jars with which these tests run."""
    folder = InstancePaths.from_environment().cache / "jars"
    check_artifacts("delta", folder.glob("*.jar"))


def test_the_jars_of_the_lock_are_used(cache: InstancePaths) -> None:
    """In order, without fetching anything."""
    jars = spark.delta_jars(cache, Path("/no/java"), pytest.fail)
    assert [jar.name for jar in jars] == ["io.delta_a-4.jar", "io.delta_b-4.jar"]


def test_another_jar_is_used_by_nobody(cache: InstancePaths) -> None:
    """Changed, missing or one too many: the command ends before Spark starts, and says which one."""
    folder = cache.cache / "jars"
    (folder / "io.delta_a-4.jar").write_bytes(b"another")
    with pytest.raises(Problem, match=r"io\.delta_a-4\.jar is not the file that tools/artifacts\.json names"):
        spark.delta_jars(cache, Path("/no/java"), pytest.fail)
    (folder / "io.delta_a-4.jar").unlink()
    with pytest.raises(Problem, match=r"io\.delta_a-4\.jar is missing: delete .*jars and run again"):
        spark.delta_jars(cache, Path("/no/java"), pytest.fail)
    (folder / "io.delta_a-4.jar").write_bytes(b"io.delta_a-4.jar")
    (folder / "evil.jar").touch()
    with pytest.raises(Problem, match=r"evil\.jar is not in the lock"):
        spark.delta_jars(cache, Path("/no/java"), pytest.fail)


def test_kafka_s_jars_are_checked_as_well(cache: InstancePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that Spark does not bring along; what else its resolver fetched is not used."""
    folder = cache.cache / "ivy-kafka-connector" / "jars"
    folder.mkdir(parents=True)
    (folder.parent / ".complete").touch()
    (folder / "org.apache.kafka_kafka-clients-3.jar").write_bytes(b"another")
    (folder / "org.scala-lang_scala-library-2.jar").touch()
    locked = {"org.apache.kafka_kafka-clients-3.jar": hashlib.sha256(b"clients").hexdigest()}
    monkeypatch.setattr(artifacts, "_lock", lambda: {"kafka": locked})
    with pytest.raises(Problem, match=r"kafka-clients-3\.jar is not the file"):
        spark.kafka_jars(cache, Path("/no/java"), pytest.fail)
    (folder / "org.apache.kafka_kafka-clients-3.jar").write_bytes(b"clients")
    assert [jar.name for jar in spark.kafka_jars(cache, Path("/no/java"), pytest.fail)] == list(locked)


def packed(*names: str) -> bytes:
    """An archive with these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return content.getvalue()


def serve(monkeypatch: pytest.MonkeyPatch, content: bytes, sha256: str) -> None:
    """The publisher's server answers so, and the lock says so."""
    name = "OpenJDK17U-jdk_x64_linux_hotspot_17.tar.gz"
    monkeypatch.setattr(artifacts, "_lock", lambda: {"jdk": {name: sha256}})
    monkeypatch.setattr(java, "archive_name", lambda: name)
    monkeypatch.setattr(java, "_fetch", lambda address, target: target.write_bytes(content))


def test_a_jdk_is_unpacked_only_with_its_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a server or a proxy gave instead is not even unpacked, and does not stay."""
    content = packed("jdk-17/bin/java")
    serve(monkeypatch, content, "0" * 64)
    with pytest.raises(Problem, match="is not the file that tools/artifacts.json names"):
        java.install_java(tmp_path)
    assert not list((tmp_path / "jdk").rglob("*"))
    serve(monkeypatch, content, hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(java, "find_java", lambda cache: cache / "jdk" / "jdk-17")
    assert java.install_java(tmp_path) == tmp_path / "jdk" / "jdk-17"
    assert [path.name for path in (tmp_path / "jdk").iterdir()] == ["jdk-17"]


def test_an_archive_writes_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even one with the right checksum."""
    content = packed("../outside")
    serve(monkeypatch, content, hashlib.sha256(content).hexdigest())
    with pytest.raises(tarfile.OutsideDestinationError):
        java.install_java(tmp_path)
    assert not (tmp_path / "outside").exists()


def test_one_file_is_checked_by_its_bytes(tmp_path: Path) -> None:
    """Its name says nothing."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    check_file(path, hashlib.sha256(b"x").hexdigest())
    with pytest.raises(Problem):
        check_file(path, hashlib.sha256(b"y").hexdigest())
