"""The ledger of promotions (ops.promotions): every verdict about a model, numbered from 1. Two never share a number."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from basketry.errors import BasketryError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import PROMOTIONS

PROMOTE, PROVISIONAL, REFUSE, ROLLBACK = "promote", "provisional", "refuse", "rollback"
PROMOTING = (PROMOTE, PROVISIONAL)
"""The verdicts of a gate that make the challenger the champion; provisional: the first one, not surely within limits."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ConflictError(BasketryError):
    """Another writer was faster: read the decisions again."""


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

    @property
    def changes_champion(self) -> bool:
        """Whether it changed which version scores."""
        return self.verdict != REFUSE

    @property
    def run(self) -> str | None:
        """The task of the run that decided, the same for all its attempts; None for a run without a name of its own."""
        return self.run_id.rpartition("/")[0] or None


@contextmanager
def promotion_lock(lake: Lakehouse) -> Iterator[None]:
    """Let only one promotion of the catalog run at a time, locally; elsewhere the number alone decides."""
    with lake.lock(dataclasses.replace(PROMOTIONS, name="promotions_in_progress")):
        yield


def load_promotion_decisions(lake: Lakehouse, model: str) -> list[PromotionDecision]:
    """Load all decisions about a model, the oldest first."""
    if not lake.exists(PROMOTIONS):
        return []
    # As microseconds: Spark would return the moment in the time zone of this computer.
    rows = lake.read(PROMOTIONS).where(F.col("model") == model).withColumn("decided_at", F.unix_micros("decided_at"))
    decisions = []
    for row in rows.orderBy("number").collect():
        decided_at = EPOCH + timedelta(microseconds=row.decided_at)
        decisions.append(PromotionDecision(**{**row.asDict(), "decided_at": decided_at}))
    return decisions


def past_champions(decisions: Sequence[PromotionDecision]) -> list[str]:
    """List the versions that any decision made the champion, the first one first."""
    return list(dict.fromkeys(str(decision.champion_after) for decision in decisions if decision.changes_champion))


def last_champion_change(decisions: Sequence[PromotionDecision]) -> PromotionDecision | None:
    """Return the newest decision that changed which version scores."""
    return next((decision for decision in reversed(decisions) if decision.changes_champion), None)


def insert_decision(
    lake: Lakehouse, decision: PromotionDecision, decisions: Sequence[PromotionDecision]
) -> list[PromotionDecision]:
    """Write the decision under its number, and return all decisions afterwards: another may have taken the number."""
    if lake.settings.lake is None:
        return insert_unless_taken(lake, decision)
    where = f"model = '{decision.model}' AND number = {decision.number}"
    lake.record(PROMOTIONS, [dataclasses.astuple(decision)], where)  # `promotion_lock` keeps others out
    return [*decisions, decision]


def insert_unless_taken(lake: Lakehouse, decision: PromotionDecision) -> list[PromotionDecision]:
    """Write the decision unless its number is taken, without relying on a lock; return all decisions afterwards.

    Raises:
        ConflictError: if another decision was written at the same time.
    """
    frame = lake.spark.createDataFrame([dataclasses.astuple(decision)], declared_schema(PROMOTIONS))
    try:
        lake.insert(PROMOTIONS, frame)
    except Exception as error:  # Delta's own type, or a JVM error that only names it
        if "DELTA_CONCURRENT_" not in str(error):
            raise
        raise ConflictError(f"another verdict was written to {PROMOTIONS.full_name} at the same time.") from error
    return load_promotion_decisions(lake, decision.model)
