"""Reads `include/gates/<name>.yaml`; a mistake is reported with file, line and the nearest right word."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from basketry.config.documents import Node, did_you_mean, read_document
from basketry.config.settings import Settings
from basketry.errors import BadInputError
from basketry.gates.model import ASK, REFUSE, ChampionChange, DecayRule, Gate, Limit, Margin, PartLimit
from basketry.tables import TABLES, Table

REQUIRED = ("model", "metrics", "absolute", "against_champion", "when_noise", "ask")
OPTIONAL = ("must_beat", "no_part_worse", "realised", "replaces")
WHEN_BETTER, WHEN_NO_WORSE = "when_better", "when_no_worse"
BOUNDS = ("at_least", "at_most")
DIRECTIONS = {"higher": True, "lower": False}
LONGEST_HOURS = 14 * 24


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
    document = read_document(folder / f"{name}.yaml", label)
    entries = document.mapping("a gate", (*REQUIRED, *OPTIONAL), REQUIRED)
    if "must_beat" not in entries and "replaces" not in entries:
        document.fail("a gate has no 'must_beat'; add it, or replaces: when_no_worse.")
    return _gate(name, entries)


def _folder(include: Path | None) -> Path:
    return (Settings.from_environment().include if include is None else include) / "gates"


def _gate(name: str, entries: dict[str, Node]) -> Gate:
    directions = {
        metric: DIRECTIONS[node.choice(f"direction of {metric}", DIRECTIONS)]
        for metric, node in _entries(entries["metrics"], "metrics").items()
    }
    changes, beside = _against(entries["against_champion"], directions)
    better = (
        entries["replaces"].choice("replaces", (WHEN_BETTER, WHEN_NO_WORSE)) if "replaces" in entries else WHEN_BETTER
    )
    if better == WHEN_BETTER and all(change.may_be_worse_by is not None for change in changes):
        entries["against_champion"].fail("no metric must improve; give one a min_absolute or min_relative change.")
    hours, users = _asking(entries["ask"])
    return Gate(
        name=name,
        model=entries["model"].string("model"),
        higher_is_better=directions,
        absolute=tuple(_limits(entries["absolute"], directions)),
        must_beat=tuple(_margins(entries["must_beat"], directions)) if "must_beat" in entries else (),
        against_champion=changes,
        beside_champion=beside,
        no_part_worse=tuple(_parts(entries.get("no_part_worse"), directions)),
        when_noise=entries["when_noise"].choice("when_noise", (ASK, REFUSE)),
        realised=_realised(entries["realised"], directions) if "realised" in entries else None,
        answer_within_hours=hours,
        users=users,
    )


def _entries(node: Node, what: str) -> dict[str, Node]:
    entries: dict[str, Node] = node.expect(dict, what)
    return entries or node.fail(f"{what} is empty; write at least one line.")


def _by_metric(node: Node, what: str, directions: dict[str, bool]) -> Iterator[tuple[str, Node]]:
    """Yield entries by metric; an audience may come before the metric's name: repeat/average_precision."""
    for metric, entry in _entries(node, what).items():
        name = metric.rpartition("/")[2]
        if name not in directions:
            entry.fail(f"unknown metric '{name}' in {what}; {did_you_mean(name, directions)}")
        yield metric, entry


def _limits(node: Node, directions: dict[str, bool]) -> Iterator[Limit]:
    for metric, entry in _by_metric(node, "absolute", directions):
        yield _limit(metric, entry)


def _limit(metric: str, entry: Node) -> Limit:
    bounds = entry.mapping(f"the limit of {metric}", BOUNDS)
    if not bounds:
        entry.fail(f"{metric} has no bound; write at_least or at_most.")
    low, high = _number(bounds.get("at_least")), _number(bounds.get("at_most"))
    if low is not None and high is not None and low > high:
        entry.fail(f"{metric} must be at least {low:g} and at most {high:g}; exchange them.")
    return Limit(metric, low, high)


