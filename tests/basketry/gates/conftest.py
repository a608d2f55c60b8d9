"""The gates of the kit, in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.gates import Gate
from tests.kit.gates import PROPENSITY


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """An include folder with three gates."""
    return PROPENSITY.write(tmp_path)


@pytest.fixture
def gate(include: Path) -> Gate:
    """The gate of scores."""
    return PROPENSITY.load(include)
