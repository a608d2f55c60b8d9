"""YAML that remembers its lines, and the one way in which the mistakes in a document are reported."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from basketry.errors import ContractError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LARGEST_DOCUMENT = 1 << 20
MOST_NODES = 50_000
DEEPEST = 60
"""What a document may be: bytes; values once every alias is written out; values within one another."""

_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
}


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Suggest the nearest of the right words (`did you mean 'x'?`), or list them all if none is near.

    Args:
        word: what was written.
        words: the right words, at least one.
    """
    choices = sorted(set(words))
    by_lower = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean '{by_lower[close[0]]}'?" if close else f"use one of: {', '.join(choices)}."


def describe_kind(value: object, kind: type, what: str) -> str:
    """Say of which kind a value is, in words, and of which it must be."""
    return f"{what} is {_KINDS.get(type(value), 'empty or a date')}; make it {_KINDS[kind]}."


@dataclass(frozen=True)
class Node:
    """A YAML value with its place in the file.

    Attributes:
        label: how errors name the file.
        line: the line number, from 1.
        value: a dict of str to Node, a list of Node, or a scalar.
        text: a scalar as it was written.
    """

    label: str
    line: int
    value: Any
    text: str = ""

    def fail(self, message: str) -> NoReturn:
        """Refuse the file with a ContractError that names the file, the line and what to do."""
        raise ContractError(f"{self.label}:{self.line}: {message}")

    def expect(self, kind: type, what: str) -> Any:
        """Return the value if it is of that Python type; a whole number is a number too.

        Raises:
            ContractError: if it is of another type.
        """
        good = isinstance(self.value, kind) and (kind is bool or not isinstance(self.value, bool))
        if good or (kind is float and type(self.value) is int):
            return self.value
        return self.fail(describe_kind(self.value, kind, what))

    def mapping(self, what: str, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, Node]:
        """Return the entries of a mapping whose keys are all allowed and whose required keys are all there."""
        entries: dict[str, Node] = self.expect(dict, what)
        for key, entry in entries.items():
            if key not in allowed:
                entry.fail(f"unknown key '{key}' in {what}; {did_you_mean(key, allowed)}")
        for key in required:
            if key not in entries:
                self.fail(f"{what} has no '{key}'; add it.")
        return entries

    def items(self, what: str) -> list[Node]:
        """Return the items of a list."""
        nodes: list[Node] = self.expect(list, what)
        return nodes

    def string(self, what: str) -> str:
        """Return a text that is not empty."""
        text: str = self.expect(str, what)
        return text if text.strip() else self.fail(f"{what} is empty; write it or remove the line.")

    def choice(self, what: str, words: Iterable[str]) -> str:
        """Return a text that is one of the words."""
        text = self.string(what)
        return text if text in words else self.fail(f"unknown {what} '{text}'; {did_you_mean(text, words)}")


def read_document(path: Path, label: str) -> Node:
    """Read one YAML document.

    Args:
        path: the file.
        label: how errors name the file.

    Raises:
        ContractError: if it is not YAML, repeats a key, or is larger than a document may be.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_DOCUMENT + 1)
        if len(content) > LARGEST_DOCUMENT:
            raise ContractError(f"{label}: is larger than {LARGEST_DOCUMENT >> 20} MB; remove what is no setting.")
        root = yaml.compose(content.decode("utf-8-sig"), Loader=_LOADER)
    except OSError as error:
        raise ContractError(f"{label}: cannot be read ({error.strerror}); check that it is a readable file.") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"{label}: is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{label}:{line}: is not YAML ({error.problem}); check indentation and quotes.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ContractError(f"{label}: is not YAML; remove control characters and deep nesting.") from error
    if root is None:
        raise ContractError(f"{label}:1: is empty; write the document.")
    return _Reader(label).node(root, ())


class _Reader:
    """Makes Nodes of what was parsed; every alias is written out, and counted as what it stands for."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._count = 0

    def node(self, source: yaml.Node, parents: tuple[int, ...]) -> Node:
        """Return a value with all that is in it."""
        line = source.start_mark.line + 1
        self._count += 1
        if id(source) in parents:
            self._fail(line, "an alias refers to what contains it; write the value out.")
        if self._count > MOST_NODES:
            self._fail(line, f"the document has more than {MOST_NODES:,} values, its aliases written out; use fewer.")
        if len(parents) >= DEEPEST:
            self._fail(line, f"values lie more than {DEEPEST} deep in one another; make them flatter.")
        inside = (*parents, id(source))
        if isinstance(source, yaml.MappingNode):
            return Node(self._label, line, self._entries(source, inside))
        if isinstance(source, yaml.SequenceNode):
            return Node(self._label, line, [self.node(item, inside) for item in source.value])
        return Node(self._label, line, _scalar(source, self._label), str(source.value))

    def _entries(self, source: yaml.MappingNode, parents: tuple[int, ...]) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in source.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self._fail(line, "a key must be plain text; write each key out.")
            if key.value in entries:
                self._fail(line, f"key '{key.value}' is written twice; remove one.")
            entry = self.node(value, parents)
            # The key's line is what a person edits; only containers have places of their own inside.
            entries[key.value] = Node(self._label, line, entry.value, entry.text)
        return entries

    def _fail(self, line: int, message: str) -> NoReturn:
        Node(self._label, line, None).fail(message)


def _scalar(source: yaml.Node, label: str) -> Any:
    try:
        return yaml.SafeLoader("").construct_object(source, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        node = Node(label, source.start_mark.line + 1, None)
        reason = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        return node.fail(f"'{source.value}' cannot be read ({reason}); put it in quotes.")


def custom_properties(node: Node | None, what: str, allowed: Iterable[str]) -> dict[str, Node]:
    """Read an ODCS list of customProperties: the values by the name of the property.

    Raises:
        ContractError: for an unknown or repeated name.
    """
    values: dict[str, Node] = {}
    for item in node.items(f"customProperties of {what}") if node else ():
        entry = item.mapping(
            f"a custom property of {what}", ("property", "value", "id", "vendor"), ("property", "value")
        )
        name = entry["property"].string("property")
        if name not in set(allowed):
            entry["property"].fail(f"unknown custom property '{name}' of {what}; {did_you_mean(name, allowed)}")
        if name in values:
            entry["property"].fail(f"custom property '{name}' of {what} is written twice; remove one.")
        values[name] = entry["value"]
    return values
