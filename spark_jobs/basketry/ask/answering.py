"""From a question to its answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from basketry.ask.drafts import Drafter
from basketry.ask.grammar import Grammar
from basketry.ask.lexicon import UNCLEAR, Lexicon
from basketry.ask.model import DATE, NUMBER, TEXT, Answer, Heading, NotUnderstoodError
from basketry.ask.personal import PersonalDataError, refuse_personal
from basketry.ask.phrases import OtherCubeError, RewordError
from basketry.ask.planning import MOST_ROWS, Plan, plan
from basketry.ask.reading import Item, UnknownWordsError, read
from basketry.ask.request import Request
from basketry.ask.sentence import understood
from basketry.ask.suggestions import near_questions
from basketry.ask.vocabulary import first_day, lexicon_of, newest_day
from basketry.ask.words import phrase, tokens
from basketry.config.settings import Settings
from basketry.errors import BasketryError
from basketry.metrics.comparison import Extent
from basketry.metrics.loader import load_metrics
from basketry.metrics.model import SNAPSHOTS, Cube, Metrics
from basketry.warehouse.model import Warehouse

SECONDS = 20.0
"""How long the query of a question may take."""


@dataclass(frozen=True)
class Understood:
    """A question with its one meaning. today: the last day of the data; as_of: the snapshot looked at."""

    request: Request
    plan: Plan
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
    """The answer to a question, for a team.

    today: the day that "last month" and the like are counted from; the last day in the data unless given. metrics:
    those of the include folder unless given. drafter: writes the query where the grammar does not understand. Never raises
    for what was asked: a question that is not understood, not allowed or too slow is answered by a refusal.
    """
    try:
        found = understand(question, team=team, warehouse=warehouse, today=today, metrics=metrics)
        rows = warehouse.query(found.plan.sql, team=team, limit=MOST_ROWS, seconds=SECONDS)
    except NotUnderstoodError as error:
        if drafter is not None and not isinstance(error, PersonalDataError):
            return drafted(
                question, drafter, team, warehouse, today, metrics or metrics_in(Settings.from_environment().include)
            )
        return Answer(question, refusal=error.message, suggestions=error.suggestions)
    except BasketryError as error:
        return Answer(question, refusal=getattr(error, "message", str(error)))
    return Answer(
        question=question,
        understood=found.sentence,
        sql=found.plan.sql,
        columns=found.plan.headings,
        rows=rows.rows,
        truncated=rows.truncated,
        chart=found.plan.chart,
        read=rows.read,
        data_until=found.as_of or found.today,
    )


def drafted(
    question: str, drafter: Drafter, team: str, warehouse: Warehouse, today: date | None, metrics: Metrics
) -> Answer:
    """The answer by somebody else's query; a refusal where there is none, or it may not be asked."""
    try:
        lexicon = lexicon_of(metrics, warehouse, team)
        day = today or _last_day(lexicon, warehouse, team)
        sql = drafter.draft(question, tuple(lexicon.cubes.values()), day)
        if any(table.pii_columns for table in warehouse.guarded(sql, team=team, limit=MOST_ROWS).tables):
            raise PersonalDataError("the query would read a table with personal data, which questions never show.")
        rows = warehouse.query(sql, team=team, limit=MOST_ROWS, seconds=SECONDS)
    except BasketryError as error:
        return Answer(question, refusal=getattr(error, "message", str(error)), source=drafter.source)
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
    """A drafted column: the unit of the measure of that name, else by its first value."""
    units = {measure.name: measure.unit for _, measure in metrics.measures()}
    first = next((value for value in values if value is not None), None)
    plain = DATE if isinstance(first, date) else NUMBER if isinstance(first, int | float | Decimal) else TEXT
    return Heading(name, name.replace("_", " "), units.get(name, plain))


def understand(
    question: str, *, team: str, warehouse: Warehouse, today: date | None = None, metrics: Metrics | None = None
) -> Understood:
    """What a question means, without its rows; NotUnderstoodError, with suggestions, when that is not certain."""
    known = metrics or metrics_in(Settings.from_environment().include)
    words = tokens(question)
    refuse_personal(words, warehouse.grants)
    lexicon = lexicon_of(known, warehouse, team)
    if not lexicon.cubes:
        raise NotUnderstoodError(
            f"there is nothing yet that team {team} may ask about: run the jobs that fill the tables."
        )
    day = today or _last_day(lexicon, warehouse, team)

    def works(candidate: str) -> bool:
        """Whether a candidate would be understood."""
        try:
            _request(read(tokens(candidate), lexicon, day), lexicon, day)
        except NotUnderstoodError:
            return False
        return True

    try:
        items = read(words, lexicon, day)
    except UnknownWordsError as error:
        raise NotUnderstoodError(error.message, near_questions(question, error.words, lexicon, works)) from None
    _refuse_unclear(question, items, known, works)
    try:
        request = _request(items, lexicon, day)
    except RewordError as error:
        readings = _instead(question, error.text, error.readings, works)
        raise NotUnderstoodError(error.message, readings) from None
    request = _with_lacking(request, warehouse, team, day)
    as_of = _as_of(request, warehouse, team, day)
    return Understood(request, plan(request, day, as_of), understood(request, day, as_of), day, as_of)


