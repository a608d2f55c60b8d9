"""Gates for tests: of scores, of a forecast, and of segments that need not improve."""

from __future__ import annotations

from pathlib import Path

GATE = """\
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

FORECAST = """\
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

SEGMENTS = """\
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


def write_gates(folder: Path) -> Path:
    """An include folder with these gates, made in a folder."""
    gates = folder / "include" / "gates"
    gates.mkdir(parents=True)
    for name, text in (("propensity", GATE), ("forecast", FORECAST), ("segments", SEGMENTS)):
        (gates / f"{name}.yaml").write_text(text)
    return gates.parent
