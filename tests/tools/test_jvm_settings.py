"""The measured settings of the JVM: each differs from today's by what its name says, and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import jvm

OPTIONS = (
    "-XX:TieredStopAtLevel=1 -XX:-DontCompileHugeMethods -XX:+UseSerialGC -XX:SharedArchiveFile=/cache/classes.jsa"
)


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the settings of a launch, and name their folder."""
    (tmp_path / "spark-defaults.conf").write_text(
        f"spark.master local[2]\nspark.driver.extraJavaOptions {OPTIONS}\nspark.ui.enabled false\n"
    )
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    return tmp_path


def _lines(folder: Path) -> set[str]:
    return set((folder / "spark-defaults.conf").read_text().splitlines())


@pytest.mark.parametrize(
    ("name", "absent", "present"),
    [
        ("first compiler", "", "-XX:TieredStopAtLevel=1"),
        ("both", "TieredStopAtLevel", "-XX:+UseSerialGC"),
        ("both, no archive", "SharedArchiveFile", "-XX:+UseSerialGC"),
        ("both, parallel collector", "UseSerialGC", "-XX:+UseParallelGC"),
        ("both, huge methods interpreted", "HugeMethods", "-XX:+UseSerialGC"),
    ],
)
def test_a_setting_changes_what_its_name_says(
    launched: Path, tmp_path: Path, name: str, absent: str, present: str
) -> None:
    """Its options lack or have a word; the other settings of Spark stay."""
    lines = _lines(jvm.settings_folder(tmp_path / "measured", name))
    (options,) = [line for line in lines if line.startswith("spark.driver.extraJavaOptions")]
    assert present in options.split()
    assert not absent or absent not in options
    assert {"spark.master local[2]", "spark.ui.enabled false"} <= lines


def test_the_first_setting_is_the_first_compiler_whatever_jobs_start_with(launched: Path, tmp_path: Path) -> None:
    """It is what all others are compared with, also once jobs start with both compilers."""
    conf = launched / "spark-defaults.conf"
    conf.write_text(conf.read_text().replace("-XX:TieredStopAtLevel=1 ", ""))
    lines = _lines(jvm.settings_folder(tmp_path / "measured", next(iter(jvm.SETTINGS))))
    assert any("-XX:TieredStopAtLevel=1" in line.split() for line in lines)
