"""Fixtures that tests of several packages ask for; tests/conftest.py loads them for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def one_thread() -> Iterator[None]:
    """Tests share the machine: threads that wait for a core cost more than they help on small data."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an MLflow in which nothing happened; making one takes seconds, copying it none."""
    from mlflow import MlflowClient

    database = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture
def registry_home(empty_registry: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder that holds runs, models and files of an empty MLflow."""
    from tests.kit.registry import copied_registry

    with copied_registry(empty_registry, tmp_path):
        yield tmp_path
