"""The gate's judgement of a challenger: what its training logged, held against the gate's file, and kept with its run.

Nothing is moved by it: `promotion` carries the verdict out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from basketry.errors import BadInputError
from basketry.gates import Gate, Verdict, evaluate_gate, load_gate
from basketry.gates.model import ASK, PROVISIONAL, REFUSE
from basketry.registry.client import (
    CHALLENGER,
    CHAMPION,
    VersionRun,
    alias_version,
    registered_name,
    save_verdict,
    version_run,
)
from basketry.registry.loading import ModelGoneError, version_digest
from basketry.tables import TABLES
from basketry.warehouse.rows import RowStore

COMPARED_WITH = "basketry.champion_version"
"""Tag of a training run: the champion that the challenger was compared with, empty when there was none."""

PROBLEM = "basketry.champion_problem"
"""Tag of a training run: why the champion could not be judged, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a gate decided about a challenger.

    Attributes:
        gate: The gate.
        model: The registered model.
        challenger: The version that was judged.
        champion: The version that it would replace, None when nothing scores.
        verdict: What was decided, and why.
    """

    gate: Gate
    model: str
    challenger: str
    champion: str | None
    verdict: Verdict


def judge(rows: RowStore, gate_name: str, include: Path, *, keep: bool = True) -> Judgement:
    """Judge the version that is challenger.

    Args:
        rows: The tables of the catalog.
        gate_name: The gate, as its file is called.
        include: The include folder.
        keep: Store the verdict with the challenger's run, in place of an earlier one.

    Raises:
        BadInputError: There is no challenger, or the gate's file is wrong.
        RegistryDownError: The registry does not answer.
    """
    gate = load_gate(gate_name, include)
    model = registered_name(rows.catalog, gate.model)
    challenger = alias_version(model, CHALLENGER)
    if challenger is None:
        raise BadInputError(f"{model} has no challenger: run its training first.")
    champion = alias_version(model, CHAMPION)
    run = version_run(model, challenger)
    verdict = evaluate_challenger(gate, run, champion, realised_metric(rows, model, gate, champion))
    if keep:
        judged = {"gate": gate_name, "champion": champion, "artifacts": _digest(model, challenger)}
        save_verdict(model, run.run_id, {**judged, **verdict.as_json()})
    return Judgement(gate=gate, model=model, challenger=challenger, champion=champion, verdict=verdict)


def _digest(model: str, version: str) -> str | None:
    """Return the digest of the version's files; None when they cannot be had, and so never will score."""
    try:
        return version_digest(model, version)
    except ModelGoneError:
        return None


def evaluate_challenger(gate: Gate, run: VersionRun, champion: str | None, outcomes: Mapping[str, float]) -> Verdict:
    """Return the gate's verdict; a challenger that was compared with another champion than today's is refused."""
    compared_with, problem = run.tags.get(COMPARED_WITH) or None, run.tags.get(PROBLEM, "")
    champion_unjudged = bool(problem) and compared_with is None and champion is not None
    if compared_with != champion and not champion_unjudged:
        reason = f"it was compared with champion {compared_with or 'none'}, but the champion is {champion or 'none'}: train again."
        return Verdict("refuse", reason, ())
    result = evaluate_gate(gate, {**run.metrics, **outcomes}, has_champion=champion is not None)
    return replace(result, reason=f"{result.reason} {problem}") if problem else result


def realised_metric(rows: RowStore, model: str, gate: Gate, champion: str | None) -> dict[str, float]:
    """Return the mean metric of the champion's newest realised days and what its own test promised; empty when unknown."""
    realised = gate.realised
    if realised is None or champion is None:
        return {}
    table = next(table for table in TABLES if table.full_name == realised.table)
    stored = rows.read(table, ("as_of", realised.metric), {**realised.where, "model_version": champion})
    days = sorted((row for row in stored if row[realised.metric] is not None), key=lambda row: str(row["as_of"]))
    values = [float(row[realised.metric]) for row in days[-realised.days :]]
    promised = version_run(model, champion).metrics.get(realised.metric)
    if not values or promised is None:
        return {}
    return {f"realised/{realised.metric}": sum(values) / len(values), f"promised/{realised.metric}": promised}


def consequence(judgement: Judgement) -> str:
    """Say what a verdict comes to; of a question, what either answer does."""
    challenger, champion = judgement.challenger, judgement.champion
    scores, champion_stays = f"version {challenger} scores from now on", f"{champion or 'nothing'} stays"
    return {
        ASK: f"Approve: {scores}. Reject: {champion_stays}.",
        PROVISIONAL: f"Nobody is asked: {scores}, as provisional. It is beyond a limit, but not surely; the next training may"
        " replace it.",
        REFUSE: f"Nobody is asked: version {challenger} does not score, {champion_stays}.",
    }.get(judgement.verdict.verdict, f"Nobody is asked: {scores}.")
