"""How far a catalog's order lines reach: the last day that a delivery tells of, and the one refusal of days after it.

A delivery that did not come looks like days without a sale. Whoever reads order lines up to a day asks here first.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.config.catalogs import catalog_names, load_catalog
from basketry.config.clock import last_complete_day, now
from basketry.errors import BadInputError, NotDeliveredError
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.order_lines import is_counted
from basketry.tables import ORDER_LINES

QUIET_DAYS = 4
"""Days without a single line, at the end of the data, on which a shop may just have been closed."""


def last_delivered_day(lake: Lakehouse) -> date | None:
    """Return the last day that order lines tell of; None where no line counts.

    It is the day of the last line that is not dated after its own delivery (an order for a day to come, or a slip of the
    pen, tells of no day between), or, where the shop was closed since, the day before the newest delivery, but at most
    QUIET_DAYS later. Where most lines are dated after their delivery, its time does not say when they came (files named
    after the first day that they cover): then every line tells of its day. A delivery after tomorrow is a slip in a file's
    name, which an earlier release let in, and proves nothing.
    """
    delivered, is_past = _delivery_day(lake), _is_past(lake)
    day = F.col("order_date")
    sums = (
        F.max(F.when(delivered <= F.lit(_tomorrow(lake)), delivered)).alias("delivered"),
        F.count_if(is_counted()).alias("lines"),
        F.count_if(is_counted() & is_past).alias("past_lines"),
        F.max(F.when(is_counted(), day)).alias("newest"),
        F.max(F.when(is_counted() & is_past, day)).alias("past_newest"),
    )
    row = lake.read(ORDER_LINES).agg(*sums).collect()[0]
    if row.newest is None:
        return None
    newest: date = row.past_newest if 2 * row.past_lines >= row.lines else row.newest
    if row.delivered is None:
        return newest
    last_complete: date | None = max(
        newest, min(row.delivered - timedelta(days=1), newest + timedelta(days=QUIET_DAYS))
    )
    return last_complete


def check_delivered(lake: Lakehouse, day: date) -> None:
    """Refuse a day that order lines do not reach: what was not delivered would count as not sold.

    Raises:
        NotDeliveredError: The order lines end before the day.
        BadInputError: There is no line that counts.
    """
    since = lake.read(ORDER_LINES).where(F.col("order_date") >= F.lit(day))  # few files hold such days
    if not since.where(is_counted() & _is_past(lake)).isEmpty():
        return
    last = last_delivered_day(lake)
    if last is None:
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} has no sale: run ingest first.")
    if day > last:
        raise NotDeliveredError(
            f"order lines of catalog {lake.catalog} end on {last}, before {day}: ingest the days between or take an"
            " earlier day."
        )


def _is_past(lake: Lakehouse) -> Column:
    """Return whether a line is dated no later than the day of its delivery, and no later than tomorrow."""
    return F.col("order_date") <= F.least(_delivery_day(lake), F.lit(_tomorrow(lake)))


def _delivery_day(lake: Lakehouse) -> Column:
    """Return the day of a line's delivery, in UTC or in the retailer's time zone, whichever is later.

    The day in the name of a file may mean either.
    """
    moment = F.col("_delivered_at")
    return F.greatest(F.to_date(moment), F.to_date(F.from_utc_timestamp(moment, _time_zone(lake))))


def _tomorrow(lake: Lakehouse) -> date:
    return last_complete_day(now(), _time_zone(lake)) + timedelta(days=2)


def _time_zone(lake: Lakehouse) -> str:
    """Return the catalog's time zone; UTC for one without a description, which the runner refuses and a notebook may read."""
    include = lake.settings.include
    return load_catalog(lake.catalog, include).time_zone if lake.catalog in catalog_names(include) else "UTC"
