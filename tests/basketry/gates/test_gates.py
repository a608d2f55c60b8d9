"""A gate: each branch of its verdict with numbers at the boundary."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from basketry.config.settings import CHECKOUT
from basketry.gates import Gate, Verdict, evaluate_gate, gate_names, load_gate, markdown_table
from tests.kit.gate_numbers import FIRST, LATER, NOISY, Numbers, interval
from tests.kit.gates import SEGMENTS

INFORMS = {
    "naive/personal_rate/average_precision",
    "naive/base_rate/average_precision",
    "naive/base_rate/log_loss",
    "versus/naive/personal_rate/average_precision/high",
    "versus/naive/base_rate/average_precision/high",
    "versus/naive/base_rate/log_loss/low",
}
"""What the table shows beside the end of the interval that decides."""


def test_the_shipped_gates_can_be_read() -> None:
    """Every file in include/gates is a gate, one for each kind of model."""
    names = gate_names(CHECKOUT / "include")
    assert {"propensity", "rfm"} <= set(names)
    assert all(load_gate(name, CHECKOUT / "include").name == name for name in names)


def test_a_first_model_needs_no_champion(gate: Gate) -> None:
    """Absolute limits and naive baselines alone decide about a first model."""
    said = evaluate_gate(gate, FIRST)
    assert (said.verdict, said.reason) == ("promote", "all 5 checks hold, and there is no champion yet.")
    assert {check.outcome for check in said.checks} == {"passed"}


def test_surely_better_is_promoted(gate: Gate) -> None:
    """An improvement that the interval confirms promotes without a person."""
    said = evaluate_gate(gate, LATER)
    assert (said.verdict, said.reason) == ("promote", "all 8 checks hold.")


@pytest.mark.parametrize(
    ("metric", "kept", "broken"),
    [
        ("average_precision", 0.125, 0.125 - 1e-9),
        ("calibration_ratio", 0.75, 0.75 - 1e-9),
        ("calibration_ratio", 1.25, 1.25 + 1e-9),
        ("versus/naive/personal_rate/average_precision/low", 1e-9, 0.0),
        ("versus/naive/base_rate/average_precision/low", 0.0625 + 1e-9, 0.0625),
        ("versus/naive/base_rate/log_loss/high", -1e-9, 0.0),
    ],
)
def test_limits_of_every_challenger(gate: Gate, metric: str, kept: float, broken: float) -> None:
    """A bound includes its own value; a baseline must be surely beaten, so an interval that touches the margin fails."""
    assert evaluate_gate(gate, {**FIRST, metric: kept}).verdict == "promote"
    said = evaluate_gate(gate, {**FIRST, metric: broken})
    assert said.verdict == "refuse"
    assert said.reason.startswith("1 of 5 checks failed: ")


@pytest.mark.parametrize("absent", [*FIRST])
def test_what_was_not_logged_never_passes(gate: Gate, absent: str) -> None:
    """Without a number, or with one that is not finite, there is no promotion; a baseline's own value only informs."""
    expected = "promote" if absent in INFORMS else "refuse"
    without = {name: value for name, value in FIRST.items() if name != absent}
    for numbers in (without, {**FIRST, absent: math.nan}, {**FIRST, absent: math.inf}):
        assert evaluate_gate(gate, numbers).verdict == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        # 0.1875 + 0.03125 = 0.21875 is the least absolute improvement; an eighth of 0.1875 is less.
        ({"average_precision": 0.21875}, "promote"),
        ({"average_precision": 0.21875 - 1e-9}, "refuse"),
        # From a champion at 0.5 an eighth is 0.0625.
        ({"average_precision": 0.5625, "champion/average_precision": 0.5}, "promote"),
        ({"average_precision": 0.5625 - 1e-9, "champion/average_precision": 0.5}, "refuse"),
        (interval("champion/average_precision", 1e-9, 0.125), "promote"),
        (interval("champion/average_precision", 0.0, 0.125), "ask"),
        (interval("champion/average_precision", -0.125, 0.0), "ask"),
        (interval("champion/average_precision", -0.125, -1e-9), "refuse"),
        # log_loss may be worse by 0.0625: lower is better, so the low end is the best that can be hoped for.
        (interval("champion/log_loss", 0.0625, 0.25), "promote"),
        (interval("champion/log_loss", 0.0625 + 1e-9, 0.25), "refuse"),
        (interval("champion/category/fruit/average_precision", -0.5, -0.125), "promote"),
        (interval("champion/category/fruit/average_precision", -0.5, -0.125 - 1e-9), "refuse"),
    ],
)
def test_changes_against_the_champion(gate: Gate, changed: Numbers, expected: str) -> None:
    """Surely better and by enough promotes, an interval that holds 0 asks, surely worse refuses, each to the last digit."""
    assert evaluate_gate(gate, {**LATER, **changed}).verdict == expected


