"""Reads `include/gates/<name>.yaml`; a mistake is reported with file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.gates.documents import DIRECTIONS, GateDocument, LimitSettings
from basketry.gates.model import ChampionChange, DecayRule, Gate, Limit, Margin, PartLimit


def gate_names(include: Path | None = None) -> list[str]:
    """List the names of all gates, sorted."""
    return sorted(path.stem for path in _folder(include).glob("*.yaml"))


def load_gate(name: str, include: Path | None = None) -> Gate:
    """Read the gate of a name.

    Raises:
        BadInputError: There is no such gate, or its file has a mistake; the message names the nearest gate, or the file and
            line.
    """
    folder = _folder(include)
    names = gate_names(include)
    if name not in names:
        hint = did_you_mean(name, names) if names else f"add {folder.parent.name}/gates/{name}.yaml."
        raise BadInputError(f"unknown gate '{name}'; {hint}")
    label = f"{folder.parent.name}/gates/{name}.yaml"
    return _gate(name, load_document(GateDocument, folder / f"{name}.yaml", label))


def _folder(include: Path | None) -> Path:
    return (Settings.from_environment().include if include is None else include) / "gates"


def _gate(name: str, document: GateDocument) -> Gate:
    conditions = document.against_champion
    bounds = {metric: entry for metric, entry in conditions.items() if isinstance(entry, LimitSettings)}
    changes = {metric: entry for metric, entry in conditions.items() if not isinstance(entry, LimitSettings)}
    realised = document.realised
    return Gate(
        name=name,
        model=document.model,
        higher_is_better={metric: DIRECTIONS[direction] for metric, direction in document.metrics.items()},
        absolute=_limits(document.absolute),
        must_beat=tuple(
            Margin(baseline, metric, by)
            for baseline, margins in (document.must_beat or {}).items()
            for metric, by in margins.items()
        ),
        against_champion=tuple(ChampionChange(metric, **change.leaves()) for metric, change in changes.items()),
        beside_champion=_limits(bounds),
        no_part_worse=tuple(
            PartLimit(part, metric, loss)
            for part, losses in document.no_part_worse.items()
            for metric, loss in losses.items()
        ),
        when_noise=document.when_noise,
        realised=DecayRule(**realised.leaves()) if realised else None,
        answer_within_hours=document.ask.answer_within_hours,
        users=document.ask.users,
    )


def _limits(limits: Mapping[str, LimitSettings]) -> tuple[Limit, ...]:
    return tuple(Limit(metric, limit.at_least, limit.at_most) for metric, limit in limits.items())
