"""The small shop, which dashboards, Genie's examples and metric views are asked of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from basketry.config.settings import Settings
from basketry.warehouse import Warehouse, open_warehouse
from tests.kit import small_shop


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Its warehouse."""
    home = tmp_path_factory.mktemp("shop")
    small_shop.write(home, small_shop.frames())
    yield open_warehouse("demo", Settings.from_environment({"BASKETRY_HOME": str(home)}))
