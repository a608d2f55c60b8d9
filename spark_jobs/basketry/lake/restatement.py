"""Makes again what late or corrected rows touch: the same job for the same day, by the same version of the model.

Every run is noted in ops.job_runs with the versions of silver that it read. A stored day whose result would no longer come
out the same is found from the changes since those versions, made again, and noted as a run of its own: whatever kills this
one, the next try goes on where it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from pyspark.sql import functions as F

from basketry.errors import NotDeliveredError
from basketry.lake.change_feed import Sight, first_days
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import Job, run_job
from basketry.registry import AS_THEN, ModelGoneError
from basketry.tables import JOB_RUNS, ORDER_LINES, PRODUCTS, REVIEWS, Table

SELF = "restate_results"
"""The job that makes results again, as ops.job_runs calls it."""

GONE, UNDELIVERED = "their model is gone", "their order lines are not delivered yet"
"""Why a touched day is left as it was made."""

LOOKS = 30
"""Earlier runs of this job that are read: what none of them saw is looked at again from its own run on."""

Reflected = Mapping[str, int]
"""The version of each input, by its full name, that stored rows reflect."""


Cache = dict[tuple[Sight, int], "dict[int, date] | None"]
"""First touched days by commit, as `touched_dates` found them for a sight and a version."""


class Stored(NamedTuple):
    """Rows that are there: their as_of, the as-of date of the run that made them, the version of the model they name."""

    as_of: date
    day: date
    version: str


@dataclass(frozen=True)
class Result:
    """What a job makes of a day.

    job: its name in ops.job_runs. table: where its rows are; those with an as_of are made by the run as of `ahead` days (SQL)
    later. sees: what it looks at; without any, every row of `where` is to be made again. of: the job on whose rows of the
    same as_of it is built. options: what it is given beside the day and the version of the model that its rows name.
    """

    job: str
    run: Job
    table: Table
    sees: tuple[Sight, ...] = ()
    of: str = ""
    ahead: str = "0"
    where: str = "true"
    options: Mapping[str, object] = field(default_factory=dict)

    def stored(self, lake: Lakehouse, until: date) -> list[Stored]:
        """What is stored of its runs up to a day."""
        if not lake.exists(self.table):
            return []
        rows = lake.read(self.table).where(self.where)
        found = rows.selectExpr("as_of", f"date_add(as_of, {self.ahead}) AS day", "model_version").distinct().collect()
        return sorted(Stored(*row) for row in found if row.day <= until)


def run(lake: Lakehouse, arguments: argparse.Namespace, results: Sequence[Result]) -> JobReport:
    """Make every touched day up to --as-of again; with --dry-run only say which they are.

    A day whose version of the model is gone stays as it was made, and is told. A day that was made before its order lines
    were delivered is left until they are.
    """
    inputs = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)
    before = reflected(lake, {result.job for result in results})
    restated: dict[str, list[date]] = {}
    seen: dict[str, list[tuple[str, str]]] = {}
    lines: list[str] = []
    cache: Cache = {}
    for result in results:
        stored = result.stored(lake, arguments.as_of)
        versions = {one.day: one.version for one in stored}
        built_on = {one.day for one in stored if one.as_of in restated.get(result.of, ())}
        noted = {day: before.get((result.job, day)) for day in versions}
        touched = touched_dates(lake, result.sees, noted, inputs, cache) if result.sees else versions
        days = sorted(built_on.union(touched))
        left = {} if arguments.dry_run else _all_again(lake, result, days, versions, arguments)
        lines.append(_told(result.job, days, len(versions), left))
        restated[result.job] = [day for day in days if day not in left]
        seen[result.job] = list(_spans(day for day in versions if left.get(day) != UNDELIVERED))
    details = {"restated": {job: list(map(str, days)) for job, days in restated.items()}, "seen": seen}
    return JobReport(
        0, 0, tuple(lines), as_of=arguments.as_of, input_versions=inputs, details=details, dry_run=arguments.dry_run
    )


def touched_dates(
    lake: Lakehouse,
    sees: Sequence[Sight],
    stored: Mapping[date, Reflected | None],
    inputs: Reflected,
    cache: Cache | None = None,
) -> tuple[date, ...]:
    """The stored dates whose rows would no longer come out the same; all of them where that cannot be told.

    stored: what the rows of each date reflect, None where nobody noted it. inputs: the versions of today. cache: the same
    for calls in a row, so that what several results look at is looked up once.
    """
    cache = {} if cache is None else cache
    known = {day: versions for day, versions in stored.items() if versions is not None}
    found = set(stored) - set(known)
    for sight in sees:
        name = sight.table.full_name
        since = min((versions.get(name, -1) for versions in known.values()), default=None)
        if since is None or inputs.get(name, since) == since:
            continue
        if (sight, since) not in cache:
            cache[sight, since] = _first_days(lake, sight, since)
        days = cache[sight, since]
        if days is None:
            return tuple(sorted(stored))
        found |= {
            day
            for day, versions in known.items()
            if any(commit > versions.get(name, -1) and first <= day for commit, first in days.items())
        }
    return tuple(sorted(found))


def _first_days(lake: Lakehouse, sight: Sight, since: int) -> dict[int, date] | None:
    """The first day that each commit after a version touches; None when the history is gone."""
    changes = lake.changes(sight.table, since)
    if changes is None:
        return None
    return {row.commit: row.day for row in first_days(changes, sight, lake.read(ORDER_LINES)).collect()}


def reflected(lake: Lakehouse, jobs: set[str]) -> Mapping[tuple[str, date], Reflected]:
    """What the rows of each job and as-of date reflect, as far as ops.job_runs tells: the newest run of it that wrote,
    or the newest restatement that found it as it should be."""
    if not lake.exists(JOB_RUNS):
        return {}
    runs = lake.read(JOB_RUNS)
    wrote = runs.where(F.col("job").isin(*jobs) & (F.col("rows_out") > 0) & F.col("as_of").isNotNull())
    pairs = wrote.select("job", "as_of", F.explode("input_versions").alias("name", "version"))
    found: dict[tuple[str, date], dict[str, int]] = {}
    for row in pairs.groupBy("job", "as_of", "name").agg(F.max("version").alias("version")).collect():
        found.setdefault((row.job, row.as_of), {})[row.name] = row.version
    looks = (
        runs.where(F.col("job") == SELF).orderBy(F.desc(F.col("input_versions")[ORDER_LINES.full_name])).limit(LOOKS)
    )
    for look in looks.select("input_versions", "details").collect():
        for job, spans in json.loads(look.details)["seen"].items():
            for day in (day for first, last in spans for day in _days(first, last)):
                versions = found.setdefault((job, day), {})
                versions |= {
                    name: max(version, versions.get(name, -1)) for name, version in look.input_versions.items()
                }
    return found


def _all_again(
    lake: Lakehouse, result: Result, days: Sequence[date], versions: Mapping[date, str], arguments: argparse.Namespace
) -> dict[date, str]:
    """Run the job for each day once more; the days that are left as they were, and why."""
    reasons = {day: _again(lake, result, day, versions[day], arguments) for day in days}
    return {day: reason for day, reason in reasons.items() if reason}


def _again(lake: Lakehouse, result: Result, day: date, version: str, arguments: argparse.Namespace) -> str:
    """Run the job for the day once more; why it cannot be, or an empty text."""
    given = argparse.Namespace(
        catalog=lake.catalog,
        run_id=f"{arguments.run_id} {day}",
        dry_run=False,
        as_of=day,
        model=version if version.isdigit() else AS_THEN,
        **result.options,  # what was made without a model names none
    )
    try:
        run_job(lake, result.job, given, result.run)
    except ModelGoneError:
        return GONE
    except NotDeliveredError:
        return UNDELIVERED
    return ""


def _told(job: str, days: Sequence[date], stored: int, left: Mapping[date, str]) -> str:
    if not days:
        return f"{job}: nothing that came late touches any of its {stored} days"
    told = f"{job}: {len(days)} of {stored} days were touched, {days[0]} to {days[-1]}"
    for reason in (GONE, UNDELIVERED):
        if of_it := [day for day in days if left.get(day) == reason]:
            told += f"; {len(of_it)} stay as they were made, because {reason}: {of_it[0]} to {of_it[-1]}"
    return told


def _spans(days: Iterable[date]) -> Iterator[tuple[str, str]]:
    """Days as spans without a gap, first and last day each: a year of daily runs is one."""
    first = last = None
    for day in sorted(days):
        if last is not None and day - last > timedelta(days=1):
            yield str(first), str(last)
            first = None
        first, last = first or day, day
    if last is not None:
        yield str(first), str(last)


def _days(first: str, last: str) -> Iterator[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return (start + timedelta(days=number) for number in range((end - start).days + 1))
