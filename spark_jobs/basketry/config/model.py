"""What a document is made of: the base class of all, and the words with which a kind says what its values must be.

A kind of document is a pydantic model in the package that uses it: frozen, strict, and without a key that it does not know.
How a mistake in one becomes a sentence with file and line is in locator.py; here is what a model may say about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.fields import FieldInfo

from basketry.config.documents import Node, describe_kind, did_you_mean


class Document(BaseModel):
    """A mapping of a YAML document, or of a part of one. Its `title` is what errors call it, else its key does."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True
    )

    unread: ClassVar[frozenset[str]] = frozenset()
    """Keys that may be there and that nobody reads."""

    @model_validator(mode="before")
    @classmethod
    def _leave_unread(cls, entries: Any) -> Any:
        if not isinstance(entries, dict):
            return entries
        return {key: entry for key, entry in entries.items() if key not in cls.unread}

    def leaves(self) -> dict[str, Any]:
        """Return every value by its keys from the outermost on, with dots between: what a training logs."""
        values: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            inner = value.leaves() if isinstance(value, Document) else None
            values |= {f"{name}.{key}": leaf for key, leaf in inner.items()} if inner is not None else {name: value}
        return values


@cache
def keys_of(model: type[Document]) -> dict[str, FieldInfo]:
    """Return the fields of a kind of document by their keys."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


class Mistake(ValueError):
    """What is wrong with a value, raised by a validator; the locator adds file and line."""

    def __init__(self, sentence: str, *path: str | int, **values: object) -> None:
        """Store what is wrong.

        Args:
            sentence: a template. `{what}` is what errors call the value, `{0}` its key, `{1}` the key of what contains
                it, and so on outwards; other names are those of `values`.
            path: where the mistake stands below the value that is validated.
            values: what the template names.
        """
        super().__init__(sentence)
        self.sentence, self.path, self.values = sentence, path, values

    def below(self, *path: str | int) -> Mistake:
        """Return the same mistake as seen from what contains the validated value."""
        return Mistake(self.sentence, *path, *self.path, **self.values)


@dataclass(frozen=True)
class Label:
    """What errors call a value that is not called as its key: a template with `{0}`, `{1}` as in a Mistake."""

    text: str


@dataclass(frozen=True)
class Fix:
    """What errors say is to be done about a number out of bounds."""

    text: str


class Reads(BeforeValidator):
    """A value that a function makes from its node: because it must see it as written, or its line."""

    def __init__(self, read: Callable[[Node], object]) -> None:
        """Pass the function nodes only: a value that code puts in is there already."""
        super().__init__(lambda value: read(value) if isinstance(value, Node) else value)


class Placed(str):
    """A text that knows where it stands, for what is checked only when the whole document is known.

    Attributes:
        node: where it stands.
    """

    node: Node

    @classmethod
    def read(cls, node: Node) -> Placed:
        """Read a text."""
        if not isinstance(node.value, str):
            raise Mistake(describe_kind(node.value, str, "{what}"))
        text = cls(node.value)
        text.node = node
        return text

    def fail(self, message: str) -> NoReturn:
        """Refuse the document because of this text."""
        self.node.fail(message)


def must(be_good: Callable[[Any], object], sentence: str) -> AfterValidator:
    """Make the validator of a value that passes a test.

    Args:
        be_good: the test.
        sentence: what is wrong otherwise: a template as in a Mistake, in which `{value}` is the value.
    """

    def check(value: Any) -> Any:
        """Return a value that passes."""
        if not be_good(value):
            raise Mistake(sentence, value=value)
        return value

    return AfterValidator(check)


def not_empty(fix: str) -> AfterValidator:
    """Make the validator of a list or mapping that has an entry; `fix` says what to write else."""
    return must(bool, f"{{what}} is empty; {fix}")


class Nullable:
    """Marks a value that may be null; elsewhere a key with nothing behind it is a mistake."""


_BLANK = "{what} is empty; write it or remove the line."

Text = Annotated[str, must(str.strip, _BLANK)]
"""A text that is not empty."""

PlacedText = Annotated[Placed, Reads(Placed.read), must(str.strip, _BLANK)]
"""A text that is not empty and knows where it stands."""

Share = Annotated[float, Field(ge=0, le=1), Fix("make it a number from 0 to 1")]
Positive = Annotated[float, Field(gt=0), Fix("make it more than 0")]
Natural = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


def choose(text: str, words: Iterable[str], *path: str | int) -> str:
    """Return a text that is one of the words.

    Args:
        text: what was written.
        words: the right words.
        path: where the text stands below the value that is validated.

    Raises:
        Mistake: if it is none, with the nearest one.
    """
    if not text.strip():
        raise Mistake(_BLANK, *path)
    if text not in words:
        raise Mistake("unknown {what} '{text}'; {hint}", *path, text=text, hint=did_you_mean(text, words))
    return text


def one_of(words: Iterable[str]) -> AfterValidator:
    """Make the validator of a text that is one of the words."""
    return AfterValidator(lambda text: choose(text, words))


def context_of(info: ValidationInfo) -> Mapping[str, Any]:
    """Return what the reader of the document passes to its validators."""
    context: Mapping[str, Any] = info.context or {}
    return context


def one_of_context(name: str) -> AfterValidator:
    """Make the validator of a text that is one of the words which the reader of the document passes under a name."""

    def check(text: str, info: ValidationInfo) -> str:
        """Return a text that is one of the words."""
        return choose(text, context_of(info)[name])

    return AfterValidator(check)
