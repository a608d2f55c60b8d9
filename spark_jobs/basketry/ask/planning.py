"""From a request to its query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from basketry.ask.charts import chart_of
from basketry.ask.model import COUNT, DATE, MONEY, NUMBER, SHARE, TEXT, Chart, Heading, NotUnderstoodError
from basketry.ask.request import Filter, Request
from basketry.ask.sources import Source, source_of
from basketry.ask.sql_expressions import ascending, compare_bound, day_literal, matches_filter, only_where, ratio
from basketry.metrics.model import EVENTS, SNAPSHOTS, Dimension, Measure
from basketry.metrics.periods import LONG_AGO, Period

MOST_ROWS = 1_000
DIALECT = "databricks"
FACTS = "facts"
"""Name of the cube's own table in a query that joins."""


@dataclass(frozen=True)
class QueryPlan:
    """A query with what its columns are.

    Attributes:
        query: The query as a tree.
        headings: Its columns, in order.
        chart: How its rows are best drawn.
    """

    query: exp.Select
    headings: tuple[Heading, ...]
    chart: Chart

    @property
    def sql(self) -> str:
        """The query as Databricks SQL, for people to read."""
        return str(self.query.sql(dialect=DIALECT, pretty=True))


def plan_query(request: Request, today: date, as_of: date | None) -> QueryPlan:
    """Plan the query of a request.

    Args:
        request: What is asked for.
        today: The last day of the data.
        as_of: The snapshot that is looked at, for cubes of snapshots.

    Raises:
        NotUnderstoodError: The measures cannot be added up as asked.
    """
    source = source_of(request, today)
    builder = _Builder(request, source, as_of)
    query = builder.query()
    names = tuple(name for name, _, _ in builder.numbers())
    chart = chart_of(request, names, builder.ranked_by() if names else "")
    return QueryPlan(query, builder.headings(), chart)


