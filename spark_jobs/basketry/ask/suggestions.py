"""Did you mean: questions near to one that was not understood, each of which is understood."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterable

from basketry.ask.lexicon import BUCKETS, GRAMMAR, NOISE, Lexicon
from basketry.ask.tokenizer import stems_of

MOST, MOST_TRIED = 3, 12
_NEAR = 0.72


def near_questions(
    question: str, unknown: Iterable[str], lexicon: Lexicon, works: Callable[[str], bool]
) -> tuple[str, ...]:
    """Replace each unknown word by a near one, where that makes the question understood.

    Args:
        question: As asked.
        unknown: The words that are not understood.
        lexicon: The words of the team.
        works: Whether a question would be understood.
    """
    words = list(unknown)
    choices = itertools.product(*(near_words(word, lexicon) for word in words))
    understood: dict[str, None] = {}
    for choice in itertools.islice(choices, MOST_TRIED):
        candidate = question
        for word, near in zip(words, choice, strict=True):
            candidate = _replaced(candidate, word, near)
        if works(candidate):
            understood[candidate] = None
    return tuple(understood)[:MOST]


def near_words(word: str, lexicon: Lexicon) -> list[str]:
    """Return words and short phrases of the lexicon that are written like this one."""
    candidates = {" ".join(stems): None for stems in lexicon.phrases() if len(stems) <= 3}
    candidates |= dict.fromkeys(word for words in GRAMMAR.values() for word in words) | dict.fromkeys(BUCKETS)
    candidates |= dict.fromkeys(noise for noise in NOISE if len(noise) > 3)
    stems = " ".join(stems_of(word))
    return difflib.get_close_matches(stems, list(candidates), n=4, cutoff=_NEAR) if stems else []


def _replaced(question: str, word: str, near: str) -> str:
    position = question.casefold().find(word)
    return question if position < 0 else question[:position] + near + question[position + len(word) :]
