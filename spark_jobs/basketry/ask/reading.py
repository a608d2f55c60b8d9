"""From words to what they stand for: every word of a question must be understood, or the question is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from basketry.ask.lexicon import BY, NOISE, Lexicon, Meaning
from basketry.ask.model import NotUnderstoodError
from basketry.ask.times import read_horizon, read_period
from basketry.ask.words import Token, written
from basketry.metrics.periods import Period

PERIOD, HORIZON, NUMBER, WORD = "period", "horizon", "number", "word"


@dataclass(frozen=True)
class Item:
    """A phrase of a question. kind: PERIOD, HORIZON, NUMBER or WORD; text: as asked; meanings: of a WORD."""

    kind: str
    text: str
    meanings: tuple[Meaning, ...] = ()
    period: Period | None = None
    number: float | None = None

    def is_a(self, *kinds: str) -> bool:
        """Whether it is a word that can stand for one of the kinds of meanings."""
        return any(meaning.kind in kinds for meaning in self.meanings)


class UnknownWordsError(NotUnderstoodError):
    """Words that nobody declared. words: as asked."""

    def __init__(self, words: Sequence[str]) -> None:
        """Name them."""
        listed = ", ".join(f"'{word}'" for word in words)
        super().__init__(f"{listed} {'is' if len(words) == 1 else 'are'} not understood.")
        self.words = tuple(words)


def read(words: Sequence[Token], lexicon: Lexicon, today: date) -> tuple[Item, ...]:
    """The question as items, longest phrases first; UnknownWordsError when words are left over."""
    items: list[Item] = []
    unknown: list[str] = []
    position, last_unknown = 0, -2
    while position < len(words):
        item, used = _next(words[position:], lexicon, today, bool(items) and items[-1].is_a(BY))
        if item is not None:
            items.append(item)
        elif used == 0:
            together = unknown and position == last_unknown + 1
            unknown[-1:] = (
                [f"{unknown[-1]} {words[position].text}"] if together else [*unknown[-1:], words[position].text]
            )
            last_unknown = position
        position += max(used, 1)
    if unknown:
        raise UnknownWordsError(unknown)
    return tuple(items)


def _next(words: Sequence[Token], lexicon: Lexicon, today: date, after_by: bool) -> tuple[Item | None, int]:
    """The item that the words begin with and how many it takes; no item for noise, none used for what is unknown."""
    known = _known(words, lexicon)
    period = None if after_by else read_period(words, today)
    if period and period[1] >= known[1]:
        return Item(PERIOD, written(words[: period[1]]), period=period[0]), period[1]
    horizon = read_horizon(words)
    if horizon and horizon[1] >= known[1]:
        return Item(HORIZON, written(words[: horizon[1]]), number=horizon[0]), horizon[1]
    if known[0] is not None:
        return known
    if words[0].number is not None:
        return Item(NUMBER, words[0].text, number=words[0].number), 1
    return (None, 1) if words[0].text in NOISE else (None, 0)


def _known(words: Sequence[Token], lexicon: Lexicon) -> tuple[Item | None, int]:
    for length in range(min(lexicon.longest, len(words)), 0, -1):
        meanings = lexicon.meanings(tuple(word.stem for word in words[:length]))
        if meanings:
            return Item(WORD, written(words[:length]), meanings), length
    return None, 0
