"""YAML with its lines: each value knows where it stands, and each mistake is one sentence that says where and what to do."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from basketry.config.documents import Node, custom_properties, did_you_mean, read_document
from basketry.errors import ContractError

TEXT = """\
# a comment
first: 1
second:
  - a
  - inner: yes
    word: no

third: {left: 1.5, right: "x"}
"""


def read(folder: Path, text: str | bytes) -> Node:
    path = folder / "a.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_document(path, "include/a.yaml")


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(ContractError) as raised:
        read(folder, text)
    return raised.value.message


def test_every_value_knows_its_line_and_how_it_was_written(tmp_path: Path) -> None:
    """An entry stands where its key stands, an item where it begins; lines count from 1."""
    root = read(tmp_path, TEXT)
    assert (root.label, root.line) == ("include/a.yaml", 2)
    assert {key: entry.line for key, entry in root.value.items()} == {"first": 2, "second": 3, "third": 8}
    word, mapping = root.value["second"].value
    assert (word.line, word.value, mapping.line) == (4, "a", 5)
    inner = mapping.value["word"]
    assert (inner.label, inner.line, inner.value, inner.text) == ("include/a.yaml", 6, False, "no")
    assert mapping.value["inner"].value is True
    third = root.value["third"].value
    assert (third["left"].line, third["left"].value, third["left"].text) == (8, 1.5, "1.5")
    assert third["right"].value == "x"


def test_a_value_on_a_later_line_is_told_at_its_key(tmp_path: Path) -> None:
    """The key's line is what a person edits."""
    root = read(tmp_path, "a:\n\n  word\nb: 2\n")
    assert {key: entry.line for key, entry in root.value.items()} == {"a": 1, "b": 4}
    assert Node("x", 1, "y").text == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "include/a.yaml:1: is empty; write the document."),
        ("# nothing\n", "include/a.yaml:1: is empty; write the document."),
        (b"a: \xff", "include/a.yaml: is not UTF-8 (byte 3); save it as UTF-8."),
        ("a: 1\nb: 2\na: 3\n", "include/a.yaml:3: key 'a' is written twice; remove one."),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "include/a.yaml:4: key 'c' is written twice; remove one."),
        ("a: 1\n\n\n? [x]\n: y\n", "include/a.yaml:4: a key must be plain text; write each key out."),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "include/a.yaml:3: a key must be plain text; write each key out."),
        ("a: 1\n\n\nb: &b [*b]\n", "include/a.yaml:4: an alias refers to what contains it; write the value out."),
        ("a: 1\nb: &b\n  c:\n    d: *b\n", "include/a.yaml:2: an alias refers to what contains it; write the value out."),
        ("a: 1\n\n\nb: 2026-13-45\n",
         "include/a.yaml:4: '2026-13-45' cannot be read (month must be in 1..12); put it in quotes."),
        ("\x00", "include/a.yaml: is not YAML; remove control characters and deep nesting."),
        ("a: " + "[" * 5000, "include/a.yaml"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line(text: str | bytes, sentence: str, tmp_path: Path) -> None:
    """No stack trace, whatever stands in the file."""
    assert refusal(tmp_path, text).startswith(sentence)


def test_an_alias_may_be_used_beside_what_it_names(tmp_path: Path) -> None:
    """Only what contains itself has no end."""
    root = read(tmp_path, "a: &a [1, 2]\nb: *a\nc: [*a, *a]\n")
    assert [item.value for item in root.value["b"].value] == [1, 2]
    assert len(root.value["c"].value) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: &a [x, x, x, x, x, x, x, x, x, x]\n", "has more than 50,000 values, its aliases written out; use fewer"),
        ("[" * 70 + "]" * 70, "values lie more than 60 deep in one another; make them flatter"),
        ("# " + "x" * (1 << 20), "is larger than 1 MB; remove what is no setting"),
    ],
)
def test_a_document_has_a_size(text: str, sentence: str, tmp_path: Path) -> None:
    """A few hundred bytes of aliases of aliases would be read for minutes, by every reader of the folder."""
    if "&a" in text:
        names = "abcdefgh"
        text += "".join(
            f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
            for before, name in zip(names, names[1:], strict=False)
        )
    assert sentence in refusal(tmp_path, text)


