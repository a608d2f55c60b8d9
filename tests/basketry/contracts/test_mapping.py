"""How a column of an entity comes from a file: what fits, what is a row's own id, and what makes a row bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from basketry.contracts import MappedColumn
from tests.kit.contracts import CLICKS, RATINGS
from tests.kit.documents import Change, changed
from tests.kit.mistakes import Mistake, mistakes

RULE = RATINGS.text[RATINGS.text.index("    quality:\n") :]
DELIVERED = RATINGS.text[: RATINGS.text.index("  - name: reviews")]
"""The contract as far as it is about the file."""


def refusal(folder: Path, *changes: Change, at: str = "") -> str:
    """The sentence about the contract with these changes, told in the line of the last of them, or of what `at` is."""
    refused = RATINGS.refusal(folder, *changes)
    *before, (old, _) = changes
    text, part = (changed(RATINGS.text, *changes), at) if at else (changed(RATINGS.text, *before), old)
    assert refused.line == text[: text.rindex(part)].count("\n") + 1
    return refused.sentence


@mistakes(
    RATINGS,
        ("cast(Stars as int)", "sku",
         "column 'rating' is int and its expression gives text; write cast(… as decimal(18,4))."),
        ("cast(Stars as int)", "to_date(Written)",
         "column 'rating' is int and its expression gives date; give it a number."),
        ("to_date(Written)", "Written",
         "column 'reviewed_on' is date and its expression gives timestamp; write to_date(…), the retailer's local day."),
        ("to_date(Written)", "sku",
         "column 'reviewed_on' is date and its expression gives text; write to_date(…, 'pattern')."),
        ("to_date(Written)", "Stars", "column 'reviewed_on' is date and its expression gives number; give it a date."),
        ("transformLogic: rating_no, primaryKey: true", "transformLogic: Written",
         "column 'review_id' is string and its expression gives timestamp; give it a text."),
)  # fmt: skip
def test_an_expression_of_the_wrong_kind_is_told_with_its_cure(mistake: Mistake, tmp_path: Path) -> None:
    """The line is the column's; the cure is what a person would write for these two kinds."""
    mistake.check(tmp_path)


@pytest.mark.parametrize("expression", ["Stars", "to_date(Written)", "Stars > 1", '"null"', "sku"])
def test_a_text_column_takes_what_has_one_text(expression: str, tmp_path: Path) -> None:
    """Numbers, days, and true or false are written as text; an instant has as many texts as there are time zones."""
    assert RATINGS.read(tmp_path, ("upper(trim(sku))", expression)).mapped[1].type == "string"


def test_a_column_may_come_from_its_own_name(tmp_path: Path) -> None:
    """A delivered column of that name needs no expression, but one of the right kind."""
    own = ("{name: sku, logicalType: string}", "{name: product_id, logicalType: string}")
    without = ("product_id, transformLogic: upper(trim(sku)),", "product_id,")
    assert RATINGS.read(tmp_path / "a", own, without).mapped[1].expression == "`product_id`"
    assert refusal(tmp_path / "b", without) == (
        "column 'product_id' has no transformLogic and no delivered column has its name; use one of: Stars, Verdict,"
        " Writer, Written, rating_no, sku."
    )
    wrong = (own[0], "{name: reviewed_on, logicalType: string}"), ("upper(trim(sku))", "Writer")
    date = "logicalType: date, transformLogic: to_date(Written)"
    assert refusal(tmp_path / "c", *wrong, (date, "logicalType: date")) == (
        "column 'reviewed_on' is date and its expression gives text; write to_date(…, 'pattern')."
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("logicalType: number", "logicalType of column 'rating' is 'number'; for int did you mean 'integer'?"),
        ("logicalType: string", "logicalType of column 'rating' is 'string'; for int did you mean 'integer'?"),
    ],
)
def test_a_logical_type_is_the_columns_own(text: str, sentence: str, tmp_path: Path) -> None:
    """Who writes it says what the table says."""
    assert refusal(tmp_path, ("name: rating, logicalType: integer", f"name: rating, {text}")) == sentence


def test_a_logical_type_need_not_be_written(tmp_path: Path) -> None:
    """Of any column."""
    unwritten = (
        ("name: rating, logicalType: integer,", "name: rating,"),
        ("reviewed_on, logicalType: date,", "reviewed_on,"),
    )
    assert [column.type for column in RATINGS.read(tmp_path, *unwritten).mapped][3:] == ["int", "date"]


PEOPLE = """\
  - name: customers
    physicalType: table
    logicalType: object
    properties:
      - {name: customer_id, classification: public, transformLogic: sku}
      - {name: email, transformLogic: Writer}
      - {name: city, transformLogic: sku}
"""