def _margins(node: Node, directions: dict[str, bool]) -> Iterator[Margin]:
    for baseline, entry in _entries(node, "must_beat").items():
        for metric, margin in _by_metric(entry, f"must_beat {baseline}", directions):
            yield Margin(baseline, metric, _at_least_zero(margin, f"the margin of {metric}"))


def _against(node: Node, directions: dict[str, bool]) -> tuple[tuple[ChampionChange, ...], tuple[Limit, ...]]:
    """Read what must hold beside a champion: changes against its value, and bounds of what is only known with one."""
    changes, limits = [], []
    for metric, entry in _by_metric(node, "against_champion", directions):
        if isinstance(entry.value, dict) and entry.value and set(entry.value) <= set(BOUNDS):
            limits.append(_limit(metric, entry))
        else:
            changes.append(_change(metric, entry))
    return tuple(changes), tuple(limits)


def _change(metric: str, entry: Node) -> ChampionChange:
    conditions = entry.mapping(f"the change of {metric}", ("min_absolute", "min_relative", "may_be_worse_by"))
    if not conditions or ("may_be_worse_by" in conditions and len(conditions) > 1):
        entry.fail(f"{metric} needs min_absolute or min_relative or both, or else may_be_worse_by alone.")
    for word, value in conditions.items():
        _at_least_zero(value, f"{word} of {metric}")
        if value.value == 0 and word != "may_be_worse_by":
            value.fail(f"{word} of {metric} is 0; write a positive number.")
    relative = _number(conditions.get("min_relative"))
    if relative is not None and relative > 1:
        conditions["min_relative"].fail(
            f"min_relative of {metric} is a share of the champion's value; write at most 1."
        )
    return ChampionChange(
        metric, _number(conditions.get("min_absolute")), relative, _number(conditions.get("may_be_worse_by"))
    )


def _parts(node: Node | None, directions: dict[str, bool]) -> Iterator[PartLimit]:
    if node is None:
        return
    for part, entry in _entries(node, "no_part_worse").items():
        for metric, limit in _by_metric(entry, f"no_part_worse {part}", directions):
            yield PartLimit(part, metric, _at_least_zero(limit, f"the limit of {metric}"))


def _realised(node: Node, directions: dict[str, bool]) -> DecayRule:
    words = ("table", "where", "metric", "days", "worse_by")
    entries = node.mapping("realised", words, words)
    tables = {table.full_name: table for table in TABLES}
    table = tables[entries["table"].choice("table", tables)]
    where = _entries(entries["where"], "where of realised")
    for name, value in where.items():
        _column(value, name, table)
    metric = entries["metric"].choice("metric", directions)
    for name in ("model_version", "as_of"):
        _column(entries["table"], name, table)
    _column(entries["metric"], metric, table)
    return DecayRule(
        table=table.full_name,
        where={name: value.expect(str, name) for name, value in where.items()},
        metric=metric,
        days=_whole(entries["days"], "days", 366),
        worse_by=_at_least_zero(entries["worse_by"], "worse_by"),
    )


def _column(node: Node, name: str, table: Table) -> None:
    if name not in table.column_names:
        node.fail(f"{table.full_name} has no column '{name}'; {did_you_mean(name, table.column_names)}")


def _asking(node: Node) -> tuple[int, tuple[str, ...]]:
    entries = node.mapping("ask", ("answer_within_hours", "users"), ("answer_within_hours",))
    users = entries["users"].items("users") if "users" in entries else []
    names = tuple(user.string("a user") for user in users)
    return _whole(entries["answer_within_hours"], "answer_within_hours", LONGEST_HOURS), names


def _number(node: Node | None) -> float | None:
    if node is None:
        return None
    value = float(node.expect(float, "the limit"))
    return value if math.isfinite(value) else node.fail(f"the limit is {value}; write a number.")


def _at_least_zero(node: Node, what: str) -> float:
    value = _number(node) or 0.0
    return value if value >= 0 else node.fail(f"{what} is {value:g}; write 0 or more.")


def _whole(node: Node, what: str, most: int) -> int:
    value: int = node.expect(int, what)
    return value if 1 <= value <= most else node.fail(f"{what} is {value}; write a number from 1 to {most}.")
