"""A gate as read from its file, and what it says about a challenger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PROMOTE, PROVISIONAL, ASK, REFUSE = "promote", "provisional", "ask", "refuse"
"""Verdicts. provisional: the first model of its kind, beyond a limit but not surely; the next that passes replaces it."""

PASSED, FAILED, UNSURE, NOISE, NOTED = "passed", "failed", "unsure", "noise", "noted"
"""Outcomes of a check. unsure: beyond a limit, but not surely; noise: neither surely better nor surely worse."""

ABSOLUTE = "absolute"
"""The condition of a limit that every challenger must keep."""

Metrics = Mapping[str, float]
"""What a training run has logged, by name: `<metric>` is the challenger's, `champion/<metric>` the champion's on the same
rows, `versus/champion/<metric>/{low,high}` the ends of the paired 95 % interval of challenger less champion.

What tells whether a limit is surely crossed, each optional: `interval/<metric>/{low,high}` the ends of the metric's own 95 %
interval; `calibrated/<metric>` what a perfectly calibrated model with the same predictions would show on the same rows, and
`excess/<metric>/{low,high}` the ends of the 95 % interval of what the challenger shows beyond that."""


@dataclass(frozen=True)
class Limit:
    """A bound that every challenger must keep, also the first."""

    metric: str
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class Change:
    """What the change against the champion must be: an improvement of at least so much, or no loss beyond so much.

    min_relative: share of the champion's value. may_be_worse_by: then no improvement is asked for.
    """

    metric: str
    min_absolute: float | None
    min_relative: float | None
    may_be_worse_by: float | None


@dataclass(frozen=True)
class Margin:
    """By more than how much a naive baseline must be beaten, with 95 % confidence."""

    baseline: str
    metric: str
    by: float


@dataclass(frozen=True)
class PartLimit:
    """By how much no part (a category, say) may be worse than the champion's."""

    part: str
    metric: str
    worse_by: float


@dataclass(frozen=True)
class Realised:
    """When a champion counts as decayed: what came true is worse than its test promised by more than a share.

    table: full name; its rows have `model_version` and `as_of`. where: texts of further columns. days: newest to average.
    """

    table: str
    where: Mapping[str, str]
    metric: str
    days: int
    worse_by: float


@dataclass(frozen=True)
class Gate:
    """All conditions of one kind of model. higher_is_better: by metric name.

    beside_champion: bounds of what can only be measured where there is a champion, such as the agreement with it.
    """

    name: str
    model: str
    higher_is_better: Mapping[str, bool]
    absolute: tuple[Limit, ...]
    must_beat: tuple[Margin, ...]
    against_champion: tuple[Change, ...]
    beside_champion: tuple[Limit, ...]
    no_part_worse: tuple[PartLimit, ...]
    when_noise: str
    realised: Realised | None
    answer_within_hours: int
    users: tuple[str, ...]

    def is_higher_better(self, metric: str) -> bool:
        """Which way is better for a metric, also one of an audience: `repeat/average_precision`."""
        return self.higher_is_better[metric.rpartition("/")[2]]


@dataclass(frozen=True)
class Check:
    """One condition held against the numbers.

    value: the challenger's, None when it was not logged; reference: what it is compared with (for a limit: what perfect
    calibration would show); low, high: ends of the interval of the difference, or of the value when there is no
    reference; limit: the condition in words; outcome: passed, failed, unsure, noise, or noted (decides nothing).
    """

    condition: str
    metric: str
    value: float | None
    reference: float | None
    low: float | None
    high: float | None
    limit: str
    outcome: str


@dataclass(frozen=True)
class Verdict:
    """promote, provisional, ask or refuse, why in one sentence, and every check."""

    verdict: str
    reason: str
    checks: tuple[Check, ...]

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain values."""
        return asdict(self)
