"""A question as tokens: lower case, without plural, so that it meets the words of the metrics and of the data half-way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from basketry.ask.model import NotUnderstoodError

LONGEST = 300
"""Most letters of a question."""

_ALLOWED = re.compile(r"[\w\s?.,!'’\"“”&/()%<>=+$€£:-]*\Z")
_TOKEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})|(?P<number>\d+(?:,\d{3})*(?:\.\d+)?)(?![^\W\d_])|(?P<sign>[<>]=?|%)|(?P<word>[^\W_]+)"
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


@dataclass(frozen=True)
class Token:
    """A word.

    Attributes:
        text: As written, in lower case.
        stem: Without plural.
        number: Its value where it is one.
    """

    text: str
    stem: str
    number: float | None = None


def tokenize(question: str) -> tuple[Token, ...]:
    """Return the words of a question; NotUnderstoodError for none, for too many, and for signs that no question needs."""
    if len(question) > LONGEST:
        raise NotUnderstoodError(f"the question is longer than {LONGEST} letters: ask for one thing at a time.")
    plain = unicodedata.normalize("NFKC", question)
    if not _ALLOWED.match(plain) or "--" in plain or "/*" in plain:
        raise NotUnderstoodError("a question is made of words and numbers: leave out other signs.")
    words = _tokens(plain)
    if not words:
        raise NotUnderstoodError("the question is empty: ask for a measure, for example revenue by category.")
    return words


def stems_of(text: str) -> tuple[str, ...]:
    """Return the stems of a name or a synonym, as a question's words would have them."""
    return tuple(token.stem for token in _tokens(unicodedata.normalize("NFKC", text)))


def join_words(words: Sequence[Token]) -> str:
    """Return the words as they were asked."""
    return " ".join(word.text for word in words)


def _tokens(text: str) -> tuple[Token, ...]:
    simple = re.sub(r"['’]s?\b", "", text.casefold()).replace("&", " and ").replace("_", " ")
    return tuple(_token(match) for match in _TOKEN.finditer(simple))


def _token(match: re.Match[str]) -> Token:
    text = match.group()
    if match.lastgroup == "number":
        number = float(text.replace(",", ""))
        return Token(text, f"{number:g}", number)
    if text in _NUMBERS:
        return Token(text, text, float(_NUMBERS.index(text) + 1))
    return Token(text, _stem(text))


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
