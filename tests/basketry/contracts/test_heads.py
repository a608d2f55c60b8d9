"""The head of a contract, its two objects, its catalog, and the order in which feeds are loaded."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from basketry.config import catalogs
from basketry.config.settings import EVERY_FEED
from basketry.contracts import (
    catalog_names,
    feed_names,
    functions,
    load_catalog,
    load_contract,
    load_contracts,
    model,
    select_contracts,
)
from basketry.errors import BadInputError
from tests.kit.contracts import CLICKS, RATINGS, SHOP
from tests.kit.documents import changed
from tests.kit.mistakes import Mistake, mistakes

ENTITY = "  - name: reviews\n    physicalType: table\n    logicalType: object\n"


@mistakes(
    RATINGS,
    ("apiVersion: v3.2.0", "apiVersion: v3.2.1", "unknown apiVersion 'v3.2.1'; did you mean 'v3.2.0'?"),
    ("kind: DataContract", "kind: Contract", "unknown kind 'Contract'; did you mean 'DataContract'?"),
    ("id: shop.ratings", "id: shop.rating", "id is 'shop.rating', the file's place says 'shop.ratings'; make them equal."),
    ("name: ratings\n", "name: zebras\n", "name is 'zebras', the file's place says 'ratings'; make them equal."),
    ("name: ratings\n", "name: ''\n", "name is empty; write it or remove the line."),
    ("tenant: shop", "tenant: zoo", "tenant is 'zoo', the file's place says 'shop'; make them equal."),
    ("version: 1.2.3", "version: 1.2.3.4", "version '1.2.3.4' must be three numbers such as 1.0.0."),
    ("version: 1.2.3", "version: 1.2.x", "version '1.2.x' must be three numbers such as 1.0.0."),
    ("version: 1.2.3", "version: a.2.3", "version 'a.2.3' must be three numbers such as 1.0.0."),
    ("version: 1.2.3", "version: '1.2'", "version '1.2' must be three numbers such as 1.0.0."),
    ("{purpose: Ratings of products.}", "{purpos: x}", "unknown key 'purpos' in description; did you mean 'purpose'?"),
    ("{purpose: Ratings of products.}", "{purpose: ''}", "purpose is empty; write it or remove the line."),
    (ENTITY, ENTITY.replace("table", "file"), "unknown physicalType 'file'; use one of: table."),
    (ENTITY, ENTITY.replace("object", "objekt"), "unknown logicalType 'objekt'; did you mean 'object'?"),
    (ENTITY, ENTITY.replace("    physicalType: table\n", ""), "a schema object has no 'physicalType'; add it."),
)  # fmt: skip
def test_a_head_says_what_its_place_says(mistake: Mistake, tmp_path: Path) -> None:
    """Copied contracts keep words of the one they were copied from; each is told in its line."""
    mistake.check(tmp_path)


@pytest.mark.parametrize("version", ["0.0.0", "10.20.30"])
def test_a_version_is_three_numbers(version: str, tmp_path: Path) -> None:
    """As long as they like."""
    assert RATINGS.read(tmp_path, ("version: 1.2.3", f"version: {version}")).version == version


def test_a_description_may_be_missing(tmp_path: Path) -> None:
    """Or have other words than its purpose."""
    written = "description: {purpose: Ratings of products.}\n"
    assert RATINGS.read(tmp_path / "a").description == "Ratings of products."
    assert RATINGS.read(tmp_path / "b", (written, "")).description == ""
    assert RATINGS.read(tmp_path / "c", (written, "description: {usage: x}\n")).description == ""


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_contract_has_two_objects(number: int, tmp_path: Path) -> None:
    """The file, then the entity; the sentence says how many there are."""
    head, delivered, reviews = re.split(r"^(?=  - name: delivered|  - name: reviews)", RATINGS.text, flags=re.M)
    objects = [delivered, reviews, reviews][:number]
    text = head.removesuffix("\n") + ("\n" + "".join(objects) if objects else " []\n")
    assert RATINGS.saying(text).refusal(tmp_path) == (
        9,
        f"schema has {number} objects; write two: delivered, then the entity.",
    )


def test_a_contract_knows_where_it_stands(tmp_path: Path) -> None:
    """Catalog, feed, file and the catalog's time zone, unless it has one of its own."""
    contract = RATINGS.read(tmp_path / "a")
    assert contract.path == tmp_path / "a" / "include" / "contracts" / "shop" / "ratings.odcs.yaml"
    own = ('property: delimiter, value: ";"', "property: timeZone, value: Europe/London")
    other = RATINGS.read(tmp_path / "b", own)
    assert (contract.time_zone, other.time_zone) == ("America/New_York", "Europe/London")
    assert "'Europe/London'" in other.mapped[4].expression


