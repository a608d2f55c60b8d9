"""Limits and what people see of them: which interval decides, and how a check is told in a sentence and in a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from basketry.gates import Check, Limit, evaluate_gate, markdown_table
from basketry.gates.formatting import describe_check, format_number
from basketry.gates.formatting import format_interval as ends
from tests.kit.gates import against, change, small


def check(outcome: str = "passed", **changes: object) -> Check:
    """A check of a limit that has nothing but its value."""
    plain = Check(
        condition="absolute", metric="gain", value=0.5, reference=None, low=None, high=None, limit="at least 0.25",
        outcome=outcome,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at_least", "at_most", "value", "own", "outcome"),
    [
        (0.25, 0.75, 0.25, None, "passed"),
        (0.25, 0.75, 0.75, None, "passed"),
        (0.25, 0.75, 0.25 - 1e-9, None, "failed"),
        (0.25, 0.75, 0.75 + 1e-9, None, "failed"),
        (0.25, None, 9.0, None, "passed"),
        (None, 0.75, -9.0, None, "passed"),
        (0.25, None, 0.125, (0.0, 0.25), "unsure"),
        (0.25, None, 0.125, (0.0, 0.25 - 1e-9), "failed"),
        (None, 0.75, 0.875, (0.75, 1.0), "unsure"),
        (None, 0.75, 0.875, (0.75 + 1e-9, 1.0), "failed"),
        (0.25, 0.75, 0.875, (0.0, 1.0), "unsure"),
        (0.25, 0.75, 0.125, (0.0, 1.0), "unsure"),
        (0.25, 0.75, 0.5, (2.0, 3.0), "passed"),
        (None, 0.0, 0.0, None, "passed"),
        (0.0, None, -1e-9, None, "failed"),
    ],
)
def test_a_limit_includes_itself(
    at_least: float | None, at_most: float | None, value: float, own: tuple[float, float] | None, outcome: str
) -> None:
    """Beyond it the interval decides, if there is one: surely beyond only when it lies beyond with both ends."""
    gate = small(absolute=(Limit(metric="gain", at_least=at_least, at_most=at_most),))
    numbers = {"gain": value}
    if own is not None:
        numbers |= {"interval/gain/low": own[0], "interval/gain/high": own[1]}
    (row,) = evaluate_gate(gate, numbers).checks
    assert (row.condition, row.metric, row.value, row.reference, row.outcome) == (
        "absolute",
        "gain",
        value,
        None,
        outcome,
    )
    assert (row.low, row.high) == (own or (None, None))


@pytest.mark.parametrize("missing", ["low", "high"])
def test_half_an_interval_is_none(missing: str) -> None:
    """Then the value alone decides; the same for an excess, in whose place the metric's own interval counts."""
    gate = small(absolute=(Limit(metric="gain", at_least=None, at_most=0.5),))
    own = {"interval/gain/low": 0.25, "interval/gain/high": 1.0}
    excess = {"excess/gain/low": 0.75, "excess/gain/high": 1.0, "calibrated/gain": 0.125}
    half = {name: value for name, value in own.items() if not name.endswith(missing)}
    assert evaluate_gate(gate, {"gain": 0.75, **half}).checks[0].outcome == "failed"
    whole = evaluate_gate(gate, {"gain": 0.75, **own, **excess}).checks[0]
    assert (whole.outcome, whole.low, whole.high, whole.reference) == ("failed", 0.75, 1.0, 0.125)
    part = {name: value for name, value in excess.items() if not name.endswith(missing)}
    rest = evaluate_gate(gate, {"gain": 0.75, **own, **part}).checks[0]
    assert (rest.outcome, rest.low, rest.high, rest.reference) == ("unsure", 0.25, 1.0, None)


