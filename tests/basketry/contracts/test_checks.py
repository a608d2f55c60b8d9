"""Kinds within an expression: what fits where, to the last argument, digit and level; and the sentence when it does not."""

from __future__ import annotations

import pytest

from basketry.contracts.functions import FUNCTIONS
from tests.kit.expressions import compiled, refusal

CALLS = {
    "upper": ("upper(name)", "text"),
    "lower": ("lower(name)", "text"),
    "trim": ("trim(name)", "text"),
    "ltrim": ("ltrim(name)", "text"),
    "rtrim": ("rtrim(name)", "text"),
    "initcap": ("initcap(name)", "text"),
    "length": ("length(name)", "number"),
    "substr": ("substr(name, 2)", "text"),
    "substring": ("substring(name, 2, 3)", "text"),
    "left": ("left(name, 2)", "text"),
    "right": ("right(name, 2)", "text"),
    "startswith": ("startswith(name, code)", "boolean"),
    "endswith": ("endswith(name, code)", "boolean"),
    "contains": ("contains(name, code)", "boolean"),
    "concat": ("concat(name, open, day)", "text"),
    "concat_ws": ("concat_ws('-', name, count)", "text"),
    "replace": ("replace(name, code, 'x')", "text"),
    "translate": ("translate(name, 'ab', 'cd')", "text"),
    "lpad": ("lpad(count, 5, '0')", "text"),
    "rpad": ("rpad(name, 5, ' ')", "text"),
    "split_part": ("split_part(name, ',', 1)", "text"),
    "regexp_replace": ("regexp_replace(name, 'a', 'b')", "text"),
    "regexp_extract": ("regexp_extract(name, '(a)')", "text"),
    "coalesce": ("coalesce(day, to_date(moment))", "date"),
    "nullif": ("nullif(count, 0)", "number"),
    "greatest": ("greatest(moment, moment)", "timestamp"),
    "least": ("least(price, count)", "number"),
    "abs": ("abs(price)", "number"),
    "floor": ("floor(price)", "number"),
    "ceil": ("ceil(price)", "number"),
    "sign": ("sign(price)", "number"),
    "round": ("round(price)", "number"),
    "date_add": ("date_add(day, 1)", "date"),
    "date_sub": ("date_sub(day, 1)", "date"),
    "datediff": ("datediff(day, day)", "number"),
    "make_date": ("make_date(count, 1, 2)", "date"),
    "to_date": ("to_date(moment)", "date"),
    "to_timestamp": ("to_timestamp(name, 'yyyy-MM-dd')", "timestamp"),
    "row_hash": ("row_hash(name, count)", "text"),
    "occurrence": ("occurrence(name, count)", "number"),
}
"""By function: a call with a value of each kind that it takes, and the kind of its result."""


