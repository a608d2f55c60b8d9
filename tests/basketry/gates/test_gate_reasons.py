"""What a gate says, word by word: reasons and checks, in numbers at the boundary of each condition."""

from __future__ import annotations

import math

import pytest

from basketry.gates import Check, DecayRule, Gate, Limit, Margin, PartLimit, evaluate_gate
from tests.kit.gate_numbers import FIRST, LATER, NOISY, Numbers, interval
from tests.kit.gates import against, change, small


@pytest.mark.parametrize(
    ("failing", "expected"),
    [
        (1, "1 of 5 checks failed: a (absolute) is 0, at least 1."),
        (3, "3 of 5 checks failed: a (absolute) is 0, at least 1; b (absolute) is 0, at least 1;"
            " c (absolute) is 0, at least 1."),
        (4, "4 of 5 checks failed: a (absolute) is 0, at least 1; b (absolute) is 0, at least 1;"
            " c (absolute) is 0, at least 1; and 1 more."),
        (5, "5 of 5 checks failed: a (absolute) is 0, at least 1; b (absolute) is 0, at least 1;"
            " c (absolute) is 0, at least 1; and 2 more."),
    ],
)  # fmt: skip
def test_a_refusal_names_three_and_counts_the_rest(failing: int, expected: str) -> None:
    """A sentence is not a table; the table has them all."""
    limits = tuple(Limit(metric=name, at_least=1.0, at_most=None) for name in "abcde")
    numbers = {name: 0.0 if position < failing else 1.0 for position, name in enumerate("abcde")}
    result = evaluate_gate(small(absolute=limits), numbers)
    assert (result.verdict, result.reason) == ("refuse", expected)


@pytest.mark.parametrize(
    ("numbers", "has_champion", "expected", "reason"),
    [
        (FIRST, None, "promote", "all 5 checks hold, and there is no champion yet."),
        (FIRST, False, "promote", "all 5 checks hold, and there is no champion yet."),
        (FIRST, True, "ask",
         "the champion could not be judged on the challenger's test rows; all other checks hold."),
        (LATER, None, "promote", "all 8 checks hold."),
        (LATER, True, "promote", "all 8 checks hold."),
        (LATER, False, "promote", "all 5 checks hold, and there is no champion yet."),
        ({**LATER, **interval("champion/log_loss", 0.125, 0.25)}, None, "refuse",
         "1 of 8 checks failed: log_loss (against the champion) is 0.25 against 0.25 (change +0.125 to +0.25), not surely"
         " worse by more than 0.0625."),
    ],
)  # fmt: skip
def test_whether_there_is_a_champion_decides_what_is_checked(
    gate: Gate, numbers: Numbers, has_champion: bool | None, expected: str, reason: str
) -> None:
    """Its numbers tell, unless who asks knows better."""
    result = evaluate_gate(gate, numbers, has_champion=has_champion)
    assert (result.verdict, result.reason) == (expected, reason)


def test_noise_and_an_unsure_limit_are_told_together(gate: Gate) -> None:
    """A decayed champion would have given way; the limit still asks, and both are said."""
    unsure: Numbers = {
        "calibration_ratio": 1.375, "interval/calibration_ratio/low": 1.125, "interval/calibration_ratio/high": 1.5,
    }  # fmt: skip
    decayed: Numbers = {"promised/average_precision": 0.25, "realised/average_precision": 0.0}
    noise = "average_precision (against the champion) is 0.25 against 0.1875 (change -0.03125 to +0.1562)"
    asked = evaluate_gate(gate, {**NOISY, **unsure, **decayed})
    assert asked.verdict == "ask"
    assert (
        "; the champion has decayed and the challenger is no worse, although within the noise: " + noise in asked.reason
    )
    plain = evaluate_gate(gate, {**NOISY, **unsure})
    assert f"; the challenger cannot be told from the champion: {noise}" in plain.reason
    promoted = evaluate_gate(gate, {**NOISY, **decayed})
    assert (promoted.verdict, promoted.reason.startswith("the champion has decayed")) == ("promote", True)


@pytest.mark.parametrize(
    ("metric", "value", "champion", "expected"),
    [
        ("gain", 0.5625, 0.5, "promote"),
        ("gain", 0.5, 0.5, "ask"),
        ("gain", 0.4375, 0.5, "ask"),
        ("error", 0.4375, 0.5, "promote"),
        ("error", 0.5, 0.5, "ask"),
        ("error", 0.5625, 0.5, "ask"),
        ("gain", 0.25, 0.0, "promote"),
        ("gain", 0.0, -0.25, "promote"),
        ("gain", 0.0, 0.25, "ask"),
        ("error", 0.0, 0.25, "promote"),
        ("error", 0.25, 0.0, "ask"),
    ],
)
def test_within_the_noise_a_decayed_champion_yields_to_what_looks_better(
    metric: str, value: float, champion: float, expected: str
) -> None:
    """Better is more of what should rise and less of what should fall; equal is not better, and 0 is a value."""
    gate = small(
        against_champion=(change(metric, min_absolute=0.03125),),
        realised=DecayRule(table="gold.t", where={"a": ""}, metric=metric, days=7, worse_by=0.25),
    )
    came_true = {"gain": 0.25, "error": 0.75}[metric]
    numbers = {
        f"promised/{metric}": 0.5,
        f"realised/{metric}": came_true,
        **against(metric, value, champion, -0.25, 0.25),
    }
    assert evaluate_gate(gate, numbers).verdict == expected