class _Builder:
    """The parts of one query."""

    def __init__(self, request: Request, source: Source, as_of: date | None) -> None:
        self.request, self.source, self.as_of = request, source, as_of
        self.joined = {dimension.join for dimension in request.dimensions if dimension.join}

    def query(self) -> exp.Select:
        """Build the whole query."""
        query = exp.select(*self._shown(), *self._inner_numbers())
        query = self._from(query).where(*self._conditions())
        grouped = list(self._grouped())
        if grouped:
            query = query.group_by(*grouped)
        query = self._bounded(query, bool(grouped))
        query = self._outer(query)
        for order in self._order():
            query = query.order_by(order)
        return query.limit(min(self.request.top or MOST_ROWS, MOST_ROWS))

    def _inner_numbers(self) -> Iterator[exp.Expression]:
        """Yield the numbers of the inner query: growth is made from both periods outside."""
        for name, tree, _ in self.numbers():
            if self._growth(name) is None:
                yield exp.alias_(tree, name)

    def headings(self) -> tuple[Heading, ...]:
        """Return the columns, in order."""
        shown = [Heading(dimension.name, dimension.label, TEXT) for dimension in self.request.groups]
        bucket = [Heading(self.request.bucket, self.request.bucket, DATE)] if self.request.bucket else []
        numbers = [Heading(name, self._number_label(name), unit) for name, _, unit in self.numbers()]
        return (*bucket, *shown, *numbers)

    def _number_label(self, name: str) -> str:
        """Return a number's name for people: what is compared says of which days it is."""
        label = name.replace("_", " ")
        if self.request.before is None or name not in self._compared():
            return label
        if name.endswith("_before"):
            return f"{label.removesuffix(' before')}, {self.request.before}"
        return f"{label}, {self.request.period}"

    def _compared(self) -> set[str]:
        names = {measure.name for measure in self.request.measures}
        return names | {f"{name}_before" for name in names}

    def _column(self, name: str, join: str | None = None) -> exp.Column:
        return exp.column(name, table=join or (FACTS if self.joined else None))

    def _own(self, tree: exp.Expression) -> exp.Expression:
        """Qualify the columns of an expression of metrics.yaml by their table where there are several."""
        copied = tree.copy()
        if self.joined:
            for column in copied.find_all(exp.Column):
                column.set("table", exp.to_identifier(FACTS))
        return copied

    def _label(self, dimension: Dimension) -> exp.Expression:
        column = self._column(dimension.column, dimension.join)
        if dimension.key is None:
            return column
        key = self._column(dimension.key)
        text = key if dimension.name == "product" else exp.cast(key, "string")
        return exp.func("COALESCE", column, text)

    def _shown(self) -> Iterator[exp.Expression]:
        if self.request.bucket:
            yield exp.alias_(self._bucket(self.request.bucket), self.request.bucket)
        for dimension in self.request.groups:
            yield exp.alias_(self._label(dimension), dimension.name)

    def _grouped(self) -> Iterator[exp.Expression]:
        if self.request.bucket:
            yield self._bucket(self.request.bucket)
        for dimension in self.request.groups:
            if dimension.key:
                yield self._column(dimension.key)
            yield self._column(dimension.column, dimension.join)

    def _day(self) -> exp.Expression:
        column = self._column(self.request.cube.time)
        return exp.cast(column, "date") if self.request.cube.kind == EVENTS else column

    def _bucket(self, unit: str) -> exp.Expression:
        day = self._day()
        if unit == self.source.grain or unit == "day":
            return day
        return exp.cast(exp.TimestampTrunc(this=day, unit=exp.var(unit.upper())), "date")

    def numbers(self) -> list[tuple[str, exp.Expression, str]]:
        """Return name, expression and unit of every column that is a number."""
        counted = self.request.counted
        numbers: list[tuple[str, exp.Expression, str]] = []
        if counted is not None:
            column = self._column(counted.key) if counted.key else self._column(counted.column, counted.join)
            numbers.append((f"{counted.name}_count", exp.Count(this=exp.Distinct(expressions=[column])), COUNT))
        for measure in self.request.measures:
            numbers.extend(self._measured(measure))
        return numbers

    def _measured(self, measure: Measure) -> Iterator[tuple[str, exp.Expression, str]]:
        tree, name = self._own(measure.sql), measure.name
        unit = {"money": MONEY, "count": COUNT, "share": SHARE}.get(measure.unit, NUMBER)
        if self.request.before is None or self.request.period is None:
            yield name, tree, unit
        else:
            now, then = (
                only_where(tree, self._within(period)) for period in (self.request.period, self.request.before)
            )
            yield name, now, unit
            yield f"{name}_before", then, unit
            yield f"{name}_growth", exp.null(), SHARE
            tree = now
        if self.request.share:
            total = exp.Window(this=exp.Sum(this=tree.copy()))
            yield f"{name}_share", ratio(tree, total), SHARE

    def _from(self, query: exp.Select) -> exp.Select:
        table = exp.to_table(self.source.table)
        if not self.joined:
            return query.from_(table)
        query = query.from_(exp.alias_(table, FACTS, table=True))
        for name, join in self.request.cube.joins.items():
            if name in self.joined:
                on = exp.and_(*(self._column(left).eq(self._column(right, name)) for left, right in join.on.items()))
                query = query.join(exp.alias_(exp.to_table(join.table), name, table=True), on=on, join_type="left")
        return query

    def _conditions(self) -> Iterator[exp.Expression]:
        request = self.request
        if self.source.level:
            yield self._column("level").eq(exp.Literal.string(self.source.level))
        if request.cube.where is not None:
            yield self._own(request.cube.where)
        if request.horizon is not None and request.cube.horizon:
            yield self._column(request.cube.horizon).eq(exp.Literal.number(request.horizon))
        yield from self._times()
        yield from self._totals()
        for condition in request.filters:
            if not (request.share and condition.dimension in request.groups):
                yield self._filter(condition)

    def _times(self) -> Iterator[exp.Expression]:
        request = self.request
        if request.cube.kind == SNAPSHOTS and not request.bucket:
            if self.as_of is not None:
                yield self._column(request.cube.time).eq(day_literal(self.as_of))
        elif request.period is not None:
            spans = [self._within(period) for period in (request.period, request.before) if period is not None]
            yield exp.or_(*spans)

    def _within(self, period: Period) -> exp.Expression:
        day = self._day()
        if period.start <= LONG_AGO:
            return exp.LTE(this=day, expression=day_literal(period.end))
        return exp.Between(this=day, low=day_literal(period.start), high=day_literal(period.end))

    def _totals(self) -> Iterator[exp.Expression]:
        """Look at rows that hold a total where nothing is asked by their dimension, and only there."""
        used = {dimension.name for dimension in self.request.dimensions}
        for dimension in self.request.cube.dimensions.values():
            if dimension.total is not None:
                column, total = self._column(dimension.column), exp.Literal.string(dimension.total)
                yield column.neq(total) if dimension.name in used else column.eq(total)

    def _filter(self, condition: Filter) -> exp.Expression:
        is_member = matches_filter(self._label(condition.dimension), condition)
        if not condition.excluded:
            return is_member
        # What has no value is not one of those left out either.
        return exp.or_(is_member, exp.Is(this=self._label(condition.dimension), expression=exp.null()))

    def _bounded(self, query: exp.Select, grouped: bool) -> exp.Select:
        for bound in self.request.bounds:
            if not grouped:
                raise NotUnderstoodError(
                    "what is above or below the number? Say for example categories with revenue over 1000."
                )
            if bound.measure is not None:
                query = query.having(compare_bound(self._bound_by(bound.measure), bound))
        return query

    def _outer(self, query: exp.Select) -> exp.Select:
        """Add conditions on what is only known when all rows are: the growth, and members of which the share is asked."""
        names = [heading.name for heading in self.headings()]
        conditions: list[exp.Expression] = []
        for bound in self.request.bounds:
            if bound.measure is None:
                suffix = "growth" if self.request.before else "share"
                conditions.append(compare_bound(exp.column(f"{self.request.measures[0].name}_{suffix}"), bound))
        for member_filter in self.request.filters:
            if self.request.share and member_filter.dimension in self.request.groups:
                conditions.append(matches_filter(exp.column(member_filter.dimension.name), member_filter))
        if not conditions and not self.request.before:
            return query
        shown = [self._growth(name) or exp.column(name) for name in names]
        results = exp.select(*shown).from_(query.subquery("periods" if self.request.before else "results"))
        if not conditions:
            return results
        if self.request.before:  # a condition on the growth needs it to have its name
            results = exp.select(*names).from_(results.subquery("results"))
        return results.where(*conditions)

    def _bound_by(self, measure: Measure) -> exp.Expression:
        """Return what is above or below a number: of what is compared, the period itself."""
        tree = self._own(measure.sql)
        if self.request.before is None or self.request.period is None:
            return tree
        return only_where(tree, self._within(self.request.period))

    def _growth(self, name: str) -> exp.Expression | None:
        """Return the growth of a measure from both periods' columns, null where it must not be shown; None for any other."""
        measure = name.removesuffix("_growth")
        if not self.request.before or measure == name:
            return None
        if self.request.no_change_reason:
            return exp.alias_(exp.cast(exp.null(), "double"), name)
        now, then = exp.column(measure), exp.column(f"{measure}_before")
        return exp.alias_(ratio(exp.Sub(this=now, expression=then), then), name)

    def _order(self) -> Iterator[exp.Expression]:
        request = self.request
        if request.bucket and request.top is None:
            yield ascending(request.bucket)
        elif self.numbers() and (request.groups or request.bucket):
            yield exp.Ordered(this=exp.column(self.ranked_by()), desc=request.descending, nulls_first=False)
        if request.bucket and request.top is not None:
            yield ascending(request.bucket)
        for dimension in request.groups:
            yield ascending(dimension.name)

    def ranked_by(self) -> str:
        """Return the column by which the rows are ordered."""
        if not self.request.measures:
            return self.numbers()[0][0]
        first = self.request.measures[0].name
        return f"{first}_growth" if self.request.growth else f"{first}_share" if self.request.share else first
