"""Moves the alias `champion` of a registered model, or keeps a refusal: compare and set.

The registry's aliases can be set but not compared, so the numbered row in ops.promotions comes first: whoever writes
the next number has won. Then the aliases follow, `previous` before `champion`, so that a reader finds the old champion or
the new one. A rollback returns to a version that scored before by a verdict, so that it cannot let in what a gate refused.
A run cut off in between heals on its next try: it finds its own row and sets the aliases again. Until then
every other promotion is refused, because row and alias disagree; a rollback is not, for it states which version is right.
"""

from __future__ import annotations

import argparse
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
    Decision,
    alone,
    champions,
    decisions,
    insert,
    last_move,
)
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport

MODEL_NAME = re.compile(r"[a-z][a-z0-9_]*")
ATTEMPTS = 10
"""Elsewhere than locally another model's verdict may be written at the same time; then one looks again."""


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Promote, refuse or roll back as the arguments say; with --dry-run only check that it could be done."""
    _check(arguments)
    with alone(lake):
        decision = _checked(lake, arguments) if arguments.dry_run else _settled(lake, arguments)
    return JobReport(
        rows_in=0,
        rows_out=0 if arguments.dry_run else 1,
        summary=(describe(decision),),
        details={"number": decision.number, "verdict": decision.verdict, "champion_before": decision.champion_before},
        model_version=decision.champion_after,
        dry_run=arguments.dry_run,
    )


def describe(decision: Decision) -> str:
    """A verdict in one line for people."""
    told = {
        PROMOTE: f"version {decision.version} is the champion instead of {decision.champion_before or 'none'}",
        PROVISIONAL: f"version {decision.version} is the champion, provisionally: there was none",
        REFUSE: f"version {decision.version} is refused, {decision.champion_after or 'none'} stays the champion",
        ROLLBACK: f"version {decision.version} is the champion again instead of {decision.champion_before or 'none'}",
    }
    return f"{decision.model}, number {decision.number}: {told[decision.verdict]} ({decision.decided_by}): {decision.reason}"


def _check(arguments: argparse.Namespace) -> None:
    if not MODEL_NAME.fullmatch(arguments.model):
        raise BadInputError(f"--model is '{arguments.model}'; use lower-case letters, digits and underscores.")
    if bool(arguments.rollback_to) == bool(arguments.challenger and arguments.verdict):
        raise BadInputError("give either --rollback-to, or --challenger and --verdict.")
    if not str(arguments.reason).strip():
        raise BadInputError("--reason is empty: say in one sentence why.")


def _checked(lake: Lakehouse, arguments: argparse.Namespace) -> Decision:
    found = decisions(lake, registry.registered_name(lake.catalog, arguments.model))
    return _decided(lake, arguments, found)


def _settled(lake: Lakehouse, arguments: argparse.Namespace) -> Decision:
    """The verdict, written and followed by the aliases; an earlier try's own when there is one."""
    model = registry.registered_name(lake.catalog, arguments.model)
    for _ in range(ATTEMPTS):
        found = decisions(lake, model)
        decision = _decided(lake, arguments, found)
        if decision not in found:
            try:
                found = insert(lake, decision, found)
            except ConflictError:
                continue
        if decision in found:  # else its number was taken by another verdict in the meantime
            _follow(decision, found)
            return decision
    raise RuntimeError(f"ops.promotions of catalog {lake.catalog} is written by others all the time: try again.")


def _follow(decision: Decision, found: Sequence[Decision]) -> None:
    """Set the aliases as the verdict says; BadInputError when a later verdict has moved them since."""
    newest = last_move(found)
    if not decision.moves or newest is None:
        return
    if newest != decision:
        raise BadInputError(
            f"this run made version {decision.version} of {decision.model} the champion as number {decision.number}, and"
            f" number {newest.number} has replaced it since: run model_rollback to return to it."
        )
    registry.move_champion(decision.model, decision.version, decision.champion_before)


def _decided(lake: Lakehouse, arguments: argparse.Namespace, found: Sequence[Decision]) -> Decision:
    """What an earlier try has written, else the next verdict; BadInputError when the comparison fails."""
    wanted = _wanted(lake, arguments, found)
    if earlier := _earlier_try(wanted, found, arguments.expected_champion):
        return earlier
    if wanted.verdict == ROLLBACK:
        return _rollback(wanted, found)
    wanted = dataclasses.replace(wanted, checks=_kept_checks(wanted))
    return _promotion(wanted, found, arguments.expected_champion) if wanted.verdict in PROMOTING else wanted


def _wanted(lake: Lakehouse, arguments: argparse.Namespace, found: Sequence[Decision]) -> Decision:
    model = registry.registered_name(lake.catalog, arguments.model)
    champion = registry.alias_version(model, registry.CHAMPION)
    return Decision(
        model=model,
        number=found[-1].number + 1 if found else 1,
        version=str(arguments.challenger or arguments.rollback_to),
        champion_before=champion,
        champion_after=champion,
        verdict=ROLLBACK if arguments.rollback_to else arguments.verdict,
        decided_by=arguments.decided_by,
        decided_at=_moment(arguments.decided_at),
        reason=str(arguments.reason).strip(),
        checks="[]",
        run_id=arguments.run_id,
    )


def _earlier_try(wanted: Decision, found: Sequence[Decision], expected: str | None) -> Decision | None:
    """The same verdict of an earlier try of the same run."""
    same_run = (decision for decision in reversed(found) if wanted.run is not None and decision.run == wanted.run)
    newest = next((decision for decision in same_run if decision.verdict == wanted.verdict), None)
    if newest is None or wanted.version not in (newest.version, registry.PREVIOUS):
        return None
    return newest if wanted.verdict not in PROMOTING or newest.champion_before == expected else None


def _promotion(wanted: Decision, found: Sequence[Decision], expected: str | None) -> Decision:
    model, version, champion = wanted.model, wanted.version, wanted.champion_before
    moved = last_move(found)
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
    if wanted.verdict == PROVISIONAL and champion is not None:
        raise BadInputError(
            f"version {version} of {model} cannot be provisional beside champion {champion}: have a person decide and"
            " promote or refuse it."
        )
    registry.check_loads(model, version)
    return dataclasses.replace(wanted, champion_after=version)


def _deleted(moved: Decision, champion: str | None) -> bool:
    """Whether nobody scores because the champion was deleted in the registry: then the next that passes is a first one."""
    return champion is None and not registry.version_exists(moved.model, str(moved.champion_after))


def _rollback(wanted: Decision, found: Sequence[Decision]) -> Decision:
    model, version, moved = wanted.model, wanted.version, last_move(found)
    if version == registry.PREVIOUS:
        before = registry.alias_version(model, registry.PREVIOUS)
        if before is None:
            raise BadInputError(f"{model} has no previous version: name the version to roll back to.")
        version = before
    former = champions(found)
    if version not in former:
        raise BadInputError(
            f"version {version} of {model} was never the champion: roll back to one that was ({', '.join(former) or 'none yet'}),"
            " or train again and have the gate judge it."
        )
    if version == wanted.champion_before and (moved is None or moved.champion_after == version):
        raise BadInputError(f"version {version} of {model} is the champion already: name another version.")
    registry.check_loads(model, version)
    return dataclasses.replace(wanted, version=version, champion_after=version)


def _kept_checks(wanted: Decision) -> str:
    return json.dumps(registry.kept_verdict(wanted.model, wanted.version).get("checks", []), sort_keys=True)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInputError(f"--decided-at is '{text}'; write a moment with its zone as 2026-01-31T09:30:00+00:00.")
    return moment
