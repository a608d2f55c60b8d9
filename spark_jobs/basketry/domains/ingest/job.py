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

from basketry.contracts import Contract, chosen_contracts
from basketry.domains.ingest import core, declared
from basketry.domains.ingest.delivery import delivered_rows, refusals
from basketry.domains.ingest.ledger import FileTally, among, record, refuse_if_any, tallies
from basketry.domains.ingest.order import contradictions, first_seen, later_copy, made_newest, noted_files, older_rows
from basketry.errors import BadInputError, RefusedFileError
from basketry.files import DeliveredFile, find_files, find_in_feeds, inspect_file, unfit_file
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import digests, masked
from basketry.tables import FILES, QUARANTINE, Table, bronze_table


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Load the files that match --files and are not loaded yet, or not under so late a day (all of them with --force).

    Of one feed, or of every feed: then all are judged before any is written, and a refused file stops the whole delivery.
    With --refusals-only nothing is loaded: the files that cannot be get their lines in ops.files.
    """
    contracts = chosen_contracts(lake.catalog, arguments.feed, lake.settings.include)
    if not arguments.dry_run:
        lake.evolve(FILES)  # also where nothing is new: who reports on this run reads every column
    if arguments.refusals_only:
        return _note_refusals(lake, contracts, arguments)
    delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    for contract, (_, unfit) in delivered:
        _record_refused(lake, contract, unfit, arguments)
    refuse_if_any([tally for _, (_, unfit) in delivered for tally in unfit])
    new, skipped = [], []
    for contract, (found, _) in delivered:
        fresh = _to_load(lake, contract, found, force=arguments.force)
        skipped += [f"{file.name}: already loaded, skipped" for file in _others(found, fresh)]
        if fresh:
            new.append((contract, fresh))
    if not new:
        return JobReport(0, 0, (*skipped, "nothing new to load"), details={"files": []}, dry_run=arguments.dry_run)
    counted = load(lake, new, arguments)
    lines = (*skipped, *(tally.line() for tally in counted))
    good = sum(tally.good for tally in counted)
    return JobReport(
        sum(tally.read for tally in counted), good, lines, details=_details(counted), dry_run=arguments.dry_run
    )


def _to_load(
    lake: Lakehouse, contract: Contract, found: Sequence[DeliveredFile], *, force: bool
) -> list[DeliveredFile]:
    """The files that are news; with force all, as the newest of their days."""
    noted = noted_files(lake, contract.feed)
    if force:
        return made_newest(found, noted, contract)
    loaded = {checksum: before.delivered_at for checksum, before in noted.items() if before.loaded}
    return [file for file in found if file.is_news(loaded)]


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
    lines = tuple(tally.line() for tally in refused) or ("every file can be loaded",)
    return JobReport(0, 0, lines, details=_details(refused), dry_run=arguments.dry_run)


def delivered_files(lake: Lakehouse, contract: Contract, pattern: str) -> tuple[list[DeliveredFile], list[FileTally]]:
    """The feed's files in its landing folder, each once by content: those that fit the contract, and the others' tallies."""
    folder = lake.settings.landing_folder(lake.catalog, contract.feed)
    noted = noted_files(lake, contract.feed)
    fit: dict[str, DeliveredFile] = {}
    unfit: dict[str, FileTally] = {}
    for path in find_files(folder, pattern, contract):
        try:
            file = first_seen(inspect_file(path, contract), noted)
            other = fit.get(file.checksum)
            fit[file.checksum] = later_copy(file, other) if other else file
        except BadInputError as error:
            file = first_seen(unfit_file(path), noted)
            unfit.setdefault(file.checksum, FileTally.refused(file, error))
    return list(fit.values()), list(unfit.values())


@dataclass(frozen=True)
class Judged:
    """A feed's rows with their reasons, kept on disk until they are written; marked: the later of one key, too."""

    contract: Contract
    rows: DataFrame
    marked: DataFrame
    counted: Sequence[FileTally]

    @property
    def good(self) -> DataFrame:
        """Good rows of the entity, of every file the last of each key."""
        return core.entity_rows(core.good(self.marked).where("NOT _duplicate"), self.contract)

    @property
    def newest(self) -> DataFrame:
        """Of the good rows the newest of each key."""
        return core.newest_by_key(self.good, self.contract) if len(self.counted) > 1 else self.good


