"""Moves the alias `champion` of a registered model, or records a refusal: compare and set.

Carried out is what the gate left with the challenger's run, or the answer of who was asked when it left `ask`; whoever
wants something else overrides it, with name and reason, and an alert tells.

The registry's aliases can be set but not compared, so the numbered row in ops.promotions comes first: whoever writes
the next number has won. Then the aliases follow, `previous` before `champion`, so that a reader finds the old champion or
the new one. A rollback returns to a version that scored before by a verdict, so that it cannot let in what a gate refused.
A run cut off in between heals on its next attempt: it finds its own row and sets the aliases again. Until then
every other promotion is refused, because row and alias disagree; a rollback is not, for it states which version is right.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from basketry import registry
from basketry.errors import BadInputError
from basketry.registry.artifacts import untrusted
from basketry.registry.ledger import (
    OVERRIDE,
    PROMOTE,
    PROMOTING,
    PROVISIONAL,
    REFUSE,
    ROLLBACK,
    PromotionDecision,
    insert_decision,
    last_champion_change,
    load_promotion_decisions,
    past_champions,
    promoted_artifacts,
    promotion_lock,
)
from basketry.registry.models import LOADERS
from basketry.registry.promotion_request import PromotionRequest, allowed_verdict, check_request
from basketry.warehouse.rows import RowConflictError, RowStore

ATTEMPTS = 10
"""How often a verdict is tried to be written: except locally, another model's may be written at the same time."""


def promote(rows: RowStore, request: PromotionRequest) -> PromotionDecision:
    """Promote, refuse, override or roll back as the request says, and return the decision.

    Raises:
        BadInputError: It cannot be done; nothing was moved or written.
    """
    check_request(request)
    with promotion_lock(rows):
        return _plan_decision(rows, request) if request.dry_run else _carry_out(rows, request)


def describe(decision: PromotionDecision) -> str:
    """Describe a decision in a line for people."""
    instead = f"instead of {decision.champion_before or 'none'}"
    outcomes = {
        PROMOTE: f"version {decision.version} is the champion {instead}",
        PROVISIONAL: f"version {decision.version} is the champion, provisionally: there was none",
        OVERRIDE: f"version {decision.version} is the champion {instead}, against the verdict of the gate",
        REFUSE: f"version {decision.version} is refused, {decision.champion_after or 'none'} stays the champion",
        ROLLBACK: f"version {decision.version} is the champion again {instead}",
    }
    outcome = outcomes[decision.verdict]
    return f"{decision.model}, number {decision.number}: {outcome} ({decision.decided_by}): {decision.reason}"


def _plan_decision(rows: RowStore, request: PromotionRequest) -> PromotionDecision:
    return _next_decision(request, rows, load_promotion_decisions(rows, _registered(rows, request)))


def _carry_out(rows: RowStore, request: PromotionRequest) -> PromotionDecision:
    """Write the decision and set the aliases; an earlier attempt's own decision is carried out again."""
    model = _registered(rows, request)
    for _ in range(ATTEMPTS):
        decisions = load_promotion_decisions(rows, model)
        decision = _next_decision(request, rows, decisions)
        if decision not in decisions:
            try:
                decisions = insert_decision(rows, decision)
            except RowConflictError:
                continue
        if decision in decisions:  # otherwise its number was taken by another decision in the meantime
            _set_aliases(decision, decisions)
            return decision
    raise RuntimeError(f"ops.promotions of catalog {rows.catalog} is written by others all the time: try again.")


def _registered(rows: RowStore, request: PromotionRequest) -> str:
    return registry.registered_name(rows.catalog, request.model)


def _set_aliases(decision: PromotionDecision, decisions: Sequence[PromotionDecision]) -> None:
    """Set the aliases as the decision says.

    Raises:
        BadInputError: A later decision has moved them since.
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
    request: PromotionRequest, rows: RowStore, decisions: Sequence[PromotionDecision]
) -> PromotionDecision:
    """Return what an earlier attempt has written, otherwise the next decision.

    Raises:
        BadInputError: It is not what the gate said, the champion is not the expected one, or the version cannot become it.
    """
    model = _registered(rows, request)
    if earlier := _earlier_attempt(request, model, decisions):
        return earlier
    if request.rollback_to:
        back = _rollback(_draft(request, model, request.rollback_to, decisions), decisions)
        return _loadable(rows, back, promoted_artifacts(decisions, back.version))
    challenger = request.challenger or registry.alias_version(model, registry.CHALLENGER)
    if challenger is None:
        raise BadInputError(f"{model} has no challenger: run its training first.")
    verdict, judged = allowed_verdict(request, model, challenger)
    draft = dataclasses.replace(
        _draft(request, model, challenger, decisions),
        verdict=verdict,
        reason=(request.reason or "").strip() or judged.reason,
        checks=json.dumps(registry.load_verdict(model, challenger).get("checks", []), sort_keys=True),
    )
    if verdict not in PROMOTING:
        return draft
    return _loadable(rows, _promotion(draft, decisions, judged.champion), judged.artifacts)


def _loadable(rows: RowStore, decision: PromotionDecision, judged: str | None) -> PromotionDecision:
    """Return the decision with the digest of its version's files.

    Args:
        rows: The tables of the catalog.
        decision: The decision.
        judged: The digest when the version was judged, or last became champion.

    Raises:
        BadInputError: The jobs could not load the version, or no digest was noted then.
        UntrustedModelError: Its files have changed since.
    """
    name, version = decision.model, decision.version
    digest = registry.check_loadable(name, version, LOADERS, has_libraries=rows.jobs_run_here)
    if judged is None:
        raise BadInputError(f"nobody noted which files of version {version} of {name} were judged: judge it again.")
    if digest != judged:
        raise untrusted(name, version, f"the files of version {version} of {name} have changed since they were judged")
    return dataclasses.replace(decision, artifacts=digest)


def _draft(
    request: PromotionRequest, model: str, version: str, decisions: Sequence[PromotionDecision]
) -> PromotionDecision:
    """Return the decision before anything is checked or changed."""
    champion = registry.alias_version(model, registry.CHAMPION)
    return PromotionDecision(
        model=model,
        number=decisions[-1].number + 1 if decisions else 1,
        version=version,
        champion_before=champion,
        champion_after=champion,
        verdict=ROLLBACK,
        decided_by=request.decided_by,
        decided_at=request.moment,
        reason=(request.reason or "").strip(),
        checks="[]",
        run_id=request.run_id,
    )


def _earlier_attempt(
    request: PromotionRequest, model: str, decisions: Sequence[PromotionDecision]
) -> PromotionDecision | None:
    """Return the same decision by an earlier attempt of the same run."""
    run = request.run_id.rpartition("/")[0] or None
    wanted = (ROLLBACK,) if request.rollback_to else PROMOTING if request.override else (request.verdict,)
    same = (
        decision
        for decision in reversed(decisions)
        if run is not None and decision.run == run and {None, decision.verdict} & set(wanted)
    )
    newest = next(same, None)
    if newest is None or (newest.verdict == ROLLBACK) != bool(request.rollback_to):
        return None
    if (request.challenger or request.rollback_to or newest.version) not in (newest.version, registry.PREVIOUS):
        return None
    if newest.verdict not in PROMOTING:
        return newest
    judged = registry.gate_verdict(model, newest.version)
    expected = request.expected_champion or (judged.champion if judged else None)
    return newest if newest.champion_before == expected else None


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
    return dataclasses.replace(request, version=version, champion_after=version)
