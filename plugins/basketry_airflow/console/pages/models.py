"""Models: which version scores, which waits, what the gate said about each, and the way back to an earlier one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter
from starlette.responses import Response

from basketry_airflow.console import happenings
from basketry_airflow.console.registered import Registered, registered
from basketry_airflow.console.rendering import Looking, render
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()

PROMOTIONS = "ops.promotions"
ROLLBACK_DAG = "model_rollback"
NEWEST = 20
"""Verdicts of a model that are shown."""


@dataclass(frozen=True)
class Model:
    """One kind of model. champion: by the registry, else by the newest verdict that moved it; verdicts: newest first."""

    kind: str
    name: str
    champion: str | None
    registry: Registered
    verdicts: tuple[Record, ...]

    def alias(self, alias: str) -> str | None:
        """The version that the registry names so."""
        return self.registry.versions.get(alias)


@dataclass(frozen=True)
class Models:
    """What the page shows. may_roll_back: whether Airflow lets the user."""

    models: tuple[Model, ...]
    may_roll_back: bool


@router.get("/models")
def page(viewer: Looking, user: GetUserDep) -> Response:
    """The page."""
    shown = viewer.missing("Models", "weekly_retraining", PROMOTIONS) or models(viewer, user)
    return render(viewer, "models", "Models", shown, rollback_dag=ROLLBACK_DAG)


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
    return Models(listed, happenings.may_trigger(user, ROLLBACK_DAG))


def _model(name: str, rows: list[Record], told: Registered) -> Model:
    moved = next((row["champion_after"] for row in rows if row["verdict"] != "refuse"), None)
    champion = told.versions.get("champion") if told.answered else moved
    verdicts = tuple({**row, "checks": _checks(row["checks"])} for row in rows[:NEWEST])
    return Model(name.rpartition(".")[2], name, champion, told, verdicts)


def _checks(text: str) -> tuple[Record, ...]:
    """The gate's checks, those that did not pass first; none where they cannot be read."""
    try:
        checks = json.loads(text or "[]")
    except ValueError:
        return ()
    order = {"failed": 0, "noise": 1}
    return tuple(sorted(checks, key=lambda check: order.get(check.get("outcome"), 2)))
