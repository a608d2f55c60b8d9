"""Judging rows: every reason is found, every good row is typed, nothing vanishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from basketry.contracts import Contract, DeliveredColumn, QualityRule
from basketry.domains.ingest import core, duplicates
from basketry.tables import ORDER_LINES
from tests.kit.contracts import a_contract, mapped

DELIVERED = (
    DeliveredColumn(name="Order", header="Order", type="string", required=True),
    DeliveredColumn(name="Line", header="Line", type="integer", required=True),
    DeliveredColumn(
        name="When", header="When", type="timestamp", formats=("yyyy-MM-dd HH:mm", "dd/MM/yyyy"), required=True
    ),
    DeliveredColumn(name="Quantity", header="Quantity", type="number"),
    DeliveredColumn(name="Price", header="Price", type="number"),
    DeliveredColumn(name="State", header="State", type="string"),
)
DISCOUNTS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")


column = partial(mapped, ORDER_LINES)
CONTRACT = a_contract(
    ORDER_LINES,
    delivered=DELIVERED,
    mapped=(
        column("order_id", "Order", id_prefix="O-"),
        column("line_id", "cast(Line as string)"),
        column("ordered_at", "`When`"),
        column("order_date", "to_date(from_utc_timestamp(`When`, 'America/New_York'))"),
        column("line_kind", "'sale'"),
        column("status", "State", value_map={"P": "paid", "S": "shipped"}),
        column("quantity", "Quantity"),
        column("list_amount", "Quantity * Price"),
        *(column(name, "0") for name in DISCOUNTS),
        column("net_amount", "Quantity * Price"),
    ),
    rules=(
        QualityRule("quantity_not_zero", "quantity <> 0", "reject", ""),
        QualityRule("price_not_negative", "Price >= 0", "reject", ""),
        QualityRule("few_units", "quantity < 100", "warn", ""),
    ),
)

GOOD = ("1", "1", "2026-03-01 23:30", "2", "1.50", "P")


def raw(spark: SparkSession, *rows: tuple[str | None, ...], defects: dict[int, list[str]] | None = None) -> DataFrame:
    """Delivered rows of one file, numbered from 2."""
    names = ", ".join(f"`{column.name}` string" for column in DELIVERED)
    schema = (
        "_file_checksum string, _row_number bigint, _delivered_at timestamp, _ordering_time timestamp, _file_name string, "
        f"{names}, _extra string, _native array<string>, _defects array<string>"
    )
    when = datetime(2026, 3, 2, tzinfo=UTC)
    lines = [
        ("f1", number, when, when, "f1.csv", *row, None, None, (defects or {}).get(number, []))
        for number, row in enumerate(rows, 2)
    ]
    return spark.createDataFrame(lines, schema)


def reasons(spark: SparkSession, *rows: tuple[str | None, ...], contract: Contract = CONTRACT) -> list[list[str]]:
    """The reasons of each row, in file order."""
    validated = core.validate_rows(raw(spark, *rows), contract).orderBy("_row_number").select("_reasons").collect()
    return [list(row[0]) for row in validated]


def entity(spark: SparkSession, *rows: tuple[str | None, ...], contract: Contract = CONTRACT) -> list[Row]:
    """The entity of each row, in file order."""
    return [
        row[0]
        for row in core.validate_rows(raw(spark, *rows), contract).orderBy("_row_number").select("_entity").collect()
    ]


def test_a_good_row_is_typed_mapped_and_dated_in_local_time(spark: SparkSession) -> None:
    """Amounts are exact decimals, the business day is local, the instant is UTC."""
    [row] = entity(spark, GOOD)
    assert (row.order_id, row.line_id, row.status) == ("O-1", "1", "paid")
    assert row.net_amount == Decimal("3.0000")
    assert row.order_date == date(2026, 3, 1)
    assert row.ordered_at == datetime.fromisoformat("2026-03-02T04:30")


def test_every_reason_is_reported_not_only_the_first(spark: SparkSession) -> None:
    """A row with five faults carries five reasons."""
    [found] = reasons(spark, (None, "x", "yesterday", "0", "-1", "Z"))
    assert set(found) == {
        "Order:missing",
        "Line:not_an_integer",
        "When:not_a_timestamp",
        "status:unknown_value",
        "quantity_not_zero",
        "price_not_negative",
    }


def test_a_missing_entity_value_is_a_reason_unless_a_delivered_one_explains_it(spark: SparkSession) -> None:
    """An empty optional column that a required one is made of is named by the required one."""
    assert reasons(spark, ("1", "1", "2026-03-01 10:00", "2", None, "P")) == [
        ["list_amount:missing", "net_amount:missing"]
    ]
    assert reasons(spark, ("1", "1", "2026-03-01 10:00", "2", "abc", "P")) == [["Price:not_a_number"]]


@pytest.mark.parametrize(
    ("text", "expected"), [("17850.0", "17850"), ("17850", "17850"), (" 17 ", "17"), ("17850.5", None), ("1e3", None)]
)
def test_integers_as_spreadsheets_write_them(spark: SparkSession, text: str, expected: str | None) -> None:
    """17850.0 is an integer, 17850.5 is not."""
    row = ("1", text, *GOOD[2:])
    if expected is None:
        assert reasons(spark, row) == [["Line:not_an_integer"]]
    else:
        assert entity(spark, row)[0].line_id == expected


def test_european_numbers_need_a_contract_that_says_so(spark: SparkSession) -> None:
    """1.234,56 is a number only where the decimal sign is a comma; a misplaced thousands sign is not a number."""
    row = (*GOOD[:3], "1", "1.234,56", "P")
    assert reasons(spark, row) == [["Price:not_a_number"]]
    european = replace(CONTRACT, file=replace(CONTRACT.file, decimal_sign=",", thousands_sign="."))
    assert entity(spark, row, contract=european)[0].net_amount == Decimal("1234.56")
    assert reasons(spark, (*GOOD[:3], "1", "1.23,4", "P"), contract=european) == [["Price:not_a_number"]]


def test_two_date_formats_in_one_column(spark: SparkSession) -> None:
    """Each of the contract's formats is tried; a date that fits none is a reason."""
    rows = entity(spark, (*GOOD[:2], "25/12/2025", *GOOD[3:]), GOOD)
    assert [row.order_date for row in rows] == [date(2025, 12, 25), date(2026, 3, 1)]
    assert reasons(spark, (*GOOD[:2], "12/25/2025", *GOOD[3:])) == [["When:not_a_timestamp"]]


