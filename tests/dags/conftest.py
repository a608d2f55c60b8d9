"""Airflow of these tests keeps to itself."""

from __future__ import annotations

import tests.kit.airflow  # noqa: F401  before anything imports Airflow
