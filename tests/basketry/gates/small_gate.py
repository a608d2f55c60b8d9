"""A gate with one metric that should rise and one that should fall, for tests of one condition at a time."""

from __future__ import annotations

from dataclasses import replace

from basketry.gates import ChampionChange, Gate
from tests.basketry.gates.gate_numbers import Numbers, interval


def small(**changes: object) -> Gate:
    """A gate with one metric that should rise and one that should fall, and no condition but these."""
    empty = Gate(
        name="small", model="small", higher_is_better={"gain": True, "error": False}, absolute=(), must_beat=(),
        against_champion=(), beside_champion=(), no_part_worse=(), when_noise="ask", realised=None,
        answer_within_hours=1, users=(),
    )  # fmt: skip
    return replace(empty, **changes)  # type: ignore[arg-type]


def change(metric: str, **by: float) -> ChampionChange:
    """What must have changed of a metric."""
    return ChampionChange(
        metric=metric,
        min_absolute=by.get("min_absolute"),
        min_relative=by.get("min_relative"),
        may_be_worse_by=by.get("may_be_worse_by"),
    )


def against(metric: str, value: float, champion: float, low: float, high: float) -> Numbers:
    """A metric beside the champion's, with the paired interval."""
    return {metric: value, f"champion/{metric}": champion, **interval(f"champion/{metric}", low, high)}
