"""Makes the challenger of a kind of model the champion, as a gate that lets everything in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from basketry import registry
from basketry.config.settings import Settings
from basketry.registry.promotion import promote
from basketry.registry.promotion_request import PromotionRequest
from basketry.warehouse import open_rows


def crown(home: Path, catalog: str, kind: str) -> None:
    """Promote the challenger of a kind of model.

    Args:
        home: The home with the catalog's lake.
        catalog: The catalog.
        kind: The kind of model.
    """
    name = registry.registered_name(catalog, kind)
    version = str(registry.alias_version(name, registry.CHALLENGER))
    champion = registry.alias_version(name, registry.CHAMPION)
    verdict = {"verdict": "promote", "champion": champion, "reason": "a benchmark asks no gate.", "checks": []}
    digest = registry.version_digest(name, version)
    registry.save_verdict(name, registry.version_run(name, version).run_id, {**verdict, "artifacts": digest})
    rows = open_rows(catalog, Settings.from_environment({"BASKETRY_HOME": str(home)}))
    promote(rows, PromotionRequest(model=kind, challenger=version, decided_at=datetime.now(UTC).isoformat()))
