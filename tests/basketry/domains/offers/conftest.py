"""The propensity tests' MLflow of a test's own serves here too."""

from __future__ import annotations

from tests.basketry.domains.propensity.conftest import empty_registry, one_thread, registry_home

__all__ = ["empty_registry", "one_thread", "registry_home"]
