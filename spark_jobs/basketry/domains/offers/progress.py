"""How far the stream has come and what a run of it did, as the tables say: nothing is handed back from where batches run."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from basketry.lake.lakehouse import Lakehouse
from basketry.tables import OFFER_BATCHES, OFFER_STATE

_NO_COUNTS = ("batch", "newest", "policy_version", "days")


@dataclass(frozen=True)
class Position:
    """How far the stream has come.

    Attributes:
        checkpoint: Name of the checkpoint that Spark reads by, see `checkpoint_name`.
        number: Number of the last micro-batch that is wholly written.
    """

    checkpoint: str
    number: int

    @property
    def batch(self) -> str:
        """Name of that micro-batch."""
        return f"{self.checkpoint}:{self.number}"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What some micro-batches did.

    Attributes:
        totals: Sums of the counts in ops.offer_batches.
        days: Local days of the events that they used.
        newest: Time of the newest event so far in seconds, None where ops.offer_batches does not say.
        version: Version of the policy that decided last, None likewise.
    """

    totals: Counter[str] = field(default_factory=Counter)
    days: frozenset[date] = frozenset()
    newest: float | None = None
    version: str | None = None


def checkpoint_name(folder: Path) -> str:
    """Return the name that Spark gives a checkpoint before its first micro-batch; a new checkpoint has a new one."""
    return str(json.loads((folder / "metadata").read_text())["id"])


def read_position(lake: Lakehouse) -> Position | None:
    """Read how far the stream has come; None before its first micro-batch."""
    if not lake.exists(OFFER_STATE):
        return None
    rows = lake.read_filtered(OFFER_STATE, ["checkpoint", "number"], {}, {}).to_pylist()
    return Position(rows[0]["checkpoint"], rows[0]["number"]) if rows else None


def progress_since(lake: Lakehouse, before: Position | None) -> Progress:
    """Read what the micro-batches after a position did.

    Args:
        lake: The tables of the catalog.
        before: The position, None for the beginning; with another checkpoint since, all of that one's batches count.
    """
    after = read_position(lake)
    if after is None or not lake.exists(OFFER_BATCHES):
        return Progress()
    goes_on = before is not None and before.checkpoint == after.checkpoint
    first = before.number + 1 if before is not None and goes_on else 0
    names = {Position(after.checkpoint, number).batch for number in range(first, after.number + 1)}
    rows = lake.read_filtered(
        OFFER_BATCHES, OFFER_BATCHES.column_names, {"batch": names | {after.batch}}, {}
    ).to_pylist()
    totals, days = Counter[str](), set[date]()
    for row in rows:
        if row["batch"] in names:
            totals.update({name: row[name] for name in OFFER_BATCHES.column_names if name not in _NO_COUNTS})
            days.update(row["days"] or ())
    last = next((row for row in rows if row["batch"] == after.batch), None)
    return Progress(
        totals=totals,
        days=frozenset(days),
        newest=last["newest"].timestamp() if last else None,
        version=last["policy_version"] if last else None,
    )
