"""What learns on small data does so on one thread."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def on_one_thread(one_thread: None) -> None:
    """Ask for it in every domain."""