@pytest.mark.parametrize("written", ["", "classification: pii, ", "classification: public, "])
def test_a_personal_column_is_not_called_public(written: str, tmp_path: Path) -> None:
    """It identifies a person, whatever the contract says; what identifies nobody may be called so."""
    people, email = RATINGS.saying(DELIVERED + PEOPLE), ("{name: email, ", f"{{name: email, {written}")
    if "public" in written:
        assert people.refusal(tmp_path, email) == (
            32,
            "column 'email' identifies a person; make its classification pii.",
        )
    else:
        assert [column.name for column in people.read(tmp_path, email).mapped] == ["customer_id", "email", "city"]


PRICED = RATINGS.saying(
    DELIVERED
    + """\
  - name: products
    physicalType: table
    logicalType: object
    properties:
      - {name: product_id, transformLogic: sku}
      - {name: list_price, logicalType: number, transformLogic: Stars}
"""
)


@pytest.mark.parametrize("written", [(), (("logicalType: number, ", ""),)])
def test_money_is_a_number_with_digits(written: tuple[Change, ...], tmp_path: Path) -> None:
    """What stands in brackets behind a type says how many digits it has, not of which kind it is."""
    assert PRICED.read(tmp_path, *written).mapped[1].type == "decimal(18,4)"


@mistakes(
    PRICED,
        ("logicalType: number, ", "logicalType: integer, ",
         "32: logicalType of column 'list_price' is 'integer'; for decimal(18,4) did you mean 'number'?"),
        ("transformLogic: Stars", "transformLogic: Writer",
         "32: column 'list_price' is decimal(18,4) and its expression gives text; write cast(… as decimal(18,4))."),
)  # fmt: skip
def test_money_is_nothing_else(mistake: Mistake, tmp_path: Path) -> None:
    """Neither a whole number nor a text."""
    mistake.check(tmp_path)


def test_a_mark_of_the_key_is_for_the_whole_key(tmp_path: Path) -> None:
    """A mark elsewhere, or on more than the key, is another key."""
    mark = "transformLogic: rating_no, primaryKey: true}"
    elsewhere = (mark, "transformLogic: rating_no}"), ("{name: rating, ", "{name: rating, primaryKey: true, ")
    properties = "    properties:\n      - {name: review_id"
    sentence = "primaryKey marks rating; the key of reviews is review_id."
    assert refusal(tmp_path / "a", *elsewhere, at=properties) == sentence
    not_at_all = (mark, "transformLogic: rating_no, primaryKey: false}")
    assert RATINGS.read(tmp_path / "c", not_at_all).entity.key == ("review_id",)


def test_what_is_required_of_a_column(tmp_path: Path) -> None:
    """A part of the key, a column that is never null, and one of which the contract says so."""
    columns = {column.name: column.required for column in RATINGS.read(tmp_path / "a").mapped}
    assert (columns["review_id"], columns["product_id"], columns["rating"], columns["customer_id"]) == (
        True,
        True,
        True,
        False,
    )
    required = ("{name: customer_id, ", "{name: customer_id, required: true, ")
    assert RATINGS.read(tmp_path / "b", required).mapped[2].required


def test_an_occurrence_makes_an_id_of_a_row_and_nothing_else(tmp_path: Path) -> None:
    """It numbers equal rows of a file, so that it stands in a key, and not in a customer's."""
    numbered = ("transformLogic: rating_no,", "transformLogic: \"concat(sku, '-', occurrence(sku))\",")
    (name,) = (column := RATINGS.read(tmp_path / "a", numbered).mapped[0]).occurrences
    assert name in column.expression
    assert (column.occurrences[name], column.is_id) == (("`sku`",), True)
    for number, old in enumerate(("upper(trim(sku))", "transformLogic: Writer", "cast(Stars as int)")):
        new = old.replace("Writer", "X") if old.startswith("transformLogic") else "X"
        sentence = refusal(tmp_path / str(number), (old, new.replace("X", "occurrence(sku)")))
        assert "counts an occurrence, which only numbers rows; use it in an id that is a row's own." in sentence


@pytest.mark.parametrize(
    ("entity", "key", "good"), [("campaigns", "campaign_id", True), ("customers", "customer_id", False)]
)
def test_an_occurrence_is_no_customer(entity: str, key: str, good: bool, tmp_path: Path) -> None:
    """A customer is not a row of a file: who comes twice is one person; a campaign without a number is its row."""
    head = PEOPLE[: PEOPLE.index("      - {name: customer_id")].replace("customers", entity)
    text = DELIVERED + head + f"      - {{name: {key}, transformLogic: occurrence(sku)}}\n"
    days = [f"      - {{name: {day}, transformLogic: to_date(Written)}}\n" for day in ("start_date", "end_date")]
    if good:
        assert RATINGS.saying(text + "".join(days)).read(tmp_path).mapped[0].occurrences
    else:
        sentence = RATINGS.saying(text).refusal(tmp_path).sentence
        assert f"column '{key}' counts an occurrence, which only numbers rows" in sentence


