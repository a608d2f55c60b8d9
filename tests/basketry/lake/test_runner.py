"""What a job prints of its report."""

from __future__ import annotations

from typing import Any, cast

import pytest

from basketry.lake.report import JobReport
from basketry.lake.runner import run_job


def test_each_line_of_a_report_names_its_job(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log that others write to as well, a reader sees whose line it is."""
    report = JobReport(rows_in=1234, rows_out=2, summary=("every day", "every week"), dry_run=True)
    nothing = cast(Any, None)
    assert run_job(nothing, "sales", nothing, lambda lake, arguments: report, start=0) is report
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines == ["sales: every day", "sales: every week"]
    assert last.startswith("sales: 1,234 rows read, 2 written in ") and last.endswith(" (dry run)")
