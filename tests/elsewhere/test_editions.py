"""A job refuses a DAG of another edition, on a cluster as on an Airflow that takes its DAGs from git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from basketry.config.edition import edition
from tests.elsewhere.other_airflow import DELIVERED
from tools.environment import CHECKOUT
from tools.wheel import build_wheel


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel of this checkout is installed."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(build_wheel(CHECKOUT, tmp_path_factory.mktemp("dist"))) as packed:
        packed.extractall(folder)
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """What a git bundle holds: DAGs, scripts and rules, of another commit than the wheel."""
    for name in DELIVERED:
        shutil.copytree(CHECKOUT / name, tmp_path / "bundle" / name, ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "bundle" / "include" / "rfm.yaml").open("a") as rule:
        rule.write("# another rule\n")
    return tmp_path / "bundle"


def last_line(script: Path, installed: Path, of_edition: str) -> str:
    """What a job says where the wheel is installed: it would be refused for its day if for nothing else."""
    command = [sys.executable, str(script), "--catalog=demo", "--as-of=2099-01-01", f"--edition={of_edition}"]
    hidden = ("BASKETRY_INCLUDE", "BASKETRY_NOW", "BASKETRY_HOME")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    home = script.parent / "home"
    done = subprocess.run(
        command,
        cwd=script.parent,
        env=env | {"PYTHONPATH": str(installed), "BASKETRY_HOME": str(home)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 65 and not home.exists(), done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_cluster_with_another_wheel_refuses(installed: Path, tmp_path: Path) -> None:
    """The script lies alone and the library is the wheel's: one sentence names both editions and the way out."""
    script = Path(shutil.copy(CHECKOUT / "spark_jobs" / "sales.py", tmp_path))
    assert last_line(script, installed, "0123456789ab") == (
        "basketry.errors.BadInputError: BAD_INPUT: the DAG of this run is of edition 0123456789ab"
        f" and the library here of {edition()}: install the wheel of the DAG's commit here; on Databricks run make"
        " deploy from Airflow's checkout and restart a running cluster."
    )
    assert "2099-01-01 is not over" in last_line(script, installed, edition()), "the wheel's own: the next refusal"


def test_a_bundle_of_another_commit_than_the_wheel_refuses(installed: Path, bundle: Path) -> None:
    """Beside the script lies its own library, but Spark's workers would import the wheel's."""
    changed = edition(bundle)
    assert changed != edition()
    line = last_line(bundle / "spark_jobs" / "sales.py", installed, changed)
    assert f"is of edition {changed} and the library here of {edition()}" in line
    shutil.copy(CHECKOUT / "include" / "rfm.yaml", bundle / "include" / "rfm.yaml")
    assert "2099-01-01 is not over" in last_line(bundle / "spark_jobs" / "sales.py", installed, edition())


def test_a_checkout_is_of_one_edition(tmp_path: Path) -> None:
    """Here library, script and what workers import are one: a run of make run's Airflow has nothing to refuse."""
    script = CHECKOUT / "spark_jobs" / "sales.py"
    command = [sys.executable, str(script), "--catalog=demo", "--as-of=2999-12-31", f"--edition={edition()}"]
    env = os.environ | {"BASKETRY_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert "2999-12-31 is not over" in done.stderr
