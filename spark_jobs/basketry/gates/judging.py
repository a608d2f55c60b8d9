"""Holds the conditions of a gate against the numbers that a training run has logged. Pure: no reads, no writes.

An interval decides where there is one, so that neither a lucky draw promotes nor an unlucky one condemns. A number that
was not logged never passes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from basketry.gates.bounds import absolute, beside
from basketry.gates.model import (
    ASK,
    FAILED,
    NOISE,
    NOTED,
    PASSED,
    PROMOTE,
    PROVISIONAL,
    REFUSE,
    UNSURE,
    Change,
    Check,
    Gate,
    Margin,
    Metrics,
    PartLimit,
    Verdict,
)
from basketry.gates.telling import number, sentence
from basketry.gates.threshold import holds

AGAINST = "against the champion"

MOST_TOLD = 3
"""A reason names so many failed checks; the table shows all."""


def verdict(gate: Gate, metrics: Metrics, *, has_champion: bool | None = None) -> Verdict:
    """What the gate says about a challenger.

    has_champion: default, whether any `champion/` metric is there. A champion without a single one could not be judged
    on the test rows, which a person must weigh.
    """
    logged = {name: value for name, value in metrics.items() if math.isfinite(value)}
    compared = any(name.startswith("champion/") for name in logged)
    champion = compared if has_champion is None else has_champion
    checks = [*absolute(gate.absolute, logged), *_must_beat(gate, logged)]
    if compared and champion:
        checks += [*_against_champion(gate, logged), *beside(AGAINST, gate.beside_champion, logged)]
        checks += [*_no_part_worse(gate, logged), *_realised(gate, logged)]
    decision, reason = _decision(gate, logged, checks, champion=champion, compared=compared)
    return Verdict(decision, reason, tuple(checks))


def _decision(
    gate: Gate, metrics: Metrics, checks: Sequence[Check], *, champion: bool, compared: bool
) -> tuple[str, str]:
    failed = _of(checks, FAILED)
    if failed:
        more = f"; and {len(failed) - MOST_TOLD} more" if len(failed) > MOST_TOLD else ""
        return REFUSE, f"{len(failed)} of {len(checks)} checks failed: {_told(failed[:MOST_TOLD])}{more}."
    decision, reason = _unlimited(gate, metrics, checks, unjudged=champion and not compared)
    unsure = _of(checks, UNSURE)
    if not unsure or decision == REFUSE:
        return decision, reason
    beyond = f"beyond a limit, but not surely: {_told(unsure)}"
    if not champion:
        return PROVISIONAL, f"{beyond}; all other checks hold, and there is no champion yet."
    return ASK, f"{beyond}; {reason if decision == ASK or _of(checks, NOISE) else 'all other checks hold.'}"


def _unlimited(gate: Gate, metrics: Metrics, checks: Sequence[Check], *, unjudged: bool) -> tuple[str, str]:
    """What is said when no check failed, were it not for limits that are not surely kept."""
    if unjudged:
        return ASK, "the champion could not be judged on the challenger's test rows; all other checks hold."
    noise = _of(checks, NOISE)
    if not noise:
        against = [check for check in checks if check.condition == AGAINST]
        first = "" if against else ", and there is no champion yet"
        return PROMOTE, f"all {len(checks)} checks hold{first}."
    told = _told(noise)
    if gate.when_noise == ASK and _decayed(gate, metrics) and all(_gain(gate, check) > 0 for check in noise):
        return PROMOTE, f"the champion has decayed and the challenger is no worse, although within the noise: {told}."
    return gate.when_noise, f"the challenger cannot be told from the champion: {told}."


def _of(checks: Sequence[Check], outcome: str) -> list[Check]:
    return [check for check in checks if check.outcome == outcome]


def _told(checks: Sequence[Check]) -> str:
    return "; ".join(sentence(check) for check in checks)


def _gain(gate: Gate, check: Check) -> float:
    change = (check.value or 0.0) - (check.reference or 0.0)
    return change if gate.is_higher_better(check.metric) else -change


@dataclass(frozen=True)
class _Interval:
    """Ends of a paired interval as logged, and turned so that more is better."""

    low: float | None
    high: float | None
    higher: bool

    @property
    def worst(self) -> float:
        """The least gain that the interval allows; not a number when it was not logged."""
        end = self.low if self.higher else self.high
        return math.nan if end is None else end if self.higher else -end

    @property
    def best(self) -> float:
        """The greatest gain that the interval allows; not a number when it was not logged."""
        end = self.high if self.higher else self.low
        return math.nan if end is None else end if self.higher else -end


def _interval(gate: Gate, metrics: Metrics, versus: str, metric: str) -> _Interval:
    low, high = (metrics.get(f"versus/{versus}/{metric}/{end}") for end in ("low", "high"))
    return _Interval(low, high, gate.is_higher_better(metric))


def _must_beat(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    for margin in gate.must_beat:
        value, naive = metrics.get(margin.metric), metrics.get(f"naive/{margin.baseline}/{margin.metric}")
        found = _interval(gate, metrics, f"naive/{margin.baseline}", margin.metric)
        outcome = PASSED if found.worst > margin.by else FAILED
        yield Check(
            f"better than {margin.baseline}",
            margin.metric,
            value,
            naive,
            found.low,
            found.high,
            _margin_words(margin),
            outcome if value is not None else FAILED,
        )


def _margin_words(margin: Margin) -> str:
    return f"surely better by more than {number(margin.by)}" if margin.by else "surely better"


def _against_champion(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    for change in gate.against_champion:
        value, champion = metrics.get(change.metric), metrics.get(f"champion/{change.metric}")
        found = _interval(gate, metrics, "champion", change.metric)
        known = (
            value is not None and champion is not None and not math.isnan(found.worst) and not math.isnan(found.best)
        )
        outcome = _outcome(change, found, value, champion) if known else FAILED
        yield Check(AGAINST, change.metric, value, champion, found.low, found.high, _change_words(change), outcome)


def _outcome(change: Change, found: _Interval, value: float | None, champion: float | None) -> str:
    if change.may_be_worse_by is not None:
        return FAILED if found.best < -change.may_be_worse_by else PASSED
    if found.worst <= 0 <= found.best:
        return NOISE
    enough = value is not None and champion is not None and found.worst > 0
    return PASSED if enough and _improves(change, found.higher, float(value or 0), float(champion or 0)) else FAILED


def _improves(change: Change, higher: bool, value: float, champion: float) -> bool:
    limits: dict[str, float] = {}
    if change.min_absolute is not None:
        limits["min_absolute_change"] = change.min_absolute
    if change.min_relative is not None:
        limits["min_relative_change"] = change.min_relative
    return holds(higher, value, champion, **limits)


def _change_words(change: Change) -> str:
    if change.may_be_worse_by is not None:
        return f"not surely worse by more than {number(change.may_be_worse_by)}"
    words = []
    if change.min_absolute is not None:
        words.append(f"better by at least {number(change.min_absolute)}")
    if change.min_relative is not None:
        words.append(f"better by at least {change.min_relative:.3g} of the champion's")
    return " and ".join(words)


def _no_part_worse(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    for limit in gate.no_part_worse:
        pattern = re.compile(rf"champion/{re.escape(limit.part)}/([^/]+)/{re.escape(limit.metric)}")
        parts = sorted(found[1] for name in metrics if (found := pattern.fullmatch(name)))
        if not parts:
            metric = f"{limit.part}/*/{limit.metric}"
            yield Check(f"no {limit.part} worse", metric, None, None, None, None, _part_words(limit), FAILED)
        for part in parts:
            yield _part_check(gate, metrics, limit, f"{limit.part}/{part}/{limit.metric}")


def _part_check(gate: Gate, metrics: Metrics, limit: PartLimit, metric: str) -> Check:
    found = _interval(gate, metrics, "champion", metric)
    value, champion = metrics.get(metric), metrics.get(f"champion/{metric}")
    # A part whose interval is unknown is too small to be told apart (no buyer in the test rows): it cannot condemn.
    if math.isnan(found.best) and value is not None:
        outcome = NOTED
    else:
        outcome = PASSED if value is not None and found.best >= -limit.worse_by else FAILED
    return Check(f"no {limit.part} worse", metric, value, champion, found.low, found.high, _part_words(limit), outcome)


def _part_words(limit: PartLimit) -> str:
    return f"not surely worse by more than {number(limit.worse_by)}"


def _realised(gate: Gate, metrics: Metrics) -> Iterator[Check]:
    if gate.realised is None or f"realised/{gate.realised.metric}" not in metrics:
        return
    promised, came_true = (metrics.get(f"{kind}/{gate.realised.metric}") for kind in ("promised", "realised"))
    limit = f"decayed when worse by more than {gate.realised.worse_by:.3g} of what its test promised"
    state = "decayed" if _decayed(gate, metrics) else "holds"
    yield Check(f"champion {state}", gate.realised.metric, came_true, promised, None, None, limit, NOTED)


def _decayed(gate: Gate, metrics: Metrics) -> bool:
    """Whether what came true of the champion is worse than its own test promised, by more than the gate allows."""
    if gate.realised is None:
        return False
    promised, came_true = (metrics.get(f"{kind}/{gate.realised.metric}") for kind in ("promised", "realised"))
    if promised is None or came_true is None:
        return False
    loss = promised - came_true if gate.is_higher_better(gate.realised.metric) else came_true - promised
    return loss > gate.realised.worse_by * abs(promised)
