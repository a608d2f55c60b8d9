"""Airflow of these tests keeps to itself."""

from __future__ import annotations

import tests.airflow_environment  # noqa: F401  before anything imports Airflow
