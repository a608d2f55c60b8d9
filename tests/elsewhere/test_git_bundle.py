"""Airflow, the providers and the wheel parse every DAG of a git bundle."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.config.edition import edition
from basketry.databricks.bundle_paths import ROOT, wheel_path
from basketry.databricks.library_wheel import wheel_name
from tests.elsewhere.other_airflow import OtherAirflow
from tests.tools.declared import DAGS
from tools.environment import CHECKOUT

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> OtherAirflow:
    """An Airflow that knows nothing of this checkout."""
    made = OtherAirflow.make(tmp_path_factory.mktemp("elsewhere"))
    made.migrate()
    return made


def test_every_dag_is_parsed_from_a_git_bundle(other: OtherAirflow) -> None:
    """Nothing of this checkout is loaded: library from the wheel, scripts and runbooks from the bundle's own commit."""
    commit = other.commit()
    for runtime in ("local", "databricks"):
        parsed = other.parsed(BASKETRY_RUNTIME=runtime)
        assert not parsed["errors"]
        assert parsed["version"] == commit and Path(parsed["path"]).is_relative_to(other.folder)
        assert set(parsed["dags"]) == set(DAGS)
        assert all("## Runbook" in page for page in parsed["dags"].values())
        assert not [file for file in parsed["files"] if Path(file).is_relative_to(CHECKOUT)]
        assert str(other.python.parents[1]) in next(f for f in parsed["files"] if f.endswith("/basketry/__init__.py"))
        bundle = Path(parsed["path"]).parent
        for job in parsed["jobs"].values():
            assert job["edition"] == f"--edition={edition()}"
            if runtime == "local":
                assert Path(job["script"]).parent == bundle / "spark_jobs" and Path(job["script"]).is_file()
            else:
                assert job["libraries"][0] == {"whl": wheel_path(ROOT, other.wheel.name)}
        assert len(parsed["jobs"]) > 20
    assert other.wheel.name == wheel_name(edition())
