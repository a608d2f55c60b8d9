"""Documents as models: strict, frozen, and every mistake in one is one sentence with its line and the nearest right word."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import AfterValidator, Field, ValidationError, model_validator

from basketry.config.documents import Node
from basketry.config.locator import load_document, parse_document
from basketry.config.model import (
    Count,
    Document,
    Fix,
    Label,
    Mistake,
    Natural,
    Nullable,
    PlacedText,
    Positive,
    Reads,
    Share,
    Text,
    choose,
    context_of,
    keys_of,
    not_empty,
    one_of,
    one_of_context,
)
from basketry.errors import ContractError


class Shelf(Document, title="shelf {0} of {2}"):
    """A mapping by name within a mapping by name."""

    height: Annotated[float, Field(gt=0, le=3), Fix("write metres up to 3"), Label("{0} of shelf {1}")]
    goods: tuple[Annotated[Text, Label("one of the goods of {1}")], ...] = ()


class Room(Document):
    """A room of shelves."""

    shelves: Mapping[str, Shelf] = {}


class Shop(Document, title="a shop"):
    """One field of each kind."""

    unread = frozenset({"notes"})
    name: Text
    size: Count = 1
    stock: Natural = 0
    rate: Positive = 1.0
    share: Share = 0.5
    wide: Annotated[float, Field(ge=1, lt=9)] = 2
    open: bool = True
    kind: Literal["corner", "market"] = "corner"
    sign: Annotated[str, one_of(("red", "green")), Label("colour")] = "red"
    owner: Annotated[str, one_of_context("people")] = "me"
    state: Annotated[str, Reads(lambda node: node.text)] = ""
    motto: Annotated[PlacedText, Label("the motto")] | None = None
    closes: Annotated[int | None, Nullable()] = 0
    first: Annotated[int, Field(alias="from")] = 0
    tags: Annotated[tuple[str, ...], not_empty("write a tag.")] = ("a",)
    rooms: Mapping[str, Room] = {}
    free: Mapping[str, Any] = {}

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.stock > 1000 * self.size:
            raise Mistake("{0} is {stock}, too much for {what} '{name}'.", "stock", stock=self.stock, name=self.name)
        return self


def shop(folder: Path, text: str) -> Shop:
    (folder / "shop.yaml").write_text(text)
    return load_document(Shop, folder / "shop.yaml", "shop.yaml", {"people": ("me", "anna")})


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ContractError) as raised:
        shop(folder, text)
    assert raised.value.__cause__ is None and raised.value.__context__ is None
    return raised.value.message.removeprefix("shop.yaml:")


def test_a_document_is_what_its_file_says(tmp_path: Path) -> None:
    """Lists are tuples, whole numbers are numbers too, a text can be had as it is written, and null only where it may be."""
    written = shop(
        tmp_path,
        "name: Foo\nrate: 2\nstate: no\nfrom: 3\ncloses: null\ntags: [x, y]\nnotes: {any: [thing, null]}\n"
        "rooms: {hall: {shelves: {top: {height: 2, goods: [tea]}}}}\nfree: {b: 1}\n",
    )
    assert (written.name, written.rate, written.state, written.first, written.closes) == ("Foo", 2.0, "no", 3, None)
    assert (written.tags, written.rooms["hall"].shelves["top"].goods) == (("x", "y"), ("tea",))
    assert type(written.rate) is float and not hasattr(written, "notes")


def test_a_document_stays_as_it_was_read(tmp_path: Path) -> None:
    """Two readers of one document see the same."""
    written = shop(tmp_path, "name: Foo\n")
    with pytest.raises(ValidationError, match="frozen"):
        written.name = "Bar"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("nam: Foo\n", "1: unknown key 'nam' in a shop; did you mean 'name'?"),
        ("name: Foo\nnote: x\n", "2: unknown key 'note' in a shop; did you mean 'notes'?"),
        ("name: Foo\nform: 1\n", "2: unknown key 'form' in a shop; did you mean 'from'?"),
        ("size: 2\n", "1: a shop has no 'name'; add it."),
        ("- name\n", "1: a shop is a list; make it a mapping."),
        ("name: 2026-01-31\n", "1: name is empty or a date; make it text."),
        ("name:\n", "1: name is empty or a date; make it text."),
        ("name: ' '\n", "1: name is empty; write it or remove the line."),
        ("name: Foo\nsize: 1.0\n", "2: size is a number; make it a whole number."),
        ("name: Foo\nsize: true\n", "2: size is true or false; make it a whole number."),
        ("name: Foo\nrate: '2'\n", "2: rate is text; make it a number."),
        ("name: Foo\nrate: true\n", "2: rate is true or false; make it a number."),
        ("name: Foo\nrate:\n", "2: rate is empty or a date; make it a number."),
        ("name: Foo\nopen: 'yes'\n", "2: open is text; make it true or false."),
        ("name: Foo\nopen: 1\n", "2: open is a whole number; make it true or false."),
        ("name: Foo\ntags: x\n", "2: tags is text; make it a list."),
        ("name: Foo\ntags: {x: y}\n", "2: tags is a mapping; make it a list."),
        ("name: Foo\nrooms: [x]\n", "2: rooms is a list; make it a mapping."),
        ("name: Foo\nrooms: {hall: 3}\n", "2: hall is a whole number; make it a mapping."),
        ("name: Foo\ntags: []\n", "2: tags is empty; write a tag."),
        ("name: Foo\ncloses: x\n", "2: closes is text; make it a whole number."),
        ("name: Foo\nmotto: 3\n", "2: the motto is a whole number; make it text."),
        ("name: Foo\nmotto: ''\n", "2: the motto is empty; write it or remove the line."),
        ("name: Foo\nfree: {}\nfrom: x\n", "3: from is text; make it a whole number."),
    ],
)
def test_a_wrong_key_or_kind_is_told_in_words(text: str, sentence: str, tmp_path: Path) -> None:
    """An unknown key where it stands, with the nearest one, before what is missing; a missing one where its mapping begins."""
    assert refusal(tmp_path, text) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("size: 0", "size is 0; make it at least 1."),
        ("stock: -1", "stock is -1; make it at least 0."),
        ("rate: 0", "rate is 0; make it more than 0."),
        ("rate: -0.50", "rate is -0.5; make it more than 0."),
        ("rate: .inf", "rate is inf; write a number."),
        ("rate: .nan", "rate is nan; write a number."),
        ("share: 1.5", "share is 1.5; make it a number from 0 to 1."),
        ("wide: 0.5", "wide is 0.5; make it at least 1."),
        ("wide: 9", "wide is 9; make it less than 9."),
        ("kind: crner", "unknown kind 'crner'; did you mean 'corner'?"),
        ("kind: 3", "kind is a whole number; make it text."),
        ("sign: blue", "unknown colour 'blue'; use one of: green, red."),
        ("sign: ''", "colour is empty; write it or remove the line."),
        ("owner: ana", "unknown owner 'ana'; did you mean 'anna'?"),
        ("size: 2\nstock: 2001", "stock is 2001, too much for stock 'Foo'."),
    ],
)
def test_a_wrong_value_is_told_with_what_to_write(text: str, sentence: str, tmp_path: Path) -> None:
    """In the last line, which is the culprit's."""
    line = 2 + text.count("\n")
    assert refusal(tmp_path, f"name: Foo\n{text}\n") == f"{line}: {sentence}"


