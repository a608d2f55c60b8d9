"""What the gate has said about the model behind a page: who refused it and why, or that it scores as provisional."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from basketry.gates.model import PROMOTE, PROVISIONAL, REFUSE
from basketry.registry import registered_name
from basketry.registry.models import MODELS, ModelSpec
from basketry_airflow.champions import COLUMNS, Refusal, first_refusal
from basketry_airflow.console.viewer import Notice, Record, Viewer

PROMOTIONS = "ops.promotions"


def verdicts(viewer: Viewer, kind: str) -> list[Record]:
    """Return every verdict about a kind of model, the newest first; none for a team that may not read them."""
    if not viewer.may_read(PROMOTIONS) or viewer.state(PROMOTIONS) is None:
        return []
    sql = f"SELECT {', '.join(COLUMNS)} FROM {PROMOTIONS} WHERE model = :model ORDER BY number DESC"  # noqa: S608
    return viewer.records(sql, model=registered_name(viewer.catalog.name, kind))


def first_refusal_of(viewer: Viewer, kind: str) -> Refusal | None:
    """Return the refusal because of which no version of the model scores; None where one does, or the team may not know."""
    return first_refusal(verdicts(viewer, kind))


def not_scored_notice(viewer: Viewer, what: str, spec: ModelSpec, refusal: Refusal) -> Notice:
    """Say that `what` is empty because the gate refused the first model, and which check it failed."""
    return replace(
        refusal_notice(refusal, spec.name),
        title=f"No {what[:1].lower()}{what[1:]}: the {spec.label.lower()} model was refused",
        link="See its checks on Models",
        href=f"{viewer.link('models')}#{spec.name}",
    )


def refusal_notice(refusal: Refusal, kind: str) -> Notice:
    """Say who refused the first model, why, and what to do about it."""
    return Notice(
        "No version scores",
        f"{refusal.sentence} Look at what failed, deliver more history or correct what it shows, and run the DAG"
        f" {_first_trained_by(kind)} again: a version scores once it is promoted. The runbook is"
        " docs/runbooks/gate.md.",
    )


def _first_trained_by(kind: str) -> str:
    spec = MODELS.get(kind)  # a kind of an earlier release may be declared no more
    return spec.first_trained_by if spec else "that trains it"


def provisional_champion_notice(viewer: Viewer, kind: str) -> Notice | None:
    """Say that the champion is provisional, and why; None where it is not, or the team may not know."""
    rows = verdicts(viewer, kind)
    return provisional_notice(kind, rows, champion_by(rows))


def champion_by(newest_first: Iterable[Record]) -> str | None:
    """Return the version that scores, by the newest verdict that moved it."""
    return next((row["champion_after"] for row in newest_first if row["verdict"] != REFUSE), None)


def provisional_notice(kind: str, newest_first: Iterable[Record], champion: str | None) -> Notice | None:
    """Say the same of these verdicts; a rollback to a provisional version leaves it provisional."""
    promotions = (
        row for row in newest_first if row["verdict"] in (PROMOTE, PROVISIONAL) and row["version"] == champion
    )
    row = next(promotions, None)
    if row is None or row["verdict"] != PROVISIONAL:
        return None
    reason = row["reason"].strip().rstrip(".")
    text = (
        f"Version {champion} is {reason}. It scores meanwhile; the next training that passes its gate may replace it."
    )
    return Notice(f"The {kind.replace('_', ' ')} model is provisional", text)


def former_champions(newest_first: Iterable[Record], champion: str | None) -> tuple[str, ...]:
    """Return the versions that have scored and do not now, the newest first: those that may be rolled back to."""
    champions = (row["champion_after"] for row in newest_first if row["verdict"] != REFUSE)
    return tuple(dict.fromkeys(version for version in champions if version and version != champion))
