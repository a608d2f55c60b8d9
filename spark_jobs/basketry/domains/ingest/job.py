"""Loads delivered files: bronze as delivered, quarantine with reasons, silver by key, the ledger last.

Killed anywhere, it can be run again: what it writes is keyed by the files' checksums, and a file counts as loaded only
when its entry stands in ops.files, which is written last.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from pyspark.sql import DataFrame, Row

from basketry.contracts import Contract, select_contracts
from basketry.domains.ingest import core, duplicates, table_rules
from basketry.domains.ingest.delivery import RefusedWhileReadingError, read_delivered_rows, task_refusals
from basketry.domains.ingest.delivery_order import (
    count_contradictions,
    count_older_rows,
    ledger_entries,
    make_newest,
    merge_copies,
    with_first_seen_times,
)
from basketry.domains.ingest.ledger import FileTally, in_list, raise_if_refused, record_files, tally_files
from basketry.errors import BadInputError
from basketry.files import DeliveredFile, describe_invalid_file, find_files, find_in_feeds, inspect_file
from basketry.jobs.ingest import IngestArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import forgotten_digests, mask_forgotten
from basketry.tables import FILES, QUARANTINE, bronze_table


def run(lake: Lakehouse, arguments: IngestArguments) -> JobReport:
    """Load the files that match --files and are not loaded yet, or not under so late a day; with --force all of them.

    For every feed instead of one, all feeds are validated before any is written, and a refused file stops the whole
    delivery. With --refusals-only nothing is loaded: the files that cannot be loaded get their entries in ops.files.
    """
    contracts = select_contracts(lake.catalog, arguments.feed, lake.settings.include)
    if not arguments.dry_run:
        lake.evolve(FILES)  # also if nothing is new: who reports on this run reads every column
    if arguments.refusals_only:
        return _record_refusals(lake, contracts, arguments)
    delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    for contract, (_, invalid) in delivered:
        _record_refused(lake, contract, invalid, arguments)
    raise_if_refused([tally for _, (_, invalid) in delivered for tally in invalid])
    new, skipped = [], []
    for contract, (valid, _) in delivered:
        chosen = _files_to_load(lake, contract, valid, force=arguments.force)
        skipped += [f"{file.name}: already loaded, skipped" for file in _others(valid, chosen)]
        if chosen:
            new.append((contract, chosen))
    if not new:
        return _report([], (*skipped, "nothing new to load"), arguments)
    tallies = load_feeds(lake, new, arguments)
    return _report(tallies, (*skipped, *(tally.describe() for tally in tallies)), arguments)


def _report(tallies: Sequence[FileTally], lines: tuple[str, ...], arguments: IngestArguments) -> JobReport:
    return JobReport(
        rows_in=sum(tally.read for tally in tallies),
        rows_out=sum(tally.good for tally in tallies),
        summary=lines,
        details={"files": [_details(tally) for tally in tallies]},
        dry_run=arguments.dry_run,
    )


def _details(tally: FileTally) -> dict[str, object]:
    return {
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


def _files_to_load(
    lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], *, force: bool
) -> list[DeliveredFile]:
    """Return the files that should be loaded; with force all, as the newest of their days."""
    ledger = ledger_entries(lake, contract.feed)
    if force:
        return make_newest(files, ledger, contract)
    loaded = {checksum: entry.delivered_at for checksum, entry in ledger.items() if entry.loaded}
    return [file for file in files if file.should_load(loaded)]


def _others(files: Sequence[DeliveredFile], chosen: Sequence[DeliveredFile]) -> list[DeliveredFile]:
    checksums = {file.checksum for file in chosen}
    return [file for file in files if file.checksum not in checksums]


def _record_refusals(lake: Lakehouse, contracts: Sequence[Contract], arguments: IngestArguments) -> JobReport:
    try:
        delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    except BadInputError as error:  # no file is meant, or one outside the landing folder: there is none to record
        return _report([], (error.message,), arguments)
    refused = []
    for contract, (_, invalid) in delivered:
        _record_refused(lake, contract, invalid, arguments)
        refused += invalid
    return _report(refused, tuple(tally.describe() for tally in refused) or ("every file can be loaded",), arguments)


def delivered_files(lake: Lakehouse, contract: Contract, pattern: str) -> tuple[list[DeliveredFile], list[FileTally]]:
    """Find the feed's files in its landing folder, each content once.

    Returns:
        The files that fit the contract, and the tallies of those that do not.
    """
    folder = lake.settings.landing_folder(lake.catalog, contract.feed)
    ledger = ledger_entries(lake, contract.feed)
    valid: dict[str, DeliveredFile] = {}
    invalid: dict[str, FileTally] = {}
    for path in find_files(folder, pattern, contract):
        try:
            file = with_first_seen_times(inspect_file(path, contract), ledger)
            other = valid.get(file.checksum)
            valid[file.checksum] = merge_copies(file, other) if other else file
        except BadInputError as error:
            file = with_first_seen_times(describe_invalid_file(path), ledger)
            invalid.setdefault(file.checksum, FileTally.refused(file, error))
    return list(valid.values()), list(invalid.values())


@dataclass(frozen=True)
class ValidatedFeed:
    """The validated rows of a feed, persisted on disk until they are written.

    Attributes:
        contract: the contract of the feed.
        rows: the rows with their reasons.
        marked: the rows, marked if a later row of the same file has the same key.
        tallies: what became of the rows of each file.
    """

    contract: Contract
    rows: DataFrame
    marked: DataFrame
    tallies: Sequence[FileTally]

    @property
    def good(self) -> DataFrame:
        """The good rows of the entity: of every file the last row of each key."""
        return core.entity_rows(core.good_rows(self.marked).where("NOT _duplicate"), self.contract)

    @property
    def newest(self) -> DataFrame:
        """The newest good row of each key."""
        return duplicates.newest_by_key(self.good, self.contract) if len(self.tallies) > 1 else self.good


def load_feeds(
    lake: Lakehouse, new: Sequence[tuple[Contract, Sequence[DeliveredFile]]], arguments: IngestArguments
) -> list[FileTally]:
    """Validate the rows of every feed's files and write them, unless a file is refused or this is a dry run."""
    with ExitStack() as stored:
        feeds = []
        for contract, files in new:
            try:
                feeds.append(_validate(lake, contract, files, stored))
            except RefusedWhileReadingError as error:  # because of an unclosed quote, say
                refused = [FileTally.refused(file, error) for file in files if file.checksum == error.checksum]
                _record_refused(lake, contract, refused, arguments)
                raise
        for feed in feeds:
            _record_refused(lake, feed.contract, [tally for tally in feed.tallies if tally.refusal], arguments)
        tallies = [tally for feed in feeds for tally in feed.tallies]
        raise_if_refused(tallies)
        for feed in feeds:
            _count_contradictions(lake, feed)
            if arguments.dry_run:
                _count_older(lake, feed)
            else:
                _write(lake, feed, again=arguments.force)
                _record(lake, feed.contract, feed.tallies, arguments)
    return tallies


