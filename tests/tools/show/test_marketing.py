"""Who may be called today, and offers, as they are printed, from small tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from basketry.tables import MARKETING_AUDIENCE, OFFER_PERFORMANCE_MINUTE
from tests.kit.lake import fill
from tests.kit.printed import printed
from tools.show import marketing

SATURDAY = date(2026, 11, 28)
TODAY, MONDAY = SATURDAY + timedelta(days=1), SATURDAY + timedelta(days=2)


def window(day: date, opens: int | None) -> dict[str, Any]:
    starts = None if opens is None else datetime(day.year, day.month, day.day, opens, tzinfo=UTC)
    return {"day": day, "starts_at": starts, "ends_at": starts and starts + timedelta(hours=8)}


def person(customer: str, zone: str, sunday: int | None, *, phone: str | None = "+12125550143") -> dict[str, Any]:
    windows = [window(TODAY, sunday), window(MONDAY, 14)]
    return {"as_of": SATURDAY, "customer_id": customer, "phone": phone, "time_zone": zone, "call_windows": windows}


def test_people_who_may_be_called_today_are_counted_by_time_zone(tmp_path: Path) -> None:
    """With the hours by their own clock; who has no number, or no window that day, is not counted."""
    rows = [
        person("c1", "America/New_York", 14),
        person("c2", "America/New_York", 14),
        person("c3", "America/Chicago", 15),
        person("c4", "America/Chicago", None),
        person("c5", "America/New_York", 14, phone=None),
    ]
    fill(tmp_path, "demo", MARKETING_AUDIENCE, rows)
    shown = printed(marketing.show_callable, tmp_path, "demo", TODAY).splitlines()
    assert shown[1].split()[:6] == ["may", "be", "called", "on", "Sunday,", "2026-11-29"]
    assert [line.split() for line in shown[2:]] == [
        ["America/New_York", "2", "09:00", "to", "17:00"],
        ["America/Chicago", "1", "09:00", "to", "17:00"],
        ["all", "3"],
    ]


def test_a_day_without_calls_names_the_next(tmp_path: Path) -> None:
    """On a Sunday nobody may be called: that is said, and Monday is shown."""
    fill(tmp_path, "demo", MARKETING_AUDIENCE, [person("c1", "America/New_York", None)])
    text = printed(marketing.show_callable, tmp_path, "demo", TODAY)
    assert "Nobody may be called on Sunday, 2026-11-29." in text
    assert "may be called on Monday, 2026-11-30" in text and "09:00 to 17:00" in text


def test_without_an_audience_of_the_day_nothing_is_printed(tmp_path: Path) -> None:
    """Neither before the first one nor after its seven days."""
    assert printed(marketing.show_callable, tmp_path, "demo", TODAY) == ""
    fill(tmp_path, "demo", MARKETING_AUDIENCE, [person("c1", "America/New_York", 14)])
    assert printed(marketing.show_callable, tmp_path, "demo", MONDAY + timedelta(days=1)) == ""


def test_offers_are_summed_up_by_category(tmp_path: Path) -> None:
    """Minutes of a category count together; the rate is of what was shown."""
    minute = {"event_date": TODAY, "minute": datetime(2026, 11, 29, 9, tzinfo=UTC)}
    rows = [
        {**minute, "category": "Tea", "shown": 3, "clicked": 1, "bought": 0, "revenue": Decimal(0)},
        {**minute, "category": "Tea", "shown": 1, "clicked": 1, "bought": 1, "revenue": Decimal("4.5")},
    ]
    assert printed(marketing.show_offers, tmp_path, "demo") == ""
    fill(tmp_path, "demo", OFFER_PERFORMANCE_MINUTE, rows)
    assert printed(marketing.show_offers, tmp_path, "demo").splitlines()[2].split() == [
        "Tea",
        "4",
        "2",
        "50.0%",
        "1",
        "4.50",
    ]
