"""Puts quarantined rows of a feed through today's contract: those that now pass reach silver and leave quarantine.

Order of writes: silver first (by key, repeatable), then quarantine, then the ledger. A run that was killed in between is
healed by the next one, because the ledger's counts are made anew from quarantine each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from basketry.contracts import Contract, load_contract
from basketry.domains.ingest import core
from basketry.domains.ingest.occurrences import renumbered, with_whole_files
from basketry.domains.ingest.order import noted_files
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import digests, masked
from basketry.tables import FILES, QUARANTINE


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Judge the feed's open quarantine rows again; with --dry-run only say what would pass."""
    contract = load_contract(lake.catalog, arguments.feed, lake.settings.include)
    if not lake.exists(QUARANTINE):
        return JobReport(0, 0, (f"{contract.feed}: nothing in quarantine",), dry_run=arguments.dry_run)
    mine = lake.read(QUARANTINE).where(F.col("feed") == contract.feed)
    open_rows = mine.where("state = 'open'")
    rows = with_whole_files(lake, contract, quarantined_rows(open_rows, contract))
    # Kept as delivered first, so that Spark plans the judgement as for a file, and not together with the reading of JSON.
    rows = _with_ordering_times(lake, contract, rows).persist(StorageLevel.DISK_ONLY)
    judged = masked(core.judge(rows, contract), contract, digests(lake)).persist(StorageLevel.DISK_ONLY)
    keys = open_rows.select(F.col("file_checksum").alias("_file_checksum"), F.col("row_number").alias("_row_number"))
    replayed = judged.join(keys, ["_file_checksum", "_row_number"], "leftsemi")
    try:
        total, passing = replayed.count(), core.good(replayed).count()
        if not arguments.dry_run:
            days = _days(core.good(replayed), contract)  # asked before quarantine changes, which tells what is replayed
            if passing:
                entity = core.entity_rows(core.good(replayed), contract)
                others = renumbered(lake, contract, judged, replayed)
                entity = entity if others is None else entity.unionByName(others)
                lake.merge(contract.entity, core.newest_by_key(entity, contract))
            if total:
                lake.replace(QUARANTINE, judged_again(mine, replayed, contract), where=f"feed = '{contract.feed}'")
            recount(lake, contract, days, arguments.run_id)
    finally:
        judged.unpersist()
        rows.unpersist()
    line = f"{contract.feed}: {total:,} rows replayed under contract {contract.version}, {passing:,} pass now"
    details = {"replayed": total, "passed": passing}
    return JobReport(total, passing, (line,), details=details, dry_run=arguments.dry_run)


def _with_ordering_times(lake: Lakehouse, contract: Contract, rows: DataFrame) -> DataFrame:
    """The rows with the times that ops.files noted of their files."""
    times = [(checksum, noted.ordering_time) for checksum, noted in noted_files(lake, contract.feed).items()]
    noted = lake.spark.createDataFrame(times, "_file_checksum string, _ordering_time timestamp")
    return rows.drop("_ordering_time").join(F.broadcast(noted), "_file_checksum", "left")


def quarantined_rows(quarantine: DataFrame, contract: Contract) -> DataFrame:
    """Rows of ops.quarantine as they were delivered: what `core.judge` takes.

    A row of the wrong shape keeps its structural reasons: no mapping can mend it, only a new delivery.
    """
    names = [column.name for column in contract.delivered]
    schema = ", ".join(f"`{name}` string" for name in [*names, "_extra"]) + ", _native array<string>"
    raw = F.from_json("content", schema)
    return quarantine.select(
        F.col("file_checksum").alias("_file_checksum"),
        F.col("row_number").alias("_row_number"),
        F.col("delivered_at").alias("_delivered_at"),
        F.lit(None).cast("timestamp").alias("_ordering_time"),
        F.col("file_name").alias("_file_name"),
        *(raw.getField(name).alias(name) for name in names),
        raw.getField("_extra").alias("_extra"),
        raw.getField("_native").alias("_native"),
        F.filter("reasons", lambda reason: reason.startswith("row:")).alias("_defects"),
    )


