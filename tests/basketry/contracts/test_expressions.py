"""Expressions: what may be written, what is refused, and that Spark gets what was written from the checked tree."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.contracts.functions import CLOCK_OR_CHANCE, FUNCTIONS
from basketry.errors import ContractError
from tests.kit import expressions

compiled = partial(
    expressions.compiled,
    what="transformLogic",
    columns={**expressions.COLUMNS, "price": "number"},
    time_zone="America/New_York",
)


WRITTEN = [
    ("name", "text", "`name`"),
    ("`name`", "text", "`name`"),
    ("'sale'", "text", "'sale'"),
    ("upper(trim(name))", "text", "UPPER(TRIM(`name`))"),
    ("count * price", "number", "TRY_MULTIPLY(`count`, `price`)"),
    ("price - 1 / count", "number", "TRY_SUBTRACT(`price`, TRY_DIVIDE(1, `count`))"),
    ("cast(name as decimal(18,4))", "number", "TRY_CAST(`name` AS DECIMAL(18, 4))"),
    ("name::int", "number", "TRY_CAST(`name` AS INT)"),
    ("substr(name, 1, count)", "text", "SUBSTR(`name`, 1, TRY_CAST(`count` AS INT))"),
    ("concat(name, count)", "text", "CONCAT(`name`, TRY_CAST(`count` AS STRING))"),
    ("to_date(moment)", "date", "TRY_CAST(CONVERT_TIMEZONE('America/New_York', `moment`) AS DATE)"),
    ("to_date(name)", "date", "TRY_CAST(`name` AS DATE)"),
    ("to_date(name, 'M/d/yyyy')", "date", "TRY_CAST(TRY_TO_TIMESTAMP(`name`, 'M/d/yyyy') AS DATE)"),
    (
        "date_add(to_date('2018-01-01'), count - 1)",
        "date",
        "DATE_ADD(TRY_CAST('2018-01-01' AS DATE), TRY_CAST(TRY_SUBTRACT(`count`, 1) AS INT))",
    ),
    ("if(open, name, null)", "text", "IF(`open`, `name`, NULL)"),
    (
        "case when count > 1 and not open then 1 else 0 end",
        "number",
        "CASE WHEN `count` > 1 AND NOT `open` THEN 1 ELSE 0 END",
    ),
    ("case name when 'a' then 1 end", "number", "CASE `name` WHEN 'a' THEN 1 END"),
    ("name in ('a', 'b') or code is null", "boolean", "`name` IN ('a', 'b') OR `code` IS NULL"),
    ("price between 1 and 2", "boolean", "`price` BETWEEN 1 AND 2"),
    ("name not like 'C%'", "boolean", "`name` NOT LIKE 'C%'"),
    (r"name rlike '^\\d+$'", "boolean", r"`name` RLIKE '^\\d+$'"),
    (r"regexp_extract(name, '(\\d+)', 1)", "text", r"REGEXP_EXTRACT(`name`, '(\\d+)', 1)"),
    ("coalesce(price, count, 0)", "number", "COALESCE(`price`, `count`, 0)"),
    ("nullif(trim(name), '')", "text", "NULLIF(TRIM(`name`), '')"),
    ("name /* why */ -- and more", "text", "`name`"),
]


@pytest.mark.parametrize(("text", "kind", "sql"), WRITTEN)
def test_an_allowed_expression_is_written_anew(text: str, kind: str, sql: str) -> None:
    """Spark gets quoted columns and forms that give null where a value does not fit, never the contract's text."""
    expression = compiled(text)
    assert (expression.kind, expression.sql) == (kind, sql)


def test_an_expression_knows_its_columns() -> None:
    """The columns that a value is made of are known by name."""
    assert compiled("if(open, name, code)").columns == {"open", "name", "code"}


def test_an_occurrence_is_counted_beforehand() -> None:
    """Its number is a column that the expression names; equal values are one number, whatever stands around them."""
    expression = compiled("concat(name, '-', occurrence(code, upper(name)))")
    assert list(expression.occurrences.values()) == [("`code`", "UPPER(`name`)")]
    (name,) = expression.occurrences
    assert (expression.kind, expression.sql) == ("text", f"CONCAT(`name`, '-', TRY_CAST(`{name}` AS STRING))")
    assert compiled("occurrence(code, upper(name))").occurrences == expression.occurrences


def test_a_row_hash_tells_null_from_empty() -> None:
    """row_hash is sha2 over all values with a mark for null and a separator that no file contains."""
    sql = compiled("row_hash(name, count)").sql
    assert sql == (
        "SHA2(CONCAT_WS(CHAR(31), COALESCE(TRY_CAST(`name` AS STRING), CHAR(0)), "
        "COALESCE(TRY_CAST(`count` AS STRING), CHAR(0))), 256)"
    )


def test_local_clock_time_becomes_an_instant_of_the_retailers_zone() -> None:
    """to_timestamp reads the retailer's clock, whatever the session's time zone."""
    assert compiled("to_timestamp(name, 'yyyy-MM-dd HHmm')").sql == (
        "TRY_CAST(CONVERT_TIMEZONE('America/New_York', CURRENT_TIMEZONE(), "
        "TRY_CAST(TRY_TO_TIMESTAMP(`name`, 'yyyy-MM-dd HHmm') AS TIMESTAMP_NTZ)) AS TIMESTAMP)"
    )


