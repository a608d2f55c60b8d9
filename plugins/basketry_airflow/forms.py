"""The fields of the forms that start a run by hand; their lists come from file names, so reading a DAG stays cheap."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import Param

from basketry.config.settings import EVERY_FEED, Settings
from basketry.errors import BadInputError
from basketry.jobs import Job, argument_fields
from basketry.jobs.ingest import INGEST, REPLAY_QUARANTINE
from basketry.jobs.maintenance import MAINTENANCE
from basketry.jobs.propensity import SCORE_PROPENSITY

CONTRACT_SUFFIX = ".odcs.yaml"
NAME = r"^[a-z][a-z0-9_]*$"


def catalogs(include: Path) -> list[str]:
    """Return the catalogs that `include/catalogs/` describes, sorted."""
    return sorted(path.stem for path in (include / "catalogs").glob("*.yaml"))


def feeds(include: Path) -> dict[str, list[str]]:
    """Return every feed that has a contract, with the catalogs in which it has one."""
    catalogs_of: dict[str, list[str]] = {}
    for path in sorted((include / "contracts").glob(f"*/*{CONTRACT_SUFFIX}")):
        catalogs_of.setdefault(path.name.removesuffix(CONTRACT_SUFFIX), []).append(path.parent.name)
    return dict(sorted(catalogs_of.items()))


def scheduled_catalog(include: Path) -> str:
    """Return the catalog of scheduled runs, BASKETRY_CATALOG; BadInputError when nothing describes it."""
    catalog = os.environ.get("BASKETRY_CATALOG") or "demo"
    described = catalogs(include)
    if described and catalog not in described:
        raise BadInputError(f"BASKETRY_CATALOG is '{catalog}'; set it to one of: {', '.join(described)}.")
    return catalog


def ingest_form() -> dict[str, Param]:
    """Return the form that loads delivered files."""
    return {
        **_catalog_and_feed({EVERY_FEED: "every feed"}),
        "files": argument_field(INGEST, "files"),
        "dry_run": argument_field(INGEST, "dry_run"),
        "load_again": argument_field(INGEST, "force"),
        "delivered_by": argument_field(INGEST, "delivered_by"),
    }


def replay_form() -> dict[str, Param]:
    """Return the form that validates a feed's quarantined rows again."""
    return {**_catalog_and_feed(), **{name: argument_field(REPLAY_QUARANTINE, name) for name in ("dry_run", "release")}}


def catalog_form() -> dict[str, Param]:
    """Return the form of a scheduled DAG that looks at no certain day."""
    include = Settings.from_environment().include
    return {"catalog": _name(catalogs(include), "The retailer.", "Catalog", default=scheduled_catalog(include))}


def dated_form() -> dict[str, Param]:
    """Return the form of a dated DAG; a scheduled run needs none of it."""
    return {
        **catalog_form(),
        "as_of": Param(
            None,
            "Last business day to look at. Empty: the day before the run's, in the catalog's time zone.",
            type=["null", "string"],
            format="date",
            title="As-of date",
        ),
    }


def maintenance_form() -> dict[str, Param]:
    """Return the form of maintenance; a scheduled run needs none of it."""
    return {"catalog": dated_form()["catalog"], "dry_run": argument_field(MAINTENANCE, "dry_run")}


def scoring_form() -> dict[str, Param]:
    """Return the form of daily scoring: the day, and which model scores it."""
    return {**dated_form(), "model": argument_field(SCORE_PROPENSITY, "model")}


def argument_field(job: Job[..., Any], name: str) -> Param:
    """Return the field of a form that holds an argument of a job as it is declared; one without a default is required.

    Args:
        job: The job.
        name: The argument.
    """
    argument = argument_fields(job)[name]
    kind = {bool: "boolean", int: "integer"}.get(argument.kind, "string")
    about = argument.about
    options: dict[str, Any] = dict(about.limits)
    if not argument.is_required:
        options["default"] = argument.default
    return Param(
        description=about.description or f"{about.help[:1].upper()}{about.help[1:]}.",
        type=["null", kind] if argument.is_optional else kind,
        title=about.title,
        **options,
    )


def _catalog_and_feed(also: Mapping[str, str] | None = None) -> dict[str, Param]:
    """Return the fields for a catalog and a feed.

    Args:
        also: What can be chosen besides one feed, with its label.
    """
    include = Settings.from_environment().include
    labels = {feed: f"{feed} ({', '.join(names)})" for feed, names in feeds(include).items()}
    shown = {**(also or {}), **labels} if labels else {}
    return {
        "catalog": _name(catalogs(include), "The retailer whose files these are.", "Catalog"),
        "feed": _name(list(shown), "The kind of file, described by a contract of that catalog.", "Feed", shown),
    }


def _name(
    choices: list[str], description: str, title: str, labels: dict[str, str] | None = None, default: str | None = None
) -> Param:
    # Without a default the field is required: Airflow then refuses a run that lacks it.
    options: dict[str, Any] = {"enum": choices, "values_display": labels or {}} if choices else {"pattern": NAME}
    if default is not None:
        options["default"] = default
    return Param(description=description, type="string", title=title, **options)
