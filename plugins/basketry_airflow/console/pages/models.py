"""Models: which version scores, which waits, what the gate said about each, and the way back to an earlier one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from basketry.gates.model import FAILED, INCONCLUSIVE, REFUSE, UNSURE
from basketry.registry.models import MODELS
from basketry_airflow.champions import first_refusal
from basketry_airflow.console import airflow_status
from basketry_airflow.console.model_aliases import ModelAliases, model_aliases
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.verdicts import (
    PROMOTIONS,
    champion_by,
    former_champions,
    provisional_notice,
    refusal_notice,
)
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()
PAGE = Page(path="models", title="Models", position=8, router=router, tables=(PROMOTIONS,), filled_by="bootstrap")

ROLLBACK_DAG = "model_rollback"
NEWEST = 20
"""Verdicts of a model that are shown."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One kind of model.

    Attributes:
        kind: The kind, as in include/gates.
        label: What people call it.
        makes: The tables whose rows its versions make.
        name: The registered name.
        champion: By the registry, else by the newest verdict that moved it.
        registry: What the registry says now.
        verdicts: The newest first.
        notice: That its first version was refused, or that the champion is provisional.
        former: Versions that have scored and do not now, which may be rolled back to.
    """

    kind: str
    label: str
    makes: tuple[str, ...]
    name: str
    champion: str | None
    registry: ModelAliases
    verdicts: tuple[Record, ...]
    notice: Notice | None
    former: tuple[str, ...]

    def alias(self, alias: str) -> str | None:
        """Return the version that the registry names so."""
        return self.registry.versions.get(alias)

    @property
    def is_challenger_refused(self) -> bool:
        """Whether the gate has refused the version that is still the challenger."""
        newest = next((row for row in self.verdicts if row["version"] == self.alias("challenger")), None)
        return newest is not None and newest["verdict"] == REFUSE


@dataclass(frozen=True)
class Models:
    """What the page shows.

    Attributes:
        models: One for each kind that a gate has ever decided about.
        rollback: How the user may start one, None when Airflow does not let them.
    """

    models: tuple[Model, ...]
    rollback: airflow_status.RunTrigger | None


@router.get("/models")
def page(viewer: CurrentViewer) -> Response:
    """Return the page."""
    shown = PAGE.unavailable(viewer) or models(viewer)
    return render(viewer, PAGE.path, PAGE.title, shown)


def models(viewer: Viewer) -> Models | Notice:
    """Return all that the page shows."""
    sql = f"""SELECT model, number, version, champion_before, champion_after, verdict, decided_by, decided_at, reason, checks
              FROM {PROMOTIONS} ORDER BY model, number DESC"""  # noqa: S608
    rows_by_model: dict[str, list[Record]] = {}
    for row in viewer.records(sql):
        rows_by_model.setdefault(row["model"], []).append(row)
    if not rows_by_model:
        return PAGE.empty(viewer, "No gate has judged a model so far.")
    aliases = model_aliases(tuple(rows_by_model))
    cards = tuple(_model(name, rows, aliases[name]) for name, rows in rows_by_model.items())
    return Models(cards, airflow_status.run_trigger(viewer.account, ROLLBACK_DAG))


def _model(name: str, rows: list[Record], aliases: ModelAliases) -> Model:
    champion = aliases.versions.get("champion") if aliases.answered else champion_by(rows)
    verdicts = tuple({**row, "checks": _checks(row["checks"])} for row in rows[:NEWEST])
    former = former_champions(rows, champion)
    kind = name.rpartition(".")[2]
    spec = MODELS.get(kind)  # a kind of an earlier release may be declared no more
    return Model(
        kind=kind,
        label=spec.label if spec else kind.capitalize(),
        makes=tuple(table.full_name for table in spec.makes) if spec else (),
        name=name,
        champion=champion,
        registry=aliases,
        verdicts=verdicts,
        notice=_notice(kind, rows, champion),
        former=former,
    )


def _notice(kind: str, rows: list[Record], champion: str | None) -> Notice | None:
    refusal = first_refusal(rows) if champion is None else None
    return refusal_notice(refusal, kind) if refusal else provisional_notice(kind, rows, champion)


def _checks(text: str) -> tuple[Record, ...]:
    """Return the gate's checks, those that did not pass first; none where they cannot be read."""
    try:
        checks = json.loads(text or "[]")
    except ValueError:
        return ()
    order = {FAILED: 0, UNSURE: 1, INCONCLUSIVE: 2}
    return tuple(sorted(checks, key=lambda check: order.get(check.get("outcome"), len(order))))
