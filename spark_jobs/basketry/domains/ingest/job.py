"""Loads delivered files: bronze as delivered, quarantine with reasons, silver by key, the ledger last.

Killed anywhere, it can be run again: what it writes is keyed by the files' checksums, and a file counts as loaded only
when its line stands in ops.files, which is written last.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row

from basketry.contracts import Contract, select_contracts
from basketry.domains.ingest import core, table_rules
from basketry.domains.ingest.delivery import read_delivered_rows, task_refusals
from basketry.domains.ingest.delivery_order import (
    count_contradictions,
    count_older_rows,
    ledger_entries,
    make_newest,
    merge_copies,
    with_first_seen_times,
)
from basketry.domains.ingest.ledger import FileTally, in_list, raise_if_refused, record_files, tally_files
from basketry.errors import BadInputError, RefusedFileError
from basketry.files import DeliveredFile, describe_invalid_file, find_files, find_in_feeds, inspect_file
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import digests, masked
from basketry.tables import FILES, QUARANTINE, Table, bronze_table


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Load the files that match --files and are not loaded yet, or not under so late a day (all of them with --force).

    Of one feed, or of every feed: then all are validated before any is written, and a refused file stops the whole delivery.
    With --refusals-only nothing is loaded: the files that cannot be get their lines in ops.files.
    """
    contracts = select_contracts(lake.catalog, arguments.feed, lake.settings.include)
    if not arguments.dry_run:
        lake.evolve(FILES)  # also where nothing is new: who reports on this run reads every column
    if arguments.refusals_only:
        return _note_refusals(lake, contracts, arguments)
    delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    for contract, (_, unfit) in delivered:
        _record_refused(lake, contract, unfit, arguments)
    raise_if_refused([tally for _, (_, unfit) in delivered for tally in unfit])
    new, skipped = [], []
    for contract, (found, _) in delivered:
        fresh = _to_load(lake, contract, found, force=arguments.force)
        skipped += [f"{file.name}: already loaded, skipped" for file in _others(found, fresh)]
        if fresh:
            new.append((contract, fresh))
    if not new:
        return JobReport(0, 0, (*skipped, "nothing new to load"), details={"files": []}, dry_run=arguments.dry_run)
    counted = load_feeds(lake, new, arguments)
    lines = (*skipped, *(tally.describe() for tally in counted))
    good = sum(tally.good for tally in counted)
    return JobReport(
        sum(tally.read for tally in counted), good, lines, details=_details(counted), dry_run=arguments.dry_run
    )


def _to_load(
    lake: Lakehouse, contract: Contract, found: Sequence[DeliveredFile], *, force: bool
) -> list[DeliveredFile]:
    """The files that are news; with force all, as the newest of their days."""
    noted = ledger_entries(lake, contract.feed)
    if force:
        return make_newest(found, noted, contract)
    loaded = {checksum: before.delivered_at for checksum, before in noted.items() if before.loaded}
    return [file for file in found if file.should_load(loaded)]


def _others(files: Sequence[DeliveredFile], chosen: Sequence[DeliveredFile]) -> list[DeliveredFile]:
    checksums = {file.checksum for file in chosen}
    return [file for file in files if file.checksum not in checksums]


def _note_refusals(lake: Lakehouse, contracts: Sequence[Contract], arguments: argparse.Namespace) -> JobReport:
    try:
        delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    except BadInputError as error:  # no file is meant, or one outside the landing folder: there is none to note
        return JobReport(0, 0, (error.message,), details={"files": []}, dry_run=arguments.dry_run)
    refused = []
    for contract, (_, unfit) in delivered:
        _record_refused(lake, contract, unfit, arguments)
        refused += unfit
    lines = tuple(tally.describe() for tally in refused) or ("every file can be loaded",)
    return JobReport(0, 0, lines, details=_details(refused), dry_run=arguments.dry_run)


def delivered_files(lake: Lakehouse, contract: Contract, pattern: str) -> tuple[list[DeliveredFile], list[FileTally]]:
    """The feed's files in its landing folder, each once by content: those that fit the contract, and the others' tallies."""
    folder = lake.settings.landing_folder(lake.catalog, contract.feed)
    noted = ledger_entries(lake, contract.feed)
    fit: dict[str, DeliveredFile] = {}
    unfit: dict[str, FileTally] = {}
    for path in find_files(folder, pattern, contract):
        try:
            file = with_first_seen_times(inspect_file(path, contract), noted)
            other = fit.get(file.checksum)
            fit[file.checksum] = merge_copies(file, other) if other else file
        except BadInputError as error:
            file = with_first_seen_times(describe_invalid_file(path), noted)
            unfit.setdefault(file.checksum, FileTally.refused(file, error))
    return list(fit.values()), list(unfit.values())


@dataclass(frozen=True)
class ValidatedFeed:
    """A feed's rows with their reasons, kept on disk until they are written; marked: the later of one key, too."""

    contract: Contract
    rows: DataFrame
    marked: DataFrame
    counted: Sequence[FileTally]

    @property
    def good(self) -> DataFrame:
        """Good rows of the entity, of every file the last of each key."""
        return core.entity_rows(core.good_rows(self.marked).where("NOT _duplicate"), self.contract)

    @property
    def newest(self) -> DataFrame:
        """Of the good rows the newest of each key."""
        return core.newest_by_key(self.good, self.contract) if len(self.counted) > 1 else self.good


