"""Small pieces of SQL that the planner puts together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlglot import exp

from basketry.ask.request import Bound, Filter


def only_where(tree: exp.Expression, condition: exp.Expression) -> exp.Expression:
    """Return an aggregate over the rows of a condition alone."""
    copied = exp.paren(tree.copy())
    for aggregate in copied.find_all(exp.AggFunc):
        inner = aggregate.this
        if isinstance(inner, exp.Distinct):
            inner.set("expressions", [_case(condition, part) for part in inner.expressions])
        else:
            aggregate.set("this", _case(condition, inner))
    return copied.this


def _case(condition: exp.Expression, value: exp.Expression) -> exp.Case:
    return exp.Case().when(condition.copy(), value.copy())


def matches_filter(value: exp.Expression, condition: Filter) -> exp.Expression:
    """Return whether a value is among the members of a filter, or not among those left out."""
    members = [exp.Literal.string(member) for member in condition.members]
    if len(members) == 1:
        return value.neq(members[0]) if condition.excluded else value.eq(members[0])
    return exp.not_(value.isin(*members)) if condition.excluded else value.isin(*members)


def ascending(name: str) -> exp.Ordered:
    """Return an upward order by a column."""
    return exp.Ordered(this=exp.column(name), nulls_first=True)


def ratio(numerator: exp.Expression, denominator: exp.Expression) -> exp.Expression:
    """Return a quotient that is null where its denominator is 0."""
    zero = exp.Literal.number(0)
    return exp.Div(
        this=exp.paren(numerator.copy()) if isinstance(numerator, exp.Binary) else numerator.copy(),
        expression=exp.Nullif(this=denominator.copy(), expression=zero),
        typed=False,
    )


def compare_bound(left: exp.Expression, bound: Bound) -> exp.Expression:
    """Return whether a value is within a bound."""
    kinds: dict[str, Callable[..., exp.Expression]] = {">": exp.GT, ">=": exp.GTE, "<": exp.LT, "<=": exp.LTE}
    return kinds[bound.operator](this=left, expression=exp.Literal.number(f"{bound.number:g}"))


def day_literal(day: date) -> exp.Expression:
    """Return a day as SQL."""
    return exp.cast(exp.Literal.string(day.isoformat()), "date")
