"""From a question to its answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from basketry.ask.drafts import Drafter
from basketry.ask.interpretation import read_request, with_suggestions
from basketry.ask.lexicon import Lexicon
from basketry.ask.model import DATE, GRAMMAR, NUMBER, TEXT, Answer, Heading, NotUnderstoodError
from basketry.ask.personal_data import PersonalDataError, refuse_personal
from basketry.ask.planning import MOST_ROWS, QueryPlan, plan_query
from basketry.ask.request import Request
from basketry.ask.sentence import describe_request
from basketry.ask.tokenizer import tokenize
from basketry.ask.vocabulary import first_data_day, lexicon_of, newest_data_day
from basketry.config.settings import Settings
from basketry.errors import BasketryError
from basketry.metrics.comparison import DateExtent
from basketry.metrics.loader import load_metrics
from basketry.metrics.model import SNAPSHOTS, Metrics
from basketry.warehouse.model import Warehouse

SECONDS = 20.0
"""How long the query of a question may take."""


Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """A question with its one meaning.

    Attributes:
        request: What is asked for.
        plan: The query that answers it.
        sentence: The question as it was understood, in words.
        today: The last day of the data.
        as_of: The snapshot that is looked at, None for other cubes.
    """

    request: Request
    plan: QueryPlan
    sentence: str
    today: date
    as_of: date | None


def answer(
    question: str,
    *,
    team: str,
    warehouse: Warehouse,
    today: date | None = None,
    metrics: Metrics | None = None,
    drafter: Drafter | None = None,
) -> Answer:
    """Answer a question for a team.

    Never raises for what was asked: a question that is not understood, not allowed or too slow is answered by a refusal.

    Args:
        question: The question in plain words.
        team: The team that asks.
        warehouse: What reads the tables.
        today: The day from which "last month" and the like are counted; by default the last day in the data.
        metrics: By default those of the include folder.
        drafter: Writes the query where the grammar does not understand.
    """
    interpretation = attempt(lambda: interpret(question, team=team, warehouse=warehouse, today=today, metrics=metrics))
    if isinstance(interpretation, NotUnderstoodError) and drafter and not isinstance(interpretation, PersonalDataError):
        declared = metrics or cached_metrics(Settings.from_environment().include)
        return answer_draft(question, drafter, team=team, warehouse=warehouse, today=today, metrics=declared)
    if isinstance(interpretation, BasketryError):
        return _refusal(question, interpretation)
    sql = interpretation.plan.sql
    rows = attempt(lambda: warehouse.query(sql, team=team, limit=MOST_ROWS, seconds=SECONDS))
    if isinstance(rows, BasketryError):
        return _refusal(question, rows)
    return Answer(
        question=question,
        understood=interpretation.sentence,
        sql=sql,
        columns=interpretation.plan.headings,
        rows=rows.rows,
        truncated=rows.truncated,
        chart=interpretation.plan.chart,
        read=rows.read,
        data_until=interpretation.as_of or interpretation.today,
    )


def attempt(work: Callable[[], Result]) -> Result | BasketryError:
    """Return what the work gives, or as a value the error that a person can do something about."""
    try:
        return work()
    except BasketryError as error:
        return error


def _refusal(question: str, error: BasketryError, source: str = GRAMMAR) -> Answer:
    """Answer with the sentence of an error, and with the questions that it suggests."""
    suggestions = error.suggestions if isinstance(error, NotUnderstoodError) else ()
    message = getattr(error, "message", str(error))
    return Answer(question=question, refusal=message, suggestions=suggestions, source=source)


def answer_draft(
    question: str, drafter: Drafter, *, team: str, warehouse: Warehouse, today: date | None, metrics: Metrics
) -> Answer:
    """Answer by somebody else's query; with a refusal where there is none, or it may not be asked."""
    try:
        lexicon = lexicon_of(metrics, warehouse, team)
        day = today or _last_day(lexicon, warehouse, team)
        sql = drafter.draft(question, tuple(lexicon.cubes.values()), day)
        if any(table.pii_columns for table in warehouse.guarded(sql, team=team, limit=MOST_ROWS).tables):
            raise PersonalDataError("the query would read a table with personal data, which questions never show.")
        rows = warehouse.query(sql, team=team, limit=MOST_ROWS, seconds=SECONDS)
    except BasketryError as error:
        return _refusal(question, error, drafter.source)
    return Answer(
        question=question,
        understood=f"query drafted by {drafter.source}: read it before you rely on it",
        sql=sql,
        columns=tuple(_heading(name, rows.column(name), metrics) for name in rows.columns),
        rows=rows.rows,
        truncated=rows.truncated,
        read=rows.read,
        data_until=day,
        source=drafter.source,
    )