def test_a_row_of_the_wrong_shape_has_its_shape_as_only_reason(spark: SparkSession) -> None:
    """Values that stand in the wrong columns are not validated."""
    validated = core.validate_rows(
        raw(spark, ("x", "y", "z", "a", "b", "c"), defects={2: ["row:too_many_fields"]}), CONTRACT
    )
    assert validated.select("_reasons").head()[0] == ["row:too_many_fields"]


def test_a_warning_does_not_reject(spark: SparkSession) -> None:
    """A rule of severity warn leaves the row good and is counted."""
    validated = core.validate_rows(raw(spark, (*GOOD[:3], "500", "1", "P")), CONTRACT)
    assert validated.select("_reasons", "_warnings").head() == Row(_reasons=[], _warnings=["few_units"])


def test_the_last_row_of_a_repeated_key_is_kept(spark: SparkSession) -> None:
    """Earlier copies of a key in one file are duplicates; bad rows are not compared."""
    twice = (GOOD, ("2", *GOOD[1:]), (*GOOD[:3], "5", *GOOD[4:]), ("1", "1", "bad", *GOOD[3:]))
    validated = core.validate_rows(raw(spark, *twice), CONTRACT)
    marked = duplicates.mark_duplicates(validated, duplicates.repeated_keys(validated, CONTRACT), CONTRACT)
    fates = {row._row_number: row._duplicate for row in marked.collect()}
    assert fates == {2: True, 3: False, 4: False, 5: False}


def test_the_tally_adds_up_to_the_rows_read(spark: SparkSession) -> None:
    """Rows = good + quarantined + duplicate, and the touched days are those of good rows."""
    rows = (GOOD, GOOD, ("2", *GOOD[1:]), ("3", "x", *GOOD[2:]), ("4", "1", "2026-03-05 10:00", *GOOD[3:]))
    validated = core.validate_rows(raw(spark, *rows), CONTRACT)
    marked = duplicates.mark_duplicates(validated, duplicates.repeated_keys(validated, CONTRACT), CONTRACT)
    lines = core.count_outcomes(marked, CONTRACT).collect()
    assert sum(line["rows"] for line in lines) == 5
    assert sum(line["rows"] for line in lines if line._duplicate) == 1
    good = [line for line in lines if not line._reasons and not line._duplicate]
    assert min(line.first_day for line in good) == date(2026, 3, 1)
    assert max(line.last_day for line in good) == date(2026, 3, 5)


def test_poison_values_end_in_quarantine_never_in_an_error(spark: SparkSession) -> None:
    """Overflowing, endless, infinite and absurd texts are reasons."""
    huge = "9" * 40
    rows = [
        ("1", huge, "2026-03-01 10:00", huge, "NaN", "P"),
        ("2", "1", "99999-01-01 10:00", "Infinity", "1e400", "P"),
    ]
    first, second = reasons(spark, *rows)
    assert {"Line:not_an_integer", "Quantity:not_a_number", "Price:not_a_number"} <= set(first)
    assert {"When:not_a_timestamp", "Quantity:not_a_number", "Price:not_a_number"} <= set(second)
