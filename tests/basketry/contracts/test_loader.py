"""A good contract becomes a record; a bad one becomes one sentence with file, line and the nearest right word."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from basketry.config.catalogs import CategorySelection, load_category_selection
from basketry.contracts import (
    Contract,
    DeliveredAt,
    catalog_names,
    feed_names,
    load_catalog,
    load_contract,
    load_contracts,
)
from basketry.errors import BadInputError, ContractError
from tests.kit.contracts import CLICKS, RATINGS, SHOP
from tests.kit.mistakes import Mistake, mistakes


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    return RATINGS.read(tmp_path)


def test_a_good_contract_says_what_the_file_looks_like(contract: Contract) -> None:
    """Custom properties of the delivered object become the file's format."""
    assert (contract.catalog, contract.feed, contract.version, contract.time_zone) == (
        "shop",
        "ratings",
        "1.2.3",
        "America/New_York",
    )
    assert (contract.file.kind, contract.file.patterns, contract.file.delimiter) == ("csv", ("ratings_*.csv",), ";")
    assert (contract.file.encoding, contract.file.decimal_sign, contract.file.null_values) == (
        "utf-8",
        ".",
        ("", "n/a"),
    )
    assert (contract.max_rejected_share, contract.unknown_columns) == (0.1, "rescue")
    assert contract.delivered_at == DeliveredAt(r"_(\d{4}-\d{2}-\d{2})", "yyyy-MM-dd")


def test_delivered_columns_keep_the_files_words(contract: Contract) -> None:
    """Header, type, formats, required, optional and personal come from the delivered properties."""
    first, *_, written, verdict = contract.delivered
    assert (first.name, first.header, first.type, first.required) == ("rating_no", "Rating No.", "integer", True)
    assert (written.formats, written.optional, verdict.optional) == (("M/d/yyyy H:mm",), False, True)
    assert [column.name for column in contract.delivered if column.pii] == ["Writer"]


def test_mapped_columns_have_the_entitys_types_and_requirements(contract: Contract) -> None:
    """Types come from basketry.tables; a key or not-null column is required; map and prefix are kept apart from the SQL."""
    columns = {column.name: column for column in contract.mapped}
    assert contract.entity.full_name == "silver.reviews"
    assert {name: column.required for name, column in columns.items()} == {
        "review_id": True,
        "product_id": True,
        "customer_id": False,
        "rating": True,
        "reviewed_on": True,
    }
    assert (columns["rating"].type, columns["rating"].expression) == ("int", "TRY_CAST(`Stars` AS INT)")
    assert columns["product_id"].id_prefix == "P-"
    assert columns["customer_id"].value_map == {"no": "N", "*": "Y"}


def test_rules_are_conditions_with_a_severity(contract: Contract) -> None:
    """A quality item becomes a rule over the entity's columns."""
    (rule,) = contract.rules
    assert (rule.name, rule.severity, rule.expression) == ("rating_in_range", "reject", "`rating` BETWEEN 1 AND 5")


def test_a_primary_key_mark_is_optional(tmp_path: Path) -> None:
    """The entity's key is declared in basketry.tables; marking it repeats it for other tools."""
    unmarked = ("transformLogic: rating_no, primaryKey: true}", "transformLogic: rating_no}")
    assert RATINGS.read(tmp_path, unmarked).entity.key == ("review_id",)


def test_a_wrong_primary_key_mark_is_refused(tmp_path: Path) -> None:
    """A contract cannot choose another key than the entity's."""
    refusal = RATINGS.refusal(tmp_path, ("name: rating, ", "name: rating, primaryKey: true, "))
    assert refusal.sentence == "primaryKey marks rating, review_id; the key of reviews is review_id."


@pytest.mark.parametrize(("column", "part"), [("review_id", "key column"), ("rating", "column")])
def test_a_column_that_cannot_be_null_must_be_mapped(column: str, part: str, tmp_path: Path) -> None:
    """Leaving out a key column, or another one that cannot be null, is told by its name."""
    lines = RATINGS.text.split("\n")
    text = "\n".join(line for line in lines if f"- {{name: {column}," not in line or "transformLogic" not in line)
    refusal = RATINGS.saying(text).refusal(tmp_path, ("rating between 1 and 5", "true"))
    assert refusal.sentence.startswith(f"reviews has no mapping for its {part} '{column}'")


def test_several_formats_stand_in_a_custom_property(tmp_path: Path) -> None:
    """A column whose dates come in two formats lists both, in the order in which they are tried."""
    several = 'customProperties: [{property: formats, value: ["M/d/yyyy H:mm", "yyyy-MM-dd HH:mm"]}]'
    contract = RATINGS.read(tmp_path, ('logicalTypeOptions: {format: "M/d/yyyy H:mm"}', several))
    assert contract.delivered[4].formats == ("M/d/yyyy H:mm", "yyyy-MM-dd HH:mm")