@pytest.mark.parametrize(
    ("shelf", "sentence"),
    [
        ("{}", "5: shelf top of hall has no 'height'; add it."),
        ("{hight: 1}", "5: unknown key 'hight' in shelf top of hall; did you mean 'height'?"),
        ("{height: 4}", "5: height of shelf top is 4; write metres up to 3."),
        ("{height: 0}", "5: height of shelf top is 0; write metres up to 3."),
        ("\n        height: 1\n        goods:\n          - a\n          - 2",
         "9: one of the goods of top is a whole number; make it text."),
    ],
)  # fmt: skip
def test_a_value_is_called_by_what_contains_it(shelf: str, sentence: str, tmp_path: Path) -> None:
    """Its own key, that of what contains it, and so on outwards; an item of a list has its own line."""
    text = f"name: Foo\nrooms:\n  hall:\n    shelves:\n      top: {shelf}\n"
    assert refusal(tmp_path, text) == sentence


@pytest.mark.parametrize("word", ["{0}", "{what}", "{", "%s", "{text}"])
def test_no_word_of_a_file_is_taken_for_a_place_to_fill(word: str, tmp_path: Path) -> None:
    """Sentences are templates; what people write in the file is not."""
    assert refusal(tmp_path, f"name: Foo\nsign: '{word}'\n") == f"2: unknown colour '{word}'; use one of: green, red."
    assert refusal(tmp_path, f"name: Foo\nrooms: {{'{word}': 3}}\n").startswith(f"2: {word} is a whole number")