def test_every_function_is_called_here() -> None:
    """A function that is added to the list gets a call with its kinds."""
    assert set(CALLS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_the_kind_of_its_function(name: str) -> None:
    """Which kind a function gives is known before any row is read."""
    text, kind = CALLS[name]
    assert compiled(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "substr(name, 2, 3)",
        "round(price, 2)",
        "regexp_extract(name, '(a)(b)', 2)",
        "regexp_extract(name, 'a', 0)",
        "to_date(name, 'yyyy-MM-dd')",
        "split_part(name, ',', 10)",
        "concat(name)",
        "row_hash(name)",
        "concat_ws(',', name)",
        f"concat({', '.join(['name'] * 64)})",
    ],
)
def test_as_many_arguments_as_a_function_takes_are_fine(text: str) -> None:
    """The optional last argument may stand there; what repeats may do so up to 64 times."""
    assert compiled(text).kind


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("upper(name, code)", "gives upper 2 arguments; it takes 1 to 1."),
        ("substr(name)", "gives substr 1 arguments; it takes 2 to 3."),
        ("substr(name, 1, 2, 3)", "gives substr 4 arguments; it takes 2 to 3."),
        ("substring(name)", "gives substring 1 arguments; it takes 2 to 3."),
        ("regexp_extract(name)", "gives regexp_extract 1 arguments; it takes 2 to 3."),
        ("round()", "gives round 0 arguments; it takes 1 to 2."),
        ("round(price, 1, 2)", "gives round 3 arguments; it takes 1 to 2."),
        ("to_date()", "gives to_date 0 arguments; it takes 1 to 2."),
        ("to_timestamp(name)", "gives to_timestamp 1 arguments; it takes 2 to 2."),
        ("coalesce(name)", "gives coalesce 1 arguments; it takes 2 to 64."),
        ("greatest(count)", "gives greatest 1 arguments; it takes 2 to 64."),
        ("least(count)", "gives least 1 arguments; it takes 2 to 64."),
        ("nullif(name, code, code)", "gives nullif 3 arguments; it takes 2 to 2."),
        ("concat_ws(',')", "gives concat_ws 1 arguments; it takes 2 to 64."),
        ("row_hash()", "gives row_hash 0 arguments; it takes 1 to 64."),
        ("occurrence()", "gives occurrence 0 arguments; it takes 1 to 64."),
        (f"concat({', '.join(['name'] * 65)})", "gives concat 65 arguments; it takes 1 to 64."),
    ],
)
def test_too_few_and_too_many_arguments_are_counted(text: str, sentence: str) -> None:
    """The sentence says how many there are and how many there may be."""
    assert refusal(text) == f"rule {sentence}"


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("concat_ws(code, name)", 1),
        ("translate(name, code, 'a')", 2),
        ("translate(name, 'a', code)", 3),
        ("lpad(name, 5, code)", 3),
        ("rpad(name, length(code), 'x')", 2),
        ("rpad(name, 5, code)", 3),
        ("split_part(name, code, 1)", 2),
        ("split_part(name, ',', length(code))", 3),
        ("regexp_replace(name, code, 'x')", 2),
        ("regexp_replace(name, 'x', code)", 3),
        ("regexp_extract(name, code)", 2),
        ("regexp_extract(name, '(a)', length(code))", 3),
        ("round(price, length(code))", 2),
        ("to_date(name, code)", 2),
        ("to_timestamp(name, code)", 2),
    ],
)
def test_a_row_chooses_no_pattern_and_no_length(text: str, position: int) -> None:
    """Some arguments must be written out; which of them is not is said by its number."""
    sentence = refusal(text)
    assert sentence.endswith(f"as argument {position}; write a literal there."), sentence
    assert "code" in sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("regexp_extract(name, '(a)', 2)", "has a pattern: '(a)' has 1 groups in parentheses, 2 needed; add one."),
        ("regexp_extract(name, '(a)', 1 + 1)", "gives regexp_extract '1 + 1' as argument 3; write a literal there."),
        ("regexp_replace(name, '(', 'b')", "'(' is not a regular expression"),
        ("name rlike '('", "'(' is not a regular expression"),
        ("name like code", "has the pattern 'code'; write it as a literal."),
        ("to_date(name, 'dd.MM')", "gives to_date the pattern 'dd.MM', which has no a year; add a year (yyyy)."),
        ("to_timestamp(name, 'HH:mm')", "gives to_timestamp the pattern 'HH:mm', which has no a year"),
        ("split_part(name, ',', 0)", "asks split_part for part 0; parts count from 1."),
    ],
)
def test_patterns_are_tried_before_a_row_is_read(text: str, sentence: str) -> None:
    """A regular expression compiles and has the group that is asked for; a date pattern has year, month and day."""
    assert refusal(text).startswith("rule ")
    assert sentence in refusal(text)