def test_a_syntax_error_is_told_where_it_shows(tmp_path: Path) -> None:
    """The line of the reader's complaint, from 1, and the complaint."""
    assert refusal(tmp_path, "a: 1\n\n\nb: ]\n").startswith("include/a.yaml:4: is not YAML (")
    assert refusal(tmp_path, "a: 'x\n").endswith("; check indentation and quotes.")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Some editors write one."""
    assert set(read(tmp_path, b"\xef\xbb\xbfa: 1\n").value) == {"a"}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(ContractError) as raised:
        read_document(tmp_path / "none.yaml", "include/none.yaml")
    reason = os.strerror(2)
    assert raised.value.message == f"include/none.yaml: cannot be read ({reason}); check that it is a readable file."


WORDS = ("status", "State", "name")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("statuss", "did you mean 'status'?"),
        ("STATE", "did you mean 'State'?"),
        ("nam", "did you mean 'name'?"),
        ("zzz", "use one of: State, name, status."),
        # Three letters in common of five and five are just near enough.
        ("staxx", "did you mean 'State'?"),
    ],
)
def test_the_nearest_right_word_is_told_or_all_of_them(word: str, hint: str) -> None:
    """Case does not matter for nearness; the words are told as they are written, each once."""
    assert did_you_mean(word, [*WORDS, "name"]) == hint


def test_only_the_nearest_of_several_is_told() -> None:
    """And not the one that comes first."""
    assert did_you_mean("prices", ["price", "prices_old", "priced"]) == "did you mean 'price'?"
    assert did_you_mean("abcdef", ["abcxyz"]) == "use one of: abcxyz."


@pytest.mark.parametrize(
    ("value", "kind", "good"),
    [
        ("x", str, True),
        (1, str, False),
        (True, bool, True),
        (1, bool, False),
        (1, int, True),
        (True, int, False),
        (1.5, int, False),
        (1.5, float, True),
        (1, float, True),
        (True, float, False),
        ("1", float, False),
        ([], list, True),
        ({}, list, False),
        ({}, dict, True),
        ([], dict, False),
        (None, str, False),
    ],
)
def test_a_value_is_of_the_kind_that_is_expected(value: object, kind: type, good: bool) -> None:
    """A whole number is a number too; true and false are neither."""
    node = Node("a.yaml", 3, value)
    if good:
        assert node.expect(kind, "it") is value
        return
    with pytest.raises(ContractError, match=r"a\.yaml:3: it is .*; make it "):
        node.expect(kind, "it")


@pytest.mark.parametrize(
    ("value", "kind", "sentence"),
    [
        (1, str, "it is a whole number; make it text."),
        (1.5, int, "it is a number; make it a whole number."),
        (True, float, "it is true or false; make it a number."),
        ("x", bool, "it is text; make it true or false."),
        ([], dict, "it is a list; make it a mapping."),
        ({}, list, "it is a mapping; make it a list."),
        (None, str, "it is empty or a date; make it text."),
    ],
)
def test_kinds_are_told_in_words(value: object, kind: type, sentence: str) -> None:
    """Not in those of the programming language."""
    with pytest.raises(ContractError) as raised:
        Node("a.yaml", 3, value).expect(kind, "it")
    assert raised.value.message == f"a.yaml:3: {sentence}"


def test_a_mapping_has_known_keys_and_the_required_ones(tmp_path: Path) -> None:
    """An unknown key is told where it stands, a missing one where the mapping begins."""
    root = read(tmp_path, "\na: 1\nb: 2\n")
    assert set(root.mapping("it", ("a", "b", "c"), ("a", "b"))) == {"a", "b"}
    assert set(root.mapping("it", ("a", "b"))) == {"a", "b"}
    with pytest.raises(ContractError, match=r"a\.yaml:3: unknown key 'b' in it; use one of: a\."):
        root.mapping("it", ("a",))
    with pytest.raises(ContractError, match=r"a\.yaml:2: it has no 'c'; add it\."):
        root.mapping("it", ("a", "b", "c"), ("b", "c"))


def test_texts_and_choices_are_not_blank() -> None:
    """A text of blanks is empty; a choice is one of the words as they are written."""
    assert Node("a.yaml", 3, " x ").string("it") == " x "
    with pytest.raises(ContractError, match="3: it is empty; write it or remove the line"):
        Node("a.yaml", 3, "  ").string("it")
    assert Node("a.yaml", 3, "csv").choice("format", ("csv", "xlsx")) == "csv"
    with pytest.raises(ContractError, match="3: unknown format 'CSV'; did you mean 'csv'?"):
        Node("a.yaml", 3, "CSV").choice("format", ("csv", "xlsx"))


def test_custom_properties_are_values_by_name(tmp_path: Path) -> None:
    """Notes of other tools may stand beside a value; an unknown name and one that is there twice are told."""
    text = "- {property: a, value: 1, id: x, vendor: y}\n- {property: b, value: [2]}\n"
    values = custom_properties(read(tmp_path, text), "it", ("a", "b", "c"))
    assert {name: node.value if name == "a" else node.value[0].value for name, node in values.items()} == {
        "a": 1,
        "b": 2,
    }
    assert custom_properties(None, "it", ("a",)) == {}
    with pytest.raises(ContractError, match=r"a\.yaml:2: unknown custom property 'b' of it; use one of: a\."):
        custom_properties(read(tmp_path, text), "it", ("a",))
    twice = text.replace("property: b", "property: a")
    with pytest.raises(ContractError, match=r"a\.yaml:2: custom property 'a' of it is written twice; remove one\."):
        custom_properties(read(tmp_path, twice), "it", ("a", "b"))
    for key in ("property", "value"):
        lacking = {"property": "- {value: 1}", "value": "- {property: a}"}[key]
        with pytest.raises(ContractError, match=f"a custom property of it has no '{key}'; add it"):
            custom_properties(read(tmp_path, lacking), "it", ("a",))


def test_a_node_stays_as_it_was_read() -> None:
    """Two readers of one document see the same."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Node("a.yaml", 3, "x").line = 4  # type: ignore[misc]
