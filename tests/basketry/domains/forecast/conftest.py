"""The registry of a test's own, and one thread: as the propensity tests have them."""

from __future__ import annotations

from tests.basketry.domains.propensity.conftest import empty_registry, one_thread

__all__ = ["empty_registry", "one_thread"]
