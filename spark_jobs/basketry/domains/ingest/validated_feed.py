"""The validated rows of a feed, and how they are written: bronze, quarantine and silver side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.domains.ingest import core, duplicates
from basketry.domains.ingest.delivery_order import count_contradictions, count_older_rows
from basketry.domains.ingest.ledger import FileTally, in_list
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import QUARANTINE, bronze_table


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

    def without_refused(self) -> ValidatedFeed:
        """Return the feed without the rows and tallies of its refused files."""
        loaded = [tally for tally in self.tallies if not tally.refusal]
        if len(loaded) == len(self.tallies):
            return self
        mine = F.col("_file_checksum").isin(*(tally.file.checksum for tally in loaded))
        return ValidatedFeed(self.contract, self.rows.where(mine), self.marked.where(mine), loaded)

    @property
    def good(self) -> DataFrame:
        """The good rows of the entity: of every file the last row of each key."""
        return core.entity_rows(core.good_rows(self.marked).where("NOT _duplicate"), self.contract)

    @property
    def newest(self) -> DataFrame:
        """The newest good row of each key."""
        return duplicates.newest_by_key(self.good, self.contract) if len(self.tallies) > 1 else self.good


def count_feed_contradictions(lake: Lakehouse, feed: ValidatedFeed) -> None:
    """Note in the feed's tallies how many rows contradict another file of the same day and time."""
    counts = count_contradictions(lake, feed.contract, feed.good, [tally.file for tally in feed.tallies])
    for tally in feed.tallies:
        tally.contradicting = counts.get(tally.file.checksum, 0)


def count_older(lake: Lakehouse, feed: ValidatedFeed) -> None:
    """Note in the feed's tallies how many rows are older than what is stored."""
    counts = count_older_rows(lake, feed.contract, feed.newest)
    for tally in feed.tallies:
        tally.older = counts.get(tally.file.checksum, 0)


def write_feed(lake: Lakehouse, feed: ValidatedFeed, *, again: bool) -> None:
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
        count_older(lake, feed)


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