def test_feeds_are_loaded_so_that_what_others_refer_to_comes_first(tmp_path: Path) -> None:
    """Reviews before events, whatever the feeds are called; one feed alone by its name."""
    include = CLICKS.write(tmp_path)
    folder = include / "contracts" / "shop"
    (folder / "a_second.odcs.yaml").write_text(
        changed(RATINGS.text, ("name: ratings\n", "name: a_second\n"), ("shop.ratings", "shop.a_second"))
    )
    (folder / "notes.yaml").write_text("")
    assert feed_names("shop", include) == ["a_second", "clicks", "ratings"]
    assert [contract.feed for contract in select_contracts("shop", EVERY_FEED, include)] == [
        "a_second",
        "ratings",
        "clicks",
    ]
    assert [contract.feed for contract in select_contracts("shop", "clicks", include)] == ["clicks"]
    with pytest.raises(BadInputError, match="unknown feed ''"):
        select_contracts("shop", "", include)
    assert [contract.feed for contract in select_contracts("shop", "".join(["cli", "cks"]), include)] == ["clicks"]
    assert [contract.feed for contract in select_contracts("shop", "".join([*EVERY_FEED]), include)][0] == "a_second"
    assert {feed: contract.feed for feed, contract in load_contracts("shop", include).items()} == {
        "a_second": "a_second", "clicks": "clicks", "ratings": "ratings",
    }  # fmt: skip


def test_what_is_not_there_yet_is_told_as_the_file_to_write(tmp_path: Path) -> None:
    """Where there is no right word to name, the place of the first file is."""
    include = RATINGS.write(tmp_path)
    (include / "contracts" / "shop" / "ratings.odcs.yaml").unlink()
    with pytest.raises(BadInputError) as feed:
        load_contract("shop", "ratings", include)
    assert feed.value.message == (
        "unknown feed 'ratings' of catalog 'shop'; add include/contracts/shop/ratings.odcs.yaml."
    )
    (include / "catalogs" / "shop.yaml").unlink()
    assert catalog_names(include) == []
    with pytest.raises(BadInputError) as catalog:
        load_catalog("shop", include)
    assert catalog.value.message == "unknown catalog 'shop'; add include/catalogs/shop.yaml."


def test_a_catalog_is_what_its_file_says(tmp_path: Path) -> None:
    """Names are sorted; every word has its place; what is not yaml is no catalog."""
    include = SHOP.write(tmp_path)
    for name in ("zoo", "bar"):
        (include / "catalogs" / f"{name}.yaml").write_text(changed(SHOP.text, ("catalog: shop", f"catalog: {name}")))
    (include / "catalogs" / "notes.txt").write_text("")
    assert catalog_names(include) == ["bar", "shop", "zoo"]
    shop = load_catalog("shop", include)
    assert (shop.name, shop.description, shop.time_zone, shop.currency, shop.country) == (
        "shop", "A shop.", "America/New_York", "USD", "US",
    )  # fmt: skip


