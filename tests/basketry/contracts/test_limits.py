"""Limits of an expression: digits, levels, characters, and what has a sentence of its own."""

from __future__ import annotations

import pytest

from tests.kit.expressions import compiled, refusal


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name is code", "has 'name IS code'; after IS write null, true or false."),
        ("name is 'a'", "has 'name IS 'a''; after IS write null, true or false."),
        ("cast(name as float)", "casts to FLOAT; use one of: bigint, boolean, date, decimal, double, int, string."),
        ("cast(name as timestamp)", "casts to TIMESTAMP; use to_timestamp(text, 'pattern')."),
        ("cast(name as timestamp_ntz)", "casts to TIMESTAMP_NTZ; use to_timestamp(text, 'pattern')."),
        ("cast(name as decimal(5,5,5))", "casts to decimal(5,5,5); give it two sizes, e.g. decimal(18,4)."),
        ("cast(name as decimal(39))", "casts to decimal(39,0); use at most 38 digits, e.g. decimal(18,4)."),
        ("cast(name as decimal(39,38))", "casts to decimal(39,38); use at most 38 digits, e.g. decimal(18,4)."),
        ("cast(name as decimal(5,6))", "casts to decimal(5,6); use at most 38 digits, e.g. decimal(18,4)."),
        ("cast(name as decimal(0))", "casts to decimal(0,0); use at most 38 digits, e.g. decimal(18,4)."),
        ("NOW()", "uses 'now()', which depends on the clock or on chance; use delivered columns only."),
        ("current_date", "uses 'current_date', which depends on the clock or on chance; use delivered columns only."),
        ("lpad(name, 2000000000, 'x')", "pads to '2000000000'; pad to a whole number of at most 1000."),
        ("rpad(name, 1e9, 'x')", "pads to '1e9'; pad to a whole number of at most 1000."),
        ("round(count, 2000000000)", "rounds to '2000000000' digits; write a whole number of at most 38."),
        ("replace(replace(name, 'a', code), 'b', code)",
         "may make a text more than 1,000 times as long; replace less within replacements."),
        ("regexp_replace(regexp_replace(name, '.', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0'), '.', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0')",
         "may make a text more than 1,000 times as long; replace less within replacements."),
        ("occurrence(1, 'a')",
         "counts the occurrence of what is the same in every row; name columns, e.g. the order's number."),
        ("occurrence(name, concat(occurrence(code)))", "has an occurrence within an occurrence; name the columns in one."),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_told_with_what_can(text: str, sentence: str) -> None:
    """Comparisons by IS, casts, clocks and occurrences have sentences of their own."""
    assert refusal(text) == f"rule {sentence}"


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("cast(name as decimal(38,38))", "TRY_CAST(`name` AS DECIMAL(38, 38))"),
        ("cast(name as decimal(1))", "TRY_CAST(`name` AS DECIMAL(1))"),
        ("cast(name as decimal)", "TRY_CAST(`name` AS DECIMAL)"),
        ("cast(name as decimal(38,0))", "TRY_CAST(`name` AS DECIMAL(38, 0))"),
        ("cast(name as bigint)", "TRY_CAST(`name` AS BIGINT)"),
    ],
)
def test_numbers_may_have_as_many_digits_as_spark_knows(text: str, sql: str) -> None:
    """One to 38 digits, of which none to all stand behind the point."""
    assert compiled(text).sql == sql


def test_forty_levels_are_deep_enough() -> None:
    """One more is refused with the limit."""
    assert compiled("(" * 40 + "1" + ")" * 40).kind == "number"
    assert refusal("(" * 41 + "1" + ")" * 41) == "rule is nested deeper than 40; make it simpler."


def test_comments_are_not_told_again() -> None:
    """The part that is wrong is shown as it is understood."""
    assert refusal("upper(count /* units */)").startswith("rule has 'count', which is number, where text is needed")


@pytest.mark.parametrize("length", [3999, 4000, 4001])
def test_four_thousand_characters_are_long_enough(length: int) -> None:
    """One more is refused with how many there are."""
    text = f"'{'x' * (length - 2)}'"
    if length <= 4000:
        assert compiled(text).kind == "text"
    else:
        assert refusal(text) == "rule has 4001 characters; keep it under 4000."


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 58), (61, "x" * 56 + "…")])
def test_a_long_part_is_told_by_its_beginning(length: int, shown: str) -> None:
    """Sixty characters are shown whole; of more the first 57 and a sign that something follows."""
    sentence = refusal(f"1 + '{'x' * (length - 2)}'")
    end = "'" if length == 60 else ""
    assert sentence.startswith(f"rule has ''{shown}{end}', which is text, where number is needed")


def test_one_expression_is_one_line_of_an_error() -> None:
    """What is shown of an expression over several lines stands in one."""
    assert refusal("upper(\n   name") == ("rule 'upper( name' is not a Spark SQL expression (Expecting )); correct it.")
    assert refusal("name;\n code") == "rule 'name; code' is not one expression; remove the ; and what follows it."
    for nothing in ("-- a comment", ";", "; name"):
        assert refusal(nothing).endswith("is not one expression; remove the ; and what follows it.")
    assert refusal("") == "rule is empty; write it or remove the line."


@pytest.mark.parametrize(("sign", "refused"), [("d", True), ("s", True), (".", True), ("n", False), ("%", False)])
def test_a_backslash_that_sql_would_lose_is_told(sign: str, refused: bool) -> None:
    """Only the escapes that SQL itself knows stand with one backslash."""
    text = f"replace(name, '\\{sign}', 'x')"
    if refused:
        sentence = f"'\\{sign}' in rule loses its backslash in SQL; write '\\\\{sign}'."
        assert refusal(text) == sentence
    else:
        assert compiled(text).kind == "text"
