"""Deliveries that several tests read: made once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from tools.demo import Manifest, deliver

END = date(2026, 11, 20)


@dataclass(frozen=True)
class Delivery:
    """A landing folder and its manifest."""

    folder: Path
    manifest: Manifest


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    """A year of a retailer a third as big as the default: long enough for seasons, price lists and ended periods."""
    folder = tmp_path_factory.mktemp("demo")
    return Delivery(folder, deliver(folder, END, scale=0.3, weeks=56))
