"""Loads delivered files: bronze as delivered, quarantine with reasons, silver by key, the ledger last.

Killed anywhere, it can be run again: what it writes is keyed by the files' checksums, and a file counts as loaded only
when its entry stands in ops.files, which is written last.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from pyspark.sql import DataFrame, Row

from basketry.contracts import Contract, select_contracts
from basketry.domains.ingest import core, duplicates, table_rules
from basketry.domains.ingest.delivery import RefusedWhileReadingError, read_delivered_rows, task_refusals
from basketry.domains.ingest.delivery_order import ledger_entries, make_newest, merge_copies, with_first_seen_times
from basketry.domains.ingest.ledger import FileTally, raise_if_refused, record_files, tally_files
from basketry.domains.ingest.validated_feed import ValidatedFeed, count_feed_contradictions, count_older, write_feed
from basketry.errors import BadInputError
from basketry.files import DeliveredFile, describe_invalid_file, find_in_feeds, inspect_file, search_files
from basketry.jobs.ingest import IngestArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import give_keys, without_forgotten
from basketry.tables import FILES

FEEDS_AT_ONCE = 2
"""One feed leaves a core idle while its queries are planned; more than two would only share the memory."""


def run(lake: Lakehouse, arguments: IngestArguments) -> JobReport:
    """Load the files that match --files and are not loaded yet, or not under so late a day; with --force all of them.

    For every feed instead of one, all feeds are validated before any is written. A refused file stops no other: the rest is
    loaded, then the run fails with the name of each refused file. With --refusals-only nothing is loaded: the files that
    cannot be loaded get their entries in ops.files.

    Raises:
        BadInputError: if a file is refused, with the name of each.
    """
    contracts = select_contracts(lake.catalog, arguments.feed, lake.settings.include)
    if not arguments.dry_run:
        lake.evolve(FILES)  # also if nothing is new: who reports on this run reads every column
        give_keys(lake)
    if arguments.refusals_only:
        return _record_refusals(lake, contracts, arguments)
    delivered = find_in_feeds(contracts, lambda contract: delivered_files(lake, contract, arguments.files))
    for contract, (_, invalid) in delivered:
        _record_refused(lake, contract, invalid, arguments)
    refused = [tally for _, (_, invalid) in delivered for tally in invalid]
    new, skipped = [], []
    for contract, (valid, _) in delivered:
        chosen = _files_to_load(lake, contract, valid, force=arguments.force)
        skipped += [f"{file.name}: already loaded, skipped" for file in _others(valid, chosen)]
        if chosen:
            new.append((contract, chosen))
    tallies = load_feeds(lake, new, arguments)
    raise_if_refused([*refused, *tallies], others_loaded=not arguments.dry_run)
    if not new:
        return _report([], (*skipped, "nothing new to load"), arguments)
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
    delivered = search_files(folder, pattern, contract)
    refused: list[tuple[Path, BadInputError]] = list(delivered.refused)
    for path in delivered.paths:
        try:
            file = with_first_seen_times(inspect_file(path, contract, folder), ledger)
            other = valid.get(file.checksum)
            valid[file.checksum] = merge_copies(file, other) if other else file
        except BadInputError as error:
            refused.append((path, error))
    for path, problem in refused:
        file = with_first_seen_times(describe_invalid_file(path, folder), ledger)
        invalid.setdefault(file.checksum, FileTally.refused(file, problem))
    return list(valid.values()), list(invalid.values())


def load_feeds(
    lake: Lakehouse, new: Sequence[tuple[Contract, Sequence[DeliveredFile]]], arguments: IngestArguments
) -> list[FileTally]:
    """Validate the rows of every feed's files and write those of the files that are not refused, unless it is a dry run."""
    with (
        ExitStack() as stored,
        ThreadPoolExecutor(FEEDS_AT_ONCE) as pool,
    ):  # while one feed is planned, another computes
        begun = [pool.submit(_validate_readable, lake, contract, files, stored) for contract, files in new]
        validated = [validation.result() for validation in begun]
        for (contract, _), (feed, damaged) in zip(new, validated, strict=True):
            judged = feed.tallies if feed else ()
            _record_refused(lake, contract, [*damaged, *(tally for tally in judged if tally.refusal)], arguments)
        feeds = [feed for feed, _ in validated if feed]
        _finish_side_by_side(lake, [feed.without_refused() for feed in feeds], arguments)
    return [tally for feed, damaged in validated for tally in (*(feed.tallies if feed else ()), *damaged)]


def _validate_readable(
    lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], stored: ExitStack
) -> tuple[ValidatedFeed | None, list[FileTally]]:
    """Validate a feed's files, without those that are refused while they are read, because of an unclosed quote, say.

    Returns:
        The feed, None if no file is left; and the tallies of the files that were refused meanwhile.
    """
    damaged: list[FileTally] = []
    while files:
        with ExitStack() as attempt:
            try:
                feed = _validate(lake, contract, files, attempt)
            except RefusedWhileReadingError as error:
                refused = [file for file in files if file.checksum == error.checksum]
                if not refused:  # the task did not say which file it is
                    raise
                damaged += [FileTally.refused(file, error) for file in refused]
                files = [file for file in files if file.checksum != error.checksum]
                continue
            stored.push(attempt.pop_all())
            return feed, damaged
    return None, damaged


def _finish_side_by_side(lake: Lakehouse, feeds: Sequence[ValidatedFeed], arguments: IngestArguments) -> None:
    """Write feeds two at a time, and those that fill one entity in the order of loading."""
    by_entity: dict[str, list[ValidatedFeed]] = {}
    for feed in filter(lambda feed: feed.tallies, feeds):
        by_entity.setdefault(feed.contract.entity.full_name, []).append(feed)

    def finish(of_one_entity: Sequence[ValidatedFeed]) -> None:
        """Write the feeds of an entity."""
        for feed in of_one_entity:
            _finish(lake, feed, arguments)

    with ThreadPoolExecutor(FEEDS_AT_ONCE) as pool:
        for written in [pool.submit(finish, each) for each in by_entity.values()]:
            written.result()


def _finish(lake: Lakehouse, feed: ValidatedFeed, arguments: IngestArguments) -> None:
    """Write a feed, its ledger last; of a dry run only count what would be older."""
    count_feed_contradictions(lake, feed)
    if arguments.dry_run:
        count_older(lake, feed)
    else:
        write_feed(lake, feed, again=arguments.force)
        _record(lake, feed.contract, feed.tallies, arguments)


def _validate(lake: Lakehouse, contract: Contract, files: Sequence[DeliveredFile], stored: ExitStack) -> ValidatedFeed:
    """Validate the rows of a feed's files; closing `stored` frees what is kept meanwhile."""
    folder = lake.settings.landing_folder(lake.catalog, contract.feed)
    rows = core.validate_rows(read_delivered_rows(lake.spark, files, contract, folder), contract)
    rows = stored.enter_context(lake.cached(without_forgotten(lake, rows, contract)))
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