@pytest.mark.parametrize(
    ("metric", "promised", "came_true", "decayed"),
    [
        ("gain", 0.5, 0.375, False),
        ("gain", 0.5, 0.375 - 1e-9, True),
        ("gain", 0.5, 0.75, False),
        ("gain", -0.5, -0.625, False),
        ("gain", -0.5, -0.625 - 1e-9, True),
        ("error", 0.5, 0.625, False),
        ("error", 0.5, 0.625 + 1e-9, True),
        ("error", 0.5, 0.25, False),
        ("error", 0.0, 0.0, False),
        ("error", 4.0, 5.0, False),
        ("error", 4.0, 5.5, True),
        ("gain", 4.0, 3.0, False),
        ("gain", 4.0, 2.5, True),
    ],
)
def test_a_champion_has_decayed_by_a_share_of_what_it_promised(
    metric: str, promised: float, came_true: float, decayed: bool
) -> None:
    """More than a quarter worse, whichever way is worse, and whichever sign the promise has; the row says so."""
    gate = small(
        against_champion=(change(metric, min_absolute=0.03125),),
        realised=DecayRule(table="gold.t", where={"a": ""}, metric=metric, days=7, worse_by=0.25),
    )
    better = 0.625 if metric == "gain" else 0.375
    numbers = {
        f"promised/{metric}": promised, f"realised/{metric}": came_true, **against(metric, better, 0.5, -0.25, 0.25),
    }  # fmt: skip
    result = evaluate_gate(gate, numbers)
    assert result.verdict == ("promote" if decayed else "ask")
    assert result.checks[-1] == Check(
        condition=f"champion {'decayed' if decayed else 'holds'}",
        metric=metric,
        value=came_true,
        reference=promised,
        low=None,
        high=None,
        limit="decayed when worse by more than 0.25 of what its test promised",
        outcome="noted",
    )
    without = {name: value for name, value in numbers.items() if not name.startswith("promised/")}
    assert (evaluate_gate(gate, without).verdict, evaluate_gate(gate, without).checks[-1].condition) == (
        "ask",
        "champion holds",
    )
    neither = {name: value for name, value in without.items() if not name.startswith("realised/")}
    assert [row.condition for row in evaluate_gate(gate, neither).checks] == ["against the champion"]


