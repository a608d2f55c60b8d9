"""Rows that jobs leave behind: what is usual of each, so that a test says what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]


def delivered_file(feed: str, checksum: str, **other: Any) -> Row:
    """A line of ops.files: a file of one good row, unless said otherwise."""
    return {
        "file_checksum": checksum,
        "feed": feed,
        "file_name": f"{feed}.csv",
        "file_bytes": 1,
        "run_id": "r",
        "status": "loaded",
        "contract_version": "1",
        "rows_read": 1,
        "rows_good": 1,
        "rows_quarantined": 0,
        "rows_duplicate": 0,
        "rows_warned": 0,
        "reasons": {},
        "unknown_columns": [],
        **other,
    }


def product_decision(as_of: date, product: Mapping[str, str], **other: Any) -> Row:
    """A row of gold.product_decisions. product: its id, name, department and category, by column."""
    return {"as_of": as_of, **product, "model_version": "3", **other}


def product_forecast(as_of: date, days: tuple[int, int], revenue: float, **other: Any) -> Row:
    """A row of gold.product_forecasts, for the first and the last day ahead; of the whole shop, unless said otherwise."""
    first, last = days
    whole = {"level": "total", "department": "", "category": "", "product_id": ""}
    made = {"demand_class": "", "method": "reconciled", "basis": "model", "model_version": "3"}
    return {"as_of": as_of, **whole, "first_day": first, "last_day": last, "revenue": revenue, **made, **other}


def forecast_outcome(as_of: date, days: int, **other: Any) -> Row:
    """A row of gold.forecast_outcomes: how the forecasts of all products came true after so many days."""
    horizon = {"horizon_days": days, "horizon": f"days_{days}"}
    return {"as_of": as_of, **horizon, "demand_class": "", "model_version": "3", **other}


def segment_profile(as_of: date, segment: str, **other: Any) -> Row:
    """A row of gold.rfm_profiles: a segment as marketers name it."""
    return {"as_of": as_of, "view": "named", "segment": segment, "mostly": segment, "model_version": "2", **other}


def segment_move(as_of: date, days: int, segments: tuple[str, str], **other: Any) -> Row:
    """A row of gold.rfm_migration: who went from the first segment to the second within so many days."""
    then, now = segments
    period = {"as_of": as_of, "days": days, "previous_as_of": as_of - timedelta(days), "view": "named"}
    return {**period, "from_segment": then, "to_segment": now, **other}


def propensity_outcome(as_of: date, category: str, audience: str, **other: Any) -> Row:
    """A row of gold.propensity_outcomes: how the scores of a category came true for an audience."""
    return {"as_of": as_of, "model_version": "5", "category": category, "audience": audience, **other}
