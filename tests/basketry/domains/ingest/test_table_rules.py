"""What every row must keep whatever its contract says: closed lists of words, signs by kind, bounds of numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from basketry.contracts import Contract, DeliveredColumn, QualityRule
from basketry.domains.ingest import core, table_rules
from basketry.errors import BadInputError
from basketry.tables import DISCOUNTS, EVENT_TYPES, HOMEOWNER, ORDER_LINES, REVIEWS, SILVER, Table, Vocabulary
from tests.kit.contracts import CLICKS, a_contract, mapped
from tests.kit.deliveries import Shop

pytestmark = pytest.mark.slow

AMOUNTS = ("quantity", "list_amount", *DISCOUNTS, "net_amount")
TEXTS = ("order_id", "line_id", "line_kind", "status")


def contract(
    entity: Table, expressions: dict[str, str], delivered: tuple[DeliveredColumn, ...], *rules: QualityRule
) -> Contract:
    """A contract without any rule of its own but these."""
    columns = tuple(mapped(entity, name, text) for name, text in expressions.items())
    return a_contract(entity, delivered=delivered, mapped=columns, rules=rules, time_zone="Europe/Paris")


DAYS = {"ordered_at": "timestamp'2026-01-01 10:00:00'", "order_date": "date'2026-01-01'"}
LINES = contract(
    ORDER_LINES,
    {name: name for name in (*TEXTS, *AMOUNTS)} | DAYS,
    (
        *(DeliveredColumn(name=name, header=name, type="string") for name in TEXTS),
        *(DeliveredColumn(name=name, header=name, type="number") for name in AMOUNTS),
    ),
)


def validated(spark: SparkSession, feed: Contract, *rows: tuple[str, ...]) -> list[Row]:
    """The rows after `core.validate_rows`, in file order."""
    return judged_rows(spark, feed, *rows).orderBy("_row_number").collect()


def judged_rows(spark: SparkSession, feed: Contract, *rows: tuple[str, ...]) -> DataFrame:
    """The rows after `core.validate_rows`."""
    names = ", ".join(f"`{column.name}` string" for column in feed.delivered)
    schema = (
        "_file_checksum string, _row_number bigint, _delivered_at timestamp, _ordering_time timestamp, _file_name string,"
        f" {names}, _extra string, _native array<string>, _defects array<string>"
    )
    lines = [
        ("f1", number, datetime(2026, 1, 2, tzinfo=UTC), None, "f1.csv", *row, None, None, [])
        for number, row in enumerate(rows, 2)
    ]
    return core.validate_rows(spark.createDataFrame(lines, schema), feed)


def line(
    kind: str, status: str, quantity: str = "1", amount: str = "50", discount: str = "0", net: str = ""
) -> tuple[str, ...]:
    """A delivered order line."""
    return ("1", "1", kind, status, quantity, amount, discount, "0", "0", "0", net or amount)


def words_of(spark: SparkSession, column: str, *rows: tuple[str, ...]) -> list[tuple[str | None, list[str]]]:
    """The word and the reasons of each row."""
    return [(row._entity[column], row._reasons) for row in validated(spark, LINES, *rows)]


def test_a_status_is_a_listed_spelling_or_a_reason(spark: SparkSession) -> None:
    """Case, blanks and listed spellings are understood; any other text sets the row aside, also without a valueMap."""
    delivered = ("paid", " PAID ", "canceled", "Cancelled", "draft", "paid?")
    found = words_of(spark, "status", *(line("sale", text) for text in delivered))
    known = [("paid", []), ("paid", []), ("cancelled", []), ("cancelled", [])]
    assert found == [*known, *[(None, ["status:unknown_value"])] * 2]


def test_a_kind_of_line_is_a_listed_spelling_or_a_reason(spark: SparkSession) -> None:
    """`Sale` is a sale, a refund is a return; a kind that nobody declared is never loaded."""
    rows = [line("Sale", "paid"), line("refund", "paid", "-1", "-50"), line("Fees", "paid"), line("gift", "paid")]
    assert words_of(spark, "line_kind", *rows) == [
        ("sale", []),
        ("return", []),
        ("fee", []),
        (None, ["line_kind:unknown_value"]),
    ]


def test_a_value_map_stays_strict_and_its_words_are_understood(spark: SparkSession) -> None:
    """A text outside a valueMap is a reason even where it is a word; what the map gives may be any spelling."""
    mapped = tuple(
        replace(column, value_map={"P": "Paid"}) if column.name == "status" else column for column in LINES.mapped
    )
    good, bad = validated(spark, replace(LINES, mapped=mapped), line("sale", "P"), line("sale", "paid"))
    assert (good._entity.status, good._reasons, bad._reasons) == ("paid", [], ["status:unknown_value"])


def test_every_column_that_its_declaration_lists_is_closed(spark: SparkSession) -> None:
    """Order lines, events and homeowners: the four columns whose meaning is a list of words, and no other way around it."""
    closed = {f"{table.name}.{column.name}" for table in SILVER for column in table.columns if column.words}
    assert closed >= {"order_lines.line_kind", "order_lines.status", "events.event_type", "customers.homeowner"}
    rows = spark.createDataFrame([("Add to Cart",), ("hover",)], "text string")
    said = rows.select(table_rules.match_word(F.col("text"), EVENT_TYPES)).collect()
    assert [row[0] for row in said] == ["cart", None]
    assert HOMEOWNER.by_spelling["tenant"] == "renter"


@pytest.mark.parametrize("spellings", [(("a", ("A",)),), (("a", ("b",)), ("b", ())), ()])
def test_a_list_of_words_is_refused_when_it_contradicts_itself(
    spellings: tuple[tuple[str, tuple[str, ...]], ...],
) -> None:
    """A spelling of two words, or no word at all, is a slip of whoever declares it."""
    with pytest.raises(BadInputError, match="have a spelling twice, or there is none"):
        Vocabulary(spellings)


WRONG = (
    (line("return", "paid", "1", "50"), ["quantity", "list_amount", "net_amount"]),
    (line("return", "paid", "-1", "50"), ["list_amount", "net_amount"]),
    (line("return", "paid", "1", "-50"), ["quantity"]),
    (line("return", "paid", "-1", "-50", discount="5", net="-55"), ["instore_discount"]),
    (line("sale", "paid", "1", "-50"), ["list_amount"]),
    (line("sale", "paid", "-1", "50"), ["quantity"]),
)
RIGHT = (
    line("return", "returned", "-1", "-50"),
    line("return", "returned", "0", "-5"),
    line("sale", "paid", "1", "50", discount="-2", net="52"),
    line("sale", "paid", "0", "0", discount="10", net="-10"),
    line("fee", "paid", "1", "-5"),
    line("adjustment", "paid", "-1", "5"),
)


def test_amounts_of_the_wrong_sign_set_a_line_aside(spark: SparkSession) -> None:
    """What comes back is never positive, what is sold never negative; mixed signs say two things at once."""
    found = [row._reasons for row in validated(spark, LINES, *(row for row, _ in WRONG))]
    assert found == [[f"{name}:wrong_sign" for name in names] for _, names in WRONG]


def test_lines_of_the_right_signs_are_good(spark: SparkSession) -> None:
    """A surcharge and a voucher on a line of nothing are sales; fees and adjustments, which count nowhere, have any sign."""
    found = [(row._entity.line_kind, row._reasons, row._warnings) for row in validated(spark, LINES, *RIGHT)]
    assert found == [(row[2], [], []) for row in RIGHT]


def test_a_sale_of_less_than_nothing_is_a_return(spark: SparkSession) -> None:
    """Tills write returns as negative sales: nothing is lost, what is paid back is a return, and the report says so."""
    [row] = validated(spark, LINES, line("sale", "paid", "-1", "-50", discount="-5", net="-45"))
    assert (row._entity.line_kind, row._entity.net_amount) == ("return", Decimal("-45.0000"))
    assert (row._reasons, row._warnings) == ([], ["line_kind:read_as_return"])


def test_a_contract_that_refuses_negative_sales_goes_on_to(spark: SparkSession) -> None:
    """A contract's rules judge the kind that it says, and what they refuse is not refused a second time."""
    strict = replace(
        LINES, rules=(QualityRule("sale_not_negative", "line_kind <> 'sale' or list_amount >= 0", "reject", ""),)
    )
    both, mixed = validated(spark, strict, line("sale", "paid", "-1", "-50"), line("sale", "paid", "1", "-50"))
    assert both._reasons == mixed._reasons == ["sale_not_negative"]


