"""Data: files and what became of them, quarantined rows, contracts as people read them, the data model, lineage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from basketry.config.settings import Settings
from basketry.contracts import Contract, load_contracts
from basketry.tables import Table
from basketry_airflow.console import airflow_status
from basketry_airflow.console.exports import export_query
from basketry_airflow.console.filling import nothing_yet
from basketry_airflow.console.page import Page
from basketry_airflow.console.rendering import CurrentViewer, render
from basketry_airflow.console.viewer import Notice, Record, Viewer, choose_value

router = APIRouter()
PAGE = Page(path="data", title="Data", position=9, router=router, filled_by="ingest")

FILES, QUARANTINE, RUNS = "ops.files", "ops.quarantine", "ops.job_runs"
REPLAY_DAG = "replay_quarantine"
VIEWS = (
    ("files", "Files"),
    ("quarantine", "Quarantine"),
    ("contracts", "Contracts"),
    ("tables", "Data model"),
    ("lineage", "Lineage"),
)
MOST_LINES = 100


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """Quarantined rows.

    Attributes:
        rows: The newest ones.
        is_cut: Whether there are more.
        reasons: The number of rows by reason.
        verbatim: Whether the team sees the rows as delivered.
        replay: How the user may start a replay.
    """

    rows: tuple[Record, ...]
    is_cut: bool
    reasons: tuple[Record, ...]
    verbatim: bool
    replay: airflow_status.RunTrigger | None


@dataclass(frozen=True)
class Step:
    """A step of the lineage: a feed or a job, what it reads, what it makes."""

    name: str
    kind: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the page shows; from files to steps only what `view` asks for is filled."""

    view: str
    feed: str
    feeds: tuple[str, ...]
    unavailable: Notice | None = None
    files: tuple[Record, ...] = ()
    quarantine: Quarantine | None = None
    contract: Contract | None = None
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    tables: tuple[tuple[Table, tuple[str, ...]], ...] = ()
    steps: tuple[Step, ...] = ()


@router.get("/data")
def page(request: Request, viewer: CurrentViewer) -> Response:
    """Return the page."""
    shown = data(viewer, request.query_params)
    return render(viewer, PAGE.path, PAGE.title, shown, views=VIEWS)


@router.get("/data/download")
def download(request: Request, viewer: CurrentViewer) -> Response:
    """Return every file of the ledger, or every quarantined row, as CSV; with `feed` only of that one."""
    feed = request.query_params.get("feed")
    what = choose_value(request.query_params, "view", ("files", "quarantine"), "files")
    where, values = _only(feed)
    if what == "files":
        columns = "feed, file_name, delivered_at, status, refusal, rows_read, rows_good, rows_quarantined, rows_duplicate, run_id"
        sql = f"SELECT {columns} FROM {FILES} {where} ORDER BY delivered_at DESC, file_name, file_checksum"  # noqa: S608
        return export_query(viewer, "files", sql, **values)
    columns = ", ".join(name for name in viewer.columns(QUARANTINE) if name not in ("reasons", "file_checksum"))
    sql = f"SELECT {columns} FROM {QUARANTINE} {where} ORDER BY delivered_at DESC, file_name, row_number"  # noqa: S608
    return export_query(viewer, "quarantine", sql, **values)


def data(viewer: Viewer, parameters: Mapping[str, str]) -> Data:
    """Return all that the page shows.

    Args:
        viewer: Who looks.
        parameters: view, feed.
    """
    view = choose_value(parameters, "view", tuple(name for name, _ in VIEWS), "files")
    contracts = _contracts(viewer.catalog.name)
    feeds = tuple(sorted(contracts))
    feed = parameters.get("feed", "") if parameters.get("feed") in feeds else ""
    if view == "files":
        unavailable = nothing_yet(viewer, "Files", PAGE.fillers, FILES)
        return Data(
            view=view,
            feed=feed,
            feeds=feeds,
            unavailable=unavailable,
            files=() if unavailable else _files(viewer, feed),
        )
    if view == "quarantine":
        unavailable = nothing_yet(viewer, "Quarantine", PAGE.fillers, QUARANTINE)
        return Data(
            view=view,
            feed=feed,
            feeds=feeds,
            unavailable=unavailable,
            quarantine=None if unavailable else _quarantine(viewer, feed),
        )
    if view == "contracts":
        return Data(view=view, feed=feed, feeds=feeds, contract=contracts.get(feed), contracts=contracts)
    if view == "tables":
        return Data(view=view, feed=feed, feeds=feeds, tables=_tables(viewer))
    return Data(view=view, feed=feed, feeds=feeds, steps=(*_of_contracts(contracts), *_of_jobs(viewer)))


