"""Replays a feed's quarantined rows under today's contract: rows that pass now reach silver and leave quarantine.

Order of writes: silver first (by key, repeatable), then quarantine, then the ledger. A run that was killed in between is
healed by the next one, because the ledger's counts are computed anew from quarantine each time.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from basketry.contracts import Contract, load_contract
from basketry.domains.ingest import core, duplicates
from basketry.domains.ingest.delivery_order import ledger_entries
from basketry.domains.ingest.occurrences import renumbered_rows, with_whole_files
from basketry.jobs.ingest import ReplayArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import without_forgotten
from basketry.tables import FILES, QUARANTINE


def run(lake: Lakehouse, arguments: ReplayArguments) -> JobReport:
    """Validate the feed's open quarantine rows again; with --dry-run only say what would pass."""
    contract = load_contract(lake.catalog, arguments.feed, lake.settings.include)
    if not lake.exists(QUARANTINE):
        lines = (f"{contract.feed}: nothing in quarantine",)
        return JobReport(rows_in=0, rows_out=0, summary=lines, dry_run=arguments.dry_run)
    quarantine = lake.read(QUARANTINE).where(F.col("feed") == contract.feed)
    open_rows = quarantine.where("state = 'open'")
    rows = with_whole_files(lake, contract, quarantined_rows(open_rows, contract))
    # Cached as delivered, so that Spark plans the validation as for a file, and not together with the reading of JSON.
    with (
        lake.cached(_with_ordering_times(lake, contract, rows)) as rows,
        lake.cached(
            without_forgotten(lake, core.validate_rows(rows, contract), contract, hold=not arguments.release)
        ) as validated,
    ):
        keys = open_rows.select(
            F.col("file_checksum").alias("_file_checksum"), F.col("row_number").alias("_row_number")
        )
        replayed = validated.join(keys, ["_file_checksum", "_row_number"], "leftsemi")
        total, passing = replayed.count(), core.good_rows(replayed).count()
        if not arguments.dry_run:
            # Before quarantine changes, from which `replayed` is read.
            days = _days(core.good_rows(replayed), contract)
            if passing:
                entity = core.entity_rows(core.good_rows(replayed), contract)
                others = renumbered_rows(lake, contract, validated, replayed)
                entity = entity if others is None else entity.unionByName(others)
                lake.merge(contract.entity, duplicates.newest_by_key(entity, contract))
            if total:
                changed = revalidated_quarantine(quarantine, replayed, contract)
                lake.replace(QUARANTINE, changed, where=f"feed = '{contract.feed}'")
            recount_ledger(lake, contract, days, arguments.run_id)
    line = f"{contract.feed}: {total:,} rows replayed under contract {contract.version}, {passing:,} pass now"
    return JobReport(
        rows_in=total,
        rows_out=passing,
        summary=(line,),
        details={"replayed": total, "passed": passing},
        dry_run=arguments.dry_run,
    )


def _with_ordering_times(lake: Lakehouse, contract: Contract, rows: DataFrame) -> DataFrame:
    """Add the ordering times that ops.files records of the rows' files."""
    times = [(checksum, entry.ordering_time) for checksum, entry in ledger_entries(lake, contract.feed).items()]
    ledger = lake.spark.createDataFrame(times, "_file_checksum string, _ordering_time timestamp")
    return rows.drop("_ordering_time").join(F.broadcast(ledger), "_file_checksum", "left")


def quarantined_rows(quarantine: DataFrame, contract: Contract) -> DataFrame:
    """Return rows of ops.quarantine as they were delivered: what `core.validate_rows` takes.

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


def revalidated_quarantine(quarantine: DataFrame, validated: DataFrame, contract: Contract) -> DataFrame:
    """Return the feed's quarantine after a replay: passed rows are marked replayed, the others have today's reasons.

    The content stays byte for byte what the first load stored.
    """
    verdict = validated.select(
        F.col("_file_checksum").alias("file_checksum"),
        F.col("_row_number").alias("row_number"),
        F.col("_reasons").alias("_today"),
    )
    joined = quarantine.join(verdict, ["file_checksum", "row_number"], "left")
    is_validated, passes = F.col("_today").isNotNull(), F.size("_today") == 0
    values: Mapping[str, Column] = {
        "reasons": F.when(is_validated & ~passes, F.col("_today")).otherwise(F.col("reasons")),
        "state": F.when(is_validated & passes, F.lit("replayed")).otherwise(F.col("state")),
        "contract_version": F.when(is_validated, F.lit(contract.version)).otherwise(F.col("contract_version")),
    }
    return joined.withColumns(dict(values)).drop("_today")


def recount_ledger(lake: Lakehouse, contract: Contract, days: Mapping[str, Row], run_id: str) -> None:
    """Make the ledger agree with quarantine: a file's quarantined rows are its open ones, the rest of them are good.

    Args:
        lake: the lake.
        contract: the contract of the feed.
        days: the first and last business day of the rows that passed just now, by the checksum of the file.
        run_id: the run that is recorded.
    """
    counts = _open_counts(lake, contract)
    files = lake.read(FILES).where((F.col("feed") == contract.feed) & (F.col("status") == "loaded"))
    lines = []
    for row in files.collect():
        rows, reasons = counts.get(row.file_checksum, (0, {}))
        if rows != row.rows_quarantined or row.file_checksum in days:
            warnings = {name: count for name, count in row.reasons.items() if core.is_warning(name, contract)}
            line = _recounted(row, quarantined=rows, reasons={**warnings, **reasons}, days=days.get(row.file_checksum))
            lines.append({**line, "run_id": run_id})
    if lines:
        checksums = ", ".join(repr(line["file_checksum"]) for line in lines)
        written = [tuple(line.get(name) for name in FILES.column_names) for line in lines]
        lake.record(FILES, written, where=f"feed = '{contract.feed}' AND file_checksum IN ({checksums})")


def _open_counts(lake: Lakehouse, contract: Contract) -> dict[str, tuple[int, dict[str, int]]]:
    """Count the open rows of each file, and its rows by reason."""
    still = lake.read(QUARANTINE).where((F.col("feed") == contract.feed) & (F.col("state") == "open"))
    counts: dict[str, tuple[int, dict[str, int]]] = {}
    for row in still.groupBy("file_checksum", "reasons").count().collect():
        rows, reasons = counts.get(row.file_checksum, (0, {}))
        for reason in row.reasons:
            reasons[reason] = reasons.get(reason, 0) + row["count"]
        counts[row.file_checksum] = (rows + row["count"], reasons)
    return counts


def _recounted(row: Row, *, quarantined: int, reasons: dict[str, int], days: Row | None) -> dict[str, object]:
    line = row.asDict()
    line["rows_quarantined"] = quarantined
    line["rows_good"] = row.rows_read - row.rows_duplicate - quarantined
    line["reasons"] = reasons

    if days is not None:
        line["touched_from"] = min(filter(None, (row.touched_from, days.first_day)), default=None)
        line["touched_to"] = max(filter(None, (row.touched_to, days.last_day)), default=None)
    return line


def _days(passed: DataFrame, contract: Contract) -> dict[str, Row]:
    value = core.business_day(contract)
    grouped = passed.groupBy("_file_checksum").agg(F.min(value).alias("first_day"), F.max(value).alias("last_day"))
    return {row._file_checksum: row for row in grouped.collect()}
