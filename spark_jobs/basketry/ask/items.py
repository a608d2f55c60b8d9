"""From words to what they stand for: every word of a question must be understood, or the question is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from basketry.ask.lexicon import BY, NOISE, Lexicon, Meaning
from basketry.ask.model import NotUnderstoodError
from basketry.ask.time_phrases import read_horizon, read_period
from basketry.ask.tokenizer import Token, join_words
from basketry.metrics.periods import Period

PERIOD, HORIZON, NUMBER, WORD = "period", "horizon", "number", "word"


@dataclass(frozen=True, kw_only=True)
class Item:
    """A phrase of a question.

    Attributes:
        kind: PERIOD, HORIZON, NUMBER or WORD.
        text: As asked.
        meanings: What a WORD can stand for.
        period: Of a PERIOD.
        number: Of a NUMBER; the days of a HORIZON.
    """

    kind: str
    text: str
    meanings: tuple[Meaning, ...] = ()
    period: Period | None = None
    number: float | None = None

    def is_a(self, *kinds: str) -> bool:
        """Return whether it is a word that can stand for one of the kinds of meanings."""
        return any(meaning.kind in kinds for meaning in self.meanings)


class UnknownWordsError(NotUnderstoodError):
    """Words that nobody declared.

    Attributes:
        words: As asked.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Name them."""
        listed = ", ".join(f"'{word}'" for word in words)
        super().__init__(f"{listed} {'is' if len(words) == 1 else 'are'} not understood.")
        self.words = tuple(words)


def read_items(words: Sequence[Token], lexicon: Lexicon, today: date) -> tuple[Item, ...]:
    """Read a question as items, longest phrases first; UnknownWordsError when words are left over."""
    items: list[Item] = []
    unknown: list[str] = []
    position, after_unknown = 0, -1
    while position < len(words):
        word = words[position].text
        item, length = _item_at(words[position:], lexicon, today, after_by=bool(items) and items[-1].is_a(BY))
        if item is not None:
            items.append(item)
        elif word not in NOISE:
            if position == after_unknown:
                unknown[-1] = f"{unknown[-1]} {word}"
            else:
                unknown.append(word)
            after_unknown = position + 1
        position += length
    if unknown:
        raise UnknownWordsError(unknown)
    return tuple(items)


def _item_at(words: Sequence[Token], lexicon: Lexicon, today: date, *, after_by: bool) -> tuple[Item | None, int]:
    """Return the item with which the words begin and how many it takes; None and one for a word that is no item."""
    phrase, phrase_length = _phrase_at(words, lexicon)
    match = None if after_by else read_period(words, today)
    if match:
        period, length = match
        if length >= phrase_length:
            return Item(kind=PERIOD, text=join_words(words[:length]), period=period), length
    horizon = read_horizon(words)
    if horizon:
        days, length = horizon
        if length >= phrase_length:
            return Item(kind=HORIZON, text=join_words(words[:length]), number=days), length
    if phrase is not None:
        return phrase, phrase_length
    if words[0].number is not None:
        return Item(kind=NUMBER, text=words[0].text, number=words[0].number), 1
    return None, 1


def _phrase_at(words: Sequence[Token], lexicon: Lexicon) -> tuple[Item | None, int]:
    """Return the longest phrase of the lexicon with which the words begin, and its length; None and 0 for none."""
    for length in range(min(lexicon.longest, len(words)), 0, -1):
        meanings = lexicon.meanings(tuple(word.stem for word in words[:length]))
        if meanings:
            return Item(kind=WORD, text=join_words(words[:length]), meanings=meanings), length
    return None, 0