class Chain(Document):
    """Something whose parts are checked by a method of theirs."""

    links: tuple[int, ...]

    def check(self) -> None:
        """Refuse a link that is not longer than the one before it."""
        for position in range(1, len(self.links)):
            if self.links[position] <= self.links[position - 1]:
                raise Mistake("a link of {1} is too short.", "links", position)


class Anchor(Document):
    """What contains it."""

    chain: Chain
    words: Annotated[tuple[str, ...], AfterValidator(lambda words: tuple(choose(w, ("a", "b"), 0) for w in words))] = ()

    @model_validator(mode="after")
    def _check_chain(self) -> Self:
        try:
            self.chain.check()
        except Mistake as mistake:
            raise mistake.below("chain") from None
        return self


def test_a_mistake_stands_where_its_path_leads(tmp_path: Path) -> None:
    """From what is validated downwards; seen from outside the path is longer."""
    (tmp_path / "a.yaml").write_text("chain:\n  links:\n    - 1\n    - 3\n    - 2\n")
    with pytest.raises(ContractError) as raised:
        load_document(Anchor, tmp_path / "a.yaml", "a.yaml")
    assert raised.value.message == "a.yaml:5: a link of chain is too short."
    (tmp_path / "b.yaml").write_text("chain: {links: []}\nwords:\n  - c\n")
    with pytest.raises(ContractError, match=r"b\.yaml:3: unknown words 'c'; use one of: a, b\."):
        load_document(Anchor, tmp_path / "b.yaml", "b.yaml")


def test_a_part_is_called_by_the_keys_that_lead_to_it() -> None:
    """Also when it is read by itself."""
    part = Node("a.yaml", 7, {"height": Node("a.yaml", 8, 5)})
    with pytest.raises(ContractError, match=r"a\.yaml:8: height of shelf top is 5; write metres up to 3\."):
        parse_document(Shelf, part, keys=("top", "shelves", "hall"))


def test_a_placed_text_knows_its_line(tmp_path: Path) -> None:
    """For what is checked when the whole document is known; it is a text for everything else."""
    motto = shop(tmp_path, "name: Foo\nmotto: fresh\n").motto
    assert motto == "fresh" and motto is not None
    with pytest.raises(ContractError, match=r"shop\.yaml:2: no\."):
        motto.fail("no.")


def test_what_code_makes_needs_no_file() -> None:
    """A value that is put in is not read, but it is as strict; context is what the reader passes, or nothing."""
    assert Shop(name="Foo", state="x").state == "x"
    with pytest.raises(ValidationError):
        Shop(name="Foo", state=3)  # type: ignore[arg-type]
    assert context_of(type("Info", (), {"context": None})()) == {}


def test_a_document_tells_its_keys_and_values() -> None:
    """Keys as they are written; values with dots between the names, lists and mappings of documents as they are."""
    assert set(keys_of(Chain)) == {"links"} and "from" in keys_of(Shop) and "first" not in keys_of(Shop)
    assert Anchor(chain=Chain(links=(1,)), words=("a",)).leaves() == {"chain.links": (1,), "words": ("a",)}