def load(
    lake: Lakehouse, new: Sequence[tuple[Contract, Sequence[DeliveredFile]]], arguments: argparse.Namespace
) -> list[FileTally]:
    """Judge the rows of every feed's files and, unless a file is refused or this is a dry run, write them."""
    with ExitStack() as kept:
        judged = [_judge(lake, contract, files, arguments, kept) for contract, files in new]
        for feed in judged:
            _record_refused(lake, feed.contract, [tally for tally in feed.counted if tally.refusal], arguments)
        counted = [tally for feed in judged for tally in feed.counted]
        refuse_if_any(counted)
        for feed in judged:
            _count_contradictions(lake, feed)
            if arguments.dry_run:
                _count_older(lake, feed)
            else:
                _write(lake, feed, again=arguments.force)
                record(lake, feed.contract, feed.counted, arguments.run_id, arguments.delivered_by)
    return counted


def _judge(
    lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], arguments: argparse.Namespace, kept: ExitStack
) -> Judged:
    """What becomes of every row. kept: closes what this keeps on disk."""
    rows = core.judge(delivered_rows(lake.spark, files, contract), contract)
    rows = masked(rows, contract, digests(lake)).persist(StorageLevel.DISK_ONLY)
    kept.callback(rows.unpersist)
    repeated = core.repeated_keys(rows, contract).persist(StorageLevel.DISK_ONLY)
    kept.callback(repeated.unpersist)
    marked = core.mark_duplicates(rows, repeated, contract)
    try:
        with refusals():
            lines = core.tally(marked, contract).collect()
            counted = tallies(files, lines, contract, _unknown_texts(rows, contract, lines))
    except RefusedFileError as error:  # found while reading: an unclosed quote, say
        _record_refused(lake, contract, _named(files, error), arguments)
        raise
    return Judged(contract, rows, marked, counted)


def _unknown_texts(rows: DataFrame, contract: Contract, lines: Sequence[Row]) -> list[Row]:
    """The texts that no closed list of words understands, counted only where there are any. lines: of `core.tally`."""
    reasons = {reason for line in lines for reason in line._reasons}
    unknown = {f"{column.name}:{declared.UNKNOWN}" for column in declared.closed_columns(contract)}
    return declared.counted_texts(rows, contract).collect() if reasons & unknown else []


def _record_refused(
    lake: Lakehouse, contract: Contract, refused: Sequence[FileTally], arguments: argparse.Namespace
) -> None:
    """Lines of refused files; one that an earlier run loaded keeps its line, since its rows are still there."""
    if arguments.dry_run or not refused:
        return
    loaded = {checksum for checksum, before in noted_files(lake, contract.feed).items() if before.loaded}
    new = [tally for tally in refused if tally.file.checksum not in loaded]
    if new:
        record(lake, contract, new, arguments.run_id, arguments.delivered_by)


def _named(files: Sequence[DeliveredFile], error: RefusedFileError) -> list[FileTally]:
    """The tally of the file that a refusal names first."""
    named = [file for file in files if error.message.startswith((f"{file.name}:", f"{file.name},"))]
    return [FileTally.refused(file, error) for file in named]


def _count_contradictions(lake: Lakehouse, feed: Judged) -> None:
    found = contradictions(lake, feed.contract, feed.good, [tally.file for tally in feed.counted])
    for tally in feed.counted:
        tally.contradicting = found.get(tally.file.checksum, 0)


def _count_older(lake: Lakehouse, feed: Judged) -> None:
    found = older_rows(lake, feed.contract, feed.newest)
    for tally in feed.counted:
        tally.older = found.get(tally.file.checksum, 0)


def _write(lake: Lakehouse, feed: Judged, *, again: bool) -> None:
    """Write bronze, quarantine and silver side by side: each is one commit and can be repeated on its own.

    again: the files were loaded before and are read anew.
    """
    contract, counted = feed.contract, feed.counted
    bronze = bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))
    quarantined = core.quarantine_rows(feed.rows, contract)
    here = among("_file_checksum", counted)
    writes: list[Callable[[], object]] = [lambda: lake.replace(bronze, core.bronze_rows(feed.rows), where=here)]
    if any(tally.quarantined for tally in counted) or _was_quarantined(lake, QUARANTINE, contract, counted):
        where = f"feed = '{contract.feed}' AND {among('file_checksum', counted)}"
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
