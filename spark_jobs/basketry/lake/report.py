"""What a job says about itself when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class JobReport:
    """A job's result: rows read and written, input versions, and details without personal data (JSON-able).

    summary: one line a fact, for the log. dry_run: nothing was written, so nothing is recorded either.
    """

    rows_in: int
    rows_out: int
    summary: tuple[str, ...]
    as_of: date | None = None
    input_versions: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    model_version: str | None = None
    dry_run: bool = False