def _heading(name: str, values: Sequence[object], metrics: Metrics) -> Heading:
    """Describe a drafted column: by the unit of the measure of that name, else by its first value."""
    units = {measure.name: measure.unit for _, measure in metrics.measures()}
    first = next((value for value in values if value is not None), None)
    plain = DATE if isinstance(first, date) else NUMBER if isinstance(first, int | float | Decimal) else TEXT
    return Heading(name, name.replace("_", " "), units.get(name, plain))


def interpret(
    question: str, *, team: str, warehouse: Warehouse, today: date | None = None, metrics: Metrics | None = None
) -> Interpretation:
    """Return what a question means, without its rows; NotUnderstoodError, with suggestions, when that is not certain."""
    declared = metrics or cached_metrics(Settings.from_environment().include)
    refuse_personal(tokenize(question), warehouse.grants)
    lexicon = lexicon_of(declared, warehouse, team)
    if not lexicon.cubes:
        raise NotUnderstoodError(
            f"there is nothing yet that team {team} may ask about: run the jobs that fill the tables."
        )
    day = today or _last_day(lexicon, warehouse, team)
    outcome = read_request(question, lexicon, day, declared.unclear)
    if isinstance(outcome, NotUnderstoodError):
        raise with_suggestions(outcome, question, lexicon, day)
    request = _with_change_checked(outcome, warehouse, team, day)
    as_of = _as_of(request, warehouse, team, day)
    return Interpretation(
        request=request,
        plan=plan_query(request, day, as_of),
        sentence=describe_request(request, day, as_of),
        today=day,
        as_of=as_of,
    )


@functools.cache
def cached_metrics(include: Path) -> Metrics:
    """Read the metrics of an include folder, once."""
    return load_metrics(include)


def _last_day(lexicon: Lexicon, warehouse: Warehouse, team: str) -> date:
    """Return the last day of the first cube that has any."""
    for cube in lexicon.cubes.values():
        newest = newest_data_day(cube, warehouse, team)
        if newest is not None:
            return newest
    raise NotUnderstoodError("the tables are still empty: run the jobs that fill them.")


def _with_change_checked(request: Request, warehouse: Warehouse, team: str, today: date) -> Request:
    """Withhold the change where the data do not fill the days; NotUnderstoodError where only the change is asked."""
    if request.comparison is None:
        return request
    first = first_data_day(request.cube, warehouse, team) or today
    reason = request.comparison.no_change_reason(DateExtent(first, today))
    if reason and (request.growth or any(bound.measure is None for bound in request.bounds)):
        compared = f"{request.comparison.now} with {request.comparison.before}"
        raise NotUnderstoodError(f"no change can be told from comparing {compared}: {reason}.")
    return replace(request, no_change_reason=reason)


def _as_of(request: Request, warehouse: Warehouse, team: str, today: date) -> date | None:
    if request.cube.kind != SNAPSHOTS or request.bucket:
        return None
    until = request.period.end if request.period else None
    newest = newest_data_day(request.cube, warehouse, team, until)
    if newest is None or (request.period and newest < request.period.start):
        when = f" for {request.period}" if request.period else ""
        raise NotUnderstoodError(f"{request.cube.meaning}: nothing is known{when}.")
    return newest
