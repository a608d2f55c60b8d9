"""Makes again what late or corrected rows touch: the same job for the same day, by the same version of the model.

Every run is noted in ops.job_runs with the versions of silver that it read. A stored day whose result would no longer come
out the same is found from the changes since those versions, made again, and noted as a run of its own: whatever kills this
one, the next try goes on where it was.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import TopologicalSorter
from inspect import signature
from pkgutil import resolve_name
from typing import Any, NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.errors import NotDeliveredError
from basketry.jobs import DatedArguments, Job, StoredResult, all_jobs
from basketry.lake.change_feed import InputDependency
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.runner import JobFunction, job_function, run_job
from basketry.lake.staleness import ChangeHistory, InputVersions, stale_dates
from basketry.registry import AS_THEN, ModelGoneError
from basketry.tables import JOB_RUNS, ORDER_LINES, PRODUCTS, REVIEWS, Table

JOB_NAME = "restate_results"
"""The job that makes results again, as ops.job_runs calls it."""

GONE, UNDELIVERED = "their model is gone", "their order lines are not delivered yet"
"""Why a touched day is left as it was made."""

MAX_RUNS = 30
"""Earlier runs of this job that are read: a day that none of them confirmed is checked from its own run on."""


class StoredDay(NamedTuple):
    """Rows that are stored: their as_of, the as-of date of the run that made them, the version of the model they name."""

    as_of: date
    day: date
    version: str


@dataclass(frozen=True, kw_only=True)
class RestatableResult:
    """What a job makes of a day; a declared `StoredResult` with what it names looked up.

    Attributes:
        job: The job's name in ops.job_runs.
        run: What the job does.
        arguments: Makes the arguments of the job for a day; the version of the model that the day's rows name is among
            them where the job takes one.
        table: Where its rows are.
        inputs: What the job reads; without any, every row that satisfies `where` is to be made again.
        built_on: The job on whose rows of the same as_of it is built.
        days_ahead: SQL expression: rows with an as_of are made by the run as of so many days later.
        where: SQL condition on the rows of the table.
    """

    job: str
    run: JobFunction
    arguments: Callable[..., DatedArguments]
    table: Table
    inputs: tuple[InputDependency, ...] = ()
    built_on: str = ""
    days_ahead: str = "0"
    where: str = "true"

    def stored_days(self, lake: Lakehouse, until: date) -> list[StoredDay]:
        """Return what is stored of the job's runs up to a day."""
        if not lake.exists(self.table):
            return []
        rows = lake.read(self.table).where(self.where)
        run_day = f"date_add(as_of, {self.days_ahead}) AS day"
        days = rows.selectExpr("as_of", run_day, "model_version").distinct().collect()
        return sorted(StoredDay(*row) for row in days if row.day <= until)


@dataclass(frozen=True)
class _Restated:
    """What became of a result's stored days.

    Attributes:
        days: Days whose rows were made again.
        confirmed: Days whose rows are now what they should be, or stay as they are for good.
        summary: One line for the log.
    """

    days: list[date]
    confirmed: list[date]
    summary: str


def run(lake: Lakehouse, arguments: DatedArguments) -> JobReport:
    """Make again what was touched up to --as-of, each result by the version of the model that made it."""
    return restate(lake, arguments, restatable_results(all_jobs().values()))


def restatable_results(jobs: Iterable[Job[..., Any]]) -> tuple[RestatableResult, ...]:
    """Look up what jobs leave behind that may be made again, each result after the one on which it is built."""
    results = {job.name: (job, job.result) for job in jobs if job.result is not None}
    bases = {name: {result.built_on} - {""} for name, (_, result) in results.items()}
    return tuple(_restatable(*results[name]) for name in TopologicalSorter(bases).static_order())


def _restatable(job: Job[..., Any], result: StoredResult) -> RestatableResult:
    return RestatableResult(
        job=job.name,
        run=job_function(job),
        arguments=job.arguments,
        table=result.table,
        inputs=resolve_name(result.inputs) if result.inputs else (),
        built_on=result.built_on,
        days_ahead=result.days_ahead,
        where=result.where,
    )


def takes_model(arguments: Callable[..., DatedArguments]) -> bool:
    """Return whether a job is told which version of its model works."""
    return "model" in signature(arguments).parameters


