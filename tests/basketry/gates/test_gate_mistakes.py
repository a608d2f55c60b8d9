"""Each mistake in a gate's file is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.gates import load_gate
from tests.kit.gates import PROPENSITY
from tests.kit.mistakes import Mistake, mistakes

BASELINES = PROPENSITY.text[PROPENSITY.text.index("must_beat") : PROPENSITY.text.index("against_champion")]


@mistakes(
    PROPENSITY,
    ("model: propensity\n", "", "1: a gate has no 'model'; add it."),
    ("when_noise: ask", "when_nois: ask", "17: unknown key 'when_nois' in a gate; did you mean 'when_noise'?"),
    ("when_noise: ask", "when_noise: asks", "17: unknown when_noise 'asks'; did you mean 'ask'?"),
    ("log_loss: lower", "log_loss: low", "4: unknown direction of log_loss 'low'; did you mean 'lower'?"),
    (
        "average_precision: {at_least",
        "average_presision: {at_least",
        "7: unknown metric 'average_presision' in absolute; did you mean 'average_precision'?",
    ),
    (
        "{at_least: 0.125}",
        "{at_last: 0.125}",
        "7: unknown key 'at_last' in the limit of average_precision; did you mean 'at_least'?",
    ),
    ("{at_least: 0.125}", "{}", "7: average_precision has no bound; write at_least or at_most."),
    ("{at_least: 0.125}", "{at_least: high}", "7: the limit is text; make it a number."),
    ("{at_least: 0.125}", "{at_least: .nan}", "7: the limit is nan; write a number."),
    ("at_most: 1.25", "at_most: 0.5", "8: calibration_ratio must be at least 0.75 and at most 0.5; exchange them."),
    ("log_loss: 0}", "log_loss: -1}", "11: the margin of log_loss is -1; write 0 or more."),
    (
        "{may_be_worse_by: 0.0625}",
        "{may_be_worse_by: 0.1, min_absolute: 0.1}",
        "14: log_loss needs min_absolute or min_relative or both, or else may_be_worse_by alone.",
    ),
    ("min_relative: 0.125", "min_relative: 0", "13: min_relative of average_precision is 0; write a positive number."),
    (
        "min_relative: 0.125",
        "min_relative: 1.5",
        "13: min_relative of average_precision is a share of the champion's value; write at most 1.",
    ),
    (
        "{min_absolute: 0.03125, min_relative: 0.125}",
        "{may_be_worse_by: 1}",
        "12: no metric must improve; give one a min_absolute or min_relative change.",
    ),
    (
        "gold.propensity_outcomes",
        "gold.propensity_outcome",
        "19: unknown table 'gold.propensity_outcome'; did you mean 'gold.propensity_outcomes'?",
    ),
    (
        "audience: all",
        "audiences: all",
        "20: gold.propensity_outcomes has no column 'audiences'; did you mean 'audience'?",
    ),
    (
        "  metric: average_precision",
        "  metric: calibration_ratio",
        "21: gold.propensity_outcomes has no column 'calibration_ratio'; did you mean 'expected_calibration_error'?",
    ),
    ("days: 7", "days: 0", "22: days is 0; write a number from 1 to 366."),
    (
        "answer_within_hours: 24",
        "answer_within_hours: 1000",
        "25: answer_within_hours is 1000; write a number from 1 to 336.",
    ),
    ("[alice]", "['']", "26: a user is empty; write it or remove the line."),
    (BASELINES, "must_beat: {}\n", "9: must_beat is empty; write at least one line."),
)
def test_a_mistake_is_told_with_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """File, line, and what to write instead; nothing of a wrong file is used."""
    mistake.check(tmp_path)


def test_an_unknown_gate_names_the_nearest(include: Path, tmp_path: Path) -> None:
    """A gate that has no file is bad input, with the right name or the file to write."""
    with pytest.raises(BadInputError, match="unknown gate 'propensty'; did you mean 'propensity'\\?"):
        load_gate("propensty", include)
    with pytest.raises(BadInputError, match="unknown gate 'propensity'; add include/gates/propensity.yaml."):
        load_gate("propensity", tmp_path / "empty" / "include")
