"""Offers: what happens right now, how the policy learns, and whether chosen offers work better than the popular one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from basketry.registry.models import OFFER_POLICY_MODEL, RECOMMENDATIONS_MODEL
from basketry_airflow.console import formats
from basketry_airflow.console.charts import Line, LineChart, line_chart
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.verdicts import provisional_champion_notice
from basketry_airflow.console.viewer import Notice, Record, Viewer

router = APIRouter()

PERFORMANCE, DECISIONS, RESPONSES = "gold.offer_performance_minute", "gold.offer_decisions", "gold.offer_responses"
PAGE = Page(path="offers", title="Offers", position=7, router=router, tables=(PERFORMANCE,), filled_by="offers")
KINDS = (RECOMMENDATIONS_MODEL.name, OFFER_POLICY_MODEL.name)
DAYS = 28
TREATED, CONTROL = "treatment", "control"
SURE = 1.96
"""Standard errors on either side of a 95 % interval."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The click rates of chosen offers and of the popular one, and their difference with its 95 % interval.

    Attributes:
        treated: Click rate of those who got chosen offers.
        control: Click rate of those who got the popular offer.
        treated_shown: Offers shown to the former.
        control_shown: Offers shown to the latter.
        low: Lower end of the difference's interval.
        high: Upper end of it.
    """

    treated: float
    control: float
    treated_shown: int
    control_shown: int
    low: float
    high: float

    @property
    def difference(self) -> float:
        """The treated rate less the control's."""
        return self.treated - self.control

    @property
    def verdict(self) -> str:
        """What the interval lets one say."""
        if self.low > 0:
            return "chosen offers are clicked more often"
        return "chosen offers are clicked less often" if self.high < 0 else "no difference can be told yet"


@dataclass(frozen=True, kw_only=True)
class Offers:
    """What the page shows.

    Attributes:
        newest: The minute of the newest event.
        last_hour: Sums of the 60 minutes before it.
        last_day: Sums of the 24 hours before it, by category.
        learning: Click rates by day.
        effect: Chosen offers against the popular one.
        policies: Decisions by policy version.
    """

    newest: datetime
    last_hour: Record
    last_day: tuple[Record, ...]
    learning: LineChart
    effect: Effect | Notice
    policies: tuple[Record, ...]


@router.get("/offers")
def page(viewer: CurrentViewer) -> Response:
    """Return the page."""
    shown = PAGE.unavailable(viewer) or offers(viewer)
    notices = [notice for kind in KINDS if (notice := provisional_champion_notice(viewer, kind))]
    return render(viewer, PAGE.path, PAGE.title, shown, provisional=notices)


def offers(viewer: Viewer) -> Offers | Notice:
    """Return all that the page shows."""
    newest_event = viewer.record(f"SELECT max(minute) AS minute, max(event_date) AS day FROM {PERFORMANCE}") or {}  # noqa: S608
    if newest_event.get("minute") is None:
        return PAGE.empty(viewer, "No shopper has been shown an offer so far.")
    newest, day = newest_event["minute"], newest_event["day"]
    sums = "sum(shown) AS shown, sum(clicked) AS clicked, sum(bought) AS bought, sum(revenue) AS revenue"
    hour = f"SELECT {sums} FROM {PERFORMANCE} WHERE event_date >= :day AND minute > :since"  # noqa: S608
    by_category = f"""SELECT category, {sums} FROM {PERFORMANCE} WHERE event_date >= :day AND minute > :since
                      GROUP BY category ORDER BY shown DESC, category"""  # noqa: S608
    yesterday = day - timedelta(days=1)
    return Offers(
        newest=newest,
        last_hour=viewer.record(hour, day=yesterday, since=newest - timedelta(hours=1)) or {},
        last_day=tuple(viewer.records(by_category, day=yesterday, since=newest - timedelta(days=1))),
        learning=_learning(viewer, day),
        effect=_effect(viewer, day),
        policies=_policies(viewer, day),
    )