def _contracts(catalog: str) -> Mapping[str, Contract]:
    include = Settings.from_environment().include
    paths = (include / "contracts" / catalog).glob("*.yaml")
    return _loaded(catalog, tuple(sorted((path.name, path.stat().st_mtime_ns) for path in paths)))


@lru_cache(maxsize=16)
def _loaded(catalog: str, changes: tuple[tuple[str, int], ...]) -> Mapping[str, Contract]:
    return load_contracts(catalog, Settings.from_environment().include)


def _only(feed: str | None) -> tuple[str, dict[str, Any]]:
    """Return the condition for one feed and its value; both empty for all."""
    return ("WHERE feed = :feed", {"feed": feed}) if feed else ("", {})


def _files(viewer: Viewer, feed: str) -> tuple[Record, ...]:
    where, values = _only(feed)
    sql = f"""SELECT feed, file_name, file_bytes, delivered_at, delivered_by, status, refusal, contract_version, rows_read,
              rows_good, rows_quarantined, rows_duplicate, reasons FROM {FILES} {where}
              ORDER BY delivered_at DESC, file_name"""  # noqa: S608
    return tuple(viewer.records(sql, limit=MOST_LINES, **values))


def _quarantine(viewer: Viewer, feed: str) -> Quarantine:
    where, values = _only(feed)
    where = where.replace("WHERE", "AND")
    verbatim = "content" in viewer.columns(QUARANTINE)
    content = ", content" if verbatim else ""
    sql = f"""SELECT feed, file_name, row_number, delivered_at, reasons, state{content} FROM {QUARANTINE}
              WHERE state = 'open' {where} ORDER BY delivered_at DESC, file_name, row_number"""  # noqa: S608
    counted = f"""SELECT reason, count(*) AS n FROM (SELECT explode(reasons) AS reason FROM {QUARANTINE}
                  WHERE state = 'open' {where}) AS each_one GROUP BY reason ORDER BY n DESC, reason"""  # noqa: S608
    rows = [
        {**row, "content": _fields(row.get("content"))} for row in viewer.records(sql, limit=MOST_LINES + 1, **values)
    ]
    reasons = tuple(viewer.records(counted, **values))
    replay = airflow_status.run_trigger(viewer.account, REPLAY_DAG)
    return Quarantine(
        rows=tuple(rows[:MOST_LINES]), is_cut=len(rows) > MOST_LINES, reasons=reasons, verbatim=verbatim, replay=replay
    )


def _fields(content: str | None) -> dict[str, Any]:
    """Return a delivered row's fields by name; the text itself where it is no JSON object."""
    if content is None:
        return {}
    try:
        fields = json.loads(content)
    except ValueError:
        return {"row": content}
    return fields if isinstance(fields, dict) else {"row": content}


def _tables(viewer: Viewer) -> tuple[tuple[Table, tuple[str, ...]], ...]:
    """Return every table that the team may read, each with the columns that it does not see."""
    readable = viewer.warehouse.grants.readable(viewer.team.name)
    return tuple((access.table, access.masked) for access in readable)


def _of_contracts(contracts: Mapping[str, Contract]) -> list[Step]:
    return [
        Step(
            f"ingest {feed}",
            "feed",
            (f"files of {feed}", contract.path.name),
            (f"bronze.{feed}", contract.entity.full_name),
        )
        for feed, contract in contracts.items()
    ]


def _of_jobs(viewer: Viewer) -> list[Step]:
    """Return what each job read when it ran last; nothing for a team that may not know."""
    if viewer.missing("Runs of jobs", "daily_scoring", RUNS):
        return []
    sql = f"""SELECT job, input_versions, rows_out FROM (SELECT job, input_versions, rows_out,
              row_number() OVER (PARTITION BY job ORDER BY as_of DESC, run_id DESC) AS newest_first FROM {RUNS}) AS newest
              WHERE newest_first = 1 ORDER BY job"""  # noqa: S608
    rows = viewer.records(sql)
    return [Step(row["job"], "job", _read(row["input_versions"]), (f"{row['rows_out']:,} rows",)) for row in rows]


def _read(versions: Mapping[str, int] | None) -> tuple[str, ...]:
    return tuple(f"{name} v{version}" for name, version in (versions or {}).items())