def judged_again(mine: DataFrame, judged: DataFrame, contract: Contract) -> DataFrame:
    """The feed's quarantine after a replay: passed rows are marked replayed, the others carry today's reasons.

    The content stays byte for byte what the first load kept.
    """
    verdict = judged.select(
        F.col("_file_checksum").alias("file_checksum"),
        F.col("_row_number").alias("row_number"),
        F.col("_reasons").alias("_today"),
    )
    joined = mine.join(verdict, ["file_checksum", "row_number"], "left")
    is_judged, passes = F.col("_today").isNotNull(), F.size("_today") == 0
    values: Mapping[str, Column] = {
        "reasons": F.when(is_judged & ~passes, F.col("_today")).otherwise(F.col("reasons")),
        "state": F.when(is_judged & passes, F.lit("replayed")).otherwise(F.col("state")),
        "contract_version": F.when(is_judged, F.lit(contract.version)).otherwise(F.col("contract_version")),
    }
    return joined.withColumns(dict(values)).drop("_today")


def recount(lake: Lakehouse, contract: Contract, days: Mapping[str, Row], run_id: str) -> None:
    """Make the ledger agree with quarantine: a file's quarantined rows are its open ones, the rest of them are good.

    days: first and last business day of the rows that passed just now, by file checksum.
    """
    counts = _open_counts(lake, contract)
    files = lake.read(FILES).where((F.col("feed") == contract.feed) & (F.col("status") == "loaded"))
    lines = []
    for row in files.collect():
        rows, reasons = counts.get(row.file_checksum, (0, {}))
        if rows != row.rows_quarantined or row.file_checksum in days:
            kept = {name: count for name, count in row.reasons.items() if core.only_warns(name, contract)}
            lines.append(_recounted(row, rows, {**kept, **reasons}, days.get(row.file_checksum), run_id))
    if lines:
        checksums = ", ".join(repr(line["file_checksum"]) for line in lines)
        written = [tuple(line.get(name) for name in FILES.column_names) for line in lines]
        lake.record(FILES, written, where=f"feed = '{contract.feed}' AND file_checksum IN ({checksums})")


def _open_counts(lake: Lakehouse, contract: Contract) -> dict[str, tuple[int, dict[str, int]]]:
    """Open rows and rows by reason of each file."""
    still = lake.read(QUARANTINE).where((F.col("feed") == contract.feed) & (F.col("state") == "open"))
    counts: dict[str, tuple[int, dict[str, int]]] = {}
    for row in still.groupBy("file_checksum", "reasons").count().collect():
        rows, reasons = counts.get(row.file_checksum, (0, {}))
        for reason in row.reasons:
            reasons[reason] = reasons.get(reason, 0) + row["count"]
        counts[row.file_checksum] = (rows + row["count"], reasons)
    return counts


def _recounted(row: Row, quarantined: int, reasons: dict[str, int], days: Row | None, run_id: str) -> dict[str, object]:
    line = row.asDict()
    line["rows_quarantined"] = quarantined
    line["rows_good"] = row.rows_read - row.rows_duplicate - quarantined
    line["reasons"] = reasons
    line["run_id"] = run_id
    if days is not None:
        line["touched_from"] = min(filter(None, (row.touched_from, days.first_day)), default=None)
        line["touched_to"] = max(filter(None, (row.touched_to, days.last_day)), default=None)
    return line


def _days(passed: DataFrame, contract: Contract) -> dict[str, Row]:
    value = core.business_day(contract)
    grouped = passed.groupBy("_file_checksum").agg(F.min(value).alias("first_day"), F.max(value).alias("last_day"))
    return {row._file_checksum: row for row in grouped.collect()}
