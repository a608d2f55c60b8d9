"""ops.promotions: every verdict about a model, numbered from 1. The number is what two verdicts can never share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from basketry.errors import BasketryError
from basketry.lake.lakehouse import Lakehouse, declared_schema
from basketry.tables import PROMOTIONS

PROMOTE, PROVISIONAL, REFUSE, ROLLBACK = "promote", "provisional", "refuse", "rollback"
PROMOTING = (PROMOTE, PROVISIONAL)
"""Verdicts of a gate that make the challenger the champion; provisional: the first of its kind, not surely within limits."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ConflictError(BasketryError):
    """Another writer was faster: look again."""


@dataclass(frozen=True)
class Decision:
    """A row of ops.promotions."""

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
    def moves(self) -> bool:
        """Whether it changed who scores."""
        return self.verdict != REFUSE

    @property
    def run(self) -> str | None:
        """The task of the run that decided, the same for all its tries; None for a run without a name of its own."""
        return self.run_id.rpartition("/")[0] or None


@contextmanager
def alone(lake: Lakehouse) -> Iterator[None]:
    """Locally, let only one promotion of the catalog go on at a time; elsewhere the number alone decides."""
    with lake.lock(dataclasses.replace(PROMOTIONS, name="promotions_in_progress")):
        yield


def decisions(lake: Lakehouse, model: str) -> list[Decision]:
    """All verdicts about a model, oldest first."""
    if not lake.exists(PROMOTIONS):
        return []
    # As microseconds: Spark would hand out the moment in the time zone of this machine.
    rows = lake.read(PROMOTIONS).where(F.col("model") == model).withColumn("decided_at", F.unix_micros("decided_at"))
    found = [row.asDict() for row in rows.orderBy("number").collect()]
    return [Decision(**{**row, "decided_at": EPOCH + timedelta(microseconds=row["decided_at"])}) for row in found]


def champions(found: Sequence[Decision]) -> list[str]:
    """Versions that any verdict made the champion, the first one first."""
    return list(dict.fromkeys(str(decision.champion_after) for decision in found if decision.moves))


def last_move(found: Sequence[Decision]) -> Decision | None:
    """The newest verdict that changed who scores."""
    return next((decision for decision in reversed(found) if decision.moves), None)


def insert(lake: Lakehouse, decision: Decision, found: Sequence[Decision]) -> list[Decision]:
    """Write the verdict under its number; all verdicts afterwards, where another may stand under that number."""
    if lake.settings.lake is None:
        return insert_unless_taken(lake, decision)
    where = f"model = '{decision.model}' AND number = {decision.number}"
    lake.record(PROMOTIONS, [dataclasses.astuple(decision)], where)  # `alone` keeps others out
    return [*found, decision]


def insert_unless_taken(lake: Lakehouse, decision: Decision) -> list[Decision]:
    """Write the verdict unless its number is taken, with no lock to rely on; a ConflictError when another writes too."""
    frame = lake.spark.createDataFrame([dataclasses.astuple(decision)], declared_schema(PROMOTIONS))
    try:
        lake.insert(PROMOTIONS, frame)
    except Exception as error:  # Delta's own type, or a JVM error that only names it
        if "DELTA_CONCURRENT_" not in str(error):
            raise
        raise ConflictError(f"another verdict was written to {PROMOTIONS.full_name} at the same time.") from error
    return decisions(lake, decision.model)