@pytest.mark.parametrize(
    "absent",
    [
        "champion/average_precision",
        "versus/champion/average_precision/low",
        "versus/champion/average_precision/high",
        "versus/champion/log_loss/low",
        "champion/category/fruit/average_precision",
        "category/fruit/average_precision",
    ],
)
def test_a_half_told_comparison_refuses(gate: Gate, absent: str) -> None:
    """With a champion on some numbers but not on all, nothing is promoted."""
    assert evaluate_gate(gate, {**LATER, absent: math.nan}).verdict == "refuse"


def test_a_part_too_small_to_tell_does_not_condemn(gate: Gate) -> None:
    """A category for which there is no interval is shown, and decides nothing."""
    said = evaluate_gate(gate, {**LATER, "versus/champion/category/fruit/average_precision/high": math.nan})
    assert said.verdict == "promote"
    assert [check.outcome for check in said.checks if check.metric.startswith("category/")] == ["noted"]


def test_noise_does_as_the_file_says(gate: Gate) -> None:
    """A difference within the noise asks or refuses; the reason names the numbers."""
    said = evaluate_gate(gate, NOISY)
    assert said.verdict == "ask"
    assert said.reason == (
        "the challenger cannot be told from the champion: average_precision (against the champion) is 0.25 against"
        " 0.1875 (change -0.03125 to +0.1562), better by at least 0.03125 and better by at least 0.125 of the champion's."
    )
    assert evaluate_gate(replace(gate, when_noise="refuse"), NOISY).verdict == "refuse"


@pytest.mark.parametrize(
    ("numbers", "when_noise", "expected"),
    [
        ({"promised/average_precision": 0.25, "realised/average_precision": 0.1875}, "ask", "ask"),
        ({"promised/average_precision": 0.25, "realised/average_precision": 0.1875 - 1e-9}, "ask", "promote"),
        ({"promised/average_precision": 0.25, "realised/average_precision": 0.0}, "refuse", "refuse"),
        ({"promised/average_precision": 0.25}, "ask", "ask"),
        ({"realised/average_precision": 0.0}, "ask", "ask"),
        (
            {"promised/average_precision": 0.25, "realised/average_precision": 0.0, "average_precision": 0.1875},
            "ask",
            "ask",
        ),
    ],
)
def test_a_decayed_champion_gives_way_within_the_noise(
    gate: Gate, numbers: Numbers, when_noise: str, expected: str
) -> None:
    """A champion that lost more than a quarter of what it promised yields to what looks better, only instead of asking."""
    assert evaluate_gate(replace(gate, when_noise=when_noise), {**NOISY, **numbers}).verdict == expected


def test_decay_promotes_nothing_that_fails(gate: Gate) -> None:
    """A decayed champion does not excuse a failed check."""
    decayed = {"promised/average_precision": 0.25, "realised/average_precision": 0.0}
    assert evaluate_gate(gate, {**NOISY, **decayed, "calibration_ratio": 2.0}).verdict == "refuse"


