"""What a job reports when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """A job's result, as the runner prints it and notes it in ops.job_runs.

    Attributes:
        rows_in: How many rows were read.
        rows_out: How many rows were written.
        summary: One line per fact, for the log.
        as_of: The as-of date, of a job that has one.
        input_versions: The Delta version of every input, by full name.
        details: Further facts without personal data; JSON can hold them.
        model_version: The version of the model that was used or made.
        dry_run: Nothing was written, so nothing is noted either.
    """

    rows_in: int
    rows_out: int
    summary: tuple[str, ...]
    as_of: date | None = None
    input_versions: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    model_version: str | None = None
    dry_run: bool = False