def _validate(lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], stored: ExitStack) -> ValidatedFeed:
    """Validate the rows of a feed's files; closing `stored` frees what is kept meanwhile."""
    rows = core.validate_rows(read_delivered_rows(lake.spark, files, contract), contract)
    rows = stored.enter_context(lake.cached(mask_forgotten(rows, contract, forgotten_digests(lake))))
    repeated = stored.enter_context(lake.cached(duplicates.repeated_keys(rows, contract)))
    marked = duplicates.mark_duplicates(rows, repeated, contract)
    with task_refusals():
        lines = core.count_outcomes(marked, contract).collect()
        tallies = tally_files(files, lines, contract, _unknown_texts(rows, contract, lines))
    return ValidatedFeed(contract, rows, marked, tallies)


def _unknown_texts(rows: DataFrame, contract: Contract, lines: Sequence[Row]) -> list[Row]:
    """Count the texts that no closed list of words understands, if the lines of `core.count_outcomes` say there are any."""
    reasons = {reason for line in lines for reason in line._reasons}
    unknown = {f"{column.name}:{table_rules.UNKNOWN}" for column in table_rules.closed_columns(contract)}
    return table_rules.count_unknown_texts(rows, contract).collect() if reasons & unknown else []


def _record_refused(
    lake: Lakehouse, contract: Contract, refused: Sequence[FileTally], arguments: IngestArguments
) -> None:
    """Record refused files; a file that an earlier run loaded keeps its entry, since its rows are still there."""
    if arguments.dry_run or not refused:
        return
    loaded = {checksum for checksum, entry in ledger_entries(lake, contract.feed).items() if entry.loaded}
    new = [tally for tally in refused if tally.file.checksum not in loaded]
    if new:
        _record(lake, contract, new, arguments)


