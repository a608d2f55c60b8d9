"""From a YAML document to its model, and from what pydantic finds wrong to one sentence with file, line and the right word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError

from basketry.config.documents import Node, describe_kind, did_you_mean, read_document
from basketry.config.model import Document, Fix, Label, Mistake, Nullable, Reads, keys_of

D = TypeVar("D", bound=Document)

_WANTED: Mapping[str, type] = {
    "string_type": str,
    "int_type": int,
    "int_from_float": int,
    "float_type": float,
    "bool_type": bool,
    "tuple_type": list,
    "dict_type": dict,
    "mapping_type": dict,
    "model_type": dict,
}
"""The Python type that a value must have, by pydantic's name of the error."""

_BOUNDS = {
    "greater_than_equal": "make it at least {ge}",
    "greater_than": "make it more than {gt}",
    "less_than_equal": "make it at most {le}",
    "less_than": "make it less than {lt}",
    "finite_number": "write a number",
}
_FIRST = ("extra_forbidden", "missing")
"""Errors that are told before all others: a misspelt key is also a missing one."""


@dataclass(frozen=True)
class _Type:
    """What a model says of a value: its type, and what is annotated beside it."""

    hint: Any
    marks: tuple[object, ...]

    @classmethod
    def of(cls, hint: Any, marks: Sequence[object] = ()) -> _Type:
        """Take an annotation apart; that a value may be left out says nothing about it."""
        if get_origin(hint) is Annotated:
            inner, *own = get_args(hint)
            return cls.of(inner, (*own, *marks))
        if get_origin(hint) in (Union, UnionType):
            options = [option for option in get_args(hint) if option is not NoneType]
            return cls.of(options[0], marks) if len(options) == 1 else cls(hint, tuple(marks))
        return cls(hint, tuple(marks))

    def inside(self, key: str | int) -> _Type | None:
        """Return the type of an entry or item; None where the model does not say."""
        if (fields := self.fields()) is not None:
            field = fields.get(str(key))
            return None if field is None else self.of(field.annotation, field.metadata)
        arguments = get_args(self.hint)
        if not arguments:
            return None
        position = key if isinstance(key, int) and arguments[-1] is not Ellipsis else 0
        return self.of(arguments[position if isinstance(key, int) else -1])

    def fields(self) -> Mapping[str, Any] | None:
        """Return the fields of a model by their keys in the document; None where it is no model."""
        if not (isinstance(self.hint, type) and issubclass(self.hint, Document)):
            return None
        return keys_of(self.hint)

    def mark(self, kind: type[Any]) -> Any:
        """Return what of a kind is annotated, None if there is nothing."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    def name(self, keys: Sequence[str]) -> str:
        """Return what errors call the value; `keys` are those that lead to it, its own first."""
        title = self.hint.model_config.get("title") if self.fields() is not None else None
        label = self.mark(Label)
        own = keys[0] if keys else "the document"
        return (label.text if label else title or "{own}").format(*keys, own=own)


@dataclass(frozen=True)
class _Place:
    """Where an error is: the nodes on the way to it, the root first, each with its type; and the keys, its own first."""

    steps: tuple[tuple[Node, _Type | None], ...]
    keys: tuple[str, ...]

    @classmethod
    def find(cls, root: Node, model: type[Document], path: Sequence[str | int], above: Sequence[str]) -> _Place:
        """Follow a path into a document, as far as the document goes; `above` are the keys that lead to it."""
        node, kind = root, _Type.of(model)
        steps: list[tuple[Node, _Type | None]] = [(node, kind)]
        keys: list[str] = []
        for key in path:
            entry = _inside(node, key)
            if entry is None or kind is None:
                break
            node, kind = entry, kind.inside(key)  # type: ignore[assignment]
            steps.append((node, kind))
            keys += [key] if isinstance(key, str) else []
        return cls(tuple(steps), (*reversed(keys), *above))


def _inside(node: Node, key: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(key)
    return node.value[key] if isinstance(node.value, list) and isinstance(key, int) else None


def load_document(model: type[D], path: Path, label: str, context: Mapping[str, Any] | None = None) -> D:
    """Read a YAML document into its model.

    Args:
        model: the kind of document.
        path: the file.
        label: how errors name the file.
        context: what validators of the model ask for.

    Raises:
        ContractError: for the first mistake, with file, line and what to write instead.
    """
    return parse_document(model, read_document(path, label), context)


def parse_document(model: type[D], root: Node, context: Mapping[str, Any] | None = None, keys: Sequence[str] = ()) -> D:
    """Validate a document, or a part of one, as its model; see `load_document`.

    Args:
        model: the kind of document or part.
        root: where it begins.
        context: what validators of the model ask for.
        keys: the keys that lead to the part, its own first.
    """
    try:
        return model.model_validate(_values(root, _Type.of(model)), context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        rank = {kind: position for position, kind in enumerate(_FIRST)}
        first = min(details, key=lambda detail: rank.get(detail["type"], len(_FIRST)))
        _fail(root, model, first, keys)
        raise


def _values(node: Node, kind: _Type | None) -> Any:
    """Return what pydantic gets for a node: the node itself where a reader of ours looks at it, or where nothing stands."""
    if kind is None or kind.hint is Node or kind.mark(Reads) or (node.value is None and not kind.mark(Nullable)):
        return node
    if isinstance(node.value, dict):
        return {key: _values(entry, kind.inside(key)) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return tuple(_values(item, kind.inside(position)) for position, item in enumerate(node.value))
    return node.value


def _fail(root: Node, model: type[Document], detail: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Refuse the document with the sentence for one of pydantic's errors."""
    mistake = detail.get("ctx", {}).get("error")
    path = (*detail["loc"], *(mistake.path if isinstance(mistake, Mistake) else ()))
    place = _Place.find(root, model, path, keys)
    node, kind = place.steps[-1]
    if detail["type"] == "extra_forbidden":
        _, around = place.steps[-2]
        title, fields = around.name(place.keys[1:]), around.fields()  # type: ignore[union-attr]
        node.fail(f"unknown key '{path[-1]}' in {title}; {did_you_mean(str(path[-1]), fields or ())}")
    kind = kind or _Type.of(object)
    what = kind.name(place.keys)
    if isinstance(mistake, Mistake):
        node.fail(mistake.sentence.format(*place.keys, what=what, **mistake.values))
    node.fail(_sentence(detail, node, kind, what))


def _sentence(detail: Mapping[str, Any], node: Node, kind: _Type, what: str) -> str:
    error, context = detail["type"], detail.get("ctx", {})
    fix = kind.mark(Fix)
    if error == "missing":
        return f"{what} has no '{detail['loc'][-1]}'; add it."
    if error == "literal_error" and isinstance(node.value, str):
        words = get_args(kind.hint) if get_origin(kind.hint) is Literal else ()
        return f"unknown {what} '{node.value}'; {did_you_mean(node.value, words)}"
    if error in _BOUNDS:
        value = f"{node.value:g}" if isinstance(node.value, float) else node.value
        return f"{what} is {value}; {fix.text if fix else _BOUNDS[error].format(**context)}."
    if error in _WANTED or error == "literal_error":
        return describe_kind(node.value, _WANTED.get(error, str), what)
    return f"{what} is wrong ({detail['msg']}); correct it."
