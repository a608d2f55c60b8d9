"""An absolute limit has three answers: within, surely beyond, beyond but not surely."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from basketry.gates import Gate, evaluate_gate, markdown_table
from tests.kit.gate_numbers import FIRST, LATER, NOISY, Numbers, interval

UNSURE: Numbers = {
    "calibration_ratio": 1.375,
    "interval/calibration_ratio/low": 1.125,
    "interval/calibration_ratio/high": 1.5,
}
"""Beyond the limit of 1.25, but the interval holds values within."""

EXCESSIVE: Numbers = {
    "calibration_ratio": 1.5,
    "calibrated/calibration_ratio": 0.5,
    "excess/calibration_ratio/low": 0.875,
    "excess/calibration_ratio/high": 1.125,
    "interval/calibration_ratio/low": 1.375,
    "interval/calibration_ratio/high": 1.625,
}
"""Beyond the limit with its whole own interval, but a perfectly calibrated model would show a third of it."""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (UNSURE, "provisional"),
        ({**UNSURE, "interval/calibration_ratio/low": 1.25}, "provisional"),
        ({**UNSURE, "interval/calibration_ratio/low": 1.25 + 1e-9}, "refuse"),
        ({**UNSURE, "interval/calibration_ratio/low": math.nan}, "refuse"),
        ({**UNSURE, "calibration_ratio": 1.25}, "promote"),
        ({**UNSURE, "calibration_ratio": math.nan}, "refuse"),
        ({**UNSURE, "calibration_ratio": 0.5}, "provisional"),
        ({**UNSURE, "calibration_ratio": 0.5, "interval/calibration_ratio/high": 0.75 - 1e-9}, "refuse"),
        ({**UNSURE, "average_precision": 0.0625}, "refuse"),  # another limit, which has no interval, is crossed
        (EXCESSIVE, "provisional"),
        ({**EXCESSIVE, "excess/calibration_ratio/low": 1.25 + 1e-9}, "refuse"),
    ],
)
def test_a_limit_has_three_answers(gate: Gate, changed: Numbers, expected: str) -> None:
    """Within passes, surely beyond refuses, beyond but not surely is a provisional first model; the excess comes first."""
    assert evaluate_gate(gate, {**FIRST, **changed}).verdict == expected


@pytest.mark.parametrize(
    ("numbers", "when_noise", "expected"),
    [
        ({**LATER, **UNSURE}, "refuse", "ask"),
        ({**LATER, **EXCESSIVE}, "ask", "ask"),
        ({**NOISY, **UNSURE}, "ask", "ask"),
        ({**NOISY, **UNSURE}, "refuse", "refuse"),
        ({**NOISY, **UNSURE, "promised/average_precision": 0.25, "realised/average_precision": 0.0}, "ask", "ask"),
        ({**LATER, **UNSURE, **interval("champion/log_loss", 0.125, 0.25)}, "ask", "refuse"),
        ({**FIRST, **UNSURE}, "refuse", "ask"),  # the champion could not be judged
    ],
)
def test_beside_a_champion_a_person_weighs_what_is_not_surely_beyond(
    gate: Gate, numbers: Numbers, when_noise: str, expected: str
) -> None:
    """Nothing is provisional where somebody scores already: a person is asked, unless the gate refuses anyway."""
    assert evaluate_gate(replace(gate, when_noise=when_noise), numbers, has_champion=True).verdict == expected


def test_an_unsure_limit_is_told_with_its_interval(gate: Gate) -> None:
    """The reason says that it is beyond, though not surely, and which interval says so; the table shows it first."""
    decision = evaluate_gate(gate, {**FIRST, **UNSURE})
    assert decision.reason == (
        "beyond a limit, but not surely: calibration_ratio (absolute) is 1.375 (95 % interval 1.125 to 1.5), at least 0.75"
        " and at most 1.25; all other checks hold, and there is no champion yet."
    )
    row = markdown_table(decision.checks).splitlines()[2]
    assert (
        row == "| absolute | calibration_ratio | 1.375 | - | 1.125 to 1.5 | at least 0.75 and at most 1.25 | unsure |"
    )
    excessive = evaluate_gate(gate, {**LATER, **EXCESSIVE})
    assert excessive.reason == (
        "beyond a limit, but not surely: calibration_ratio (absolute) is 1.5 against 0.5 when perfectly calibrated (excess"
        " +0.875 to +1.125), at least 0.75 and at most 1.25; all other checks hold."
    )
    assert "| 1.5 | 0.5 | +0.875 to +1.125 |" in markdown_table(excessive.checks)
    both = evaluate_gate(gate, {**NOISY, **UNSURE})
    assert "not surely" in both.reason and "cannot be told from the champion" in both.reason
