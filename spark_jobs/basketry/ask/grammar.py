"""From phrases to a request to one cube, or the sentence that says why they do not go together."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from basketry.ask import lexicon as words
from basketry.ask.items import NUMBER
from basketry.ask.model import NotUnderstoodError
from basketry.ask.phrase_reader import OtherCubeError, PhraseReader, RewordError
from basketry.ask.request import Bound, Request
from basketry.ask.unused_words import refuse_best_of_each, refuse_unused
from basketry.metrics.comparison import PeriodComparison, with_named, with_previous, with_year_before
from basketry.metrics.model import EVERYWHERE, PERIODS, SNAPSHOTS, Dimension, Measure
from basketry.metrics.periods import UNITS, YEAR, Period, period_of

DEFAULT_TOP = 10
DEFAULT_HORIZON = 28


class Grammar(PhraseReader):
    """One question to one cube."""

    def request(self) -> Request:
        """Return the request; NotUnderstoodError with one sentence when the phrases do not go together."""
        for position, (item, meaning) in enumerate(self.items):
            self._take(position, item, meaning)
        if self.number is not None:
            raise NotUnderstoodError(f"what the number {self.number:g} is for is not understood.")
        self._check()
        comparison = self._comparison()
        period = comparison.now if comparison else self._period()
        request = replace(self._with_measures(), period=period, comparison=comparison)
        refuse_unused(self)
        return request

    def _check(self) -> None:
        if len(self.periods) == 2 and words.VERSUS in self.kinds:
            self.against = self._named_against(self.periods.pop())
        if len(self.periods) > 1:
            raise NotUnderstoodError("two periods are named: compare them (vs), or ask from the first to the second.")
        if {words.TOP, words.BOTTOM} <= self.kinds:
            raise NotUnderstoodError("both the highest and the lowest are asked: ask for one at a time.")
        if self.horizon is not None and not self.cube.horizon:
            raise OtherCubeError(f"{self.cube.meaning}: nothing about the future.")
        versus_members = any(len(condition.members) > 1 and not condition.excluded for condition in self.filters)
        if words.VERSUS in self.kinds and not (self.against or versus_members or self._names_before()):
            raise NotUnderstoodError("what it is compared with is not understood: say for example vs last year.")

    def _names_before(self) -> bool:
        return bool({words.PREVIOUS, words.YEAR_BEFORE} & self.kinds)

    def _period(self) -> Period | None:
        return self.periods[0] if self.periods else None

    def _named_against(self, other: Period) -> Period:
        """Return the second of two periods; "previous …" beside another one lies before that, not before today."""
        named = self.periods[0]
        if other.relative and not _is_a_year_before(named, other):
            return other.preceding(named)
        if named.relative and not other.relative:
            self.periods[0] = named.preceding(other)
        return other

    def _comparison(self) -> PeriodComparison | None:
        """Return what is compared, None when nothing is; NotUnderstoodError where that tells nothing."""
        compared = self._compared()
        if compared and compared.overlaps:
            raise NotUnderstoodError(
                f"{compared.now} and {compared.before} share days: compare two periods that lie apart."
            )
        return compared

    def _compared(self) -> PeriodComparison | None:
        changes = {words.GROWTH, words.DECLINE} & self.kinds
        if not (self.against or self._names_before() or changes):
            return None
        if self.cube.kind == SNAPSHOTS:
            raise NotUnderstoodError(
                f"{self.cube.meaning}: kept for single days, so nothing can be compared between periods."
            )
        period = self._period()
        if period is None:
            raise NotUnderstoodError("which period is compared? Say for example last month vs the month before.")
        if words.YEAR_BEFORE in self.kinds:
            return with_year_before(period, self.today)
        if self.against is None:
            named = self._unit_before()
            return (
                with_named(period, named.preceding(period), self.today) if named else with_previous(period, self.today)
            )
        if _is_a_year_before(period, self.against):
            return with_year_before(period, self.today)
        return with_named(period, self.against, self.today)

    def _unit_before(self) -> Period | None:
        """Return the unit that "the month before" and the like name; None where only the period before is asked."""
        names = (meaning.name.split()[0] for _, meaning in self.items if meaning and meaning.kind == words.PREVIOUS)
        unit = next((name for name in names if name in UNITS), None)
        return period_of(self.today, unit) if unit else None

    def _with_measures(self) -> Request:
        """Return the request without its periods; what is measured, listed or counted is decided here."""
        request = Request(
            cube=self.cube,
            measures=tuple(self.measures),
            groups=self._groups(),
            filters=tuple(self.filters),
            bucket=self.bucket or self._trend(),
            share=words.SHARE in self.kinds and not self._share_is_bound(),
            growth=bool({words.GROWTH, words.DECLINE} & self.kinds),
            descending=not ({words.BOTTOM, words.DECLINE} & self.kinds),
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
        """Return the bound of "which grew" or "which declined", unless they are ranked."""
        verbs = {meaning.name for _, meaning in self.items if meaning and meaning.kind == words.GROWTH} & words.GREW
        if {words.TOP, words.BOTTOM} & self.kinds or not self.groups or words.WHICH not in self.kinds:
            return ()
        if words.DECLINE in self.kinds:
            return (Bound(None, "<", 0.0),)
        return (Bound(None, ">", 0.0),) if verbs else ()

    def _share_is_bound(self) -> bool:
        """Return whether every word for a share only says that a bound is in per cent."""
        positions = [position for position in range(len(self.items)) if self.kind(position) == words.SHARE]
        return all(self.kind(position - 1) == NUMBER for position in positions)

    def _groups(self) -> tuple[Dimension, ...]:
        """Return what is asked by, and each dimension of which several members are named: they are shown apart."""
        if self.groups or self.counted:
            return tuple(self.groups)
        shown_from = 0 if words.SHARE in self.kinds and not self._share_is_bound() else 1
        return tuple(
            condition.dimension
            for condition in self.filters
            if len(condition.members) > shown_from and not condition.excluded
        )

    def _trend(self) -> str | None:
        if words.TREND not in self.kinds:
            return None
        if self.cube.kind == SNAPSHOTS:
            return "day"
        days = self.periods[0].until(self.today).days if self.periods else 9999
        return "month" if days > 180 else "week" if days > 45 else "day"

    def _without_measure(self, request: Request) -> Request:
        counts = [measure for measure in self.cube.measures.values() if measure.unit == "count"]
        if words.COUNT in self.kinds and request.filters and counts and self.cube.kind != PERIODS:
            return replace(request, measures=(counts[0],))
        self._refuse_unlisted(request)
        listed_how = self.cube.lists and request.groups and request.filters
        if not listed_how or request.share or request.growth:
            raise NotUnderstoodError("what is measured is not said: name a measure, for example revenue or units sold.")
        listed = tuple(self.cube.measures[name] for name in self.cube.lists if name in self.cube.measures)
        if request.groups[0] != next(iter(self.cube.dimensions.values())):
            return replace(request, measures=(*counts[-1:], *listed))
        shown = tuple(self.cube.dimensions[name] for name in self.cube.lists if name in self.cube.dimensions)
        groups = (*request.groups, *(dimension for dimension in shown if dimension not in request.groups))
        return replace(request, measures=listed, groups=groups, listing=True)

    def _refuse_unlisted(self, request: Request) -> None:
        """Refuse "what should be discounted": a word that asks for a decision, and nothing about which it would be decided."""
        texts = {meaning.kind: item.text for item, meaning in reversed(self.items) if meaning}
        if words.CUE not in texts or not self.cube.lists or request.groups or not request.filters:
            return
        label = next(iter(self.cube.dimensions.values())).label
        message = f"'{texts[words.CUE]}' asks {self.cube.meaning}, but not of which {label}: begin with which {label}s."
        raise RewordError(message, texts.get(words.WHICH, ""), [f"which {label}s"])

    def _ranked(self, request: Request) -> Request:
        if not {words.TOP, words.BOTTOM} & self.kinds:
            return request
        refuse_best_of_each(self)
        if not request.groups and not request.bucket:
            raise NotUnderstoodError("the highest of what? Say for example top 5 products by revenue.")
        return replace(request, top=self.top or (1 if self.single and words.WHICH in self.kinds else DEFAULT_TOP))


def _is_sum(measure: Measure) -> bool:
    return measure.adds_up == EVERYWHERE and isinstance(measure.sql, (exp.Sum, exp.Count))


def _is_a_year_before(period: Period, other: Period) -> bool:
    """Return whether "last year" means the same days a year before."""
    return other.unit == YEAR and other.back == 1 and period.unit != YEAR