def test_a_champion_that_could_not_be_judged_is_a_persons_matter(gate: Gate) -> None:
    """With a champion but not one number of it, a person is asked, unless another check fails already."""
    assert evaluate_gate(gate, FIRST, has_champion=True).verdict == "ask"
    assert evaluate_gate(gate, {**FIRST, "calibration_ratio": 2.0}, has_champion=True).verdict == "refuse"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "promote"),
        ({"weighted_error": 0.5}, "refuse"),  # not an eighth less than the champion's 0.5
        ({"weighted_error": 0.4375}, "promote"),
        ({"weighted_error": 0.4375 + 1e-9}, "refuse"),
        ({"large/coverage": 0.9375}, "promote"),
        ({"large/coverage": 0.9375 + 1e-9}, "refuse"),
        (interval("naive/same_week_last_year/weighted_error", -0.5, -0.03125), "refuse"),
        (interval("naive/same_week_last_year/weighted_error", -0.5, -0.03125 - 1e-9), "promote"),
        (interval("champion/weighted_error", -0.25, 0.0), "refuse"),
        (interval("champion/weighted_error", -0.25, -1e-9), "promote"),
        (interval("champion/coverage", -0.25, -0.0625), "promote"),
        (interval("champion/coverage", -0.25, -0.0625 - 1e-9), "refuse"),
        (interval("champion/department/food/weighted_error", 0.125, 0.5), "promote"),
        (interval("champion/department/food/weighted_error", 0.125 + 1e-9, 0.5), "refuse"),
    ],
)
def test_the_same_mechanism_serves_another_kind_of_model(include: Path, changed: Numbers, expected: str) -> None:
    """Metrics that should fall, other baselines, other parts: a file is all that a forecast's gate needs."""
    numbers: Numbers = {
        "weighted_error": 0.25,
        "large/coverage": 0.8125,
        "coverage": 0.8125,
        "champion/coverage": 0.8125,
        "champion/weighted_error": 0.5,
        "naive/same_week_last_year/weighted_error": 0.75,
        "department/food/weighted_error": 0.25,
        "champion/department/food/weighted_error": 0.25,
        **interval("naive/same_week_last_year/weighted_error", -0.625, -0.375),
        **interval("champion/weighted_error", -0.375, -0.125),
        **interval("champion/coverage", -0.03125, 0.03125),
        **interval("champion/department/food/weighted_error", -0.03125, 0.03125),
    }
    assert evaluate_gate(load_gate("forecast", include), {**numbers, **changed}).verdict == expected


def test_people_see_first_what_did_not_pass(gate: Gate) -> None:
    """The table has a row a check, failures first, and the verdict can be kept as JSON."""
    decision = evaluate_gate(gate, {**NOISY, "calibration_ratio": 1.5})
    rows = markdown_table(decision.checks).splitlines()[2:]
    assert rows[0] == "| absolute | calibration_ratio | 1.5 | - |  | at least 0.75 and at most 1.25 | failed |"
    assert rows[1].endswith("| noise |")
    assert len(rows) == len(decision.checks)
    assert isinstance(decision, Verdict) and json.loads(json.dumps(decision.as_json()))["verdict"] == "refuse"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "promote"),
        ({"agreement": 0.75, "changed_share": 0.125}, "promote"),
        ({"agreement": 0.7}, "refuse"),
        ({"changed_share": 0.13}, "refuse"),
        ({"changed_share": math.nan}, "refuse"),
        (interval("champion/silhouette", -0.25, -0.0625), "promote"),
        (interval("champion/silhouette", -0.25, -0.07), "refuse"),
        ({"silhouette": 0.2}, "refuse"),
    ],
)
def test_what_need_not_improve_must_agree_with_what_it_replaces(include: Path, changed: Numbers, expected: str) -> None:
    """A gate that lets in what is no worse: bounds under against_champion hold beside a champion, and only there."""
    agreeing = {"agreement": 0.875, "changed_share": 0.0625, "champion/silhouette": 0.5}
    numbers = {"silhouette": 0.5, **agreeing, **interval("champion/silhouette", -0.03125, 0.03125)}
    segments = load_gate("segments", include)
    assert evaluate_gate(segments, {**numbers, **changed}).verdict == expected
    assert evaluate_gate(segments, {"silhouette": 0.5}).verdict == "promote"


def test_a_gate_without_baselines_says_why(tmp_path: Path) -> None:
    """Only a model that need not improve may leave out what must be beaten."""
    assert SEGMENTS.refusal(tmp_path / "a", ("replaces: when_no_worse\n", "")) == (
        1,
        "a gate has no 'must_beat'; add it, or replaces: when_no_worse.",
    )
    assert SEGMENTS.refusal(tmp_path / "b", ("when_no_worse", "when_no_wors")) == (
        2,
        "unknown replaces 'when_no_wors'; did you mean 'when_no_worse'?",
    )
