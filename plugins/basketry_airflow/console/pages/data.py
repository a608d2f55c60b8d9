"""Data: files and what became of them, rows set aside, contracts as people read them, the data model, lineage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Request
from starlette.responses import Response

from basketry.config.settings import Settings
from basketry.contracts import Contract, load_contracts
from basketry.tables import Table
from basketry_airflow.console import happenings
from basketry_airflow.console.exports import export_query
from basketry_airflow.console.rendering import Looking, render
from basketry_airflow.console.viewer import Notice, Record, Viewer, chosen

router = APIRouter()

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


@dataclass(frozen=True)
class Quarantine:
    """Rows set aside. reasons: rows by reason; verbatim: whether the team sees the rows as delivered; replay: how to start it."""

    rows: tuple[Record, ...]
    is_cut: bool
    reasons: tuple[Record, ...]
    verbatim: bool
    replay: happenings.Start | None


@dataclass(frozen=True)
class Step:
    """A step of the lineage: a feed or job, what it reads, what it makes."""

    name: str
    kind: str
    reads: tuple[str, ...]
    makes: tuple[str, ...]


@dataclass(frozen=True)
class Data:
    """What the page shows; of files to steps only what `view` asks for is filled."""

    view: str
    feed: str
    feeds: tuple[str, ...]
    lacking: Notice | None = None
    files: tuple[Record, ...] = ()
    quarantine: Quarantine | None = None
    contract: Contract | None = None
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    tables: tuple[tuple[Table, tuple[str, ...]], ...] = ()
    steps: tuple[Step, ...] = ()


@router.get("/data")
def page(request: Request, viewer: Looking, user: GetUserDep) -> Response:
    """The page."""
    shown = data(viewer, request.query_params, user)
    return render(viewer, "data", "Data", shown, views=VIEWS)


@router.get("/data/download")
def download(request: Request, viewer: Looking) -> Response:
    """Every file of the ledger, or every quarantined row, as CSV; with `feed` only of that one."""
    feed = request.query_params.get("feed")
    what = chosen(request.query_params, "view", ("files", "quarantine"), "files")
    where, values = _only(feed)
    if what == "files":
        columns = "feed, file_name, delivered_at, status, refusal, rows_read, rows_good, rows_quarantined, rows_duplicate, run_id"
        sql = f"SELECT {columns} FROM {FILES} {where} ORDER BY delivered_at DESC, file_name, file_checksum"  # noqa: S608
        return export_query(viewer, "files", sql, **values)
    columns = ", ".join(name for name in viewer.columns(QUARANTINE) if name not in ("reasons", "file_checksum"))
    sql = f"SELECT {columns} FROM {QUARANTINE} {where} ORDER BY delivered_at DESC, file_name, row_number"  # noqa: S608
    return export_query(viewer, "quarantine", sql, **values)


def data(viewer: Viewer, given: Mapping[str, str], user: Any) -> Data:
    """All that the page shows; parameters: view, feed. user: Airflow's own."""
    view = chosen(given, "view", tuple(name for name, _ in VIEWS), "files")
    contracts = _contracts(viewer.catalog.name)
    feeds = tuple(sorted(contracts))
    feed = given.get("feed", "") if given.get("feed") in feeds else ""
    if view == "files":
        lacking = viewer.missing("Files", "ingest", FILES)
        return Data(view, feed, feeds, lacking, files=() if lacking else _files(viewer, feed))
    if view == "quarantine":
        lacking = viewer.missing("Quarantine", "ingest", QUARANTINE)
        return Data(view, feed, feeds, lacking, quarantine=None if lacking else _quarantine(viewer, feed, user))
    if view == "contracts":
        return Data(view, feed, feeds, contract=contracts.get(feed), contracts=contracts)
    if view == "tables":
        return Data(view, feed, feeds, tables=_tables(viewer))
    return Data(view, feed, feeds, steps=(*_of_contracts(contracts), *_of_jobs(viewer)))


def _contracts(catalog: str) -> Mapping[str, Contract]:
    include = Settings.from_environment().include
    found = (include / "contracts" / catalog).glob("*.yaml")
    return _loaded(catalog, tuple(sorted((path.name, path.stat().st_mtime_ns) for path in found)))


@lru_cache(maxsize=16)
def _loaded(catalog: str, changes: tuple[tuple[str, int], ...]) -> Mapping[str, Contract]:
    return load_contracts(catalog, Settings.from_environment().include)


def _only(feed: str | None) -> tuple[str, dict[str, Any]]:
    """The condition for one feed and its value; both empty for all."""
    return ("WHERE feed = :feed", {"feed": feed}) if feed else ("", {})


def _files(viewer: Viewer, feed: str) -> tuple[Record, ...]:
    where, values = _only(feed)
    sql = f"""SELECT feed, file_name, file_bytes, delivered_at, delivered_by, status, refusal, contract_version, rows_read,
              rows_good, rows_quarantined, rows_duplicate, reasons FROM {FILES} {where}
              ORDER BY delivered_at DESC, file_name"""  # noqa: S608
    return tuple(viewer.records(sql, limit=MOST_LINES, **values))


def _quarantine(viewer: Viewer, feed: str, user: Any) -> Quarantine:
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
    replay = happenings.start_of(user, REPLAY_DAG)
    return Quarantine(tuple(rows[:MOST_LINES]), len(rows) > MOST_LINES, reasons, verbatim, replay)


def _fields(content: str | None) -> dict[str, Any]:
    """A delivered row's fields by name; the text itself where it is no JSON object."""
    if content is None:
        return {}
    try:
        found = json.loads(content)
    except ValueError:
        return {"row": content}
    return found if isinstance(found, dict) else {"row": content}


def _tables(viewer: Viewer) -> tuple[tuple[Table, tuple[str, ...]], ...]:
    """Every table that the team may read, each with the columns that it does not see."""
    readable = viewer.warehouse.grants.readable(viewer.team.name)
    return tuple((access.table, access.masked) for access in readable)


def _of_contracts(contracts: Mapping[str, Contract]) -> list[Step]:
    return [
        Step(f"ingest {feed}", "feed", (f"files of {feed}", one.path.name), (f"bronze.{feed}", one.entity.full_name))
        for feed, one in contracts.items()
    ]


def _of_jobs(viewer: Viewer) -> list[Step]:
    """What each job read when it ran last; nothing for a team that may not know."""
    if viewer.missing("Runs of jobs", "daily_scoring", RUNS):
        return []
    sql = f"""SELECT job, input_versions, rows_out FROM (SELECT job, input_versions, rows_out,
              row_number() OVER (PARTITION BY job ORDER BY as_of DESC, run_id DESC) AS place FROM {RUNS}) AS newest
              WHERE place = 1 ORDER BY job"""  # noqa: S608
    found = viewer.records(sql)
    return [Step(row["job"], "job", _read(row["input_versions"]), (f"{row['rows_out']:,} rows",)) for row in found]


def _read(versions: Mapping[str, int] | None) -> tuple[str, ...]:
    return tuple(f"{name} v{version}" for name, version in (versions or {}).items())
