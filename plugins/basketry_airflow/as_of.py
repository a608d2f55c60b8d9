"""The as-of date of a run: the last complete business day of the catalog when the run was due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from basketry.config.clock import check_day_is_over, clock_override, last_complete_day
from basketry.errors import BadInputError
from basketry_airflow.script_arguments import template

AS_OF = template("{{ as_of(params, dag_run) }}", date)
"""The template to give to a dated job; `dag_defaults` makes `as_of` known to the DAG."""


def as_of(params: Mapping[str, Any], dag_run: Any) -> str:
    """Return the run's as-of date, YYYY-MM-DD: the form's, else from the logical date, else from when the run was due.

    Raises:
        BadInputError: The day is not over in the catalog's time zone, or the text is no day.
    """
    from basketry.config.catalogs import load_catalog

    time_zone = load_catalog(params["catalog"]).time_zone
    chosen = params.get("as_of")
    if not chosen:
        return last_complete_day(dag_run.logical_date or dag_run.run_after, time_zone).isoformat()
    day = _day(chosen)
    check_day_is_over(day, clock_override() or dag_run.run_after, time_zone)
    return day.isoformat()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"the as-of date is '{text}'; write a day as YYYY-MM-DD.") from None
