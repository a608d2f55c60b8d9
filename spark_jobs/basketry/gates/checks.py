"""Holds the conditions of a gate against the numbers that a training run has logged. Pure: no reads, no writes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from basketry.gates.formatting import format_number
from basketry.gates.model import (
    FAILED,
    INCONCLUSIVE,
    NOTED,
    PASSED,
    ChampionChange,
    Check,
    Gate,
    Margin,
    Metrics,
    PartLimit,
)
from basketry.gates.threshold import improves_by, improves_by_share

AGAINST = "against the champion"
"""The condition of a change against the champion."""


@dataclass(frozen=True)
class _Interval:
    """Ends of a paired interval as logged, and turned so that more is better."""

    low: float | None
    high: float | None
    higher: bool

    @property
    def worst(self) -> float:
        """The least gain that the interval allows; not a number when it was not logged."""
        return _signed(self.low, 1) if self.higher else _signed(self.high, -1)

    @property
    def best(self) -> float:
        """The greatest gain that the interval allows; not a number when it was not logged."""
        return _signed(self.high, 1) if self.higher else _signed(self.low, -1)


def _signed(end: float | None, sign: int) -> float:
    return math.nan if end is None else sign * end


def _interval(gate: Gate, metrics: Metrics, versus: str, metric: str) -> _Interval:
    low, high = (metrics.get(f"versus/{versus}/{metric}/{end}") for end in ("low", "high"))
    return _Interval(low, high, gate.is_higher_better(metric))


def margin_checks(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    """Check the margin by which each naive baseline must surely be beaten."""
    for margin in gate.must_beat:
        value = metrics.get(margin.metric)
        interval = _interval(gate, metrics, f"naive/{margin.baseline}", margin.metric)
        yield Check(
            condition=f"better than {margin.baseline}",
            metric=margin.metric,
            value=value,
            reference=metrics.get(f"naive/{margin.baseline}/{margin.metric}"),
            low=interval.low,
            high=interval.high,
            limit=_margin_words(margin),
            outcome=PASSED if value is not None and interval.worst > margin.by else FAILED,
        )


def _margin_words(margin: Margin) -> str:
    return f"surely better by more than {format_number(margin.by)}" if margin.by else "surely better"


def champion_checks(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    """Check every change against the champion."""
    for change in gate.against_champion:
        value, champion = metrics.get(change.metric), metrics.get(f"champion/{change.metric}")
        interval = _interval(gate, metrics, "champion", change.metric)
        yield Check(
            condition=AGAINST,
            metric=change.metric,
            value=value,
            reference=champion,
            low=interval.low,
            high=interval.high,
            limit=_change_words(change),
            outcome=_change_outcome(change, interval, value, champion),
        )


def _change_outcome(change: ChampionChange, interval: _Interval, value: float | None, champion: float | None) -> str:
    if value is None or champion is None or math.isnan(interval.worst) or math.isnan(interval.best):
        return FAILED
    if change.may_be_worse_by is not None:
        return FAILED if interval.best < -change.may_be_worse_by else PASSED
    if interval.worst <= 0 <= interval.best:
        return INCONCLUSIVE
    return PASSED if interval.worst > 0 and _improves(change, value, champion, interval.higher) else FAILED


def _improves(change: ChampionChange, value: float, champion: float, higher: bool) -> bool:
    """Return whether the change is as large as was asked for; one of the two conditions is always set."""
    absolute, relative = change.min_absolute, change.min_relative
    if absolute is not None and not improves_by(value, champion, absolute, higher_is_better=higher):
        return False
    return relative is None or improves_by_share(value, champion, relative, higher_is_better=higher)


def _change_words(change: ChampionChange) -> str:
    if change.may_be_worse_by is not None:
        return f"not surely worse by more than {format_number(change.may_be_worse_by)}"
    words = []
    if change.min_absolute is not None:
        words.append(f"better by at least {format_number(change.min_absolute)}")
    if change.min_relative is not None:
        words.append(f"better by at least {change.min_relative:.3g} of the champion's")
    return " and ".join(words)


def part_checks(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    """Check that no part, a category say, is surely worse than the champion's by more than its limit."""
    for limit in gate.no_part_worse:
        pattern = re.compile(rf"champion/{re.escape(limit.part)}/([^/]+)/{re.escape(limit.metric)}")
        parts = sorted(match[1] for name in metrics if (match := pattern.fullmatch(name)))
        if not parts:
            yield Check(
                condition=f"no {limit.part} worse",
                metric=f"{limit.part}/*/{limit.metric}",
                value=None,
                limit=_part_words(limit),
                outcome=FAILED,
            )
        for part in parts:
            yield _part_check(gate, metrics, limit, f"{limit.part}/{part}/{limit.metric}")


def _part_check(gate: Gate, metrics: Metrics, limit: PartLimit, metric: str) -> Check:
    interval = _interval(gate, metrics, "champion", metric)
    value = metrics.get(metric)
    # A part whose interval is unknown is too small to be told apart (no buyer in the test rows): it cannot condemn.
    if math.isnan(interval.best) and value is not None:
        outcome = NOTED
    else:
        outcome = PASSED if value is not None and interval.best >= -limit.worse_by else FAILED
    return Check(
        condition=f"no {limit.part} worse",
        metric=metric,
        value=value,
        reference=metrics.get(f"champion/{metric}"),
        low=interval.low,
        high=interval.high,
        limit=_part_words(limit),
        outcome=outcome,
    )


def _part_words(limit: PartLimit) -> str:
    return f"not surely worse by more than {format_number(limit.worse_by)}"


def realised_checks(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    """Note whether the champion has decayed, where it is known what came true; decides nothing by itself."""
    rule = gate.realised
    if rule is None or f"realised/{rule.metric}" not in metrics:
        return
    state = "decayed" if has_decayed(gate, metrics) else "holds"
    yield Check(
        condition=f"champion {state}",
        metric=rule.metric,
        value=metrics.get(f"realised/{rule.metric}"),
        reference=metrics.get(f"promised/{rule.metric}"),
        limit=f"decayed when worse by more than {rule.worse_by:.3g} of what its test promised",
        outcome=NOTED,
    )


def has_decayed(gate: Gate, metrics: Metrics) -> bool:
    """Return whether what came true of the champion is worse than its own test promised, by more than the gate allows."""
    rule = gate.realised
    if rule is None:
        return False
    promised_metric, realised_metric = metrics.get(f"promised/{rule.metric}"), metrics.get(f"realised/{rule.metric}")
    if promised_metric is None or realised_metric is None:
        return False
    higher = gate.is_higher_better(rule.metric)
    loss = promised_metric - realised_metric if higher else realised_metric - promised_metric
    return loss > rule.worse_by * abs(promised_metric)