def load_feeds(
    lake: Lakehouse, new: Sequence[tuple[Contract, Sequence[DeliveredFile]]], arguments: argparse.Namespace
) -> list[FileTally]:
    """Judge the rows of every feed's files and, unless a file is refused or this is a dry run, write them."""
    with ExitStack() as kept:
        validated = [_judge(lake, contract, files, arguments, kept) for contract, files in new]
        for feed in validated:
            _record_refused(lake, feed.contract, [tally for tally in feed.counted if tally.refusal], arguments)
        counted = [tally for feed in validated for tally in feed.counted]
        raise_if_refused(counted)
        for feed in validated:
            _count_contradictions(lake, feed)
            if arguments.dry_run:
                _count_older(lake, feed)
            else:
                _write(lake, feed, again=arguments.force)
                record_files(lake, feed.contract, feed.counted, arguments.run_id, arguments.delivered_by)
    return counted


def _judge(
    lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], arguments: argparse.Namespace, kept: ExitStack
) -> ValidatedFeed:
    """What becomes of every row. kept: closes what this keeps on disk."""
    rows = core.validate_rows(read_delivered_rows(lake.spark, files, contract), contract)
    rows = masked(rows, contract, digests(lake)).persist(StorageLevel.DISK_ONLY)
    kept.callback(rows.unpersist)
    repeated = core.repeated_keys(rows, contract).persist(StorageLevel.DISK_ONLY)
    kept.callback(repeated.unpersist)
    marked = core.mark_duplicates(rows, repeated, contract)
    try:
        with task_refusals():
            lines = core.count_outcomes(marked, contract).collect()
            counted = tally_files(files, lines, contract, _unknown_texts(rows, contract, lines))
    except RefusedFileError as error:  # found while reading: an unclosed quote, say
        _record_refused(lake, contract, _named(files, error), arguments)
        raise
    return ValidatedFeed(contract, rows, marked, counted)


def _unknown_texts(rows: DataFrame, contract: Contract, lines: Sequence[Row]) -> list[Row]:
    """The texts that no closed list of words understands, counted only where there are any. lines: of `core.count_outcomes`."""
    reasons = {reason for line in lines for reason in line._reasons}
    unknown = {f"{column.name}:{table_rules.UNKNOWN}" for column in table_rules.closed_columns(contract)}
    return table_rules.count_unknown_texts(rows, contract).collect() if reasons & unknown else []


def _record_refused(
    lake: Lakehouse, contract: Contract, refused: Sequence[FileTally], arguments: argparse.Namespace
) -> None:
    """Lines of refused files; one that an earlier run loaded keeps its line, since its rows are still there."""
    if arguments.dry_run or not refused:
        return
    loaded = {checksum for checksum, before in ledger_entries(lake, contract.feed).items() if before.loaded}
    new = [tally for tally in refused if tally.file.checksum not in loaded]
    if new:
        record_files(lake, contract, new, arguments.run_id, arguments.delivered_by)


def _named(files: Sequence[DeliveredFile], error: RefusedFileError) -> list[FileTally]:
    """The tally of the file that a refusal names first."""
    named = [file for file in files if error.message.startswith((f"{file.name}:", f"{file.name},"))]
    return [FileTally.refused(file, error) for file in named]


def _count_contradictions(lake: Lakehouse, feed: ValidatedFeed) -> None:
    found = count_contradictions(lake, feed.contract, feed.good, [tally.file for tally in feed.counted])
    for tally in feed.counted:
        tally.contradicting = found.get(tally.file.checksum, 0)


def _count_older(lake: Lakehouse, feed: ValidatedFeed) -> None:
    found = count_older_rows(lake, feed.contract, feed.newest)
    for tally in feed.counted:
        tally.older = found.get(tally.file.checksum, 0)


def _write(lake: Lakehouse, feed: ValidatedFeed, *, again: bool) -> None:
    """Write bronze, quarantine and silver side by side: each is one commit and can be repeated on its own.

    again: the files were loaded before and are read anew.
    """
    contract, counted = feed.contract, feed.counted
    bronze = bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))
    quarantined = core.quarantine_rows(feed.rows, contract)
    here = in_list("_file_checksum", counted)
    writes: list[Callable[[], object]] = [lambda: lake.replace(bronze, core.bronze_rows(feed.rows), where=here)]
    if any(tally.quarantined for tally in counted) or _was_quarantined(lake, QUARANTINE, contract, counted):
        where = f"feed = '{contract.feed}' AND {in_list('file_checksum', counted)}"
        writes.append(lambda: lake.replace(QUARANTINE, quarantined, where=where))
    with ThreadPoolExecutor(len(writes) + 1) as pool:
        merging = pool.submit(lambda: lake.merge(contract.entity, feed.newest, again=again))
        for write in [pool.submit(write) for write in writes]:
            write.result()
        written = merging.result()
    if written is not None and written < sum(tally.good for tally in counted):
        _count_older(lake, feed)


def _was_quarantined(lake: Lakehouse, table: Table, contract: Contract, counted: Sequence[FileTally]) -> bool:
    """Whether an earlier load of these files left rows in quarantine that this one must take out."""
    if not lake.exists(table):
        return False
    files = {tally.file.checksum for tally in counted}
    return bool(
        lake.matching(table, ["row_number"], {"feed": {contract.feed}, "file_checksum": files}, since={}).num_rows
    )


def _details(counted: Sequence[FileTally]) -> dict[str, object]:
    files = [
        {
            "file": tally.file.name,
            "read": tally.read,
            "good": tally.good,
            "quarantined": tally.quarantined,
            "duplicate": tally.duplicate,
            "warned": tally.warned,
            "older": tally.older,
            "contradicting": tally.contradicting,
            "reasons": dict(tally.reasons),
            "unknown": {reason: dict(texts) for reason, texts in tally.texts.items()},
        }
        for tally in counted
    ]
    return {"files": files}