REFUSED = [
    ("(select max(price) from silver.orders)", "which an expression may not have"),
    ("exists(select 1)", "which an expression may not have"),
    ("name in (select 1)", "which an expression may not have"),
    ("*", "which an expression may not have"),
    ("count(*)", "unknown function 'count'"),
    ("customers.name", "which an expression may not have"),
    ("a.b.name", "which an expression may not have"),
    ("sum(price) over ()", "which an expression may not have"),
    ("transform(name, x -> x)", "an expression"),
    ("name as other", "which an expression may not have"),
    ("name; drop table silver.orders", "is not one expression"),
    ("name from silver.customers", "is not a Spark SQL expression"),
    ("name[0]", "which an expression may not have"),
    ("name:path", "which an expression may not have"),
    ("?", "which an expression may not have"),
    (":name", "which an expression may not have"),
    ("${name}", "an expression"),
    ("interval 1 day", "which an expression may not have"),
    ("name like 'x' escape '/'", "which an expression may not have"),
    ("name like any ('x')", "which an expression may not have"),
    ("java_method('java.lang.Runtime', 'getRuntime')", "unknown function 'java_method'"),
    ("reflect('java.lang.System', 'exit', 1)", "unknown function 'reflect'"),
    ("ai_query('model', name)", "unknown function 'ai_query'"),
    ("secret('scope', 'key')", "unknown function 'secret'"),
    ("raise_error('x')", "unknown function 'raise_error'"),
    ("uper(name)", "unknown function 'uper'; did you mean 'upper'?"),
    ("nam", "unknown column 'nam'; did you mean 'name'?"),
    ("upper()", "gives upper 0 arguments; it takes 1 to 1."),
    ("split_part(name, ',', 0)", "parts count from 1"),
    ("lpad(name, count, '0')", "write a literal there"),
    ("name rlike code", "write it as a literal"),
    ("name rlike '('", "is not a regular expression"),
    ("regexp_extract(name, 'a', 1)", "has 0 groups in parentheses, 1 needed"),
    ("regexp_extract(name, 'a')", "has 0 groups in parentheses, 1 needed"),
    (r"name rlike '\d'", r"loses its backslash in SQL; write '\\d'"),
    ("to_date(name, 'MM/DD/YYYY')", "unknown letter 'D'; did you mean dd?"),
    ("to_timestamp(name, 'yyyy-mm-dd')", "mm are minutes"),
    ("cast(name as timestamp)", "use to_timestamp(text, 'pattern')"),
    ("cast(name as array<int>)", "casts to"),
    ("cast(name as decimle)", "Expected TYPE"),
    ("cast(name as decimal(60,2))", "casts to decimal(60,2); use at most 38 digits"),
    ("cast(name as decimal(5,9))", "casts to decimal(5,9)"),
    ("name = 1", "mixes 'name' (text), '1' (number)"),
    ("price in ('1')", "mixes 'price' (number), ''1'' (text)"),
    ("name + 1", "which is text, where number is needed; use cast(… as decimal(18,4))"),
    ("coalesce(name, 0)", "mixes"),
    ("if(name, 1, 2)", "which is text, where boolean is needed"),
    ("date_add(moment, 1)", "which is timestamp, where date is needed; use cast(… as date)"),
    ("'it''s'", "which an expression may not have"),
    ("upper(", "is not a Spark SQL expression"),
    ("(" * 200 + "1" + ")" * 200, "transformLogic"),
    ("name " + "or open " * 2000, "keep it under"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_not_on_the_list_is_refused(text: str, words: str) -> None:
    """No query, star, table, lambda, window, parameter or unknown function passes; the sentence names file and line."""
    with pytest.raises(ContractError) as raised:
        compiled(text)
    assert raised.value.message.startswith("feed.odcs.yaml:7: ")
    assert words in raised.value.message
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("name", CLOCK_OR_CHANCE)
@pytest.mark.parametrize("form", ["{}()", "{}"])
def test_clock_and_chance_are_refused(name: str, form: str) -> None:
    """The same rows give the same result on every day: no clock, no random number, no place."""
    with pytest.raises(ContractError, match="clock or on chance|may not have"):
        compiled(form.format(name))


def test_no_function_of_the_list_depends_on_the_clock_or_on_chance() -> None:
    """The two lists of functions are disjoint."""
    assert not set(FUNCTIONS) & set(CLOCK_OR_CHANCE)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="name()'`\"\\*;,.-/ x1[]{}:?@$%\n", max_size=40))
def test_any_text_gives_an_expression_or_a_sentence(text: str) -> None:
    """Whatever is written, the answer is checked SQL over known columns or one ContractError."""
    try:
        expression = compiled(text)
    except ContractError as error:
        assert error.message.startswith("feed.odcs.yaml:7: ")
    else:
        assert expression.columns <= set(expressions.COLUMNS)
        assert "/*" not in expression.sql