def _learning(viewer: Viewer, day: date) -> LineChart:
    """Draw the click rate by day; by audience where decisions and responses may be read."""
    first = day - timedelta(days=DAYS - 1)
    rates = _rates_by_audience(viewer, first)
    if not rates:
        sql = f"""SELECT event_date, sum(clicked) / nullif(sum(shown), 0) AS rate FROM {PERFORMANCE}
                  WHERE event_date >= :first GROUP BY event_date"""  # noqa: S608
        rates = {"Click rate": {row["event_date"]: row["rate"] for row in viewer.records(sql, first=first)}}
    days = sorted({date_shown for line in rates.values() for date_shown in line})
    looks = {"Chosen by the policy": "main", "Popular offer (control)": "before"}
    lines = [
        Line(name, [line.get(date_shown) for date_shown in days], looks.get(name, "main"))
        for name, line in rates.items()
    ]
    labels = [formats.short_day(date_shown) for date_shown in days]
    return line_chart("Learning curve: clicks per offer shown", labels, lines, write=formats.share, over="day")


def _rates_by_audience(viewer: Viewer, first: date) -> dict[str, dict[date, float]]:
    if viewer.missing("Decisions", "offers", DECISIONS, RESPONSES):
        return {}
    shown = f"""SELECT event_date, audience, count(product_id) AS n FROM {DECISIONS}
                WHERE event_date >= :first GROUP BY event_date, audience ORDER BY audience DESC, event_date"""  # noqa: S608
    clicked = f"""SELECT event_date, audience, count(*) AS n FROM {RESPONSES}
                  WHERE event_date >= :first AND response = 'click' GROUP BY event_date, audience"""  # noqa: S608
    clicks = {(row["event_date"], row["audience"]): row["n"] for row in viewer.records(clicked, first=first)}
    rates: dict[str, dict[date, float]] = {}
    names: dict[str, str] = {TREATED: "Chosen by the policy", CONTROL: "Popular offer (control)"}
    for row in viewer.records(shown, first=first):
        if row["n"]:
            line = rates.setdefault(str(names.get(row["audience"], row["audience"])), {})
            line[row["event_date"]] = clicks.get((row["event_date"], row["audience"]), 0) / row["n"]
    return rates


def _effect(viewer: Viewer, day: date) -> Effect | Notice:
    unavailable = viewer.missing("Effect", "offers", DECISIONS, RESPONSES)
    if unavailable:
        return unavailable
    first = day - timedelta(days=DAYS - 1)
    shown = f"SELECT audience, count(product_id) AS n FROM {DECISIONS} WHERE event_date >= :first GROUP BY audience"  # noqa: S608
    clicked = f"""SELECT audience, count(*) AS n FROM {RESPONSES}
                  WHERE event_date >= :first AND response = 'click' GROUP BY audience"""  # noqa: S608
    offered = {row["audience"]: row["n"] for row in viewer.records(shown, first=first)}
    clicks = {row["audience"]: row["n"] for row in viewer.records(clicked, first=first)}
    if not offered.get(TREATED) or not offered.get(CONTROL):
        return Notice("No comparison yet", "Both audiences must have been shown offers before they can be compared.")
    return effect(clicks.get(TREATED, 0), offered[TREATED], clicks.get(CONTROL, 0), offered[CONTROL])


def effect(treated_clicks: int, treated: int, control_clicks: int, control: int) -> Effect:
    """Compare two rates; the interval is by the normal approximation with unpooled variances (Wald)."""
    treated_rate, control_rate = treated_clicks / treated, control_clicks / control
    error = SURE * math.sqrt(treated_rate * (1 - treated_rate) / treated + control_rate * (1 - control_rate) / control)
    return Effect(
        treated=treated_rate,
        control=control_rate,
        treated_shown=treated,
        control_shown=control,
        low=treated_rate - control_rate - error,
        high=treated_rate - control_rate + error,
    )


def _policies(viewer: Viewer, day: date) -> tuple[Record, ...]:
    if viewer.missing("Decisions", "offers", DECISIONS):
        return ()
    sql = f"""SELECT policy_version, audience, count(*) AS decisions, count(product_id) AS shown,
              avg(expected_response) AS expected,
              max(decided_at) AS newest FROM {DECISIONS} WHERE event_date >= :first
              GROUP BY policy_version, audience ORDER BY newest DESC, audience"""  # noqa: S608
    return tuple(viewer.records(sql, limit=20, first=day - timedelta(days=DAYS - 1)))
