"""What each phrase of a question adds to the request to one cube; that depends on the phrases beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from basketry.ask import lexicon as words
from basketry.ask.items import HORIZON, NUMBER, PERIOD, Item
from basketry.ask.lexicon import Meaning
from basketry.ask.model import NotUnderstoodError
from basketry.ask.request import Bound, Filter
from basketry.metrics.model import Cube, Dimension, Measure
from basketry.metrics.periods import Period

MOST_TOP = 1000


class OtherCubeError(NotUnderstoodError):
    """A phrase means nothing in this cube: the question is to another one.

    Attributes:
        word: The phrase as asked, '' for none.
    """

    def __init__(self, message: str, word: str = "") -> None:
        """Say why in one sentence."""
        super().__init__(message)
        self.word = word


class RewordError(NotUnderstoodError):
    """A question that would be understood with other words in one position.

    Attributes:
        text: The words as asked.
        readings: What to write instead.
    """

    def __init__(self, message: str, text: str, readings: Sequence[str]) -> None:
        """Say why in one sentence."""
        super().__init__(message)
        self.text, self.readings = text, tuple(readings)


class SeveralMeaningsError(RewordError):
    """A word that stands for several things in one cube."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        """Ask which is meant.

        Args:
            text: The word as asked.
            names: The dimensions and measures that it can be.
        """
        message = f"'{text}' can be {' or '.join(f'the {name}' for name in names)}: say which."
        super().__init__(message, text, [f"{name} {text}" for name in names])


class PhraseReader:
    """One pass over the items of a question, for one cube."""

    def __init__(self, cube: Cube, items: Sequence[Item], today: date) -> None:
        """Start before the first item.

        Args:
            cube: The cube that is asked.
            items: The question's items.
            today: The last day of the data.
        """
        self.cube, self.today = cube, today
        self.items = [(item, self._meaning(position, items)) for position, item in enumerate(items)]
        self.measures: list[Measure] = []
        self.groups: list[Dimension] = []
        self.filters: list[Filter] = []
        self.periods: list[Period] = []
        self.against: Period | None = None
        self.bounds: list[Bound] = []
        self.kinds: set[str] = set()
        self.bucket: str | None = None
        self.counted: Dimension | None = None
        self.horizon: int | None = None
        self.top: int | None = None
        self.number: float | None = None
        self.single = False

    def _meaning(self, position: int, items: Sequence[Item]) -> Meaning | None:
        """Return what a phrase stands for in this cube; None for periods and numbers."""
        item = items[position]
        if not item.meanings:
            return None
        own = [meaning for meaning in item.meanings if meaning.cube == self.cube.name]
        plain = [meaning for meaning in item.meanings if not meaning.cube]
        if not own and not plain:
            raise OtherCubeError(f"'{item.text}' is nothing that {self.cube.meaning} is told by.", item.text)
        if len(own) > 1:
            own = _best_meanings(own, items, position) or own
        if len(own) > 1:
            raise SeveralMeaningsError(item.text, [meaning.name.replace("_", " ") for meaning in own])
        return own[0] if own else plain[0]

    def _take(self, position: int, item: Item, meaning: Meaning | None) -> None:
        if item.kind == PERIOD and item.period:
            self.periods.append(item.period)
        elif item.kind == HORIZON:
            self.horizon = int(item.number or 0)
        elif item.kind == NUMBER:
            self._take_number(position, item.number or 0.0)
        elif meaning:
            takers: dict[str, Callable[[int, Item, Meaning], None]] = {
                words.MEASURE: self._take_measure,
                words.DIMENSION: self._take_dimension,
                words.MEMBER: self._take_member,
                words.BUCKET: self._take_bucket,
                words.NOT: self._take_not,
            }
            self.kinds.add(meaning.kind)
            if meaning.kind in takers:
                takers[meaning.kind](position, item, meaning)

    def kind(self, position: int) -> str:
        """Return the kind of the item at a position, '' beyond the ends."""
        if not 0 <= position < len(self.items):
            return ""
        item, meaning = self.items[position]
        return meaning.kind if meaning else item.kind

    def _take_number(self, position: int, number: float) -> None:
        before = self.kind(position - 1)
        if before in (words.MORE, words.LESS):
            self.bounds.append(self._bound(position, number))
        elif {before, self.kind(position + 1)} & {words.TOP, words.BOTTOM}:
            self.top = _whole(number)
        else:
            self.number = number

    def _bound(self, position: int, number: float) -> Bound:
        sign, meaning = self.items[position - 1]
        more = meaning is not None and meaning.kind == words.MORE
        inclusive = meaning is not None and meaning.name in words.INCLUSIVE
        operator = (">" if more else "<") + ("=" if inclusive else "")
        after = self.kind(position + 1)
        if after == words.SHARE:
            number /= 100
            after = self.kind(position + 2)
        measure = self._measure_at(position + (1 if after == words.MEASURE else 0), sign.text)
        return Bound(measure, operator, number)

    def _measure_at(self, position: int, text: str) -> Measure | None:
        """Return the measure that a bound is about: right after its number, else the last one before it."""
        for index in (position, *range(position, -1, -1)):
            item, meaning = self.items[index]
            if meaning and meaning.kind == words.MEASURE:
                return self.cube.measures[meaning.name]
            if meaning and meaning.kind in (words.GROWTH, words.DECLINE, words.SHARE) and index < position:
                return None
        raise NotUnderstoodError(f"'{text}' needs a measure: say for example revenue {text} 1000.")

    def _take_measure(self, position: int, item: Item, meaning: Meaning) -> None:
        measure = self.cube.measures[meaning.name]
        if self.kind(position - 1) == words.COUNT and measure.unit != "count":
            raise NotUnderstoodError(
                f"{measure.label} cannot be counted: ask for it without '{self.items[position - 1][0].text}'."
            )
        if measure not in self.measures:
            self.measures.append(measure)

    def _take_dimension(self, position: int, item: Item, meaning: Meaning) -> None:
        dimension = self.cube.dimensions[meaning.name]
        if self.kind(position - 1) == words.COUNT:
            self.counted = dimension
            return
        beside = (self._member_of(position - 1), self._member_of(position + 1))
        if dimension.name in beside and self.kind(position - 1) != words.BY:
            return  # "category Dog Food": only says what the member is
        self.single = not item.text.endswith("s")
        if dimension not in self.groups:
            self.groups.append(dimension)

    def _member_of(self, position: int) -> str | None:
        if self.kind(position) != words.MEMBER:
            return None
        meaning = self.items[position][1]
        return meaning.name if meaning else None

    def _take_member(self, position: int, item: Item, meaning: Meaning) -> None:
        dimension, member = self.cube.dimensions[meaning.name], str(meaning.member)
        excluded = self._is_excluded(position)
        for index, condition in enumerate(self.filters):
            if condition.dimension == dimension and condition.excluded == excluded:
                self.filters[index] = replace(condition, members=tuple(dict.fromkeys((*condition.members, member))))
                return
        self.filters.append(Filter(dimension, (member,), excluded))

    def _is_excluded(self, position: int) -> bool:
        """Return whether a negation stands before the list of members that this one is in."""
        while self.kind(position - 1) in (words.OR, words.MEMBER, words.DIMENSION) and position:
            position -= 1
        return self.kind(position - 1) == words.NOT

    def _take_not(self, position: int, item: Item, meaning: Meaning) -> None:
        after = position + 1
        while self.kind(after) == words.DIMENSION:
            after += 1
        if self.kind(after) != words.MEMBER:
            raise NotUnderstoodError(
                f"'{item.text}' must be followed by what is left out: a category's or a product's name."
            )

    def _take_bucket(self, position: int, item: Item, meaning: Meaning) -> None:
        before = self.kind(position - 1)
        if meaning.member != "own" and before not in (words.BY, words.WHICH, words.TOP, words.BOTTOM, words.OR, NUMBER):
            raise NotUnderstoodError(f"'{item.text}' alone is not understood: say by {item.text}, or last {item.text}.")
        self.single = not item.text.endswith("s")
        self.bucket = meaning.name


def _best_meanings(own: list[Meaning], items: Sequence[Item], position: int) -> list[Meaning]:
    """Choose of several meanings those of the dimension that stands beside the word; else members before names."""
    beside = {
        meaning.name
        for index in (position - 1, position + 1)
        if 0 <= index < len(items)
        for meaning in items[index].meanings
        if meaning.kind == words.DIMENSION
    }
    members = [meaning for meaning in own if meaning.kind == words.MEMBER]
    named = [meaning for meaning in members if meaning.name in beside]
    if named or (members and _follows_members(items, position)):
        return named or members
    return (
        []
        if all(meaning.kind == words.MEMBER for meaning in own)
        else [meaning for meaning in own if meaning.kind != words.MEMBER]
    )


def _follows_members(items: Sequence[Item], position: int) -> bool:
    """Return whether the word goes on a list of members, or begins what is left out."""
    before = position - 1
    if before >= 1 and items[before].is_a(words.OR):
        return items[before - 1].is_a(words.MEMBER)
    return before >= 0 and items[before].is_a(words.NOT)


def _whole(number: float) -> int:
    if number != int(number) or not 1 <= number <= MOST_TOP:
        raise NotUnderstoodError(f"{number:g} rows cannot be shown: ask for 1 to {MOST_TOP}.")
    return int(number)