@pytest.mark.parametrize(
    ("metric", "by", "value", "champion", "expected"),
    [
        ("gain", {"min_absolute": 0.03125}, 0.03125, 0.0, "promote"),
        ("gain", {"min_absolute": 0.03125}, 0.03, 0.0, "refuse"),
        ("gain", {"min_absolute": 0.03125}, 0.0, -0.03125, "promote"),
        ("gain", {"min_absolute": 0.03125}, 0.0, -0.03, "refuse"),
        ("error", {"min_absolute": 0.03125}, 0.0, 0.03125, "promote"),
        ("error", {"min_absolute": 0.03125}, 0.0, 0.03, "refuse"),
        ("error", {"min_relative": 0.5}, 0.25, 0.5, "promote"),
        ("error", {"min_relative": 0.5}, 0.26, 0.5, "refuse"),
        ("gain", {"min_relative": 0.5}, 0.75, 0.5, "promote"),
        ("gain", {"min_relative": 0.5}, 0.74, 0.5, "refuse"),
        ("gain", {"min_relative": 0.5, "min_absolute": 0.5}, 0.75, 0.5, "refuse"),
        ("gain", {"min_relative": 0.5, "min_absolute": 0.5}, 1.0, 0.5, "promote"),
        ("gain", {"min_relative": 0.5}, -0.25, -0.5, "promote"),
        ("gain", {"min_relative": 0.5}, -0.26, -0.5, "refuse"),
        ("gain", {"min_relative": 0.5}, 2e-10, 0.0, "promote"),
        ("gain", {"min_relative": 0.5}, 0.5e-10, 0.0, "refuse"),
        ("error", {"min_relative": 0.5}, 1.0, 2.0, "promote"),
        ("error", {"min_relative": 0.5}, 1.25, 2.0, "refuse"),
        ("gain", {"min_relative": 0.5, "min_absolute": 0.125}, 1.0, 0.75, "refuse"),
    ],
)
def test_an_improvement_is_large_enough(
    metric: str, by: dict[str, float], value: float, champion: float, expected: str
) -> None:
    """Surely better is not enough where the gate says by how much; a value of 0 is a value."""
    low, high = (0.01, 0.5) if metric == "gain" else (-0.5, -0.01)
    gate = small(against_champion=(change(metric, **by),))
    assert evaluate_gate(gate, against(metric, value, champion, low, high)).verdict == expected


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ({"min_absolute": 0.5}, "better by at least 0.5"),
        ({"min_relative": 0.125}, "better by at least 0.125 of the champion's"),
        ({"min_absolute": 0.5, "min_relative": 0.125},
         "better by at least 0.5 and better by at least 0.125 of the champion's"),
        ({"may_be_worse_by": 0.5}, "not surely worse by more than 0.5"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(by: dict[str, float], words: str) -> None:
    """As much of it as the gate asks for, beside the numbers that were held against it."""
    (row,) = evaluate_gate(small(against_champion=(change("gain", **by),)), against("gain", 1.0, 0.25, 0.5, 1.0)).checks
    assert row == Check(
        condition="against the champion", metric="gain", value=1.0, reference=0.25, low=0.5, high=1.0, limit=words,
        outcome="passed",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "low", "high", "by", "outcome"),
    [
        ("gain", 0.125 + 1e-9, 0.5, 0.125, "passed"),
        ("gain", 0.125, 0.5, 0.125, "failed"),
        ("gain", 1e-9, 0.5, 0.0, "passed"),
        ("gain", 0.0, 0.5, 0.0, "failed"),
        ("error", -0.5, -0.125 - 1e-9, 0.125, "passed"),
        ("error", -0.5, -0.125, 0.125, "failed"),
        ("error", 0.25, 0.5, 0.125, "failed"),
    ],
)
def test_a_baseline_is_surely_beaten_by_the_margin(
    metric: str, low: float, high: float, by: float, outcome: str
) -> None:
    """The worst end of the interval decides; the row has both values, the ends, and the margin in words."""
    gate = small(must_beat=(Margin(baseline="mean", metric=metric, by=by),))
    numbers = {metric: 0.5, f"naive/mean/{metric}": 0.25, **interval(f"naive/mean/{metric}", low, high)}
    words = "surely better by more than 0.125" if by else "surely better"
    expected = Check(
        condition="better than mean", metric=metric, value=0.5, reference=0.25, low=low, high=high, limit=words,
        outcome=outcome,
    )  # fmt: skip
    assert evaluate_gate(gate, numbers).checks == (expected,)
    unlogged = {name: value for name, value in numbers.items() if name != metric}
    assert [row.outcome for row in evaluate_gate(gate, unlogged).checks] == ["failed"]


PARTS = small(
    against_champion=(change("gain", may_be_worse_by=1.0),),
    no_part_worse=(PartLimit(part="category", metric="gain", worse_by=0.125),),
)


def test_each_part_is_held_against_the_champions() -> None:
    """In the order of their names; a part of a part is none, and a metric's name is no pattern."""
    numbers = against("gain", 0.5, 0.5, -0.25, 0.25)
    for part, low, high in (("tea", -0.5, -0.125), ("coffee", -0.5, -0.126)):
        numbers |= against(f"category/{part}/gain", 0.25, 0.5, low, high)
    numbers |= {"champion/category/a/b/gain": 0.5, "champion/category/c/gain2": 0.5, "champion/xcategory/d/gain": 0.5}
    rows = [row for row in evaluate_gate(PARTS, numbers).checks if row.condition == "no category worse"]
    assert [(row.metric, row.outcome) for row in rows] == [
        ("category/coffee/gain", "failed"),
        ("category/tea/gain", "passed"),
    ]
    assert rows[1] == Check(
        condition="no category worse", metric="category/tea/gain", value=0.25, reference=0.5, low=-0.5, high=-0.125,
        limit="not surely worse by more than 0.125", outcome="passed",
    )  # fmt: skip


def test_a_part_that_cannot_be_told_decides_nothing_and_one_that_is_missing_fails() -> None:
    """No interval: too few rows. No value: nobody looked. No part at all: nobody looked at any."""
    numbers = against("gain", 0.5, 0.5, -0.25, 0.25)
    part = against("category/tea/gain", 0.25, 0.5, -0.5, -0.125)
    part["versus/champion/category/tea/gain/high"] = math.nan
    assert [row.outcome for row in evaluate_gate(PARTS, {**numbers, **part}).checks] == ["passed", "noted"]
    del part["category/tea/gain"]
    assert [row.outcome for row in evaluate_gate(PARTS, {**numbers, **part}).checks] == ["passed", "failed"]
    assert evaluate_gate(PARTS, numbers).checks[1:] == (
        Check(
            condition="no category worse", metric="category/*/gain", value=None, reference=None, low=None, high=None,
            limit="not surely worse by more than 0.125", outcome="failed",
        ),
    )  # fmt: skip
    assert evaluate_gate(PARTS, numbers).reason == (
        "1 of 2 checks failed: category/*/gain (no category worse) was not logged."
    )
