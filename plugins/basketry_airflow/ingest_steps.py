"""The steps of `ingest` around its job: find the files, check them, report on them. No personal data in any."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias, TriggerRule, get_current_context, task

from basketry.config.settings import EVERY_FEED
from basketry.errors import BadInputError
from basketry.tables import FILES
from basketry_airflow.ops_tables import Row, read_rows

if TYPE_CHECKING:
    from basketry.contracts import Contract

log = logging.getLogger(__name__)

DELIVERED = AssetAlias("basketry_delivered")
"""Every entity that an ingest has changed, whatever the catalog; the asset itself is `<catalog>.silver.<entity>`."""

COUNTS = ("rows_read", "rows_good", "rows_quarantined", "rows_duplicate", "rows_warned")
REPORTED = (
    "feed",
    "file_checksum",
    "file_name",
    "status",
    "refusal",
    "reasons",
    "touched_from",
    "touched_to",
    "run_id",
    *COUNTS,
)

LOST = {
    "rows_older": "older than what was stored",
    "rows_contradicting": "contradicted by another file of the same day and time",
}
"""Good rows that lost, or may have, against those of other files."""

UNCHANGED = "will be skipped unless its name says a later day"
Params = Mapping[str, Any]


@task
def find_files(params: Params | None = None) -> dict[str, list[str]]:
    """Return the names, by feed, of the delivered files that the form's pattern means; bad input when there is none."""
    form = params or {}
    from basketry.files import find_in_feeds
    from basketry_airflow.landing import open_landing

    names_by_contract = find_in_feeds(_contracts(form), lambda contract: open_landing(contract).names(form["files"]))
    for contract, names in names_by_contract:
        log.info("%s: %d files found:\n%s", contract.feed, len(names), "\n".join(names))
    return {contract.feed: names for contract, names in names_by_contract}


@task
def check_files(names: Mapping[str, Sequence[str]], params: Params | None = None) -> list[Row]:
    """Return feed, name, checksum, bytes and earlier load of every file that can be loaded; log what is wrong with the others.

    A bad file stops no other: the job loads the rest, notes each refused file in ops.files, and fails at its end.

    Raises:
        BadInputError: if no file can be loaded, with every problem.
    """
    form = params or {}
    contracts = {contract.feed: contract for contract in _contracts(form)}
    inspections = [inspect_files(contracts[feed], of_feed) for feed, of_feed in names.items()]
    problems = [problem for _, problems_of_feed in inspections for problem in problems_of_feed]
    if problems:
        lines = "\n".join(problems)
        total = sum(map(len, names.values()))
        verdict = f"{len(problems)} of {total} files cannot be loaded, correct or remove them:\n{lines}"
        if len(problems) == total:
            raise BadInputError(verdict)
        log.warning("%s", verdict)
    loaded = {_identity(row): row["run_id"] for row in _ledger(form) if row["status"] == "loaded"}
    checked = [
        {**file, "loaded_by": loaded.get((file["feed"], file["checksum"]))}
        for files, _ in inspections
        for file in files
    ]
    for file in checked:
        log.info("%s", _check_line(file, load_again=form["load_again"]))
    return checked


