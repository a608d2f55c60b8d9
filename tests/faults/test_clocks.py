"""Clocks that are changed, run backwards or ahead, days that come every fourth year: what counts is the retailer's day."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from basketry.config.clock import last_complete_day
from basketry.domains.offers import messages
from basketry.domains.offers.records import Records
from basketry.domains.offers.stream import day_before_first_event
from basketry.errors import BadInputError
from basketry.jobs.command_line import parse_arguments
from basketry.jobs.sales import SALES
from basketry.metrics.periods import Period, a_year_earlier, period_of
from basketry.retail.business_calendar import period_end, period_start
from basketry.tables import FEATURES, GRAINS
from basketry_airflow.as_of import as_of
from tests.basketry.features.samples import by_key, computed, counted, expected
from tests.kit.offers import batch, engine, nobody, only, record, settings, shop
from tests.kit.rows import Row, order_line, product
from tests.properties import SAME_EACH_TIME

NEW_YORK = "America/New_York"
CHANGES = {date(2026, 3, 8): 23, date(2026, 11, 1): 25}
"""Hours of the days on which New York changes its clocks."""
LEAP_DAYS = (date(2024, 2, 29), date(2028, 2, 29))
zones = st.sampled_from(
    [
        NEW_YORK,
        "Europe/Paris",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Santiago",
        "Africa/Cairo",
        "Pacific/Auckland",
    ]
)
moments = st.one_of(
    st.datetimes(datetime(2019, 1, 1), datetime(2035, 12, 31)),
    st.builds(
        lambda day, minutes: datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes),
        st.sampled_from(
            [*CHANGES, *LEAP_DAYS, date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 5), date(2026, 4, 24)]
        ),
        st.integers(-1_500, 3_000),
    ),
).map(lambda moment: moment.replace(tzinfo=UTC))


def hours_of(day: date, zone: str = NEW_YORK) -> list[datetime]:
    """The first instant of each hour of a local day."""
    first = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    hours = (first + timedelta(hours=number) for number in range(30))
    return [at for at in hours if at.astimezone(ZoneInfo(zone)).date() == day]


@SAME_EACH_TIME
@given(moment=moments, later=st.timedeltas(timedelta(0), timedelta(days=3)), zone=zones)
def test_the_as_of_date_is_over_and_never_goes_back(moment: datetime, later: timedelta, zone: str) -> None:
    """The day looked at is over, the one after it is not, and a later run never looks at an earlier day."""
    day = last_complete_day(moment, zone)
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert day + timedelta(days=1) == local.date()
    assert last_complete_day(moment + later, zone) >= day


def test_every_day_is_looked_at_once_by_a_daily_run() -> None:
    """Runs that are due at half past four in New York see each day once, across both changes of the clock and a leap day."""
    for first in (date(2026, 3, 1), date(2026, 10, 25), date(2028, 2, 25)):
        due = [
            datetime.combine(day, time(4, 30), ZoneInfo(NEW_YORK)).astimezone(UTC)
            for day in (first + timedelta(days=number) for number in range(14))
        ]
        days = [last_complete_day(moment, NEW_YORK) for moment in due]
        assert days == [first + timedelta(days=number) for number in range(-1, 13)]


def test_a_scheduler_whose_clock_ran_back_repeats_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is due before the one before it looks at the same day or an earlier one, and refuses a day not over."""
    monkeypatch.delenv("BASKETRY_NOW", raising=False)
    form: dict[str, object] = {"catalog": "demo", "as_of": None}
    due = [datetime(2028, 3, 1, hour=9, minute=30, tzinfo=UTC), datetime(2028, 2, 29, hour=23, tzinfo=UTC)]
    runs = [SimpleNamespace(logical_date=None, run_after=moment) for moment in due]
    assert [as_of(form, run) for run in runs] == ["2028-02-29", "2028-02-28"]
    with pytest.raises(BadInputError, match="2028-02-29 is not over"):
        as_of({**form, "as_of": "2028-02-29"}, runs[1])


@pytest.mark.parametrize("text", ["0001-01-01", "1899-12-31", "9999-12-31", "2026-02-29", "26-11-01"])
def test_a_day_that_no_job_can_look_at_is_refused(text: str) -> None:
    """Windows before it or forecasts after it would leave the calendar: one sentence instead."""
    with pytest.raises(BadInputError, match=f"--as-of is '{text}'; write a day"):
        parse_arguments(SALES, ["--catalog=demo", f"--as-of={text}"])


@pytest.mark.parametrize("leap", LEAP_DAYS)
def test_the_leap_day_belongs_to_its_periods(leap: date) -> None:
    """It ends its February; a year earlier is the 28th; the February of the year before has a day less."""
    assert period_end(leap.replace(day=1), "month") == leap
    assert {period_start(leap, grain) for grain in GRAINS} <= {
        leap,
        leap.replace(day=1),
        leap.replace(month=1, day=1),
    } | {leap - timedelta(days=leap.weekday())}
    assert a_year_earlier(leap) == date(leap.year - 1, 2, 28)
    february = period_of(leap, "month")
    assert (february.days, february.year_before().days) == (29, 28)
    until = Period(start=leap.replace(month=1, day=1), end=leap)
    assert until.year_before() == Period(start=date(leap.year - 1, 1, 1), end=date(leap.year - 1, 2, 28))


