"""Compute profiles: a mistake dies when the DAG is read, and says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry_airflow.compute import load_compute

CHECKOUT = Path(__file__).resolve().parents[2]


def profile(folder: Path, text: str) -> Path:
    """An include folder whose default profile is `text`."""
    (folder / "compute").mkdir()
    (folder / "compute" / "default.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("new_cluster: {num_workers: 1}\nnew_clutser: {}\n", "new_clutser"),
        ("description: nothing else\n", "new_cluster"),
        ("new_cluster: {spark_version: }\n", "new_cluster.spark_version"),
        ("new_cluster: [\n", "not YAML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    """An unknown key, a missing cluster, an empty value, broken YAML: one sentence each."""
    with pytest.raises(BadInputError, match=re.escape(named)):
        load_compute(profile(tmp_path, text))


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    """The path to write is in the message."""
    with pytest.raises(BadInputError, match="compute/default.yaml"):
        load_compute(tmp_path)


def test_libraries_have_the_locked_versions() -> None:
    """What is installed on a cluster is what was tested here."""
    locked = set(re.findall(r"^[\w.-]+==[\w.]+", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE))
    libraries = load_compute(CHECKOUT / "include").libraries
    assert libraries
    assert {library["pypi"]["package"] for library in libraries} <= locked