def test_what_only_a_champion_makes_measurable_knows_no_doubt() -> None:
    """Its row has the bound in words, no reference and no interval."""
    gate = small(
        against_champion=(change("gain", may_be_worse_by=1.0),),
        beside_champion=(Limit(metric="error", at_least=0.25, at_most=0.5),),
    )
    numbers = against("gain", 0.5, 0.5, -0.25, 0.25) | {"interval/error/low": 0.0, "interval/error/high": 1.0}
    for value, outcome in ((0.25, "passed"), (0.5, "passed"), (0.51, "failed"), (0.24, "failed")):
        assert evaluate_gate(gate, {**numbers, "error": value}).checks[1] == Check(
            condition="against the champion", metric="error", value=value, reference=None, low=None, high=None,
            limit="at least 0.25 and at most 0.5", outcome=outcome,
        )  # fmt: skip
    assert evaluate_gate(gate, numbers).checks[1].outcome == "failed"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0.0, "0"), (0.123456, "0.1235"), (1234.5, "1,234"), (12345678.0, "1.235e+07"), (-0.5, "-0.5")],
)
def test_a_number_has_four_digits_that_matter(value: float | None, text: str) -> None:
    """And commas between thousands."""
    assert format_number(value) == text


def test_an_interval_of_a_difference_has_signs() -> None:
    """That of a value has none; half of one is none."""
    assert ends(-0.01, 0.02) == "-0.01 to +0.02"
    assert ends(0.01, 0.02, signed=False) == "0.01 to 0.02"
    assert (ends(None, 0.02), ends(0.01, None), ends(None, None)) == ("", "", "")
    assert ends(0.0, 0.0) == "+0 to +0"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": None}, "gain (absolute) was not logged"),
        ({}, "gain (absolute) is 0.5, at least 0.25"),
        ({"value": 0.0}, "gain (absolute) is 0, at least 0.25"),
        ({"low": 0.25, "high": 0.75}, "gain (absolute) is 0.5 (95 % interval 0.25 to 0.75), at least 0.25"),
        ({"reference": 0.0}, "gain (absolute) is 0.5 against 0 when perfectly calibrated, at least 0.25"),
        ({"reference": 0.125, "low": 0.0, "high": 0.75},
         "gain (absolute) is 0.5 against 0.125 when perfectly calibrated (excess +0 to +0.75), at least 0.25"),
        ({"condition": "better than mean", "reference": 0.125, "low": -0.25, "high": 0.75},
         "gain (better than mean) is 0.5 against 0.125 (change -0.25 to +0.75), at least 0.25"),
        ({"condition": "better than mean", "low": -0.25, "high": 0.75},
         "gain (better than mean) is 0.5 (change -0.25 to +0.75), at least 0.25"),
    ],
)  # fmt: skip
def test_a_check_is_told_within_a_sentence(changes: dict[str, object], expected: str) -> None:
    """The value, what it is compared with, how sure that is, and the condition."""
    assert describe_check(check(**changes)) == expected


def test_a_table_shows_first_what_did_not_pass() -> None:
    """Failed, unsure, noise, then the others as they come."""
    outcomes = ["passed", "noted", "noise", "passed", "unsure", "failed"]
    rows = markdown_table([check(outcome, metric=f"m{position}") for position, outcome in enumerate(outcomes)])
    head, line, *body = rows.split("\n")
    assert (head.count("|"), line) == (8, "|---|---|---|---|---|---|---|")
    assert [row.split(" | ")[1] for row in body] == ["m5", "m4", "m2", "m0", "m1", "m3"]
    assert body[0] == "| absolute | m5 | 0.5 | - |  | at least 0.25 | failed |"
    difference = check(condition="better than mean", low=0.25, high=0.75)
    excess, own = check(reference=0.25, low=0.25, high=0.75), check(low=0.25, high=0.75)
    cells = [row.split(" | ")[4] for row in markdown_table([difference, excess, own]).split("\n")[2:]]
    assert cells == ["+0.25 to +0.75", "+0.25 to +0.75", "0.25 to 0.75"]