def _record(lake: Lakehouse, contract: Contract, tallies: Sequence[FileTally], arguments: IngestArguments) -> None:
    record_files(lake, contract, tallies, run_id=arguments.run_id, delivered_by=arguments.delivered_by)


def _count_contradictions(lake: Lakehouse, feed: ValidatedFeed) -> None:
    counts = count_contradictions(lake, feed.contract, feed.good, [tally.file for tally in feed.tallies])
    for tally in feed.tallies:
        tally.contradicting = counts.get(tally.file.checksum, 0)


def _count_older(lake: Lakehouse, feed: ValidatedFeed) -> None:
    counts = count_older_rows(lake, feed.contract, feed.newest)
    for tally in feed.tallies:
        tally.older = counts.get(tally.file.checksum, 0)


def _write(lake: Lakehouse, feed: ValidatedFeed, *, again: bool) -> None:
    """Write bronze, quarantine and silver side by side: each is one commit and can be repeated on its own.

    Args:
        lake: the lake.
        feed: the rows of the feed.
        again: whether the files were loaded before and are loaded anew.
    """
    with ThreadPoolExecutor(max_workers=3) as pool:
        silver = pool.submit(lake.merge, feed.contract.entity, feed.newest, again=again)
        bronze = pool.submit(_write_bronze, lake, feed)
        quarantine = pool.submit(_write_quarantine, lake, feed)
        bronze.result()
        quarantine.result()
        merged = silver.result()
    if merged is not None and merged < sum(tally.good for tally in feed.tallies):
        _count_older(lake, feed)


def _write_bronze(lake: Lakehouse, feed: ValidatedFeed) -> None:
    columns = ((column.name, column.pii) for column in feed.contract.delivered)
    table = bronze_table(feed.contract.feed, columns)
    lake.replace(table, core.bronze_rows(feed.rows), where=in_list("_file_checksum", feed.tallies))


def _write_quarantine(lake: Lakehouse, feed: ValidatedFeed) -> None:
    if any(tally.quarantined for tally in feed.tallies) or _has_quarantined_rows(lake, feed):
        where = f"feed = '{feed.contract.feed}' AND {in_list('file_checksum', feed.tallies)}"
        lake.replace(QUARANTINE, core.quarantine_rows(feed.rows, feed.contract), where=where)


def _has_quarantined_rows(lake: Lakehouse, feed: ValidatedFeed) -> bool:
    """Return whether an earlier load of these files left rows in quarantine that this one must take out."""
    if not lake.exists(QUARANTINE):
        return False
    wanted = {"feed": {feed.contract.feed}, "file_checksum": {tally.file.checksum for tally in feed.tallies}}
    return bool(lake.read_filtered(QUARANTINE, ["row_number"], wanted, since={}).num_rows)
