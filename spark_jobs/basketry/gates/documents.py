"""The file of a gate, `include/gates/<name>.yaml`, as it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from basketry.config.documents import Node, did_you_mean
from basketry.config.locator import parse_document
from basketry.config.model import Document, Fix, Label, Mistake, Reads, Text, choose, must, not_empty, one_of
from basketry.gates.model import ASK, REFUSE
from basketry.tables import TABLES, Table

WHEN_BETTER, WHEN_NO_WORSE = "when_better", "when_no_worse"
DIRECTIONS = {"higher": True, "lower": False}
_LONGEST_HOURS = 14 * 24
_TABLES = {table.full_name: table for table in TABLES}
_WRITTEN = not_empty("write at least one line.")

_Bound = Annotated[float, Label("the limit")]
_Loss = Annotated[float, Field(ge=0), Fix("write 0 or more"), Label("the limit of {0}")]
_Margin = Annotated[float, Field(ge=0), Fix("write 0 or more"), Label("the margin of {0}")]


class LimitSettings(Document, title="the limit of {0}"):
    """Bounds of a metric."""

    at_least: _Bound | None = None
    at_most: _Bound | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        low, high = self.at_least, self.at_most
        if low is None and high is None:
            raise Mistake("{0} has no bound; write at_least or at_most.")
        if low is not None and high is not None and low > high:
            raise Mistake(f"{{0}} must be at least {low:g} and at most {high:g}; exchange them.")
        return self


_NOT_ZERO = must(bool, "{what} is 0; write a positive number.")
_SHARE = must(lambda share: share <= 1, "{what} is a share of the champion's value; write at most 1.")
_Change = Annotated[float, Field(ge=0), Fix("write 0 or more"), Label("{0} of {1}")]


class ChangeSettings(Document, title="the change of {0}"):
    """What the change of a metric against the champion must be."""

    min_absolute: Annotated[_Change, _NOT_ZERO] | None = None
    min_relative: Annotated[_Change, _NOT_ZERO, _SHARE] | None = None
    may_be_worse_by: _Change | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        improves = self.min_absolute is not None or self.min_relative is not None
        if improves == (self.may_be_worse_by is not None):
            raise Mistake("{0} needs min_absolute or min_relative or both, or else may_be_worse_by alone.")
        return self


def _conditions(node: Node) -> Mapping[str, LimitSettings | ChangeSettings]:
    """Read bounds of what is only measured with a champion, and changes against its value."""
    entries: dict[str, Node] = node.expect(dict, "against_champion")
    return {metric: parse_document(_condition(entry), entry, keys=(metric,)) for metric, entry in entries.items()}


def _condition(entry: Node) -> type[LimitSettings | ChangeSettings]:
    keys = set(entry.value) if isinstance(entry.value, dict) else set()
    return LimitSettings if keys and keys <= LimitSettings.model_fields.keys() else ChangeSettings


class RealisedSettings(Document):
    """When a champion counts as decayed."""

    table: Annotated[str, one_of(_TABLES)]
    where: Annotated[Mapping[str, str], _WRITTEN, Label("where of {1}")]
    metric: Text
    days: Annotated[int, Field(ge=1, le=366), Fix("write a number from 1 to 366")]
    worse_by: Annotated[float, Field(ge=0), Fix("write 0 or more")]

    def check_columns(self, metrics: Mapping[str, Any]) -> None:
        """Refuse a metric that the gate does not know, and what the table has no column for."""
        table = _TABLES[self.table]
        for name in self.where:
            _check_column(table, name, "where", name)
        choose(self.metric, metrics, "metric")
        for name in ("model_version", "as_of"):
            _check_column(table, name, "table")
        _check_column(table, self.metric, "metric")


def _check_column(table: Table, name: str, *path: str) -> None:
    if name not in table.column_names:
        hint = did_you_mean(name, table.column_names)
        raise Mistake("{table} has no column '{name}'; {hint}", *path, table=table.full_name, name=name, hint=hint)


class AskSettings(Document):
    """Who is asked, and for how long."""

    answer_within_hours: Annotated[
        int, Field(ge=1, le=_LONGEST_HOURS), Fix(f"write a number from 1 to {_LONGEST_HOURS}")
    ]
    users: tuple[Annotated[Text, Label("a user")], ...] = ()


class GateDocument(Document, title="a gate"):
    """The whole file; an audience may come before a metric's name: repeat/average_precision."""

    model: Text
    metrics: Annotated[Mapping[str, Annotated[str, one_of(DIRECTIONS), Label("direction of {0}")]], _WRITTEN]
    absolute: Annotated[Mapping[str, LimitSettings], _WRITTEN]
    must_beat: (
        Annotated[Mapping[str, Annotated[Mapping[str, _Margin], _WRITTEN, Label("must_beat {0}")]], _WRITTEN] | None
    ) = None
    against_champion: Annotated[Mapping[str, LimitSettings | ChangeSettings], Reads(_conditions), _WRITTEN]
    no_part_worse: Annotated[
        Mapping[str, Annotated[Mapping[str, _Loss], _WRITTEN, Label("no_part_worse {0}")]], _WRITTEN
    ] = {}
    when_noise: Annotated[str, one_of((ASK, REFUSE))]
    realised: RealisedSettings | None = None
    replaces: Annotated[str, one_of((WHEN_BETTER, WHEN_NO_WORSE))] | None = None
    ask: AskSettings

    @model_validator(mode="after")
    def _check_metrics(self) -> Self:
        for path, metric in self._metrics_named():
            name = metric.rpartition("/")[2]
            if name not in self.metrics:
                hint, where = did_you_mean(name, self.metrics), " ".join(path)
                sentence = "unknown metric '{name}' in {where}; {hint}"
                raise Mistake(sentence, *path, metric, name=name, where=where, hint=hint)
        if self.realised is not None:
            try:
                self.realised.check_columns(self.metrics)
            except Mistake as mistake:
                raise mistake.below("realised") from None
        return self

    def _metrics_named(self) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from ((("absolute",), metric) for metric in self.absolute)
        for section, parts in (("must_beat", self.must_beat or {}), ("no_part_worse", self.no_part_worse)):
            yield from (((section, part), metric) for part, metrics in parts.items() for metric in metrics)
        yield from ((("against_champion",), metric) for metric in self.against_champion)

    @model_validator(mode="after")
    def _check_improvement(self) -> Self:
        if self.must_beat is None and self.replaces is None:
            raise Mistake("a gate has no 'must_beat'; add it, or replaces: when_no_worse.")
        changes = [change for change in self.against_champion.values() if isinstance(change, ChangeSettings)]
        if self.replaces != WHEN_NO_WORSE and all(change.may_be_worse_by is not None for change in changes):
            sentence = "no metric must improve; give one a min_absolute or min_relative change."
            raise Mistake(sentence, "against_champion")
        return self