@task(outlets=[DELIVERED], trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
def report(checked: Sequence[Row], params: Params | None = None) -> dict[str, Any]:
    """Return what became of every file: rows by outcome and by reason. Tells downstream DAGs which days were touched."""
    form = params or {}
    context = get_current_context()
    if form["dry_run"]:
        log.info("dry run: nothing was written; the task load has logged what would have been.")
        return {"dry_run": True, "files": [file["name"] for file in checked]}
    this_run = f"{context['dag'].dag_id}/{context['run_id']}/load/"
    summary = summarise(checked, _ledger(form, LOST), this_run)
    log.info("%s", "\n".join(report_lines(summary)))
    for contract in _contracts(form):
        if loaded := [row for row in summary["loaded"] if row["feed"] == contract.feed]:
            about = {"catalog": contract.catalog, "feed": contract.feed, "run_id": context["run_id"]}
            context["outlet_events"][DELIVERED].add(entity_asset(contract), extra={**_touched(loaded), **about})
    return summary


@task
def confirm() -> None:
    """Say that every file is loaded; where the load refused one, this is not reached, and the run counts as failed."""
    log.info("every file is loaded, or was before.")


def inspect_files(contract: Contract, names: Iterable[str]) -> tuple[list[Row], list[str]]:
    """Return what is known of every good file, and one sentence for each bad one."""
    from basketry.files import inspect_file
    from basketry_airflow.landing import open_landing

    landing = open_landing(contract)
    files: list[Row] = []
    problems: list[str] = []
    for name in names:
        try:
            with landing.file(name) as path:
                file = inspect_file(path, contract)
        except BadInputError as error:
            problems.append(error.message)
            continue
        unknown_columns = list(file.unknown_columns)
        files.append(
            {
                "feed": contract.feed,
                "name": name,
                "checksum": file.checksum,
                "bytes": file.bytes,
                "unknown_columns": unknown_columns,
            }
        )
    return files, problems


def summarise(checked: Iterable[Row], ledger: Iterable[Row], this_run: str) -> dict[str, Any]:
    """Separate each checked file's line of ops.files: loaded by this run, refused, or skipped because it was loaded before.

    Args:
        checked: The files that `check_files` returned.
        ledger: Lines of ops.files.
        this_run: How the run id of every try of this run's load begins.
    """
    ledger_lines = {_identity(row): row for row in ledger}
    files = [(ledger_lines.get((file["feed"], file["checksum"])), file["name"]) for file in checked]
    every_line = [{**line, "name": name} for line, name in files if line]
    known_lines = [row for row in every_line if row["status"] == "loaded"]
    refused = [{"name": row["name"], "refusal": row["refusal"]} for row in every_line if row["status"] == "refused"]
    loaded = {_identity(row): row for row in known_lines if row["run_id"].startswith(this_run)}
    skipped = [{"name": row["name"], "run_id": row["run_id"]} for row in known_lines if _identity(row) not in loaded]
    return {
        "loaded": [
            {
                key: row.get(key)
                for key in ("feed", "name", "status", *COUNTS, *LOST, "reasons", "touched_from", "touched_to")
            }
            for row in loaded.values()
        ],
        "skipped": skipped,
        "refused": refused,
        "missing": [name for line, name in files if not line],
        **{count: sum(row[count] for row in loaded.values()) for count in COUNTS},
    }


def report_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the summary as people read it: one line per file, its reasons beneath it."""
    lines = [
        f"{len(summary['loaded'])} files loaded, {len(summary['skipped'])} already loaded:"
        f" {summary['rows_read']:,} rows read = {summary['rows_good']:,} good"
        f" + {summary['rows_quarantined']:,} quarantined + {summary['rows_duplicate']:,} duplicate"
    ]
    for row in summary["loaded"]:
        counts = ", ".join(f"{count.removeprefix('rows_')} {row[count]:,}" for count in COUNTS)
        lines.append(f"{row['name']}: {counts}")
        lines.extend(f"    {reason}: {rows:,}" for reason, rows in sorted(row["reasons"].items()))
        lines.extend(f"    {row[count]:,} {words}" for count, words in LOST.items() if row.get(count))
    lines.extend(f"{row['name']}: already loaded by {row['run_id']}, skipped" for row in summary["skipped"])
    lines.extend(f"{row['name']}: refused, {row['refusal']}" for row in summary["refused"])
    lines.extend(f"{name}: no line in ops.files" for name in summary["missing"])
    return lines


def entity_asset(contract: Contract) -> Asset:
    """Return the asset that stands for the entity which a contract fills."""
    entity = contract.entity
    return Asset(
        name=f"{contract.catalog}.{entity.full_name}",
        uri=f"basketry://{contract.catalog}/{entity.schema}/{entity.name}",
    )


def _touched(loaded: Iterable[Row]) -> dict[str, str | None]:
    rows = list(loaded)
    first = [row["touched_from"] for row in rows if row["touched_from"]]
    last = [row["touched_to"] for row in rows if row["touched_to"]]
    return {"touched_from": min(first, default=None), "touched_to": max(last, default=None)}


def _ledger(form: Params, more: Iterable[str] = ()) -> list[Row]:
    """Read lines of ops.files.

    Args:
        form: The run's form.
        more: Columns that a table has once this release has loaded something.
    """
    where = {} if form["feed"] == EVERY_FEED else {"feed": form["feed"]}
    return read_rows(form["catalog"], FILES, [*REPORTED, *more], where)


def _identity(line: Row) -> tuple[str, str]:
    return line["feed"], line["file_checksum"]


def _contracts(form: Params) -> list[Contract]:
    from basketry.contracts import select_contracts

    return select_contracts(form["catalog"], form["feed"])


def _check_line(file: Row, *, load_again: bool) -> str:
    from basketry.files.names import shown_name

    names = shown_name(", ".join(file["unknown_columns"]))
    unknown = f", unknown columns {names}" if names else ""
    earlier_run = file["loaded_by"]
    status = (
        "new"
        if earlier_run is None
        else f"already loaded by {earlier_run}, {'loaded again' if load_again else UNCHANGED}"
    )
    return f"{file['name']}: {file['bytes']:,} bytes, {status}{unknown}"
