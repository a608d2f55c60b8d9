"""Moves the alias `champion` of a registered model, or records a refusal: compare and set.

The registry's aliases can be set but not compared, so the numbered row in ops.promotions comes first: whoever writes
the next number has won. Then the aliases follow, `previous` before `champion`, so that a reader finds the old champion or
the new one. A rollback returns to a version that scored before by a verdict, so that it cannot let in what a gate refused.
A run cut off in between heals on its next attempt: it finds its own row and sets the aliases again. Until then
every other promotion is refused, because row and alias disagree; a rollback is not, for it states which version is right.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Sequence
from datetime import datetime

from basketry import registry
from basketry.domains.promotion.ledger import (
    PROMOTE,
    PROMOTING,
    PROVISIONAL,
    REFUSE,
    ROLLBACK,
    ConflictError,
    PromotionDecision,
    insert_decision,
    last_champion_change,
    load_promotion_decisions,
    past_champions,
    promotion_lock,
)
from basketry.errors import BadInputError
from basketry.jobs.promotion import PromoteArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport

MODEL_NAME = re.compile(r"[a-z][a-z0-9_]*")
ATTEMPTS = 10
"""How often a verdict is tried to be written: except locally, another model's may be written at the same time."""


def run(lake: Lakehouse, arguments: PromoteArguments) -> JobReport:
    """Promote, refuse or roll back as the arguments say; with --dry-run only check that it could be done."""
    _check(arguments)
    with promotion_lock(lake):
        decision = _plan_decision(lake, arguments) if arguments.dry_run else _carry_out(lake, arguments)
    return JobReport(
        rows_in=0,
        rows_out=0 if arguments.dry_run else 1,
        summary=(describe(decision),),
        details={"number": decision.number, "verdict": decision.verdict, "champion_before": decision.champion_before},
        model_version=decision.champion_after,
        dry_run=arguments.dry_run,
    )


def describe(decision: PromotionDecision) -> str:
    """Describe a decision in a line for people."""
    outcomes = {
        PROMOTE: f"version {decision.version} is the champion instead of {decision.champion_before or 'none'}",
        PROVISIONAL: f"version {decision.version} is the champion, provisionally: there was none",
        REFUSE: f"version {decision.version} is refused, {decision.champion_after or 'none'} stays the champion",
        ROLLBACK: f"version {decision.version} is the champion again instead of {decision.champion_before or 'none'}",
    }
    outcome = outcomes[decision.verdict]
    return f"{decision.model}, number {decision.number}: {outcome} ({decision.decided_by}): {decision.reason}"


def _check(arguments: PromoteArguments) -> None:
    if not MODEL_NAME.fullmatch(arguments.model):
        raise BadInputError(f"--model is '{arguments.model}'; use lower-case letters, digits and underscores.")
    if bool(arguments.rollback_to) == bool(arguments.challenger and arguments.verdict):
        raise BadInputError("give either --rollback-to, or --challenger and --verdict.")
    if not str(arguments.reason).strip():
        raise BadInputError("--reason is empty: say in one sentence why.")


def _plan_decision(lake: Lakehouse, arguments: PromoteArguments) -> PromotionDecision:
    decisions = load_promotion_decisions(lake, registry.registered_name(lake.catalog, arguments.model))
    return _next_decision(lake, arguments, decisions)


def _carry_out(lake: Lakehouse, arguments: PromoteArguments) -> PromotionDecision:
    """Write the decision and set the aliases; an earlier attempt's own decision is carried out again."""
    model = registry.registered_name(lake.catalog, arguments.model)
    for _ in range(ATTEMPTS):
        decisions = load_promotion_decisions(lake, model)
        decision = _next_decision(lake, arguments, decisions)
        if decision not in decisions:
            try:
                decisions = insert_decision(lake, decision, decisions)
            except ConflictError:
                continue
        if decision in decisions:  # otherwise its number was taken by another decision in the meantime
            _set_aliases(decision, decisions)
            return decision
    raise RuntimeError(f"ops.promotions of catalog {lake.catalog} is written by others all the time: try again.")


def _set_aliases(decision: PromotionDecision, decisions: Sequence[PromotionDecision]) -> None:
    """Set the aliases as the decision says.

    Raises:
        BadInputError: if a later decision has moved them since.
    """
    newest = last_champion_change(decisions)
    if not decision.changes_champion or newest is None:
        return
    if newest != decision:
        raise BadInputError(
            f"this run made version {decision.version} of {decision.model} the champion as number {decision.number}, and"
            f" number {newest.number} has replaced it since: run model_rollback to return to it."
        )
    registry.move_champion(decision.model, decision.version, decision.champion_before)