def test_features_count_the_leap_day_like_any_other() -> None:
    """A sale a day for fourteen months: at and after 29 February every measure is what counting row by row gives."""
    lines: list[Row] = []
    for number in range(430):
        day = date(2023, 1, 1) + timedelta(days=number)
        discount = "1" if day in (date(2024, 2, 29), date(2023, 3, 1)) else "0"
        lines.append(order_line(f"o{number}", "1", day, f"C{number % 3}", product="P1", instore_discount=discount))
    rows = counted(lines, [product("P1", "Tea")])
    dates = (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1))
    made = computed(rows, dates, ("Tea",), 1)
    for table in FEATURES:
        keys = [name for name in table.key if name != "as_of"]
        measures = by_key(made[table.name], table)
        wanted = {(day, *key): row for day in dates for key, row in expected(rows, day, keys).items()}
        assert measures.keys() == wanted.keys()
        for key, row in wanted.items():
            assert measures[key] == pytest.approx(row, rel=1e-12, abs=1e-12), key


def views(at: list[datetime], zone: str = NEW_YORK) -> Records:
    """A view of s001 at each instant."""
    records = []
    for number, moment in enumerate(at):
        one = record(f"e{number}", product=f"P{number % 30:04}")
        day = (moment.astimezone(ZoneInfo(zone)).date() - date(1970, 1, 1)).days
        seconds = np.array([moment.timestamp()])
        records.append(Records(**{**vars(one), "at": seconds, "delivered": seconds + 60, "day": np.array([day])}))
    return batch(records)


def shown_by_day(records: Records) -> Counter[date]:
    """How many offers were shown on each local day."""
    one = settings(a_day=5, a_category_a_day=5, control_share=0.0, no_offer_below=0.0)
    outcome = engine(one, knowledge=nobody(shop()), popular=only(shop(), *range(0, 180, 3))).process(
        records, frozenset(), {}
    )
    assert set(outcome.fate) == {"good"}
    shown: Counter[date] = Counter()
    for places, decided in outcome.slot_decisions:
        for position, what in zip(places.tolist(), decided.product.tolist(), strict=True):
            if what >= 0:
                shown[date(1970, 1, 1) + timedelta(days=int(records.day[position]))] += 1
    return shown


@pytest.mark.parametrize(("day", "hours"), CHANGES.items())
def test_a_day_of_any_length_has_one_cap(day: date, hours: int) -> None:
    """Offers a day are counted in the retailer's day, be it of 23 hours or of 25: all of them, and no more."""
    three = [day - timedelta(days=1), day, day + timedelta(days=1)]
    assert [len(hours_of(one)) for one in three] == [24, hours, 24]
    shown = shown_by_day(views([at for one in three for at in hours_of(one)]))
    assert shown == dict.fromkeys(three, 5)


def test_a_phone_whose_clock_runs_back_gets_no_second_day_of_offers() -> None:
    """Events of the day before that come within the time for late ones count as today's."""
    midnight = hours_of(date(2026, 6, 2))[0]
    minutes = [midnight + timedelta(minutes=number) for number in range(20)]
    back = [midnight - timedelta(minutes=number) for number in range(1, 20)]
    assert sum(shown_by_day(views([*minutes, *back, *minutes])).values()) == 5


def test_a_message_belongs_to_the_local_day_of_its_instant(spark: SparkSession) -> None:
    """The seconds about midnight, and the hours that a change of the clock skips or repeats, in zones of many kinds."""
    for zone in (NEW_YORK, "Australia/Lord_Howe"):
        days = [date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4), date(2028, 2, 29)]
        at = [
            moment + timedelta(seconds=second) for day in days for moment in hours_of(day, zone) for second in (-1, 0)
        ]
        lines = [(n, f'{{"event_id": "{n}", "occurred_at": "{moment.isoformat()}"}}') for n, moment in enumerate(at)]
        messages_frame = spark.createDataFrame(lines, "place bigint, content string").selectExpr(
            *("content", "'file' AS origin", "place", "TIMESTAMP'2030-01-01' AS delivered_at", "false AS is_refused")
        )
        records = messages.parse_records(messages.read_messages(messages_frame, zone))
        local = [(moment.astimezone(ZoneInfo(zone)).date() - date(1970, 1, 1)).days for moment in at]
        assert dict(zip(records.ids, records.day.tolist(), strict=True)) == {str(n): day for n, day in enumerate(local)}
        assert all(later >= day for day, later in pairwise(local[: 2 * 24]))


def test_a_clock_at_the_ends_of_time_does_not_stop_the_stream() -> None:
    """The day from which earlier events are looked up is that of the first one whose time can be."""
    usual = record("e")
    days = [(date(1, 1, 1) - date(1970, 1, 1)).days - 1, 3_000_000, int(usual.day[0])]
    at = [day * 86_400.0 for day in days[:2]] + [float(usual.at[0])]
    wild = [replace(usual, at=np.array([moment]), day=np.array([day])) for moment, day in zip(at, days, strict=True)]
    assert day_before_first_event(batch(wild), 1, settings()) == date(2025, 12, 31)
    assert day_before_first_event(batch(wild[:2]), 1, settings()) == date(1970, 1, 1)
