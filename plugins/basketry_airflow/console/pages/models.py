"""Models: which version scores, which waits, what the gate said about each, and the way back to an earlier one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from starlette.responses import Response

from basketry.gates.model import FAILED, INCONCLUSIVE, REFUSE, UNSURE
from basketry_airflow.champions import first_refusal
from basketry_airflow.console import happenings
from basketry_airflow.console.registered import Registered, registered
from basketry_airflow.console.rendering import Looking, render
from basketry_airflow.console.verdicts import PROMOTIONS, champion_by, former_champions, provisional_notice, refused
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()

ROLLBACK_DAG = "model_rollback"
NEWEST = 20
"""Verdicts of a model that are shown."""


@dataclass(frozen=True)
class Model:
    """One kind of model. champion: by the registry, else by the newest verdict that moved it; verdicts: newest first.

    standing: that its first version was refused, or that the champion is provisional. former: versions that have scored and
    do not now, which may be rolled back to.
    """

    kind: str
    name: str
    champion: str | None
    registry: Registered
    verdicts: tuple[Record, ...]
    standing: Notice | None
    former: tuple[str, ...]

    def alias(self, alias: str) -> str | None:
        """The version that the registry names so."""
        return self.registry.versions.get(alias)

    @property
    def is_challenger_refused(self) -> bool:
        """Whether the gate has refused the version that is still the challenger."""
        newest = next((row for row in self.verdicts if row["version"] == self.alias("challenger")), None)
        return newest is not None and newest["verdict"] == REFUSE


@dataclass(frozen=True)
class Models:
    """What the page shows. rollback: how the user may start one, None when Airflow does not let them."""

    models: tuple[Model, ...]
    rollback: happenings.Start | None


@router.get("/models")
def page(viewer: Looking, user: GetUserDep) -> Response:
    """The page."""
    shown = viewer.missing("Models", "weekly_retraining", PROMOTIONS) or models(viewer, user)
    return render(viewer, "models", "Models", shown)


def models(viewer: Viewer, user: Any) -> Models | Notice:
    """All that the page shows. user: Airflow's own."""
    sql = f"""SELECT model, number, version, champion_before, champion_after, verdict, decided_by, decided_at, reason, checks
              FROM {PROMOTIONS} ORDER BY model, number DESC"""  # noqa: S608
    found: dict[str, list[Record]] = {}
    for row in viewer.records(sql):
        found.setdefault(row["model"], []).append(row)
    if not found:
        return Notice("No models yet", "No gate has judged a model so far. The DAG bootstrap trains the first ones.")
    known = registered(tuple(found))
    listed = tuple(_model(name, rows, known[name]) for name, rows in found.items())
    return Models(listed, happenings.start_of(user, ROLLBACK_DAG))


def _model(name: str, rows: list[Record], told: Registered) -> Model:
    champion = told.versions.get("champion") if told.answered else champion_by(rows)
    verdicts = tuple({**row, "checks": _checks(row["checks"])} for row in rows[:NEWEST])
    former = former_champions(rows, champion)
    kind = name.rpartition(".")[2]
    return Model(kind, name, champion, told, verdicts, _standing(kind, rows, champion), former)


def _standing(kind: str, rows: list[Record], champion: str | None) -> Notice | None:
    refusal = first_refusal(rows) if champion is None else None
    return refused(refusal, kind) if refusal else provisional_notice(kind, rows, champion)


def _checks(text: str) -> tuple[Record, ...]:
    """The gate's checks, those that did not pass first; none where they cannot be read."""
    try:
        checks = json.loads(text or "[]")
    except ValueError:
        return ()
    order = {FAILED: 0, UNSURE: 1, INCONCLUSIVE: 2}
    return tuple(sorted(checks, key=lambda check: order.get(check.get("outcome"), len(order))))
