"""A good contract becomes a record; a bad one becomes one sentence with file, line and the nearest right word."""

from __future__ import annotations

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
from tests.basketry.contracts.include_folder import CATALOG, CLICKS, GOOD, load, spoiled, write_include
from tests.basketry.contracts.mistakes import MISTAKES


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    return load(tmp_path)


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


@pytest.mark.parametrize("case", list(MISTAKES))
def test_a_mistake_is_told_with_its_place_and_the_right_word(case: str, tmp_path: Path) -> None:
    """Each bad contract gives one sentence that names file, line and fix."""
    old, new, words = MISTAKES[case]
    text, line = spoiled(old, new)
    with pytest.raises(ContractError) as raised:
        load(tmp_path, text)
    place, _, sentence = raised.value.message.partition(": ")
    path, _, told = place.rpartition(":")
    assert path == "include/contracts/shop/ratings.odcs.yaml"
    assert abs(int(told) - line) <= 1, f"told line {told}, the mistake is in line {line}"
    assert words in sentence
    assert "\n" not in raised.value.message


def test_a_primary_key_mark_is_optional(tmp_path: Path) -> None:
    """The entity's key is declared in basketry.tables; marking it repeats it for other tools."""
    unmarked, _ = spoiled("transformLogic: rating_no, primaryKey: true}", "transformLogic: rating_no}")
    assert load(tmp_path, unmarked).entity.key == ("review_id",)


def test_a_wrong_primary_key_mark_is_refused(tmp_path: Path) -> None:
    """A contract cannot choose another key than the entity's."""
    text, _ = spoiled("name: rating, ", "name: rating, primaryKey: true, ")
    with pytest.raises(ContractError, match="primaryKey marks rating, review_id; the key of reviews is review_id"):
        load(tmp_path, text)


@pytest.mark.parametrize(("column", "part"), [("review_id", "key column"), ("rating", "column")])
def test_a_column_that_cannot_be_null_must_be_mapped(column: str, part: str, tmp_path: Path) -> None:
    """Leaving out a key column, or another one that cannot be null, is told by its name."""
    text = "\n".join(
        line for line in GOOD.split("\n") if f"- {{name: {column}," not in line or "transformLogic" not in line
    )
    with pytest.raises(ContractError, match=rf"reviews has no mapping for its {part} '{column}'"):
        load(tmp_path, text.replace("rating between 1 and 5", "true"))


def test_several_formats_stand_in_a_custom_property(tmp_path: Path) -> None:
    """A column whose dates come in two formats lists both, in the order in which they are tried."""
    several = 'customProperties: [{property: formats, value: ["M/d/yyyy H:mm", "yyyy-MM-dd HH:mm"]}]'
    text, _ = spoiled('logicalTypeOptions: {format: "M/d/yyyy H:mm"}', several)
    assert load(tmp_path, text).delivered[4].formats == ("M/d/yyyy H:mm", "yyyy-MM-dd HH:mm")


def test_a_value_map_reads_words_as_written(tmp_path: Path) -> None:
    """YAML's `no` and `off` stay words: a status `no` must not become `False`."""
    text, _ = spoiled('{no: N, "*": Y}', "{no: off, 007: yes}")
    assert load(tmp_path, text).mapped[2].value_map == {"no": "off", "007": "yes"}


def test_an_unknown_feed_or_catalog_names_the_nearest(tmp_path: Path) -> None:
    """A typo in an argument is told like a typo in a file."""
    include = write_include(tmp_path)
    with pytest.raises(BadInputError, match="unknown feed 'rating' of catalog 'shop'; did you mean 'ratings'"):
        load_contract("shop", "rating", include)
    with pytest.raises(BadInputError, match="unknown catalog 'shpo'; did you mean 'shop'"):
        load_contracts("shpo", include)
    assert (catalog_names(include), feed_names("shop", include)) == (["shop"], ["ratings"])


