"""The runner alone asks whether a day is over, once for all dated jobs, by the catalog's zone."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from basketry.config import clock
from basketry.config.clock import check_day_is_over, now
from basketry.errors import BAD_INPUT_EXIT, BadInputError
from basketry.jobs import all_jobs
from basketry.lake import runner
from basketry.lake.runner import job_main

JOBS = [name for name, job in all_jobs().items() if job.is_dated]
EVENING = "2026-11-29T04:59:00+00:00"
"""One minute before midnight of 28 November in New York, where the demo is."""


def test_the_moment_is_set_or_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """BASKETRY_NOW, in UTC, whatever zone it is written in; unset or empty the system clock."""
    monkeypatch.setenv("BASKETRY_NOW", "2026-11-28T23:59:00-05:00")
    assert now() == datetime.fromisoformat("2026-11-29T04:59:00Z") and now().tzinfo is UTC
    monkeypatch.setenv("BASKETRY_NOW", "")
    before = datetime.now(UTC)
    assert before <= now() <= datetime.now(UTC)


@pytest.mark.parametrize("text", ["soon", "2026-11-29T04:59:00", "2026-11-29", "2026-13-01T00:00:00+00:00"])
def test_a_moment_without_a_zone_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no moment, or one of no certain place, is bad input whose sentence shows how to write one."""
    monkeypatch.setenv("BASKETRY_NOW", text)
    with pytest.raises(BadInputError, match=re.escape(f"BASKETRY_NOW is '{text}'; write a moment with its zone")):
        now()


def test_a_day_is_over_where_the_retailer_is() -> None:
    """The sentence names the zone and the last complete day; that one is taken."""
    moment = datetime.fromisoformat(EVENING)
    check_day_is_over(date(2026, 11, 27), moment, "America/New_York")
    check_day_is_over(date(2026, 11, 28), moment, "Europe/Berlin")
    with pytest.raises(BadInputError) as error:
        check_day_is_over(date(2026, 11, 28), moment, "America/New_York")
    assert error.value.message == (
        "the as-of date 2026-11-28 is not over in America/New_York; the last complete day is 2026-11-27."
    )


@pytest.mark.parametrize("name", JOBS)
def test_every_dated_job_refuses_a_day_that_is_not_over(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By hand as from a form: exit code 65 and the form's sentence, before Spark starts; the day before is taken."""
    monkeypatch.setenv("BASKETRY_NOW", EVENING)
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    started: list[date] = []
    monkeypatch.setattr(runner, "_run", lambda arguments, *_: started.append(arguments.as_of))
    monkeypatch.setattr(sys, "argv", [name, "--catalog", "demo", "--as-of", "2026-11-28"])
    with pytest.raises(SystemExit) as exit_:
        job_main(all_jobs()[name])
    assert exit_.value.code == BAD_INPUT_EXIT and not started
    assert "2026-11-28 is not over in America/New_York; the last complete day is 2026-11-27." in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [name, "--catalog", "demo", "--as-of", "2026-11-27"])
    job_main(all_jobs()[name])
    assert started == [date(2026, 11, 27)]


def test_a_job_without_a_day_asks_no_clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What looks at no certain day runs whatever the clock says, even nonsense."""
    monkeypatch.setenv(clock.NOW, "nonsense")
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    started: list[str] = []
    monkeypatch.setattr(runner, "_run", lambda arguments, name, *_: started.append(name))
    monkeypatch.setattr(sys, "argv", ["maintenance", "--catalog", "demo"])
    job_main(all_jobs()["maintenance"])
    assert started == ["maintenance"]