def test_a_value_map_reads_words_as_written(tmp_path: Path) -> None:
    """YAML's `no` and `off` stay words: a status `no` must not become `False`."""
    contract = RATINGS.read(tmp_path, ('{no: N, "*": Y}', "{no: off, 007: yes}"))
    assert contract.mapped[2].value_map == {"no": "off", "007": "yes"}


def test_an_unknown_feed_or_catalog_names_the_nearest(tmp_path: Path) -> None:
    """A typo in an argument is told like a typo in a file."""
    include = RATINGS.write(tmp_path)
    with pytest.raises(BadInputError, match="unknown feed 'rating' of catalog 'shop'; did you mean 'ratings'"):
        load_contract("shop", "rating", include)
    with pytest.raises(BadInputError, match="unknown catalog 'shpo'; did you mean 'shop'"):
        load_contracts("shpo", include)
    assert (catalog_names(include), feed_names("shop", include)) == (["shop"], ["ratings"])


@pytest.mark.parametrize("feed", ["../shop/ratings", "/etc/passwd", "", "ratings.odcs.yaml"])
def test_a_feed_is_a_name_and_never_a_path(feed: str, tmp_path: Path) -> None:
    """Only the names of files in the catalog's own folder are feeds."""
    with pytest.raises(BadInputError, match="unknown feed"):
        load_contract("shop", feed, RATINGS.write(tmp_path))


@mistakes(
    SHOP,
    ("America/New_York", "Amerika/New_York", "3: unknown time zone 'Amerika/New_York'; did you mean…"),
    ("currency: USD", "currency: usd", "4: currency 'usd' is not a code such as USD."),
    ("country: US", "land: US", "5: unknown key 'land' in a catalog; use one of: catalog, country…"),
    ("catalog: shop", "catalog: ship", "1: catalog is 'ship' in the file of 'shop'…"),
)
def test_a_catalogs_file_is_checked_like_a_contract(mistake: Mistake, tmp_path: Path) -> None:
    """A catalog's mistakes are told with file, line and fix."""
    mistake.check(tmp_path)


def test_every_reader_of_a_catalog_knows_every_key(tmp_path: Path) -> None:
    """A catalog that says which categories are scored is a catalog for every job, and they all read the same of it."""
    said = {"categories: [Tea, Coffee]": CategorySelection(("Tea", "Coffee")), "top: 3": CategorySelection(top=3)}
    for number, (text, expected) in enumerate(said.items()):
        include = SHOP.saying(f"{SHOP.text}propensity: {{{text}}}\n").write(tmp_path / str(number))
        assert load_catalog("shop", include).scored == load_category_selection("shop", include) == expected
        assert load_contract("shop", "ratings", include).time_zone == "America/New_York"
    assert SHOP.read(tmp_path / "silent").scored == CategorySelection()


SCORING = SHOP.saying(f"{SHOP.text}propensity: {{top: 3}}\n")


@mistakes(
    SCORING,
    ("{top: 3}", "{tops: 3}", "6: unknown key 'tops' in propensity; did you mean 'top'?"),
    ("propensity:", "propensty:", "6: unknown key 'propensty' in a catalog; did you mean 'propensity'?"),
)
def test_a_mistake_about_scored_categories_is_one_for_every_reader(mistake: Mistake, tmp_path: Path) -> None:
    """Who chooses categories and who loads files refuse the same file with the same sentence."""
    for number, read in enumerate((load_catalog, load_category_selection)):
        document = replace(SCORING, load=partial(read, "shop"))
        replace(mistake, document=document).check(tmp_path / str(number))


def test_a_value_map_gives_words_of_the_columns_list(tmp_path: Path) -> None:
    """A slip in what a closed list is mapped to is refused with its line, not found row by row; a spelling is none."""
    old = "transformLogic: what}"
    viewed, viewd = (
        (old, f"{old[:-1]}, customProperties: [{{property: valueMap, value: {{v: {word}}}}}]}}")
        for word in ("Viewed", "viewd")
    )
    assert CLICKS.read(tmp_path / "right", viewed).entity.name == "events"
    assert CLICKS.refusal(tmp_path / "wrong", viewd) == (
        CLICKS.line_of(old),
        "valueMap has the unknown word 'viewd'; did you mean 'view'?",
    )


@pytest.mark.parametrize("text", ["", "\x00", "[1, 2]", "&a [*a]", "a: &b {c: *b}", "a: 2026-13-45", "{? [x] : y}"])
def test_a_file_that_is_no_contract_gives_one_sentence(text: str, tmp_path: Path) -> None:
    """Whatever stands in the file, the answer is a sentence and not a stack trace."""
    with pytest.raises(ContractError, match=r"include/contracts/shop/ratings\.odcs\.yaml"):
        RATINGS.saying(text).read(tmp_path)
