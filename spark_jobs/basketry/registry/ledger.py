"""The ledger of promotions (ops.promotions): every verdict about a model, numbered from 1. Two never share a number."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from basketry.tables import PROMOTIONS
from basketry.warehouse.rows import RowStore

PROMOTE, PROVISIONAL, REFUSE, ROLLBACK, OVERRIDE = "promote", "provisional", "refuse", "rollback", "override"
PROMOTING = (PROMOTE, PROVISIONAL, OVERRIDE)
"""What makes the challenger the champion. Provisional: the first one, not surely within limits. Override: a person does,
against the verdict of the gate."""

CONVERSION = "upgrade/convert"
"""The run of a decision that made a version of plain values the champion in place of an earlier release's, the same model."""


@dataclass(frozen=True, kw_only=True)
class PromotionDecision:
    """A row of ops.promotions, whose columns have the same names and meanings."""

    model: str
    number: int
    version: str
    champion_before: str | None
    champion_after: str | None
    verdict: str
    decided_by: str
    decided_at: datetime
    reason: str
    checks: str
    run_id: str
    artifacts: str | None = None

    @property
    def changes_champion(self) -> bool:
        """Whether it changed which version scores."""
        return self.verdict != REFUSE

    @property
    def run(self) -> str | None:
        """The task of the run that decided, the same for all its attempts; None for a run without a name of its own."""
        return self.run_id.rpartition("/")[0] or None


def promotion_lock(rows: RowStore) -> AbstractContextManager[None]:
    """Let only one promotion of the catalog run at a time, locally; elsewhere the number alone decides."""
    return rows.lock(f"{PROMOTIONS.full_name}_in_progress")


def load_promotion_decisions(rows: RowStore, model: str) -> list[PromotionDecision]:
    """Load all decisions about a model, the oldest first."""
    stored = rows.read(PROMOTIONS, PROMOTIONS.column_names, {"model": model})
    decisions = [
        PromotionDecision(**{**row, "decided_at": datetime.fromisoformat(row["decided_at"])}) for row in stored
    ]
    return sorted(decisions, key=lambda decision: decision.number)


def past_champions(decisions: Sequence[PromotionDecision]) -> list[str]:
    """List the versions that any decision made the champion, the first one first."""
    return list(dict.fromkeys(str(decision.champion_after) for decision in decisions if decision.changes_champion))


def promoted_artifacts(decisions: Sequence[PromotionDecision], version: str) -> str | None:
    """Return the digest of the version's files when it last became champion; None where none was noted."""
    noted = (
        decision.artifacts
        for decision in reversed(decisions)
        if decision.version == version and decision.changes_champion
    )
    return next(noted, None)


def last_champion_change(decisions: Sequence[PromotionDecision]) -> PromotionDecision | None:
    """Return the newest decision that changed which version scores."""
    return next((decision for decision in reversed(decisions) if decision.changes_champion), None)


def insert_decision(rows: RowStore, decision: PromotionDecision) -> list[PromotionDecision]:
    """Write the decision under its number, and return all decisions afterwards: another may have taken the number.

    Raises:
        RowConflictError: Another decision was written at the same time.
    """
    rows.insert(PROMOTIONS, dataclasses.asdict(decision))
    return load_promotion_decisions(rows, decision.model)
