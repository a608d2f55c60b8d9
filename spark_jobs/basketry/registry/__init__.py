"""The registered models: names, aliases, versions, verdicts. Plain Python; MLflow is imported when it is asked."""

from __future__ import annotations

from basketry.registry.client import (
    AS_THEN,
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    RETRY_ENV,
    ModelGoneError,
    RegistryDownError,
    VersionRun,
    alias_version,
    check_loadable,
    load_verdict,
    loading_version,
    move_champion,
    registered_name,
    registry_client,
    save_verdict,
    set_challenger,
    version_exists,
    version_run,
)

__all__ = [
    "AS_THEN",
    "CHALLENGER",
    "CHAMPION",
    "PREVIOUS",
    "RETRY_ENV",
    "ModelGoneError",
    "RegistryDownError",
    "VersionRun",
    "alias_version",
    "check_loadable",
    "load_verdict",
    "loading_version",
    "move_champion",
    "registered_name",
    "registry_client",
    "save_verdict",
    "set_challenger",
    "version_exists",
    "version_run",
]