def _next_decision(
    lake: Lakehouse, arguments: PromoteArguments, decisions: Sequence[PromotionDecision]
) -> PromotionDecision:
    """Return what an earlier attempt has written, otherwise the next decision.

    Raises:
        BadInputError: if the champion is not the expected one, or the version cannot become it.
    """
    request = _request(lake, arguments, decisions)
    if earlier := _earlier_attempt(request, decisions, arguments.expected_champion):
        return earlier
    if request.verdict == ROLLBACK:
        return _rollback(request, decisions)
    request = dataclasses.replace(request, checks=_stored_checks(request))
    if request.verdict in PROMOTING:
        return _promotion(request, decisions, arguments.expected_champion)
    return request


def _request(lake: Lakehouse, arguments: PromoteArguments, decisions: Sequence[PromotionDecision]) -> PromotionDecision:
    """Return the decision that the arguments ask for, before anything is checked or changed."""
    model = registry.registered_name(lake.catalog, arguments.model)
    champion = registry.alias_version(model, registry.CHAMPION)
    return PromotionDecision(
        model=model,
        number=decisions[-1].number + 1 if decisions else 1,
        version=str(arguments.challenger or arguments.rollback_to),
        champion_before=champion,
        champion_after=champion,
        verdict=ROLLBACK if arguments.rollback_to else str(arguments.verdict),
        decided_by=arguments.decided_by,
        decided_at=_moment(arguments.decided_at),
        reason=str(arguments.reason).strip(),
        checks="[]",
        run_id=arguments.run_id,
    )


def _earlier_attempt(
    request: PromotionDecision, decisions: Sequence[PromotionDecision], expected: str | None
) -> PromotionDecision | None:
    """Return the same decision by an earlier attempt of the same run."""
    same_run = (decision for decision in reversed(decisions) if request.run is not None and decision.run == request.run)
    newest = next((decision for decision in same_run if decision.verdict == request.verdict), None)
    if newest is None or request.version not in (newest.version, registry.PREVIOUS):
        return None
    return newest if request.verdict not in PROMOTING or newest.champion_before == expected else None


def _promotion(
    request: PromotionDecision, decisions: Sequence[PromotionDecision], expected: str | None
) -> PromotionDecision:
    model, version, champion = request.model, request.version, request.champion_before
    moved = last_champion_change(decisions)
    if moved is not None and moved.champion_after != champion and not _deleted(moved, champion):
        raise BadInputError(
            f"promotion {moved.number} of {model} made version {moved.champion_after} the champion but the alias says"
            f" {champion or 'none'}: it is under way, was cut off (clear the task of {moved.run_id}), or the alias was"
            " moved by hand (run model_rollback to the version that should score)."
        )
    if champion != expected:
        raise BadInputError(
            f"version {version} of {model} was judged against champion {expected or 'none'} but the champion is now"
            f" {champion or 'none'}: nothing was moved, train and judge again."
        )
    if version == champion:
        raise BadInputError(f"version {version} of {model} is the champion already: nothing to promote.")
    if request.verdict == PROVISIONAL and champion is not None:
        raise BadInputError(
            f"version {version} of {model} cannot be provisional beside champion {champion}: have a person decide and"
            " promote or refuse it."
        )
    registry.check_loadable(model, version)
    return dataclasses.replace(request, champion_after=version)


def _deleted(moved: PromotionDecision, champion: str | None) -> bool:
    """Return whether no version scores because the champion was deleted in the registry: the next one is a first again."""
    return champion is None and not registry.version_exists(moved.model, str(moved.champion_after))


def _rollback(request: PromotionDecision, decisions: Sequence[PromotionDecision]) -> PromotionDecision:
    model, version, moved = request.model, request.version, last_champion_change(decisions)
    if version == registry.PREVIOUS:
        before = registry.alias_version(model, registry.PREVIOUS)
        if before is None:
            raise BadInputError(f"{model} has no previous version: name the version to roll back to.")
        version = before
    former = past_champions(decisions)
    if version not in former:
        raise BadInputError(
            f"version {version} of {model} was never the champion: roll back to one that was ({', '.join(former) or 'none yet'}),"
            " or train again and have the gate judge it."
        )
    if version == request.champion_before and (moved is None or moved.champion_after == version):
        raise BadInputError(f"version {version} of {model} is the champion already: name another version.")
    registry.check_loadable(model, version)
    return dataclasses.replace(request, version=version, champion_after=version)


def _stored_checks(request: PromotionDecision) -> str:
    return json.dumps(registry.load_verdict(request.model, request.version).get("checks", []), sort_keys=True)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInputError(f"--decided-at is '{text}'; write a moment with its zone as 2026-01-31T09:30:00+00:00.")
    return moment