@pytest.mark.parametrize(
    ("text", "part", "kind", "wanted", "fix"),
    [
        ("upper(count)", "count", "number", "text", "use cast(… as string)."),
        ("length(day)", "day", "date", "text", "use cast(… as string)."),
        ("abs(name)", "name", "text", "number", "use cast(… as decimal(18,4))."),
        ("substr(name, code)", "code", "text", "number", "use cast(… as decimal(18,4))."),
        ("substr(name, 1, code)", "code", "text", "number", "use cast(… as decimal(18,4))."),
        ("concat_ws(1, name)", "1", "number", "text", "use cast(… as string)."),
        ("left(name, '5')", "'5'", "text", "number", "use cast(… as decimal(18,4))."),
        ("replace(name, code, count)", "count", "number", "text", "use cast(… as string)."),
        ("datediff(day, moment)", "moment", "timestamp", "date", "use cast(… as date)."),
        ("to_timestamp(day, 'yyyy-MM-dd')", "day", "date", "text", "use cast(… as string)."),
        ("-name", "name", "text", "number", "use cast(… as decimal(18,4))."),
        ("name % 2", "name", "text", "number", "use cast(… as decimal(18,4))."),
        ("2 / name", "name", "text", "number", "use cast(… as decimal(18,4))."),
        ("not name", "name", "text", "boolean", "use cast(… as boolean)."),
        ("name and open", "name", "text", "boolean", "use cast(… as boolean)."),
        ("open or count", "count", "number", "boolean", "use cast(… as boolean)."),
        ("count like '1%'", "count", "number", "text", "use cast(… as string)."),
        ("name like 1", "1", "number", "text", "use cast(… as string)."),
        ("count rlike '1'", "count", "number", "text", "use cast(… as string)."),
        ("if(count, 1, 2)", "count", "number", "boolean", "use cast(… as boolean)."),
        ("case when open then 1 when name then 2 end", "name", "text", "boolean", "use cast(… as boolean)."),
    ],
)
def test_a_part_of_the_wrong_kind_is_told_with_its_cast(text: str, part: str, kind: str, wanted: str, fix: str) -> None:
    """The sentence has the part as written, its kind, the kind that is needed, and how to get there."""
    assert refusal(text) == f"rule has '{part}', which is {kind}, where {wanted} is needed; {fix}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name = count", "mixes 'name' (text), 'count' (number); use cast(… as string)."),
        ("count <> name", "mixes 'count' (number), 'name' (text); use cast(… as decimal(18,4))."),
        ("moment < name", "mixes 'moment' (timestamp), 'name' (text); use to_timestamp(text, 'pattern')."),
        ("coalesce(null, open, 1)", "mixes 'open' (boolean), '1' (number); use cast(… as boolean)."),
        ("count in (1, 'a')", "mixes 'count' (number), '1' (number), ''a'' (text); use cast(… as decimal(18,4))."),
        ("day between 1 and day", "mixes 'day' (date), '1' (number), 'day' (date); use cast(… as date)."),
        ("count between 1 and 'b'", "mixes 'count' (number), '1' (number), ''b'' (text)"),
        ("case name when 1 then 2 end", "mixes 'name' (text), '1' (number); use cast(… as string)."),
        ("case when open then 1 else 'a' end", "mixes '1' (number), ''a'' (text)"),
        ("case when open then 1 when not open then 'a' end", "mixes '1' (number), ''a'' (text)"),
        ("if(open, day, count)", "mixes 'day' (date), 'count' (number); use cast(… as date)."),
        ("nullif(name, 1)", "mixes 'name' (text), '1' (number)"),
    ],
)
def test_values_that_stand_side_by_side_are_of_one_kind(text: str, sentence: str) -> None:
    """Each is told with its kind; the fix is to make the others what the first is."""
    assert refusal(text).startswith(f"rule {sentence}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("null", None),
        ("coalesce(null, null)", None),
        ("upper(null)", "text"),
        ("coalesce(null, name)", "text"),
        ("count = null", "boolean"),
        ("if(null, null, day)", "date"),
        ("if(open, day)", "date"),
        ("case when open then null else day end", "date"),
        ("open is true", "boolean"),
        ("name is not null", "boolean"),
        ("not open and open", "boolean"),
        ("-count", "number"),
        ("count % 2", "number"),
        ("(name)", "text"),
        ("true", "boolean"),
        ("name ilike 'a%'", "boolean"),
        ("price <=> count", "boolean"),
        ("name between 'a' and code", "boolean"),
        ("cast(name as boolean)", "boolean"),
        ("try_cast(name as double)", "number"),
        ("cast(count as string)", "text"),
        ("cast(moment as date)", "date"),
    ],
)
def test_null_fits_everywhere_and_decides_no_kind(text: str, kind: str | None) -> None:
    """A null takes the kind of what stands beside it; conditions are boolean, whatever they compare."""
    assert compiled(text).kind == kind
