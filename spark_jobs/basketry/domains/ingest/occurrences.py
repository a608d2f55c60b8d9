"""Occurrence numbers of equal rows, which need all rows of a file: no row can say alone how many equal ones precede it.

During a load all rows of a file are there. When quarantined rows are replayed, the other rows of their files come from
bronze.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.domains.ingest import core
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import with_nulls
from basketry.tables import bronze_table

ROW = ["_file_checksum", "_row_number"]


def counts_occurrences(contract: Contract) -> bool:
    """Return whether an id of the contract depends on the other rows of the file."""
    return any(column.occurrences for column in contract.mapped)


def with_whole_files(lake: Lakehouse, contract: Contract, rows: DataFrame) -> DataFrame:
    """Add all other rows of the same files if the contract counts occurrences; the result suits `core.validate_rows`."""
    if not counts_occurrences(contract):
        return rows
    bronze = lake.read(bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered)))
    absent = {name: rows.schema[name].dataType for name in rows.columns if name not in bronze.columns}
    files = F.broadcast(rows.select("_file_checksum").distinct())
    others = with_nulls(bronze, absent).withColumn("_defects", F.array().cast("array<string>")).select(*rows.columns)
    others = others.join(files, "_file_checksum", "leftsemi").join(rows.select(*ROW), ROW, "leftanti")
    return rows.unionByName(others)


def renumbered_rows(lake: Lakehouse, contract: Contract, validated: DataFrame, replayed: DataFrame) -> DataFrame | None:
    """Return the entity rows of the files' other rows, whose numbers may change because of rows that pass now.

    They are in silver under their number before, so they are written again, and no number is lost. A file none of whose
    rows has the key that it has in silver is left out: its ids are made in another way than when it was loaded.

    Returns:
        The rows, or None if the contract counts no occurrences or nothing is stored.
    """
    if not counts_occurrences(contract) or not lake.exists(contract.entity):
        return None
    others = core.entity_rows(core.good_rows(validated.join(replayed.select(*ROW), ROW, "leftanti")), contract)
    stored = lake.read(contract.entity).select(*contract.entity.key, *ROW)
    unchanged = others.join(stored, [*contract.entity.key, *ROW], "leftsemi").select("_file_checksum").distinct()
    return others.join(F.broadcast(unchanged), "_file_checksum", "leftsemi")
