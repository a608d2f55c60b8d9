"""How far order lines reach, and that nobody who reads them up to a day takes a delivery that did not come for no sales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from basketry import registry
from basketry.errors import BadInputError, NotDeliveredError
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.coverage import check_delivered, last_delivered_day
from basketry.tables import ORDER_LINES, PRODUCT_FORECASTS, PRODUCTS
from tests.kit.jobs import run_job
from tests.kit.lake import fill, frame
from tests.kit.rows import order_line, product

pytestmark = pytest.mark.slow

LAST = date(2026, 1, 31)
"""The day of the last sale."""


def sold(day: date, delivered: datetime, order: str = "", **other: Any) -> dict[str, Any]:
    """A line of a day, and when it was delivered (UTC)."""
    return order_line(order or f"O{day}", "1", day, _delivered_at=delivered, **other)


def nightly(last: date = LAST, days: int = 40) -> list[dict[str, Any]]:
    """A line a day, each day delivered in the night after it."""
    past = (last - timedelta(days=number) for number in range(days))
    return [sold(day, datetime(day.year, day.month, day.day, 9) + timedelta(days=1)) for day in past]


def deliver(lake: Lakehouse, rows: list[dict[str, Any]]) -> Lakehouse:
    """The lake with these lines besides those that it has."""
    lake.merge(ORDER_LINES, frame(lake.spark, ORDER_LINES, rows))
    return lake


def noon(text: str) -> datetime:
    """Noon of a day."""
    return datetime.fromisoformat(f"{text}T12:00:00")


def test_lines_reach_to_their_last_day_and_over_the_days_a_shop_was_closed(lake: Lakehouse) -> None:
    """A later delivery tells that nothing was sold since, of four days at most; a fee, a cancelled line tell of no day."""
    deliver(lake, nightly())
    assert last_delivered_day(lake) == LAST
    deliver(lake, [sold(LAST + timedelta(days=2), noon("2026-02-03"), line_kind="fee")])
    assert last_delivered_day(lake) == date(2026, 2, 2)
    deliver(lake, [sold(LAST + timedelta(days=9), noon("2026-03-01"), status="cancelled")])
    assert last_delivered_day(lake) == date(2026, 2, 4)
    check_delivered(lake, date(2026, 2, 4))
    with pytest.raises(NotDeliveredError) as error:
        check_delivered(lake, date(2026, 2, 5))
    assert error.value.message == (
        "order lines of catalog demo end on 2026-02-04, before 2026-02-05: ingest the days between or take an earlier day."
    )


def test_a_line_dated_after_its_own_delivery_tells_of_no_day_between(lake: Lakehouse) -> None:
    """An order for a day to come, or a slip of the pen, opens nothing, in a delivery of its own either."""
    deliver(lake, nightly(days=2))
    deliver(
        lake,
        [sold(date(2026, 3, 15), noon("2026-02-01"), "ahead"), sold(date(2062, 1, 31), noon("2026-02-01"), "slip")],
    )
    assert last_delivered_day(lake) == LAST
    with pytest.raises(NotDeliveredError, match="end on 2026-01-31, before 2026-03-10"):
        check_delivered(lake, date(2026, 3, 10))


def test_a_delivery_far_ahead_proves_nothing(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip in the day of a file's name, let in by an earlier release: its lines tell of their own days, it of no day after."""
    monkeypatch.setenv("BASKETRY_NOW", "2026-03-01T12:00:00+00:00")
    deliver(lake, nightly(LAST - timedelta(days=1), days=5))
    deliver(lake, [sold(LAST, noon("2062-01-31"), "slip"), sold(date(2061, 1, 1), noon("2062-01-31"), "two slips")])
    assert last_delivered_day(lake) == LAST
    with pytest.raises(NotDeliveredError, match="end on 2026-01-31, before 2026-02-01"):
        check_delivered(lake, LAST + timedelta(days=1))


