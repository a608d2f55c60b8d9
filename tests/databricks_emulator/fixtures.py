"""The fixture for tests of other rooms; a conftest imports it to offer it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databricks_emulator.emulator import DatabricksEmulator

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def databricks_emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksEmulator]:
    """A running workspace with the real spark_jobs/ and an empty home; Airflow's databricks_default leads to it."""
    with DatabricksEmulator(CHECKOUT / "spark_jobs", tmp_path / "databricks-home") as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", emulator.connection)
        yield emulator
