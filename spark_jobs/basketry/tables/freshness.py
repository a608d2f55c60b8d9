"""How long each table may go without a write before somebody should look: the console and `make doctor` say so then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from basketry.tables.declare import Table
from basketry.tables.features import FEATURES, SCORED_CATEGORIES
from basketry.tables.forecast import FORECAST
from basketry.tables.marketing import MARKETING
from basketry.tables.offers import OFFERS
from basketry.tables.propensity import PROPENSITY
from basketry.tables.rfm import RFM
from basketry.tables.sales import SALES_TABLES

DAILY = timedelta(hours=36)
"""A table of a daily DAG: half a day after the write that did not come."""

WEEKLY = timedelta(days=8)
"""A table of a weekly DAG, and what deliveries bring: a day after the write that did not come."""


@dataclass(frozen=True)
class Deadline:
    """How long a table may go without a write.

    Attributes:
        within: the longest time between two writes.
        dag: the DAG that writes the table, and whose runbook says what to do.
    """

    within: timedelta
    dag: str


_WEEKLY_OFFERS = ("gold.offer_recommendations", "gold.offer_popular")


def _gold(tables: Iterable[Table], within: timedelta, dag: str) -> dict[str, Deadline]:
    return {table.full_name: Deadline(within, dag) for table in tables if table.schema == "gold"}


DEADLINES: Mapping[str, Deadline] = {
    **_gold(SALES_TABLES, DAILY, "daily_sales"),
    **_gold((*FEATURES, *PROPENSITY, *RFM, *FORECAST), DAILY, "daily_scoring"),
    "gold.propensity_wide": Deadline(DAILY, "daily_scoring"),
    **_gold([SCORED_CATEGORIES], WEEKLY, "weekly_retraining"),
    **_gold(MARKETING, WEEKLY, "weekly_marketing"),
    **_gold(OFFERS, DAILY, "offers"),
    **dict.fromkeys(_WEEKLY_OFFERS, Deadline(WEEKLY, "weekly_offers")),
}
"""The deadline of every gold table by its full name."""

DELIVERIES = Deadline(WEEKLY, "ingest")
"""What a delivery brings: tables of bronze and silver."""


def deadline_of(table: Table) -> Deadline | None:
    """Return the table's deadline; None for tables of ops, which are written when something happens."""
    return DELIVERIES if table.schema in ("bronze", "silver") else DEADLINES.get(table.full_name)
