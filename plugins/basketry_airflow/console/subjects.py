"""What a run of a DAG is about, by its form: a failure is over when a later run about the same thing has succeeded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from basketry.config.settings import EVERY_FEED
from basketry.registry.models import MODELS

FIELDS: Mapping[str, tuple[str, ...]] = {
    "ingest": ("feed",),
    "replay_quarantine": ("feed",),
    "model_rollback": ("model",),
    "forget": ("request_id",),
}
"""By DAG: the form's fields that say what a run is about, beside its catalog. The day is none of them: the next day's run
tells how the DAG stands."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "model_rollback": {"model": next(iter(MODELS))},
    "forget": {"dry_run": True},
}
"""By DAG: what a form says of these fields where nobody has filled them in."""

Form = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """What a run of a DAG is about.

    Attributes:
        dag_id: The DAG.
        catalog: The catalog.
        values: Further fields of the form with their values.
        is_dry: Whether the run was to change nothing.
    """

    dag_id: str
    catalog: str
    values: tuple[tuple[str, str], ...]
    is_dry: bool

    @property
    def words(self) -> str:
        """For people: `demo, products`."""
        values = ("every feed" if value == EVERY_FEED else value for _, value in self.values if value)
        return ", ".join((self.catalog, *values, *(["dry run"] if self.is_dry else [])))

    def is_settled_by(self, later: Subject) -> bool:
        """Return whether a later success about `later` settles a failure about this; a dry run settles dry runs only."""
        if (self.dag_id, self.catalog) != (later.dag_id, later.catalog) or (later.is_dry and not self.is_dry):
            return False
        return all(
            value == other or (name == "feed" and other == EVERY_FEED)
            for (name, value), (_, other) in zip(self.values, later.values, strict=True)
        )


def subject(dag_id: str, form: Form, scheduled_catalog: str) -> Subject:
    """Return the subject of a run.

    Args:
        dag_id: The DAG.
        form: What the run was started with.
        scheduled_catalog: The catalog where the form names none.
    """
    filled = {**DEFAULTS.get(dag_id, {}), **form}
    values = tuple((name, str(filled.get(name, ""))) for name in FIELDS.get(dag_id, ()))
    dry = not filled.get("apply") if dag_id == "apply_grants" else bool(filled.get("dry_run"))
    return Subject(dag_id, str(filled.get("catalog") or scheduled_catalog), values, dry)


def form_of(stored: str | None) -> Form:
    """Return a run's form from its JSON text, as Airflow stores it; empty where it is none."""
    try:
        form = json.loads(stored or "{}")
    except ValueError:
        return {}
    return form if isinstance(form, dict) else {}
