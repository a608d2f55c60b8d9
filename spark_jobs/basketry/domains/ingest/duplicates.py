"""Which of several rows of the same key counts: the last of a file, and among files the newest delivery."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.domains.ingest.core import good_rows, key_columns
from basketry.lake.sql import NEWER


def repeated_keys(validated: DataFrame, contract: Contract) -> DataFrame:
    """Find the keys that a file delivers more than once among its good rows: `_file_checksum`, key columns, `_kept_row`.

    The last row of the file counts, as if the rows had been delivered one after the other. Only keys are shuffled, not
    rows, and only repeated keys are returned, which are usually few.
    """
    keys = good_rows(validated).select("_file_checksum", "_row_number", *key_columns(contract))
    grouped = keys.groupBy("_file_checksum", *contract.entity.key)
    return grouped.agg(F.max("_row_number").alias("_kept_row"), F.count("*").alias("_n")).where("_n > 1").drop("_n")


def mark_duplicates(validated: DataFrame, repeated: DataFrame, contract: Contract) -> DataFrame:
    """Add `_duplicate`: whether a later row of the same file has the same key."""
    same = [F.col("validated._file_checksum") == F.col("repeated._file_checksum"), F.size("validated._reasons") == 0]
    same += [F.col(f"validated._entity.`{name}`") == F.col(f"repeated.`{name}`") for name in contract.entity.key]
    joined = validated.alias("validated").join(repeated.alias("repeated"), same, "left")
    duplicate = F.coalesce(F.col("validated._row_number") < F.col("repeated._kept_row"), F.lit(False))
    return joined.select("validated.*", duplicate.alias("_duplicate"))


def newest_by_key(rows: DataFrame, contract: Contract) -> DataFrame:
    """Return one row per key: the newest delivery, when several files of a load deliver the key."""
    lineage = F.struct(*(F.col(name) for name in NEWER))  # of which a missing one sorts first
    whole_row = F.struct(*(F.col(f"`{name}`") for name in rows.columns))
    return rows.groupBy(*contract.entity.key).agg(F.max_by(whole_row, lineage).alias("_row")).select("_row.*")
