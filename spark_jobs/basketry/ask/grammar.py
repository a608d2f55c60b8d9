"""From phrases to a request to one cube, or the sentence that says why they do not go together."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from basketry.ask import lexicon as words
from basketry.ask.model import NotUnderstoodError
from basketry.ask.periods import Period
from basketry.ask.phrases import OtherCubeError, Phrases
from basketry.ask.reading import NUMBER
from basketry.ask.request import Bound, Request
from basketry.metrics.model import EVERYWHERE, PERIODS, SNAPSHOTS, Dimension, Measure

DEFAULT_TOP = 10
DEFAULT_HORIZON = 28


class Grammar(Phrases):
    """One question to one cube."""

    def request(self) -> Request:
        """The request; NotUnderstoodError with one sentence when the phrases do not go together."""
        for position, (item, meaning) in enumerate(self.items):
            self._take(position, item, meaning)
        if self.number is not None:
            raise NotUnderstoodError(f"what the number {self.number:g} is for is not understood.")
        self._check()
        return replace(self._with_measures(), period=self._period(), before=self._before())

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
        listed_how = self.cube.lists and request.groups and request.filters
        if not listed_how or request.share or request.growth:
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


def _is_sum(measure: Measure) -> bool:
    return measure.adds_up == EVERYWHERE and isinstance(measure.sql, (exp.Sum, exp.Count))


def _like(period: Period, before: Period) -> Period:
    """The period before, as far into it as the running one is: a part of a month is not compared with a whole one."""
    running = period.back == 0
    if not running or before.days <= period.days:
        return before
    return Period(before.start, before.start + (period.end - period.start))
