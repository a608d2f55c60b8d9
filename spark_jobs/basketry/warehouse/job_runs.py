"""The record of a job that ended well, a row of ops.job_runs: written by Spark's runner, or by a job that needs no Spark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from basketry.config.settings import Settings
from basketry.jobs import DatedArguments, JobArguments
from basketry.tables import JOB_RUNS
from basketry.warehouse.lineage_event import send_event
from basketry.warehouse.rows import RowStore

NEVER_NOTED = frozenset({"customers", "decided_by", "delivered_by"})
"""Names of arguments that say who a person is: what must be kept of them stands in a table of its own, never here."""


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """What is noted of a run.

    Attributes:
        as_of: The as-of date, of a job that has one.
        input_versions: The Delta version of every input, by full name.
        rows_in: How many rows were read.
        rows_out: How many rows were written.
        seconds: How long it took.
        model_version: The version of the model that was used or made.
        details: Further facts without personal data; JSON can hold them.
    """

    as_of: date | None = None
    input_versions: Mapping[str, int] = field(default_factory=dict)
    rows_in: int = 0
    rows_out: int = 0
    seconds: float
    model_version: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def job_run_row(name: str, arguments: Mapping[str, object], run: JobRun) -> dict[str, object]:
    """Return the row of a run, with values in declared order.

    Args:
        name: The job.
        arguments: What the job was given; `run_id` is the key, a repeated one replaces the row; those of
            NEVER_NOTED are left out.
        run: What became of it.
    """
    texts = {key: str(value) for key, value in arguments.items() if value is not None and key not in NEVER_NOTED}
    values = (
        re.sub(r"['\\]", "", str(arguments["run_id"])),  # it becomes part of a condition
        name,
        run.as_of,
        json.dumps(texts, sort_keys=True),
        dict(run.input_versions),
        run.rows_in,
        run.rows_out,
        run.seconds,
        run.model_version,
        json.dumps(run.details, sort_keys=True, default=str),
    )
    return dict(zip(JOB_RUNS.column_names, values, strict=True))


def record_job_run(
    rows: RowStore,
    name: str,
    arguments: Mapping[str, object],
    run: JobRun,
    *,
    outputs: Iterable[str] = (),
    settings: Settings | None = None,
) -> None:
    """Note a run without Spark, see `job_run_row`, and send its lineage event.

    Args:
        rows: The tables of the catalog.
        name: The job.
        arguments: What the job was given.
        run: What became of it.
        outputs: Every table that it wrote, as schema.name.
        settings: Of the run; of this process, where None.
    """
    row = job_run_row(name, arguments, run)
    rows.put(JOB_RUNS, row)
    send_event(settings or Settings.from_environment(), rows.catalog, row, outputs)


def send_failure(
    settings: Settings,
    name: str,
    arguments: JobArguments,
    error: Exception,
    *,
    seconds: float = 0.0,
    outputs: Iterable[str] = (),
) -> None:
    """Send a lineage event of a run that failed, with the type of its error alone: a message may name a person.

    Args:
        settings: Of the run.
        name: The job.
        arguments: What the job is given; a dry run, which notes nothing, is no event.
        error: What it failed with.
        seconds: How long it took.
        outputs: Every table that was written until then, as schema.name.
    """
    if arguments.dry_run:
        return
    as_of = arguments.as_of if isinstance(arguments, DatedArguments) else None
    row = job_run_row(name, vars(arguments), JobRun(as_of=as_of, seconds=seconds))
    send_event(settings, arguments.catalog, row, outputs, failure=type(error).__name__)
