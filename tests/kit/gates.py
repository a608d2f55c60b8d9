"""Gates: three documents to be spoiled, one with a single condition, and those that are shipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from basketry.errors import BadInputError
from basketry.gates import ChampionChange, Gate, Limit, Verdict, load_gate
from tests.kit.documents import INCLUDE, Document
from tests.kit.gate_numbers import Numbers, interval

_PROPENSITY = """\
model: propensity
metrics:
  average_precision: higher
  log_loss: lower
  calibration_ratio: higher
absolute:
  average_precision: {at_least: 0.125}
  calibration_ratio: {at_least: 0.75, at_most: 1.25}
must_beat:
  personal_rate: {average_precision: 0}
  base_rate: {average_precision: 0.0625, log_loss: 0}
against_champion:
  average_precision: {min_absolute: 0.03125, min_relative: 0.125}
  log_loss: {may_be_worse_by: 0.0625}
no_part_worse:
  category: {average_precision: 0.125}
when_noise: ask
realised:
  table: gold.propensity_outcomes
  where: {category: "", audience: all}
  metric: average_precision
  days: 7
  worse_by: 0.25
ask:
  answer_within_hours: 24
  users: [alice]
"""

_FORECAST = """\
model: forecast
metrics: {weighted_error: lower, coverage: higher}
absolute:
  weighted_error: {at_most: 0.5}
  large/coverage: {at_least: 0.75, at_most: 0.9375}
must_beat:
  same_week_last_year: {weighted_error: 0.03125}
against_champion:
  weighted_error: {min_relative: 0.125}
  coverage: {may_be_worse_by: 0.0625}
no_part_worse:
  department: {weighted_error: 0.125}
when_noise: refuse
ask: {answer_within_hours: 1}
"""

_SEGMENTS = """\
model: rfm
replaces: when_no_worse
metrics: {silhouette: higher, agreement: higher, changed_share: lower}
absolute:
  silhouette: {at_least: 0.25}
against_champion:
  silhouette: {may_be_worse_by: 0.0625}
  agreement: {at_least: 0.75}
  changed_share: {at_most: 0.125}
when_noise: refuse
ask: {answer_within_hours: 1}
"""


_TEXTS = {"gates/propensity.yaml": _PROPENSITY, "gates/forecast.yaml": _FORECAST, "gates/segments.yaml": _SEGMENTS}


def _document(name: str) -> Document[Gate]:
    path = f"gates/{name}.yaml"
    return Document(path=path, text=_TEXTS[path], load=partial(load_gate, name), beside=_TEXTS, error=BadInputError)


PROPENSITY = _document("propensity")
"""A gate of scores, for which `gate_numbers` has the numbers."""
FORECAST = _document("forecast")
SEGMENTS = _document("segments")
"""A gate of a model that need not improve."""


def small(**changes: object) -> Gate:
    """A gate with one metric that should rise and one that should fall, and no condition but these."""
    empty = Gate(
        name="small", model="small", higher_is_better={"gain": True, "error": False}, absolute=(), must_beat=(),
        against_champion=(), beside_champion=(), no_part_worse=(), when_noise="ask", realised=None,
        answer_within_hours=1, users=(),
    )  # fmt: skip
    return replace(empty, **changes)  # type: ignore[arg-type]


def change(metric: str, **by: float) -> ChampionChange:
    """What must have changed of a metric."""
    return ChampionChange(
        metric=metric,
        min_absolute=by.get("min_absolute"),
        min_relative=by.get("min_relative"),
        may_be_worse_by=by.get("may_be_worse_by"),
    )


def against(metric: str, value: float, champion: float, low: float, high: float) -> Numbers:
    """A metric beside the champion's, with the paired interval."""
    return {metric: value, f"champion/{metric}": champion, **interval(f"champion/{metric}", low, high)}


Spoiled = Mapping[str, tuple[Callable[[], Mapping[str, float]], frozenset[str]]]
"""By what was done to a good model: the metrics that its training logs, and the limits that guard against it."""


def shipped_gate(name: str) -> Gate:
    """A gate as it is shipped."""
    return load_gate(name, INCLUDE)


def failed(decision: Verdict) -> set[str]:
    """Metrics whose bound failed, those beside a champion too."""
    return {check.metric for check in decision.checks if check.outcome == "failed" and check.limit.startswith("at ")}


def barely_beyond(gate: Gate, metrics: Mapping[str, float], metric: str) -> Gate:
    """The gate with one limit moved between the metric's value and the far end of its interval, so that none can be sure."""
    value = metrics[metric]
    limits = [_moved(limit, value, metrics) if limit.metric == metric else limit for limit in gate.absolute]
    return replace(gate, absolute=tuple(limits))


def _moved(limit: Limit, value: float, metrics: Mapping[str, float]) -> Limit:
    low, high = (metrics[f"interval/{limit.metric}/{end}"] for end in ("low", "high"))
    if limit.at_least is not None:
        return replace(limit, at_least=(value + high) / 2, at_most=None)
    return replace(limit, at_most=(value + low) / 2)
