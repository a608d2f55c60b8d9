"""From the words of a question to the request that they mean, or to the reason why they mean none.

::

    words -> items -> one request per cube that could answer -> the request to the cube that is meant

A reason is handed on as a value, a NotUnderstoodError, until somebody raises it: whoever looks for better words tries many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from basketry.ask.grammar import Grammar
from basketry.ask.items import Item, UnknownWordsError, read_items
from basketry.ask.lexicon import UNCLEAR, Lexicon
from basketry.ask.model import NotUnderstoodError
from basketry.ask.phrase_reader import OtherCubeError, RewordError
from basketry.ask.request import Request
from basketry.ask.suggestions import near_questions
from basketry.ask.tokenizer import stems_of, tokenize
from basketry.metrics.model import Cube

Outcome = Request | NotUnderstoodError
"""What a question asks for, or why it is not understood."""


def read_request(
    question: str, lexicon: Lexicon, today: date, unclear: Mapping[str, Sequence[str]] | None = None
) -> Outcome:
    """Return what a question asks for, or why it is not understood.

    Args:
        question: The question in plain words.
        lexicon: The words of the team.
        today: The last day of the data.
        unclear: Words that mean something else to everyone, with what each could mean: they are asked back.
    """
    try:
        items = read_items(tokenize(question), lexicon, today)
    except NotUnderstoodError as error:
        return error
    return _unclear_word(items, unclear or {}) or _request(items, lexicon, today)


def with_suggestions(error: NotUnderstoodError, question: str, lexicon: Lexicon, today: date) -> NotUnderstoodError:
    """Return the same reason with questions that are near to this one and are understood."""

    def works(candidate: str) -> bool:
        """Whether a candidate would be understood."""
        return isinstance(read_request(candidate, lexicon, today), Request)

    if isinstance(error, UnknownWordsError):
        return NotUnderstoodError(error.message, near_questions(question, error.words, lexicon, works))
    if isinstance(error, RewordError):
        return NotUnderstoodError(error.message, _reworded(question, error, works))
    return error


def _unclear_word(items: Sequence[Item], unclear: Mapping[str, Sequence[str]]) -> RewordError | None:
    """Return the first word that means something else to everyone, as something to be asked back."""
    for item in items:
        names = [meaning.name for meaning in item.meanings if meaning.kind == UNCLEAR]
        if names and names[0] in unclear and len(names) == len(item.meanings):
            message = f"'{item.text}' can mean several things: say by which measure."
            return RewordError(message, item.text, unclear[names[0]])
    return None


def _reworded(question: str, error: RewordError, works: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the question with each reading instead of the word, where that is understood."""
    position = question.casefold().find(error.text)
    if position < 0:
        return ()
    before, after = question[:position], question[position + len(error.text) :]
    candidates = (f"{before}{reading}{after}" for reading in error.readings)
    return tuple(candidate for candidate in candidates if works(candidate))


def _request(items: Sequence[Item], lexicon: Lexicon, today: date) -> Outcome:
    """Return the request to the one cube that the question is about, or why there is none."""
    outcomes = {cube.name: _request_to(cube, items, today) for cube in lexicon.cubes.values()}
    requests = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Request)}
    if not requests:
        return _reason([outcome for outcome in outcomes.values() if isinstance(outcome, NotUnderstoodError)])
    if len(requests) == 1:
        (request,) = requests.values()
        return request
    for item in items:
        default = _default_of(item, lexicon)
        if default in requests:
            return requests[default]
    cubes = [lexicon.cubes[name] for name in requests]
    meanings = "; ".join(cube.meaning for cube in cubes)
    message = f"the question can be about several things ({meanings}): name the measure."
    return NotUnderstoodError(message, _measures_of(cubes))


def _request_to(cube: Cube, items: Sequence[Item], today: date) -> Outcome:
    """Return the request to one cube, or why the question is none."""
    try:
        return Grammar(cube, items, today).request()
    except NotUnderstoodError as error:
        return error


def _reason(errors: Sequence[NotUnderstoodError]) -> NotUnderstoodError:
    """Return why no cube can answer: the first that knows every word tells best."""
    for error in errors:
        if not isinstance(error, OtherCubeError):
            return error
    words = dict.fromkeys(f"'{error.word}'" for error in errors if isinstance(error, OtherCubeError) and error.word)
    return NotUnderstoodError(
        f"these words do not belong together ({', '.join(words)}): ask about one thing at a time."
    )


def _default_of(item: Item, lexicon: Lexicon) -> str:
    """Return the cube that a word means where several could answer; '' where it means none."""
    stems = stems_of(item.text)
    return next((cube for word, cube in lexicon.metrics.defaults.items() if stems_of(word) == stems), "")


def _measures_of(cubes: Sequence[Cube]) -> tuple[str, ...]:
    """Return the first measure of each cube, for at most three."""
    return tuple(next(iter(cube.measures.values())).label for cube in cubes)[:3]
