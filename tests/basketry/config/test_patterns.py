"""A regular expression is refused if some text could keep it busy for ever; those that people write are not."""

from __future__ import annotations

import pytest

from basketry.config.formats import regex_problem


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+$",
        "(a|aa)*$",
        "(a*)*",
        r"(\w+\s?)*$",
        "((ab)*c)*",
        "(.*a){20}",
        "(?:a?b?){50}",
        "((a{1,9}){2,9}b)+",
        "(?=(a+)+b)",
    ],
)
def test_a_repeat_within_a_repeat_is_refused(text: str) -> None:
    """Inside groups and look-aheads too."""
    assert "which can take for ever; write it flat." in str(regex_problem(text, 0))


@pytest.mark.parametrize("text", ["a{2000}", "(a{900}){900}"])
def test_a_repeat_of_thousands_is_refused(text: str) -> None:
    """Counted repeats within one another multiply."""
    assert "repeats more than 1,000 times; use + or *." in str(regex_problem(text, 0))


@pytest.mark.parametrize("text", [".*.*.*.*.*x", "a+" * 13])
def test_many_open_repeats_are_refused(text: str) -> None:
    """Each multiplies the ways by the length of the text."""
    assert "which can take for ever; make it shorter." in str(regex_problem(text, 0))


@pytest.mark.parametrize(
    "text",
    [
        r"reviews_(\d{4}-\d{2}-\d{2})",
        r"^[+-]?\d+(\.\d+)?$",
        "(ab|cd)+",
        "POST|C2|GIFT_0001_.*|DCGS.*",
        r"^\s*(.+?)\s*$",
        ".*_(.*)_.*",
    ],
)
def test_what_people_write_is_fine(text: str) -> None:
    """Groups, alternatives, counted digits, optional parts."""
    assert regex_problem(text, 0) is None
