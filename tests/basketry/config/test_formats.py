"""Small languages inside a contract: what is accepted, and the sentence for the usual slips."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from basketry.config import formats
from basketry.config.documents import Node
from basketry.errors import ContractError


def node(text: object) -> Node:
    return Node("a.yaml", 3, text, str(text))


def refusal(read: Callable[[], object]) -> str:
    with pytest.raises(ContractError) as raised:
        read()
    return raised.value.message.removeprefix("a.yaml:3: ")


@pytest.mark.parametrize("text", ["a", "order_lines", "a1_", "z9"])
def test_a_slug_can_be_a_folder_and_a_table(text: str) -> None:
    """Lower case letters first, then digits and _ too."""
    assert formats.read_slug(node(text), "name") == text


@pytest.mark.parametrize("text", ["A", "1a", "_a", "a-b", "a\n", "a b", "ä"])
def test_what_is_no_slug_is_told(text: str) -> None:
    """Also a line end at its end."""
    assert refusal(lambda: formats.read_slug(node(text), "name")) == (
        f"name '{text}' must be lower case letters, digits and _."
    )


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("yyyy-MM-dd", None),
        ("d.M.yy", None),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", None),
        ("EEE dd MMM yyyy hh:mm a", None),
        ("yyyy-MM-dd 'o clock", "has a quote that is not closed; close it."),
        ("YYYY-MM-dd", "has the unknown letter 'Y'; did you mean yyyy?"),
        ("yyyy-MM-DD", "has the unknown letter 'D'; did you mean dd?"),
        ("uuuu-MM-dd", "has the unknown letter 'u'; did you mean yyyy?"),
        ("yyyy-MM-dd.n", "has the unknown letter 'n'; did you mean SSS?"),
        ("yyyy-MM-ddTHH:mm", "has the unknown letter 'T'; did you mean 'T'?"),
        ("yyyy-MM-dd q", "has the unknown letter 'q'; use the letters y, M, d, H, h, m, s, S, a, E, X, x, z, V, O."),
        ("MM-dd", "has no a year; add a year (yyyy)."),
        ("yyyy-dd", "has no a month; add a month (MM)."),
        ("yyyy-mm-dd", "has no a month (mm are minutes); add a month (MM)."),
        ("yyyy-MM", "has no a day; add a day (dd)."),
        ("MM-dd mm", "has no a year; add a year (yyyy)."),
        ("yyyy-MM mm", "has no a day; add a day (dd)."),
        ("'yyyy-MM-dd'", "has no a year; add a year (yyyy)."),
    ],
)
def test_a_date_pattern_has_year_month_and_day(pattern: str, problem: str | None) -> None:
    """Letters within quotes are text; slips of other languages' patterns are told with Spark's letters."""
    assert formats.date_pattern_problem(pattern) == problem
    if problem is None:
        assert formats.read_date_pattern(node(pattern), "format") == pattern
        assert formats.read_date_pattern(node(1), "format", pattern) == pattern
    else:
        assert refusal(lambda: formats.read_date_pattern(node(pattern), "format")) == f"format '{pattern}' {problem}"


def test_a_regular_expression_has_the_groups_that_are_needed() -> None:
    """As many or more; without a word about groups none is needed."""
    assert formats.read_regex(node("a+"), "it") == "a+"
    assert formats.read_regex(node("(a)(b)"), "it", groups=2) == "(a)(b)"
    assert formats.regex_problem("(a)", 0) is None
    assert refusal(lambda: formats.read_regex(node("(a)"), "it", groups=2)) == (
        "it '(a)' has 1 groups in parentheses, 2 needed; add one."
    )
    assert refusal(lambda: formats.read_regex(node("a("), "it")).startswith("it 'a(' is not a regular expression (")
    assert "is not a regular expression" in str(formats.regex_problem("a{99999999999999999999}", 0))


@pytest.mark.parametrize("text", ["utf-8", "latin-1", "cp1252", "UTF-16"])
def test_an_encoding_is_one_that_python_knows(text: str) -> None:
    """By any of its names."""
    assert formats.read_encoding(node(text)) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("utf-9", "did you mean 'utf-8'?"),
        ("hex", "use one of: cp1252, iso-8859-15, latin-1, utf-16, utf-8."),
        ("a\0b", "use one of: cp1252, iso-8859-15, latin-1, utf-16, utf-8."),
    ],
)
def test_what_encodes_no_text_is_told(text: str, hint: str) -> None:
    """Python's codecs that are not of texts are none."""
    assert refusal(lambda: formats.read_encoding(node(text))) == f"unknown encoding '{text}'; {hint}"


def test_a_time_zone_is_of_the_database() -> None:
    """With the nearest one, or two examples: there are hundreds."""
    assert formats.read_time_zone(node("Europe/London")) == "Europe/London"
    assert refusal(lambda: formats.read_time_zone(node("Europe/Lodnon"))) == (
        "unknown time zone 'Europe/Lodnon'; did you mean 'Europe/London'?"
    )
    examples = "use a name such as Europe/London or America/New_York."
    for text in ("xxqqzz", "../../etc/passwd"):
        assert refusal(lambda text=text: formats.read_time_zone(node(text), "timeZone")) == (  # type: ignore[misc]
            f"unknown timeZone '{text}'; {examples}"
        )


@pytest.mark.parametrize("text", ["orders_*.csv", "a.csv", "[ab].csv", "...csv", "a[0-9][0-9]"])
def test_a_file_pattern_is_of_names(text: str) -> None:
    """Globs of names, with as many [ as ]."""
    assert formats.read_file_pattern(node(text)) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a/b.csv", "names a folder; write a file name with * such as orders_*.csv."),
        ("a\\b.csv", "names a folder; write a file name with * such as orders_*.csv."),
        (".", "names a folder; write a file name with * such as orders_*.csv."),
        ("..", "names a folder; write a file name with * such as orders_*.csv."),
        ("a[b", "has a [ without its ]; close it or write *."),
        ("a]b", "has a [ without its ]; close it or write *."),
    ],
)
def test_what_matches_no_file_name_is_told(text: str, sentence: str) -> None:
    """A path leads out of the folder of deliveries."""
    assert refusal(lambda: formats.read_file_pattern(node(text))) == f"file pattern '{text}' {sentence}"


@pytest.mark.parametrize("text", [";", "\t", "|", " ", "'"])
def test_one_character_is_a_sign(text: str) -> None:
    """Also a blank or a tab."""
    assert formats.read_character(node(text), "delimiter") == text


@pytest.mark.parametrize("text", ["", ";;", "a", "1", "\n", "\r", "\0"])
def test_letters_digits_and_line_ends_are_no_sign(text: str) -> None:
    """They stand within values and between rows."""
    assert refusal(lambda: formats.read_character(node(text), "quote")).startswith(
        f"quote '{text}' must be one character"
    )


def test_an_identifier_starts_with_a_letter() -> None:
    """Of either case, without a line end."""
    for text, good in {"a": True, "Ab_1": True, "1a": False, "_a": False, "a b": False, "a\n": False}.items():
        assert bool(formats.IDENTIFIER.match(text)) == good