@pytest.mark.parametrize(
    ("zone", "midnight"), [("Asia/Tokyo", "2026-01-30T15:00:00"), ("America/New_York", "2026-01-31T05:00:00")]
)
def test_a_file_may_hold_lines_of_the_day_it_is_named_after(lake: Lakehouse, zone: str, midnight: str) -> None:
    """The demo names files after their last day: its midnight where the retailer is, east of Greenwich the UTC day before."""
    folder = lake.settings.home / "include" / "catalogs"
    folder.mkdir(parents=True)
    text = f"catalog: demo\ndescription: A shop.\ntime_zone: {zone}\ncurrency: USD\ncountry: US\n"
    (folder / "demo.yaml").write_text(text)
    lake.settings = replace(lake.settings, include=folder.parent)
    deliver(lake, [sold(LAST, datetime.fromisoformat(midnight)), *nightly(LAST - timedelta(days=1), 5)])
    assert last_delivered_day(lake) == LAST


def test_files_named_after_their_first_day_still_tell_of_their_last(lake: Lakehouse) -> None:
    """Where most lines are dated after their delivery, its time does not say when they came, so every line tells."""
    deliver(lake, [sold(date(2026, 1, day), datetime(2026, 1, 1)) for day in range(1, 32)])
    assert last_delivered_day(lake) == LAST


def test_nothing_that_counts_is_told_apart_from_nothing_delivered(lake: Lakehouse) -> None:
    """Fees alone: there is no last day, and whoever asks for one is told to ingest."""
    deliver(lake, [sold(LAST, noon("2026-02-01"), line_kind="fee")])
    assert last_delivered_day(lake) is None
    with pytest.raises(BadInputError, match="silver.order_lines of catalog demo has no sale: run ingest first"):
        check_delivered(lake, LAST)


def _decide(lake: Lakehouse, as_of: date) -> None:
    _forecast_rows(lake, as_of, 28)
    run_job(lake, "decide_products", as_of=as_of)


def _accuracy(lake: Lakehouse, as_of: date) -> None:
    _forecast_rows(lake, as_of - timedelta(days=7), 7)
    run_job(lake, "forecast_accuracy", as_of=as_of)


def _forecast_rows(lake: Lakehouse, as_of: date, days: int) -> None:
    assert lake.settings.lake is not None
    row = {"as_of": as_of, "level": "product", "department": "D", "category": "C", "product_id": "P1", "first_day": 1}
    row |= {
        "last_day": days,
        "revenue": 9.0,
        "demand_class": "smooth",
        "method": "m",
        "basis": "own",
        "model_version": "1",
    }
    fill(lake.settings.lake, lake.catalog, PRODUCT_FORECASTS, [row])


def _labels(lake: Lakehouse, as_of: date) -> None:
    from basketry.features.read import purchase_labels

    purchase_labels(lake, [as_of - timedelta(days=30)], ["Tea"])


def _job(name: str, **arguments: object) -> Callable[[Lakehouse, date], None]:
    """The job of that name as of a day."""

    def run(lake: Lakehouse, as_of: date) -> None:
        run_job(lake, name, as_of=as_of, **arguments)

    return run


READERS = {
    "forecast": _job("forecast"),
    "train_forecast": _job("train_forecast"),
    "decide_products": _decide,
    "forecast_accuracy": _accuracy,
    "features": _job("features", choose_categories=True),
    "labels": _labels,
    "rfm --fit": _job("rfm", fit=True),
    "audience": _job("audience"),
    "recommend": _job("recommend"),
    "train_recommendations": _job("train_recommendations"),
}


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_order_lines_refuses_a_day_that_is_not_delivered(
    reader: str, lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one refusal, naming the last day, before anything is written: days that did not come are no days without sales."""
    monkeypatch.setattr(registry, "alias_version", lambda *_: None)
    deliver(lake, [*nightly(days=60), sold(date(2026, 3, 15), noon("2026-02-01"), "ahead")])
    lake.merge(PRODUCTS, frame(lake.spark, PRODUCTS, [product("P1", "Tea")]))
    with pytest.raises(NotDeliveredError, match="of catalog demo end on 2026-01-31"):
        READERS[reader](lake, LAST + timedelta(days=7))
    written = {path.parent.name for path in (lake.settings.home / "lake" / "demo").rglob("_delta_log")}
    assert written <= {"order_lines", "products", "product_forecasts"}
