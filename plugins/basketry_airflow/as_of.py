"""The as-of date of a run: the last complete business day of the catalog when the run was due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from basketry.errors import BadInputError

AS_OF = "{{ as_of(params, dag_run) }}"
"""The template to give to a dated job; `on_call` makes `as_of` known to the DAG."""


def last_complete_day(moment: datetime, time_zone: str) -> date:
    """The local day before the one that `moment` (aware) falls on in `time_zone`, however many hours either has."""
    return moment.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)


def as_of(params: Mapping[str, Any], dag_run: Any) -> str:
    """The run's as-of date, YYYY-MM-DD: the form's, else from the logical date, else from when the run was due.

    A day that is not over in the catalog's time zone, or a text that is no day, is a BadInputError.
    """
    from basketry.catalogs import load_catalog

    time_zone = load_catalog(params["catalog"]).time_zone
    given = params.get("as_of")
    if not given:
        return last_complete_day(dag_run.logical_date or dag_run.run_after, time_zone).isoformat()
    day = _day(given)
    newest = last_complete_day(dag_run.run_after, time_zone)
    if day > newest:
        raise BadInputError(f"the as-of date {day} is not over in {time_zone}; the last complete day is {newest}.")
    return day.isoformat()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"the as-of date is '{text}'; write a day as YYYY-MM-DD.") from None
