"""The registered models: names, aliases, versions, verdicts. Plain Python; MLflow is imported when it is asked."""

from __future__ import annotations

from basketry.registry.client import (
    AS_THEN,
    CHALLENGER,
    CHAMPION,
    PATIENCE,
    PREVIOUS,
    ModelGoneError,
    RegistryDownError,
    VersionRun,
    alias_version,
    answering,
    check_loads,
    keep_verdict,
    kept_verdict,
    loading,
    move_champion,
    registered_name,
    set_challenger,
    version_exists,
    version_run,
)

__all__ = [
    "AS_THEN",
    "CHALLENGER",
    "CHAMPION",
    "PATIENCE",
    "PREVIOUS",
    "ModelGoneError",
    "RegistryDownError",
    "VersionRun",
    "alias_version",
    "answering",
    "check_loads",
    "keep_verdict",
    "kept_verdict",
    "loading",
    "move_champion",
    "registered_name",
    "set_challenger",
    "version_exists",
    "version_run",
]