@pytest.mark.parametrize("country", ["NO", "GB"])
def test_a_country_is_read_as_written(country: str, tmp_path: Path) -> None:
    """Norway's code is no `no`."""
    assert SHOP.read(tmp_path, ("country: US", f"country: {country}")).country == country


@mistakes(
    SHOP,
    ("catalog: shop", "catalog: Shop", "1: catalog 'Shop' must be lower case letters, digits and _."),
    ("catalog: shop", "catalog: zoo", "1: catalog is 'zoo' in the file of 'shop'; make them equal."),
    ("catalog: shop", "catalog: bar", "1: catalog is 'bar' in the file of 'shop'; make them equal."),
    ("A shop.", "''", "2: description is empty; write it or remove the line."),
    ("currency: USD", "currency: USDX", "4: currency 'USDX' is not a code such as USD."),
    ("currency: USD", "currency: US", "4: currency 'US' is not a code such as USD."),
    ("country: US", "country: USA", "5: country 'USA' is not a code such as US."),
    ("country: US\n", "", "1: a catalog has no 'country'; add it."),
    ("country: US\n", "country: US\npropensity: {}\n",
     "6: propensity has neither or both of 'categories' and 'top'; write one of them."),
    ("country: US\n", "country: US\npropensity: {top: 3, categories: [a]}\n",
     "6: propensity has neither or both of 'categories' and 'top'; write one of them."),
    ("country: US\n", "country: US\npropensity: {top: 0}\n", "6: top is 0; make it at least 1."),
    ("country: US\n", "country: US\npropensity: {top: -1}\n", "6: top is -1; make it at least 1."),
    ("country: US\n", "country: US\npropensity: {top: x}\n", "6: top is text; make it a whole number."),
    ("country: US\n", "country: US\npropensity:\n  categories: []\n",
     "7: categories is empty or repeats one; list each category once."),
    ("country: US\n", "country: US\npropensity:\n  categories: [a, b, a]\n",
     "7: categories is empty or repeats one; list each category once."),
    ("country: US\n", "country: US\npropensity:\n  categories: [a, '']\n",
     "7: a category is empty; write it or remove the line."),
)  # fmt: skip
def test_a_catalogs_mistake_is_told_with_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """File, line and what to do."""
    mistake.check(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"), [("top: 1", ((), 1)), ("top: 25", ((), 25)), ("categories: [b, a]", (("b", "a"), 10))]
)
def test_scored_categories_are_named_or_counted(
    text: str, expected: tuple[tuple[str, ...], int], tmp_path: Path
) -> None:
    """By name in the order written, or how many of the most bought; ten where nothing is said."""
    include = SHOP.saying(f"{SHOP.text}propensity: {{{text}}}\n").write(tmp_path)
    read = catalogs.load_category_selection("shop", include)
    assert (read.categories, read.top) == expected
    silent = catalogs.load_category_selection("nobody", include)
    assert (silent.categories, silent.top) == ((), 10)
    assert SHOP.read(tmp_path / "silent").scored == silent


RECORDS = [
    kind
    for module in (model, catalogs, functions)
    for kind in vars(module).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind)
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda kind: kind.__name__)
def test_what_was_loaded_stays_as_it_is(record: type) -> None:
    """Jobs share contracts: nobody changes one under another."""
    loaded = record.__new__(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(loaded, dataclasses.fields(record)[0].name, "x")


def test_a_column_is_asked_for_nothing_that_is_not_said() -> None:
    """Neither a value, nor to be there, nor to be personal, nor a map or a prefix."""
    delivered = model.DeliveredColumn(name="a", header="A", type="string")
    assert (delivered.formats, delivered.required, delivered.optional, delivered.pii) == ((), False, False, False)
    mapped = model.MappedColumn(name="a", type="string", expression="`a`")
    assert (mapped.required, mapped.value_map, mapped.id_prefix, mapped.occurrences) == (False, None, None, {})
