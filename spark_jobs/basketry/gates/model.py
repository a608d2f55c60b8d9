"""A gate as read from its file, and its verdict on a challenger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

PROMOTE, PROVISIONAL, ASK, REFUSE = "promote", "provisional", "ask", "refuse"
"""Verdicts. provisional: the first model of its kind, beyond a limit but not surely; the next that passes replaces it."""

PASSED, FAILED, UNSURE, INCONCLUSIVE, NOTED = "passed", "failed", "unsure", "noise", "noted"
"""Outcomes of a check. unsure: beyond a limit, but not surely; noise: neither surely better nor surely worse, which is
inconclusive; noted: decides nothing."""

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
class ChampionChange:
    """What the change against the champion must be: an improvement of at least so much, or no loss beyond so much.

    Attributes:
        metric: The metric that is compared.
        min_absolute: The least improvement.
        min_relative: The least improvement as a share of the champion's value.
        may_be_worse_by: The greatest loss; then no improvement is asked for.
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


@dataclass(frozen=True, kw_only=True)
class DecayRule:
    """When a champion counts as decayed: what came true is worse than its test promised by more than a share.

    Attributes:
        table: Full name of the table with what came true; its rows have `model_version` and `as_of`.
        where: Texts that further columns of a row must have, by column.
        metric: The metric that is compared.
        days: How many of the newest days are averaged.
        worse_by: The share of the promised value beyond which a loss is decay.
    """

    table: str
    where: Mapping[str, str]
    metric: str
    days: int
    worse_by: float


@dataclass(frozen=True, kw_only=True)
class Gate:
    """All conditions of one kind of model.

    Attributes:
        name: The gate, as its file is called.
        model: The kind of model.
        higher_is_better: By metric name, whether a higher value is better.
        absolute: Limits that every challenger must keep.
        must_beat: Margins to naive baselines.
        against_champion: Changes against the champion.
        beside_champion: Bounds of what can only be measured where there is a champion, such as the agreement with it.
        no_part_worse: Limits of the loss in any part.
        when_noise: The verdict when a check is inconclusive: ask or refuse.
        realised: When the champion counts as decayed; None when that is never looked at.
        answer_within_hours: How long a person who is asked has to answer.
        users: Who may answer.
    """

    name: str
    model: str
    higher_is_better: Mapping[str, bool]
    absolute: tuple[Limit, ...]
    must_beat: tuple[Margin, ...]
    against_champion: tuple[ChampionChange, ...]
    beside_champion: tuple[Limit, ...]
    no_part_worse: tuple[PartLimit, ...]
    when_noise: str
    realised: DecayRule | None
    answer_within_hours: int
    users: tuple[str, ...]

    def is_higher_better(self, metric: str) -> bool:
        """Return whether a higher value is better, also of a metric of an audience: `repeat/average_precision`."""
        return self.higher_is_better[metric.rpartition("/")[2]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One condition held against the numbers.

    Attributes:
        condition: The kind of condition.
        metric: The metric that is checked.
        value: The challenger's value, None when it was not logged.
        reference: What it is compared with; of a limit, what perfect calibration would show.
        low: Lower end of the interval of the difference, or of the value when there is no reference.
        high: Upper end of the same.
        limit: The condition in words.
        outcome: passed, failed, unsure, noise, or noted (decides nothing).
    """

    condition: str
    metric: str
    value: float | None
    reference: float | None = None
    low: float | None = None
    high: float | None = None
    limit: str
    outcome: str


@dataclass(frozen=True)
class Verdict:
    """What a gate decides about a challenger.

    Attributes:
        verdict: promote, provisional, ask or refuse.
        reason: Why, in one sentence.
        checks: Every check.
    """

    verdict: str
    reason: str
    checks: tuple[Check, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the verdict as plain values."""
        return asdict(self)
