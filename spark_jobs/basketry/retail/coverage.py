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
from basketry.retail.order_lines import counted
from basketry.tables import ORDER_LINES

QUIET_DAYS = 4
"""Days without a single line, at the end of the data, on which a shop may just have been closed."""


def last_day(lake: Lakehouse) -> date | None:
    """The last day that order lines tell of; None where no line counts.

    It is the day of the last line that is not dated after its own delivery (an order for a day to come, or a slip of the
    pen, tells of no day between), or, where the shop was closed since, the day before the newest delivery, but at most
    QUIET_DAYS later. Where most lines are dated after their delivery, its time does not say when they came (files named
    after the first day that they cover): then every line tells of its day. A delivery after tomorrow is a slip in a file's
    name, which an earlier release let in, and proves nothing.
    """
    delivered, is_past = _delivery_day(lake), _is_past(lake)
    day = F.col("order_date")
    row = (
        lake.read(ORDER_LINES)
        .agg(
            F.max(F.when(delivered <= F.lit(_tomorrow(lake)), delivered)).alias("delivered"),
            F.count_if(counted()).alias("lines"),
            F.count_if(counted() & is_past).alias("past_lines"),
            F.max(F.when(counted(), day)).alias("newest"),
            F.max(F.when(counted() & is_past, day)).alias("past_newest"),
        )
        .collect()[0]
    )
    if row.newest is None:
        return None
    newest: date = row.past_newest if 2 * row.past_lines >= row.lines else row.newest
    if row.delivered is None:
        return newest
    return max(newest, min(row.delivered - timedelta(days=1), newest + timedelta(days=QUIET_DAYS)))


def check_delivered(lake: Lakehouse, day: date) -> None:
    """NotDeliveredError when the order lines end before the day: what was not delivered would count as not sold.

    BadInputError when there is no line that counts.
    """
    since = lake.read(ORDER_LINES).where(F.col("order_date") >= F.lit(day))  # few files hold such days
    if not since.where(counted() & _is_past(lake)).isEmpty():
        return
    last = last_day(lake)
    if last is None:
        raise BadInputError(f"{ORDER_LINES.full_name} of catalog {lake.catalog} has no sale: run ingest first.")
    if day > last:
        raise NotDeliveredError(
            f"order lines of catalog {lake.catalog} end on {last}, before {day}: ingest the days between or take an"
            " earlier day."
        )


def _is_past(lake: Lakehouse) -> Column:
    """Whether a line is dated by the day of its delivery at the latest, and by tomorrow."""
    return F.col("order_date") <= F.least(_delivery_day(lake), F.lit(_tomorrow(lake)))


def _delivery_day(lake: Lakehouse) -> Column:
    """The day of a line's delivery, in UTC or where the retailer is, whichever is later: a name's day may mean either."""
    moment = F.col("_delivered_at")
    return F.greatest(F.to_date(moment), F.to_date(F.from_utc_timestamp(moment, _time_zone(lake))))


def _tomorrow(lake: Lakehouse) -> date:
    return last_complete_day(now(), _time_zone(lake)) + timedelta(days=2)


def _time_zone(lake: Lakehouse) -> str:
    """The catalog's zone; UTC for a catalog that nothing describes, which the runner refuses and a notebook may read."""
    include = lake.settings.include
    return load_catalog(lake.catalog, include).time_zone if lake.catalog in catalog_names(include) else "UTC"
