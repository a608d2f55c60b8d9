"""Airflow of these tests keeps to itself; a Databricks workspace can be had."""

from __future__ import annotations

import tests.kit.airflow  # noqa: F401  before anything imports Airflow
from tests.databricks_emulator.fixtures import databricks_emulator

__all__ = ["databricks_emulator"]