@functools.cache
def metrics_in(include: Path) -> Metrics:
    """The metrics of an include folder, read once."""
    return load_metrics(include)


def _last_day(lexicon: Lexicon, warehouse: Warehouse, team: str) -> date:
    """The last day of the first cube that has any."""
    for cube in lexicon.cubes.values():
        newest = newest_day(cube, warehouse, team)
        if newest is not None:
            return newest
    raise NotUnderstoodError("the tables are still empty: run the jobs that fill them.")


def _with_lacking(request: Request, warehouse: Warehouse, team: str, today: date) -> Request:
    """The request, its change withheld where the data do not fill the days; NotUnderstoodError where that is what is asked."""
    if request.comparison is None:
        return request
    first = first_day(request.cube, warehouse, team) or today
    lacking = request.comparison.lacking(Extent(first, today))
    if lacking and (request.growth or any(bound.measure is None for bound in request.bounds)):
        compared = f"{request.comparison.now} with {request.comparison.before}"
        raise NotUnderstoodError(f"no change can be told from comparing {compared}: {lacking}.")
    return replace(request, lacking=lacking)


def _as_of(request: Request, warehouse: Warehouse, team: str, today: date) -> date | None:
    if request.cube.kind != SNAPSHOTS or request.bucket:
        return None
    until = request.period.end if request.period else None
    newest = newest_day(request.cube, warehouse, team, until)
    if newest is None or (request.period and newest < request.period.start):
        when = f" for {request.period}" if request.period else ""
        raise NotUnderstoodError(f"{request.cube.meaning}: nothing is known{when}.")
    return newest


def _refuse_unclear(question: str, items: Sequence[Item], metrics: Metrics, works: Callable[[str], bool]) -> None:
    """Words that mean something else to everyone are asked back."""
    for item in items:
        names = [meaning.name for meaning in item.meanings if meaning.kind == UNCLEAR]
        if names and len(names) == len(item.meanings):
            readings = _instead(question, item.text, metrics.unclear[names[0]], works)
            raise NotUnderstoodError(f"'{item.text}' can mean several things: say by which measure.", readings)


def _instead(question: str, text: str, readings: Sequence[str], works: Callable[[str], bool]) -> tuple[str, ...]:
    """The question with each reading in the word's place, where that is understood."""
    position = question.casefold().find(text)
    if position < 0:
        return ()
    tried = (f"{question[:position]}{reading}{question[position + len(text) :]}" for reading in readings)
    return tuple(one for one in tried if works(one))


def _request(items: Sequence[Item], lexicon: Lexicon, today: date) -> Request:
    """The request to the one cube that the question is about."""
    found: dict[str, Request] = {}
    errors: list[NotUnderstoodError] = []
    for cube in lexicon.cubes.values():
        try:
            found[cube.name] = Grammar(cube, items, today).request()
        except OtherCubeError as error:
            errors.append(error)
        except NotUnderstoodError as error:
            errors.insert(0, error) if not errors or isinstance(errors[0], OtherCubeError) else errors.append(error)
    if not found:
        raise _worst(errors)
    return found[_chosen(found, items, lexicon)]


def _worst(errors: Sequence[NotUnderstoodError]) -> NotUnderstoodError:
    if isinstance(errors[0], OtherCubeError):
        named = dict.fromkeys(f"'{error.word}'" for error in errors if isinstance(error, OtherCubeError) and error.word)
        return NotUnderstoodError(
            f"these words do not belong together ({', '.join(named)}): ask about one thing at a time."
        )
    return errors[0]


def _chosen(found: dict[str, Request], items: Sequence[Item], lexicon: Lexicon) -> str:
    """The cube that a question means where several could answer: the default of one of its words, or it is asked back."""
    if len(found) == 1:
        return next(iter(found))
    for item in items:
        wanted = _default_of(item, lexicon)
        if wanted in found:
            return wanted
    names = [lexicon.cubes[name] for name in found]
    listed = "; ".join(cube.meaning for cube in names)
    raise NotUnderstoodError(
        f"the question can be about several things ({listed}): name the measure.", _measures_of(names)
    )


def _default_of(item: Item, lexicon: Lexicon) -> str:
    stems = phrase(item.text)
    return next((cube for word, cube in lexicon.metrics.defaults.items() if phrase(word) == stems), "")


def _measures_of(cubes: Sequence[Cube]) -> tuple[str, ...]:
    return tuple(next(iter(cube.measures.values())).label for cube in cubes)[:3]
