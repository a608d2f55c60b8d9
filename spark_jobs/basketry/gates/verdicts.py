"""The verdict of a gate on the numbers that a training run has logged. Pure: no reads, no writes.

An interval decides where there is one, so that neither a lucky draw promotes nor an unlucky one condemns. A number that
was not logged never passes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from basketry.gates.bounds import check_absolute, check_limits
from basketry.gates.checks import AGAINST, champion_checks, has_decayed, margin_checks, part_checks, realised_checks
from basketry.gates.formatting import describe_check
from basketry.gates.model import (
    ASK,
    FAILED,
    INCONCLUSIVE,
    PROMOTE,
    PROVISIONAL,
    REFUSE,
    UNSURE,
    Check,
    Gate,
    Metrics,
    Verdict,
)

MAX_DESCRIBED = 3
"""A reason names so many failed checks; the table shows all."""


def evaluate_gate(gate: Gate, metrics: Metrics, *, has_champion: bool | None = None) -> Verdict:
    """Hold every condition of a gate against the numbers of a challenger.

    Args:
        gate: The conditions.
        metrics: What the training run has logged.
        has_champion: Whether there is a champion; by default, whether any `champion/` metric was logged. A champion without
            a single one could not be compared on the test rows, which a person must weigh.
    """
    logged = {name: value for name, value in metrics.items() if math.isfinite(value)}
    compared = any(name.startswith("champion/") for name in logged)
    champion = compared if has_champion is None else has_champion
    checks = [*check_absolute(gate.absolute, logged), *margin_checks(gate, logged)]
    if compared and champion:
        checks += [*champion_checks(gate, logged), *check_limits(AGAINST, gate.beside_champion, logged)]
        checks += [*part_checks(gate, logged), *realised_checks(gate, logged)]
    decision, reason = _decision(gate, logged, checks, champion=champion, compared=compared)
    return Verdict(decision, reason, tuple(checks))


def _decision(
    gate: Gate, metrics: Metrics, checks: Sequence[Check], *, champion: bool, compared: bool
) -> tuple[str, str]:
    """Return the decision and its reason."""
    failed = _with_outcome(checks, FAILED)
    if failed:
        more = f"; and {len(failed) - MAX_DESCRIBED} more" if len(failed) > MAX_DESCRIBED else ""
        return REFUSE, f"{len(failed)} of {len(checks)} checks failed: {_described(failed[:MAX_DESCRIBED])}{more}."
    decision, reason = _decision_within_limits(gate, metrics, checks, unjudged=champion and not compared)
    unsure = _with_outcome(checks, UNSURE)
    if not unsure or decision == REFUSE:
        return decision, reason
    beyond = f"beyond a limit, but not surely: {_described(unsure)}"
    if not champion:
        return PROVISIONAL, f"{beyond}; all other checks hold, and there is no champion yet."
    others = reason if decision == ASK or _with_outcome(checks, INCONCLUSIVE) else "all other checks hold."
    return ASK, f"{beyond}; {others}"


def _decision_within_limits(
    gate: Gate, metrics: Metrics, checks: Sequence[Check], *, unjudged: bool
) -> tuple[str, str]:
    """Return the decision when no check failed, as if every limit were surely kept."""
    if unjudged:
        return ASK, "the champion could not be judged on the challenger's test rows; all other checks hold."
    inconclusive = _with_outcome(checks, INCONCLUSIVE)
    if not inconclusive:
        against = [check for check in checks if check.condition == AGAINST]
        first = "" if against else ", and there is no champion yet"
        return PROMOTE, f"all {len(checks)} checks hold{first}."
    described = _described(inconclusive)
    if gate.when_noise == ASK and has_decayed(gate, metrics) and all(_gain(gate, check) > 0 for check in inconclusive):
        return (
            PROMOTE,
            f"the champion has decayed and the challenger is no worse, although within the noise: {described}.",
        )
    return gate.when_noise, f"the challenger cannot be told from the champion: {described}."


def _with_outcome(checks: Sequence[Check], outcome: str) -> list[Check]:
    return [check for check in checks if check.outcome == outcome]


def _described(checks: Sequence[Check]) -> str:
    return "; ".join(describe_check(check) for check in checks)


def _gain(gate: Gate, check: Check) -> float:
    change = (check.value or 0.0) - (check.reference or 0.0)
    return change if gate.is_higher_better(check.metric) else -change
