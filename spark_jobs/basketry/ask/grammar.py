"""From items to a request to one cube: what each phrase does beside its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from sqlglot import exp

from basketry.ask import lexicon as words
from basketry.ask.lexicon import Meaning
from basketry.ask.model import NotUnderstoodError
from basketry.ask.periods import Period
from basketry.ask.reading import HORIZON, NUMBER, PERIOD, Item
from basketry.ask.request import Bound, Filter, Request
from basketry.metrics.model import EVERYWHERE, PERIODS, SNAPSHOTS, Cube, Dimension, Measure

DEFAULT_TOP = 10
MOST_TOP = 1000
DEFAULT_HORIZON = 28


class OtherCubeError(NotUnderstoodError):
    """A phrase means nothing in this cube: the question is to another one."""


class Grammar:
    """One pass over the items of a question, for one cube."""

    def __init__(self, cube: Cube, items: Sequence[Item], today: date) -> None:
        """today: the last day of the data."""
        self.cube, self.today = cube, today
        self.items = [(item, self._meaning(position, items)) for position, item in enumerate(items)]
        self.measures: list[Measure] = []
        self.groups: list[Dimension] = []
        self.filters: list[Filter] = []
        self.periods: list[Period] = []
        self.against: Period | None = None
        self.bounds: list[Bound] = []
        self.seen: set[str] = set()
        self.bucket: str | None = None
        self.counted: Dimension | None = None
        self.horizon: int | None = None
        self.top: int | None = None
        self.number: float | None = None
        self.single = False

    def request(self) -> Request:
        """The request; NotUnderstoodError with one sentence when the phrases do not go together."""
        for position, (item, meaning) in enumerate(self.items):
            self._take(position, item, meaning)
        if self.number is not None:
            raise NotUnderstoodError(f"what the number {self.number:g} is for is not understood.")
        self._check()
        return replace(self._with_measures(), period=self._period(), before=self._before())

    def _meaning(self, position: int, items: Sequence[Item]) -> Meaning | None:
        """What a phrase stands for in this cube; None for periods and numbers."""
        item = items[position]
        if not item.meanings:
            return None
        own = [one for one in item.meanings if one.cube == self.cube.name]
        plain = [one for one in item.meanings if not one.cube]
        if not own and not plain:
            raise OtherCubeError(f"'{item.text}' is nothing that {self.cube.meaning} is told by.")
        if len(own) > 1:
            own = _fitting(own, items, position) or own
        if len(own) > 1:
            names = " or ".join(f"the {one.name.replace('_', ' ')}" for one in own)
            raise NotUnderstoodError(
                f"'{item.text}' can be {names}: say which.", tuple(f"{one.name} {item.text}" for one in own)
            )
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
            self.seen.add(meaning.kind)
            if meaning.kind in takers:
                takers[meaning.kind](position, item, meaning)

    def _kind(self, position: int) -> str:
        """Kind of the item there, '' beyond the ends."""
        if not 0 <= position < len(self.items):
            return ""
        item, meaning = self.items[position]
        return meaning.kind if meaning else item.kind

    def _take_number(self, position: int, number: float) -> None:
        before = self._kind(position - 1)
        if before in (words.MORE, words.LESS):
            self.bounds.append(self._bound(position, number))
        elif {before, self._kind(position + 1)} & {words.TOP, words.BOTTOM}:
            self.top = _whole(number)
        else:
            self.number = number

    def _bound(self, position: int, number: float) -> Bound:
        sign, meaning = self.items[position - 1]
        more = meaning is not None and meaning.kind == words.MORE
        inclusive = meaning is not None and meaning.name in words.INCLUSIVE
        operator = (">" if more else "<") + ("=" if inclusive else "")
        after = self._kind(position + 1)
        if after == words.SHARE:
            number /= 100
            after = self._kind(position + 2)
        measure = self._measure_at(position + (1 if after == words.MEASURE else 0), sign.text)
        return Bound(measure, operator, number)

    def _measure_at(self, position: int, text: str) -> Measure | None:
        """The measure that a bound is about: right after its number, else the last one before it."""
        for place in (position, *range(position, -1, -1)):
            item, meaning = self.items[place]
            if meaning and meaning.kind == words.MEASURE:
                return self.cube.measures[meaning.name]
            if meaning and meaning.kind in (words.GROWTH, words.DECLINE, words.SHARE) and place < position:
                return None
        raise NotUnderstoodError(f"'{text}' needs a measure: say for example revenue {text} 1000.")

    def _take_measure(self, position: int, item: Item, meaning: Meaning) -> None:
        measure = self.cube.measures[meaning.name]
        if self._kind(position - 1) == words.COUNT and measure.unit != "count":
            raise NotUnderstoodError(
                f"{measure.label} cannot be counted: ask for it without '{self.items[position - 1][0].text}'."
            )
        if measure not in self.measures:
            self.measures.append(measure)

    def _take_dimension(self, position: int, item: Item, meaning: Meaning) -> None:
        dimension = self.cube.dimensions[meaning.name]
        if self._kind(position - 1) == words.COUNT:
            self.counted = dimension
            return
        beside = (self._member_of(position - 1), self._member_of(position + 1))
        if dimension.name in beside and self._kind(position - 1) != words.BY:
            return  # "category Dog Food": only says what the member is
        self.single = not item.text.endswith("s")
        if dimension not in self.groups:
            self.groups.append(dimension)

    def _member_of(self, position: int) -> str | None:
        if self._kind(position) != words.MEMBER:
            return None
        meaning = self.items[position][1]
        return meaning.name if meaning else None

    def _take_member(self, position: int, item: Item, meaning: Meaning) -> None:
        dimension, member = self.cube.dimensions[meaning.name], str(meaning.member)
        excluded = self._is_excluded(position)
        for place, one in enumerate(self.filters):
            if one.dimension == dimension and one.excluded == excluded:
                self.filters[place] = replace(one, members=tuple(dict.fromkeys((*one.members, member))))
                return
        self.filters.append(Filter(dimension, (member,), excluded))

    def _is_excluded(self, position: int) -> bool:
        """Whether a negation stands before the list of members that this one is in."""
        while self._kind(position - 1) in (words.OR, words.MEMBER, words.DIMENSION) and position:
            position -= 1
        return self._kind(position - 1) == words.NOT

    def _take_not(self, position: int, item: Item, meaning: Meaning) -> None:
        after = position + 1
        while self._kind(after) == words.DIMENSION:
            after += 1
        if self._kind(after) != words.MEMBER:
            raise NotUnderstoodError(
                f"'{item.text}' must be followed by what is left out: a category's or a product's name."
            )

    def _take_bucket(self, position: int, item: Item, meaning: Meaning) -> None:
        before = self._kind(position - 1)
        if meaning.member != "own" and before not in (words.BY, words.WHICH, words.TOP, words.BOTTOM, words.OR, NUMBER):
            raise NotUnderstoodError(f"'{item.text}' alone is not understood: say by {item.text}, or last {item.text}.")
        self.single = not item.text.endswith("s")
        self.bucket = meaning.name

    def _check(self) -> None:
        if len(self.periods) == 2 and words.VERSUS in self.seen:
            self.against = self.periods.pop()
        if len(self.periods) > 1:
            raise NotUnderstoodError("two periods are named: compare them (vs), or ask from the first to the second.")
        if {words.TOP, words.BOTTOM} <= self.seen:
            raise NotUnderstoodError("both the highest and the lowest are asked: ask for one at a time.")
        if self.horizon is not None and not self.cube.horizon:
            raise OtherCubeError(f"{self.cube.meaning}: nothing about the future.")
        versus_members = any(len(one.members) > 1 and not one.excluded for one in self.filters)
        if words.VERSUS in self.seen and not (self.against or versus_members or self._names_before()):
            raise NotUnderstoodError("what it is compared with is not understood: say for example vs last year.")

    def _names_before(self) -> bool:
        return bool({words.PREVIOUS, words.YEAR_BEFORE} & self.seen)

    def _period(self) -> Period | None:
        return self.periods[0] if self.periods else None

    def _before(self) -> Period | None:
        """The period compared with, None when nothing is compared."""
        changes = {words.GROWTH, words.DECLINE} & self.seen
        if not (self.against or self._names_before() or changes):
            return None
        if self.cube.kind == SNAPSHOTS:
            raise NotUnderstoodError(
                f"{self.cube.meaning}: kept for single days, so nothing can be compared between periods."
            )
        period = self._period()
        if period is None:
            raise NotUnderstoodError("which period is compared? Say for example last month vs the month before.")
        if words.YEAR_BEFORE in self.seen:
            return period.year_before()
        if self.against is None:
            return _like(period, period.previous())
        if self.against.unit == "year" and self.against.back == 1 and period.unit != "year":
            return period.year_before()
        return _like(period, self.against)

    def _with_measures(self) -> Request:
        """The request without its periods; what is measured, listed or counted is found here."""
        request = Request(
            self.cube,
            tuple(self.measures),
            self._groups(),
            tuple(self.filters),
            bucket=self.bucket or self._trend(),
            share=words.SHARE in self.seen and not self._share_is_bound(),
            growth=bool({words.GROWTH, words.DECLINE} & self.seen),
            descending=not ({words.BOTTOM, words.DECLINE} & self.seen),
            bounds=(*self.bounds, *self._direction()),
            counted=self.counted,
            horizon=(self.horizon or DEFAULT_HORIZON) if self.cube.horizon else None,
        )
        if not request.measures and self.counted is None:
            request = self._without_measure(request)
        if request.share and not all(_is_sum(measure) for measure in request.measures):
            raise NotUnderstoodError(
                "only what adds up has shares: ask for the share of revenue, of units sold and the like."
            )
        if request.share and not request.groups:
            raise NotUnderstoodError("whose share? Say for example share of revenue by category.")
        return self._ranked(request)

    def _direction(self) -> tuple[Bound, ...]:
        """Which grew, which declined: only those, unless they are ranked."""
        verbs = {meaning.name for _, meaning in self.items if meaning and meaning.kind == words.GROWTH} & words.GREW
        if {words.TOP, words.BOTTOM} & self.seen or not self.groups or words.WHICH not in self.seen:
            return ()
        if words.DECLINE in self.seen:
            return (Bound(None, "<", 0.0),)
        return (Bound(None, ">", 0.0),) if verbs else ()

    def _share_is_bound(self) -> bool:
        """Whether every word for a share only says that a bound is in per cent."""
        places = [n for n in range(len(self.items)) if self._kind(n) == words.SHARE]
        return all(self._kind(n - 1) == NUMBER for n in places)

    def _groups(self) -> tuple[Dimension, ...]:
        """What is asked by, and each dimension of which several members are named: they are shown apart."""
        if self.groups or self.counted:
            return tuple(self.groups)
        apart = 0 if words.SHARE in self.seen and not self._share_is_bound() else 1
        return tuple(one.dimension for one in self.filters if len(one.members) > apart and not one.excluded)

    def _trend(self) -> str | None:
        if words.TREND not in self.seen:
            return None
        if self.cube.kind == SNAPSHOTS:
            return "day"
        days = self.periods[0].until(self.today).days if self.periods else 9999
        return "month" if days > 180 else "week" if days > 45 else "day"

    def _without_measure(self, request: Request) -> Request:
        counts = [measure for measure in self.cube.measures.values() if measure.unit == "count"]
        if words.COUNT in self.seen and request.filters and counts and self.cube.kind != PERIODS:
            return replace(request, measures=(counts[0],))
        if not self.cube.lists or not request.groups or request.share or request.growth:
            raise NotUnderstoodError("what is measured is not said: name a measure, for example revenue or units sold.")
        listed = tuple(self.cube.measures[name] for name in self.cube.lists if name in self.cube.measures)
        if request.groups[0] != next(iter(self.cube.dimensions.values())):
            return replace(request, measures=(*counts[-1:], *listed))
        shown = tuple(self.cube.dimensions[name] for name in self.cube.lists if name in self.cube.dimensions)
        groups = (*request.groups, *(one for one in shown if one not in request.groups))
        return replace(request, measures=listed, groups=groups, listing=True)

    def _ranked(self, request: Request) -> Request:
        if not {words.TOP, words.BOTTOM} & self.seen:
            return request
        if not request.groups and not request.bucket:
            raise NotUnderstoodError("the highest of what? Say for example top 5 products by revenue.")
        return replace(request, top=self.top or (1 if self.single and words.WHICH in self.seen else DEFAULT_TOP))


def _fitting(own: list[Meaning], items: Sequence[Item], position: int) -> list[Meaning]:
    """Of several meanings, those of the dimension that stands beside the word; else members before names."""
    beside = {
        meaning.name
        for place in (position - 1, position + 1)
        if 0 <= place < len(items)
        for meaning in items[place].meanings
        if meaning.kind == words.DIMENSION
    }
    members = [one for one in own if one.kind == words.MEMBER]
    named = [one for one in members if one.name in beside]
    if named or (members and _follows_members(items, position)):
        return named or members
    return [] if all(one.kind == words.MEMBER for one in own) else [one for one in own if one.kind != words.MEMBER]


def _follows_members(items: Sequence[Item], position: int) -> bool:
    """Whether the word goes on a list of members, or begins what is left out."""
    before = position - 1
    if before >= 1 and items[before].is_a(words.OR):
        return items[before - 1].is_a(words.MEMBER)
    return before >= 0 and items[before].is_a(words.NOT)


def _is_sum(measure: Measure) -> bool:
    return measure.adds_up == EVERYWHERE and isinstance(measure.sql, (exp.Sum, exp.Count))


def _like(period: Period, before: Period) -> Period:
    """The period before, as far into it as the running one is: a part of a month is not compared with a whole one."""
    running = period.back == 0
    if not running or before.days <= period.days:
        return before
    return Period(before.start, before.start + (period.end - period.start))


def _whole(number: float) -> int:
    if number != int(number) or not 1 <= number <= MOST_TOP:
        raise NotUnderstoodError(f"{number:g} rows cannot be shown: ask for 1 to {MOST_TOP}.")
    return int(number)