RATINGS = contract(
    REVIEWS,
    {"review_id": "id", "product_id": "'p'", "rating": "stars", "reviewed_on": "date'2026-01-01'"},
    (
        DeliveredColumn(name="id", header="id", type="string"),
        DeliveredColumn(name="stars", header="stars", type="number"),
    ),
)


def test_a_number_out_of_its_declared_bounds_is_a_reason(spark: SparkSession) -> None:
    """A rating is 1 to 5, whatever the contract says; 5.9 stars are more than five."""
    rows = validated(spark, RATINGS, *(("r", stars) for stars in ("1", "5", "0", "10", "5.9", "-1")))
    assert [row._reasons for row in rows] == [[], [], *[["rating:out_of_range"]] * 4]


def test_unknown_texts_are_counted_and_never_of_a_person(spark: SparkSession) -> None:
    """What a closed list does not know is shown with its count; anything but a few letters is not."""
    rows = [line("sale", status) for status in ("draft", "draft", "jane@example.org", "+1 555 0100", "paid")]
    found = table_rules.count_unknown_texts(judged_rows(spark, LINES, *rows), LINES).collect()
    assert [(row.reason, row.text, row.rows) for row in found] == [
        ("status:unknown_value", "draft", 2),
        ("status:unknown_value", "…", 2),
    ]
    people = tuple(replace(column, pii=column.name == "status") for column in LINES.delivered)
    secret = replace(LINES, delivered=people)
    assert [
        row.text for row in table_rules.count_unknown_texts(judged_rows(spark, secret, *rows), secret).collect()
    ] == ["…"]


def clicks(shop: Shop, name: str, words: tuple[str, ...]) -> None:
    """Deliver events of these types."""
    shop.contract_path("clicks").write_text(CLICKS.text)
    lines = [f"{number},{word},2026-01-01 10:00:00" for number, word in enumerate(words)]
    shop.path(name, "clicks").write_text("\n".join(["id,what,at", *lines, ""]))


def test_the_report_names_the_text_that_nobody_understands(shop: Shop) -> None:
    """Who reads the report of a load knows which word to map, and so does who reads why a file was refused."""
    clicks(shop, "some.csv", ("View", "cart", "hover", "hover", "Purchased"))
    report = shop.ingest(feed="clicks")
    assert report.summary[0].endswith("3 good, 2 quarantined, 0 duplicate (event_type:unknown_value 2 ('hover' 2))")
    clicks(shop, "all.csv", ("view", "zoom", "hover", "zoom"))
    with pytest.raises(BadInputError) as error:
        shop.ingest(feed="clicks")
    assert "75.0% of its rows are bad (most: event_type:unknown_value 3 ('zoom' 2, 'hover' 1))" in error.value.message
    assert error.value.message.endswith(
        "correct clicks.odcs.yaml (map it by valueMap to a word of docs/data-model.md)."
    )
