"""What is written of a checked expression: the SQL to the last sign, in which no value can break a job."""

from __future__ import annotations

import re

import pytest

from tests.kit.expressions import compiled


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("substr(name, count, length(name))",
         "SUBSTR(`name`, TRY_CAST(`count` AS INT), TRY_CAST(LENGTH(`name`) AS INT))"),
        ("substring(name, count, count)",
         "SUBSTRING(`name`, TRY_CAST(`count` AS INT), TRY_CAST(`count` AS INT))"),
        ("left(name, count)", "LEFT(`name`, TRY_CAST(`count` AS INT))"),
        ("right(name, count)", "RIGHT(`name`, TRY_CAST(`count` AS INT))"),
        ("left(name, 3)", "LEFT(`name`, 3)"),
        ("date_add(day, count)", "DATE_ADD(`day`, TRY_CAST(`count` AS INT))"),
        ("date_sub(day, count)", "DATE_SUB(`day`, TRY_CAST(`count` AS INT))"),
        ("concat(count, name, day)", "CONCAT(TRY_CAST(`count` AS STRING), `name`, TRY_CAST(`day` AS STRING))"),
        ("concat_ws('-', count, name, day)",
         "CONCAT_WS('-', TRY_CAST(`count` AS STRING), `name`, TRY_CAST(`day` AS STRING))"),
        ("lpad(count, 5, '0')", "LPAD(TRY_CAST(`count` AS STRING), 5, '0')"),
        ("count % 2", "TRY_MOD(`count`, 2)"),
        ("count + 1", "TRY_ADD(`count`, 1)"),
        ("-count", "-`count`"),
        ("(count)", "(`count`)"),
        ("cast(moment as date)", "TRY_CAST(CONVERT_TIMEZONE('Europe/London', `moment`) AS DATE)"),
        ("cast(name as date)", "TRY_CAST(`name` AS DATE)"),
        ("cast(day as string)", "TRY_CAST(`day` AS STRING)"),
        ("to_date(day)", "TRY_CAST(`day` AS DATE)"),
        ("name not in ('a', 'b')", "NOT `name` IN ('a', 'b')"),
        ("count not between 1 and 2", "NOT `count` BETWEEN 1 AND 2"),
        ("case when count > 1 then upper(name) else name end",
         "CASE WHEN `count` > 1 THEN UPPER(`name`) ELSE `name` END"),
        ("make_date(count, 2, 3)",
         "TRY_CAST(CONCAT(LPAD(TRY_CAST(TRY_CAST(`count` AS INT) AS STRING), 4, '0'), '-',"
         " LPAD(TRY_CAST(TRY_CAST(2 AS INT) AS STRING), 2, '0'), '-',"
         " LPAD(TRY_CAST(TRY_CAST(3 AS INT) AS STRING), 2, '0')) AS DATE)"),
        ("row_hash(name)", "SHA2(CONCAT_WS(CHAR(31), COALESCE(TRY_CAST(`name` AS STRING), CHAR(0))), 256)"),
    ],
)  # fmt: skip
def test_an_expression_is_written_so_that_no_row_breaks_it(text: str, sql: str) -> None:
    """Numbers that Spark wants whole, texts made of anything, days and parts of days become null where they do not fit."""
    assert compiled(text).sql == sql


def test_the_column_of_an_occurrence_is_named_by_what_is_counted() -> None:
    """Sixteen digits of a hash of the values' SQL: the same for the same values, another for others."""
    first, second = compiled("occurrence(name)"), compiled("occurrence(name, count)")
    (name,) = first.occurrences
    assert re.fullmatch(r"occurrence:[0-9a-f]{16}", name)
    assert first.sql == f"`{name}`"
    assert set(second.occurrences) != {name}
    assert compiled("concat(name)").occurrences == {}


def test_columns_are_what_the_expression_names() -> None:
    """Each once, however often and deep it stands there; words in quotes are no columns."""
    assert compiled("if(name = 'count', upper(name), cast(moment as string))").columns == {"name", "moment"}
    assert compiled("1").columns == frozenset()


def test_a_writer_leaves_the_text_alone() -> None:
    """Compiling twice gives the same, also of what is written with comments, in other cases and over several lines."""
    assert compiled("UPPER( /* why */\n name ) -- so").sql == compiled("upper(name)").sql == "UPPER(`name`)"