@pytest.mark.parametrize("feed", ["../shop/ratings", "/etc/passwd", "", "ratings.odcs.yaml"])
def test_a_feed_is_a_name_and_never_a_path(feed: str, tmp_path: Path) -> None:
    """Only the names of files in the catalog's own folder are feeds."""
    with pytest.raises(BadInputError, match="unknown feed"):
        load_contract("shop", feed, write_include(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("America/New_York", "Amerika/New_York", "shop.yaml:3: unknown time zone 'Amerika/New_York'; did you mean"),
        ("currency: USD", "currency: usd", "shop.yaml:4: currency 'usd' is not a code such as USD."),
        ("country: US", "land: US", "shop.yaml:5: unknown key 'land' in a catalog; use one of: catalog, country"),
        ("catalog: shop", "catalog: ship", "shop.yaml:1: catalog is 'ship' in the file of 'shop'"),
    ],
)
def test_a_catalogs_file_is_checked_like_a_contract(old: str, new: str, words: str, tmp_path: Path) -> None:
    """A catalog's mistakes are told with file, line and fix."""
    include = write_include(tmp_path, catalog=CATALOG.replace(old, new))
    with pytest.raises(ContractError) as raised:
        load_catalog("shop", include)
    assert words in raised.value.message


def test_every_reader_of_a_catalog_knows_every_key(tmp_path: Path) -> None:
    """A catalog that says which categories are scored is a catalog for every job, and they all read the same of it."""
    said = {"categories: [Tea, Coffee]": CategorySelection(("Tea", "Coffee")), "top: 3": CategorySelection(top=3)}
    for number, (text, expected) in enumerate(said.items()):
        include = write_include(tmp_path / str(number), catalog=f"{CATALOG}propensity: {{{text}}}\n")
        assert load_catalog("shop", include).scored == load_category_selection("shop", include) == expected
        assert load_contract("shop", "ratings", include).time_zone == "America/New_York"
    assert load_catalog("shop", write_include(tmp_path / "silent")).scored == CategorySelection()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("propensity: {tops: 3}", "shop.yaml:6: unknown key 'tops' in propensity; did you mean 'top'?"),
        ("propensty: {top: 3}", "shop.yaml:6: unknown key 'propensty' in a catalog; did you mean 'propensity'?"),
    ],
)
def test_a_mistake_about_scored_categories_is_one_for_every_reader(text: str, words: str, tmp_path: Path) -> None:
    """Who chooses categories and who loads files refuse the same file with the same sentence."""
    include = write_include(tmp_path, catalog=f"{CATALOG}{text}\n")
    for read in (load_catalog, load_category_selection):
        with pytest.raises(ContractError) as raised:
            read("shop", include)
        assert words in raised.value.message


def test_a_value_map_gives_words_of_the_columns_list(tmp_path: Path) -> None:
    """A slip in what a closed list is mapped to is refused with its line, not found row by row; a spelling is none."""
    old = "transformLogic: what}"
    for word in ("Viewed", "viewd"):
        mapped = CLICKS.replace(old, f"{old[:-1]}, customProperties: [{{property: valueMap, value: {{v: {word}}}}}]}}")
        include = write_include(tmp_path / word)
        (include / "contracts" / "shop" / "clicks.odcs.yaml").write_text(mapped)
        if word == "Viewed":
            assert load_contract("shop", "clicks", include).entity.name == "events"
            continue
        with pytest.raises(ContractError) as raised:
            load_contract("shop", "clicks", include)
        line = CLICKS[: CLICKS.index(old)].count("\n") + 1
        assert raised.value.message.endswith(
            f"clicks.odcs.yaml:{line}: valueMap has the unknown word 'viewd'; did you mean 'view'?"
        )


@pytest.mark.parametrize("text", ["", "\x00", "[1, 2]", "&a [*a]", "a: &b {c: *b}", "a: 2026-13-45", "{? [x] : y}"])
def test_a_file_that_is_no_contract_gives_one_sentence(text: str, tmp_path: Path) -> None:
    """Whatever stands in the file, the answer is a sentence and not a stack trace."""
    with pytest.raises(ContractError, match=r"include/contracts/shop/ratings\.odcs\.yaml"):
        load(tmp_path, text)
