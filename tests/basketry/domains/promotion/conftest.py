"""A registry for each module of tests, and models in it that no other test uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from basketry import registry
from basketry.config.settings import Settings
from basketry.warehouse import open_rows
from basketry.warehouse.rows import RowStore
from tests.kit.registry import RUNS, own_registry, register


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry for this module."""
    folder = tmp_path_factory.mktemp("registry")
    with own_registry(folder):
        yield folder


@pytest.fixture
def rows(settings: Settings) -> RowStore:
    """The tables of the catalog demo in a temporary home, for a few rows: without Spark."""
    return open_rows("demo", settings)


@pytest.fixture
def model(folder: Path) -> str:
    """A kind of model that no other test uses, with three versions; the last is the challenger."""
    model = f"kind_{next(RUNS)}"
    name = registry.registered_name("demo", model)
    for _ in range(3):
        register(folder, name)
    registry.set_challenger(name, "3")
    return model
