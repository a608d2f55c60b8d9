"""From a YAML document to its model, and from what pydantic finds wrong to one sentence with file, line and the right word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

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
    "greater_than_equal": "make it at least {ge:g}",
    "greater_than": "make it more than {gt:g}",
    "less_than_equal": "make it at most {le:g}",
    "less_than": "make it less than {lt:g}",
}
_FIRST = {"extra_forbidden": 0, "missing": 1}
"""Errors that are told before all others, in this order."""


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

    @property
    def model(self) -> type[Document] | None:
        """The kind of document, None where it is none."""
        return self.hint if isinstance(self.hint, type) and issubclass(self.hint, Document) else None

    def inside(self, key: str | int) -> _Type:
        """Return the type of an entry or item."""
        if self.model is not None:
            field = keys_of(self.model).get(str(key))
            return _UNKNOWN if field is None else self.of(field.annotation, field.metadata)
        arguments = get_args(self.hint)
        if not arguments:
            return _UNKNOWN
        if isinstance(key, int):
            return self.of(arguments[0 if arguments[-1] is Ellipsis else min(key, len(arguments) - 1)])
        return self.of(arguments[-1])

    def mark(self, kind: type[Any]) -> Any:
        """Return what of a kind is annotated, None if there is nothing."""
        return next((mark for mark in self.marks if isinstance(mark, kind)), None)

    def name(self, keys: Sequence[str]) -> str:
        """Return what errors call the value; `keys` are those that lead to it, its own first."""
        title = None if self.model is None else self.model.model_config.get("title")
        label = self.mark(Label)
        own = keys[0] if keys else "the document"
        return (label.text if label else title or "{own}").format(*keys, own=own)


_UNKNOWN = _Type(object, ())
"""What a model says of a key that it does not know."""


@dataclass(frozen=True)
class _Place:
    """Where an error is.

    Attributes:
        node: The node there.
        kind: What the model says of it.
        around: What the model says of what contains it.
        keys: The keys that lead to it, its own first.
    """

    node: Node
    kind: _Type
    around: _Type
    keys: tuple[str, ...]

    def follow(self, path: Sequence[str | int]) -> _Place:
        """Follow a path as far as the document goes."""
        entry = _inside(self.node, path[0]) if path else None
        if entry is None:
            return self
        keys = (path[0], *self.keys) if isinstance(path[0], str) else self.keys
        return _Place(entry, self.kind.inside(path[0]), self.kind, keys).follow(path[1:])


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
    kind = _Type.of(model)
    try:
        return model.model_validate(_values(root, kind), context=context)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    return _fail(_Place(root, kind, kind, tuple(keys)), details)


def _values(node: Node, kind: _Type) -> Any:
    """Return what pydantic gets for a node: the node itself where a reader of ours looks at it, or where nothing stands."""
    if kind is _UNKNOWN or kind.hint is Node or kind.mark(Reads) or (node.value is None and not kind.mark(Nullable)):
        return node
    if isinstance(node.value, dict):
        return {key: _values(entry, kind.inside(key)) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return tuple(_values(item, kind.inside(position)) for position, item in enumerate(node.value))
    return node.value


def _fail(root: _Place, details: Sequence[Mapping[str, Any]]) -> NoReturn:
    """Refuse the document with the sentence for the first of pydantic's errors; a misspelt key is also a missing one."""
    detail = min(details, key=lambda error: _FIRST.get(error["type"], len(_FIRST)))
    mistake = detail.get("ctx", {}).get("error")
    path = (*detail["loc"], *mistake.path) if isinstance(mistake, Mistake) else detail["loc"]
    culprit = root.follow(path)
    if detail["type"] == "extra_forbidden" and culprit.around.model is not None:
        model, key = culprit.around.model, str(path[-1])
        hint = did_you_mean(key, (*keys_of(model), *model.unread))
        culprit.node.fail(f"unknown key '{key}' in {culprit.around.name(culprit.keys[1:])}; {hint}")
    what = culprit.kind.name(culprit.keys)
    if isinstance(mistake, Mistake):
        culprit.node.fail(mistake.sentence.format(*culprit.keys, what=what, **mistake.values))
    culprit.node.fail(_sentence(detail, culprit.node, culprit.kind, what))


def _sentence(detail: Mapping[str, Any], node: Node, kind: _Type, what: str) -> str:
    error, context = detail["type"], detail.get("ctx", {})
    fix = kind.mark(Fix)
    if error == "missing":
        return f"{what} has no '{detail['loc'][-1]}'; add it."
    if error == "literal_error" and isinstance(node.value, str):
        words = get_args(kind.hint) if get_origin(kind.hint) is Literal else ()
        return f"unknown {what} '{node.value}'; {did_you_mean(node.value, words)}"
    if error == "finite_number":
        return f"{what} is {node.value}; write a number."
    if error in _BOUNDS:
        value = f"{node.value:g}" if isinstance(node.value, float) else node.value
        return f"{what} is {value}; {fix.text if fix else _BOUNDS[error].format(**context)}."
    if error in _WANTED or error == "literal_error":
        return describe_kind(node.value, _WANTED.get(error, str), what)
    return f"{what} is wrong ({detail['msg']}); correct it."
