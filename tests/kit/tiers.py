"""What pytest collected, before marks selected: for the tests of the tiers."""

from __future__ import annotations

import pytest

COLLECTED: pytest.StashKey[dict[str, frozenset[str]]] = pytest.StashKey()
"""The names of each collected test's marks, by the test's id, in pytest's configuration."""