def restate(lake: Lakehouse, arguments: DatedArguments, results: Sequence[RestatableResult]) -> JobReport:
    """Make every touched day up to --as-of again; with --dry-run only say which they are.

    A day whose version of the model is gone stays as it was made, and the summary says so. A day that was made before its
    order lines were delivered is left until they are.

    Args:
        lake: Where results are read and written.
        arguments: Arguments of the run: as_of, run_id and dry_run.
        results: What may be made again, each after the result on which it is built.
    """
    current = lake.versions(ORDER_LINES, PRODUCTS, REVIEWS)
    recorded = recorded_input_versions(lake, {result.job for result in results})
    history = ChangeHistory(lake)
    restated: dict[str, _Restated] = {}
    for result in results:
        stored = result.stored_days(lake, arguments.as_of)
        reflected = {row.day: recorded.get((result.job, row.day)) for row in stored}
        touched = set(reflected)
        if result.inputs:
            touched = set(stale_dates(lake, result.inputs, reflected, current, history=history))
        base = restated.get(result.built_on)
        if base is not None:
            touched |= {row.day for row in stored if row.as_of in base.days}
        versions = {row.day: row.version for row in stored}
        restated[result.job] = _restate_days(lake, result, versions, sorted(touched), arguments=arguments)
    details = {
        "restated": {job: [str(day) for day in outcome.days] for job, outcome in restated.items()},
        "seen": {job: list(_spans(outcome.confirmed)) for job, outcome in restated.items()},
    }
    return JobReport(
        rows_in=0,
        rows_out=0,
        summary=tuple(outcome.summary for outcome in restated.values()),
        as_of=arguments.as_of,
        input_versions=current,
        details=details,
        dry_run=arguments.dry_run,
    )


def recorded_input_versions(lake: Lakehouse, jobs: set[str]) -> Mapping[tuple[str, date], InputVersions]:
    """Return the input versions that the rows of each job and as-of date reflect, as far as ops.job_runs tells.

    They are those of the newest run that wrote, or of the newest restatement that confirmed the rows, if that is newer.
    """
    if not lake.exists(JOB_RUNS):
        return {}
    runs = lake.read(JOB_RUNS)
    reflected: defaultdict[tuple[str, date], dict[str, int]] = defaultdict(dict)
    for job, day, input_versions in (*_written_versions(runs, jobs), *_confirmed_versions(runs)):
        versions = reflected[job, day]
        for name, version in input_versions.items():
            versions[name] = max(version, versions.get(name, -1))
    return dict(reflected)


def _written_versions(runs: DataFrame, jobs: set[str]) -> Iterator[tuple[str, date, InputVersions]]:
    """Job, as-of date and an input's version of the newest run that wrote, input by input."""
    wrote = runs.where(F.col("job").isin(*jobs) & (F.col("rows_out") > 0) & F.col("as_of").isNotNull())
    pairs = wrote.select("job", "as_of", F.explode("input_versions").alias("name", "version"))
    for row in pairs.groupBy("job", "as_of", "name").agg(F.max("version").alias("version")).collect():
        yield row.job, row.as_of, {row.name: row.version}


def _confirmed_versions(runs: DataFrame) -> Iterator[tuple[str, date, InputVersions]]:
    """Job, as-of date and input versions of the newest restatements, for every day that they confirmed."""
    order_lines_version = F.col("input_versions")[ORDER_LINES.full_name]
    restatements = runs.where(F.col("job") == JOB_NAME).orderBy(F.desc(order_lines_version)).limit(MAX_RUNS)
    for row in restatements.select("input_versions", "details").collect():
        for job, spans in json.loads(row.details)["seen"].items():
            for first, last in spans:
                for day in _days(first, last):
                    yield job, day, row.input_versions


def _restate_days(
    lake: Lakehouse,
    result: RestatableResult,
    versions: Mapping[date, str],
    touched: Sequence[date],
    *,
    arguments: DatedArguments,
) -> _Restated:
    """Run the job once more for each touched day, unless it is a dry run.

    Args:
        lake: Where the result is.
        result: What is made again.
        versions: The version of the model by stored day.
        touched: The days that are to be made again.
        arguments: Arguments of the run.
    """
    left: dict[date, str] = {}
    if not arguments.dry_run:
        for day in touched:
            reason = _restate_day(lake, result, day, versions[day], run_id=f"{arguments.run_id} {day}")
            if reason:
                left[day] = reason
    return _Restated(
        days=[day for day in touched if day not in left],
        confirmed=[day for day in versions if left.get(day) != UNDELIVERED],
        summary=_summary(result.job, touched, len(versions), left),
    )


def _restate_day(lake: Lakehouse, result: RestatableResult, day: date, version: str, *, run_id: str) -> str:
    """Run the job for the day once more; return why that cannot be, or an empty text."""
    # What was made without a model names none.
    model = {"model": version if version.isdigit() else AS_THEN} if takes_model(result.arguments) else {}
    arguments = result.arguments(catalog=lake.catalog, run_id=run_id, as_of=day, **model)
    try:
        run_job(lake, result.job, arguments, result.run)
    except ModelGoneError:
        return GONE
    except NotDeliveredError:
        return UNDELIVERED
    return ""


def _summary(job: str, days: Sequence[date], stored: int, left: Mapping[date, str]) -> str:
    if not days:
        return f"{job}: nothing that came late touches any of its {stored} days"
    parts = [f"{job}: {len(days)} of {stored} days were touched, {days[0]} to {days[-1]}"]
    for reason in (GONE, UNDELIVERED):
        untouched = [day for day in days if left.get(day) == reason]
        if untouched:
            parts.append(
                f"{len(untouched)} stay as they were made, because {reason}: {untouched[0]} to {untouched[-1]}"
            )
    return "; ".join(parts)


def _spans(days: Iterable[date]) -> Iterator[tuple[str, str]]:
    """Join days to spans without a gap, first and last day each: a year of daily runs is one span."""
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
