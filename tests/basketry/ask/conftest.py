"""The small shop, made once for all tests of questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from basketry.config.settings import Settings
from basketry.warehouse import Warehouse, open_warehouse
from tests.kit import small_shop


@pytest.fixture(scope="session")
def raw() -> dict[str, pd.DataFrame]:
    """The raw frames."""
    return small_shop.frames()


@pytest.fixture(scope="session")
def shop_home(raw: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """BASKETRY_HOME with the small shop's lake."""
    home = tmp_path_factory.mktemp("shop")
    small_shop.write(home, raw)
    yield home


@pytest.fixture(scope="session")
def shop(shop_home: Path) -> Warehouse:
    """Its warehouse."""
    return open_warehouse("demo", Settings.from_environment({"BASKETRY_HOME": str(shop_home)}))
