"""The as-of date: the last local day that is over, for every kind of run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from basketry.config.clock import last_complete_day
from basketry.errors import BadInputError
from basketry_airflow.as_of import as_of


def utc(text: str) -> datetime:
    """An instant, given in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def new_york(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The form of a catalog in New York."""
    (tmp_path / "catalogs").mkdir()
    text = "catalog: corner\ndescription: A shop.\ntime_zone: America/New_York\ncurrency: USD\ncountry: US\n"
    (tmp_path / "catalogs" / "corner.yaml").write_text(text)
    monkeypatch.setenv("BASKETRY_INCLUDE", str(tmp_path))
    monkeypatch.delenv("BASKETRY_NOW", raising=False)
    return {"catalog": "corner", "as_of": None}


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-01-15T09:30", "America/New_York", "2026-01-14"),
        ("2026-01-15T04:59", "America/New_York", "2026-01-13"),  # 23:59 of the 14th there
        ("2026-01-15T05:00", "America/New_York", "2026-01-14"),
        ("2026-03-08T09:30", "America/New_York", "2026-03-07"),  # the night in which an hour is missing
        ("2026-03-09T03:59", "America/New_York", "2026-03-07"),  # now midnight comes at 04:00 UTC
        ("2026-03-09T04:00", "America/New_York", "2026-03-08"),
        ("2026-11-02T04:59", "America/New_York", "2026-10-31"),  # the day of 25 hours is not over
        ("2026-11-02T05:00", "America/New_York", "2026-11-01"),
        ("2026-01-15T09:30", "Pacific/Honolulu", "2026-01-13"),
        ("2026-01-15T11:00", "Pacific/Auckland", "2026-01-15"),
        ("2026-01-15T00:00", "UTC", "2026-01-14"),
    ],
)
def test_the_day_before_the_local_one(moment: str, zone: str, day: str) -> None:
    """A day counts when it is over where the retailer is, through both changes of the clock."""
    assert last_complete_day(utc(moment), zone) == date.fromisoformat(day)


def test_scheduled_backfill_and_manual_runs_agree(new_york: dict[str, object]) -> None:
    """A run for a date looks at the same day whenever it is really started; without one, when it was due decides."""
    due = utc("2026-03-10T09:30")
    scheduled = SimpleNamespace(logical_date=due, run_after=due)
    backfill = SimpleNamespace(logical_date=due, run_after=utc("2026-06-01T12:00"))
    undated = SimpleNamespace(logical_date=None, run_after=due)
    assert {as_of(new_york, run) for run in (scheduled, backfill, undated)} == {"2026-03-09"}


def test_the_form_overrides(new_york: dict[str, object]) -> None:
    """A day that a person gives is taken, if it is over."""
    run = SimpleNamespace(logical_date=utc("2026-03-10T09:30"), run_after=utc("2026-03-10T09:30"))
    assert as_of({**new_york, "as_of": "2026-02-01"}, run) == "2026-02-01"


@pytest.mark.parametrize(("day", "sentence"), [("2026-03-10", "is not over"), ("2026-02-30", "YYYY-MM-DD")])
def test_an_impossible_day_is_refused(new_york: dict[str, object], day: str, sentence: str) -> None:
    """Today is not a complete day, and the 30th of February is none."""
    run = SimpleNamespace(logical_date=None, run_after=utc("2026-03-10T09:30"))
    with pytest.raises(BadInputError, match=sentence):
        as_of({**new_york, "as_of": day}, run)


def test_a_moment_that_is_set_decides_about_the_forms_day(
    new_york: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a simulated demo of days to come a person may ask for those; the runner of the jobs says the same."""
    run = SimpleNamespace(logical_date=None, run_after=utc("2026-03-10T09:30"))
    monkeypatch.setenv("BASKETRY_NOW", "2026-04-01T12:00:00+00:00")
    assert as_of({**new_york, "as_of": "2026-03-31"}, run) == "2026-03-31"
    with pytest.raises(
        BadInputError, match="2026-04-01 is not over in America/New_York; the last complete day is 2026-03-31"
    ):
        as_of({**new_york, "as_of": "2026-04-01"}, run)