def test_an_id_is_a_text_that_is_called_so(tmp_path: Path) -> None:
    """Rows meet by ids; a number or another text is none."""
    assert {column.name: column.is_id for column in RATINGS.read(tmp_path).mapped} == {
        "review_id": True, "product_id": True, "customer_id": True, "rating": False, "reviewed_on": False,
    }  # fmt: skip
    read = MappedColumn(name="a_id", type="-string"[1:], expression="`a`")
    others = (replace(read, name="id_a"), replace(read, type="int"), replace(read, type="timestamp"))
    assert read.is_id and not any(column.is_id for column in others)
    assert [column.name for column in CLICKS.read(tmp_path / "clicks").mapped if column.is_id] == ["event_id"]


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("{a: [x]}", "a value of valueMap is not a text; write one line `delivered: ours` per value."),
        ("{a: {b: c}}", "a value of valueMap is not a text; write one line `delivered: ours` per value."),
        ("{a: }", "a value of valueMap is not a text; write one line `delivered: ours` per value."),
        ("{}", "valueMap is empty; write one line `delivered: ours` per value."),
        ("[a, b]", "valueMap is a list; make it a mapping."),
    ],
)
def test_a_value_map_is_of_texts(new: str, sentence: str, tmp_path: Path) -> None:
    """Each delivered value has one of ours."""
    assert refusal(tmp_path, ('{no: N, "*": Y}', new)) == sentence


def test_a_prefix_and_a_map_need_not_be_there(tmp_path: Path) -> None:
    """And then there is none."""
    first, second, third, *_ = RATINGS.read(tmp_path).mapped
    assert (first.value_map, first.id_prefix, second.value_map, third.id_prefix) == (None, None, None, None)
    assert refusal(tmp_path / "a", ("value: P-}", "value: ' '}")) == "idPrefix is empty; write it or remove the line."
    day = "transformLogic: to_date(at)"
    prefixed = CLICKS.refusal(tmp_path / "b", (day, f"{day}, customProperties: [{{property: idPrefix, value: D}}]"))
    assert "column 'event_date' is date; idPrefix and valueMap are for text" in prefixed.sentence


def test_a_contract_need_not_have_rules(tmp_path: Path) -> None:
    """Then no row is bad but for what its columns require."""
    assert RATINGS.read(tmp_path, (RULE, "")).rules == ()


def test_rules_have_names_of_their_own(tmp_path: Path) -> None:
    """A reason for which a row was rejected means one thing."""
    again = RULE.removeprefix("    quality:\n")
    assert refusal(tmp_path, (RULE, RULE + again), at=again) == (
        "the name 'rating_in_range' is taken by another rule or a column; rename the rule."
    )
    other = again.replace("rating_in_range", "rating_is_whole")
    rules = RATINGS.read(tmp_path / "b", (RULE, RULE + other)).rules
    assert [rule.name for rule in rules] == ["rating_in_range", "rating_is_whole"]
    assert {rule.description for rule in rules} == {"One to five stars."}


@pytest.mark.parametrize(
    ("implementation", "sql"),
    [
        ("Stars > 1", "`Stars` > 1"),
        ("reviewed_on = to_date(Written)",
         "`reviewed_on` = TRY_CAST(CONVERT_TIMEZONE('America/New_York', `Written`) AS DATE)"),
        ("'null'", "NULL"),
    ],
)  # fmt: skip
def test_a_rule_sees_ours_and_theirs(implementation: str, sql: str, tmp_path: Path) -> None:
    """The entity's columns and the delivered ones; of two that SQL cannot tell apart the entity's."""
    assert RATINGS.read(tmp_path, ("rating between 1 and 5", implementation)).rules[0].expression == sql


def test_a_rule_does_not_see_a_delivered_column_of_our_name(tmp_path: Path) -> None:
    """`Rating` of the file and `rating` of the entity are one name to SQL: the entity's."""
    own = ("{name: Stars, logicalType: number}", "{name: Rating, logicalType: string}")
    mapped = ("cast(Stars as int)", "cast(Rating as int)")
    assert RATINGS.read(tmp_path / "a", own, mapped).rules[0].expression == "`rating` BETWEEN 1 AND 5"
    assert refusal(tmp_path / "b", own, mapped, ("rating between 1 and 5", "Rating = 'a'")).startswith(
        "rule rating_in_range has the unknown column 'Rating'; did you mean 'rating'?"
    )
