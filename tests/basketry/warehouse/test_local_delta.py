"""Folders that delta-rs makes are what Spark would have made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from basketry.lake.lakehouse import Lakehouse
from basketry.lake.schemas import declared_schema
from basketry.tables import PRODUCTS
from basketry.tables.ddl import create_statement
from basketry.warehouse import local_delta
from tests.kit.rows import product

COUNTED = ("tableSizeBytes", "numFiles", "allFiles", "setTransactions", "domainMetadata", "numMetadata", "numProtocol")
TABLE_OF_ANOTHER_NAME = {"id", "name", "createdTime"}


def checksum(folder: Path, version: int = 0) -> dict[str, Any]:
    """What Spark reads instead of the log."""
    content: dict[str, Any] = json.loads((folder / "_delta_log" / f"{version:020d}.crc").read_text())
    return content


def jobs_of_the_first_commit(lake: Lakehouse, folder: Path) -> int:
    """How many Spark jobs append one product to the table."""
    rows = lake.spark.createDataFrame([tuple(product("P1").values())], declared_schema(PRODUCTS))
    context = lake.spark.sparkContext
    context.setJobGroup(str(folder), "the first commit")
    try:
        rows.write.format("delta").mode("append").save(str(folder))
    finally:
        context.setJobGroup("", "")
    return len(context.statusTracker().getJobIdsForGroup(str(folder)))


def test_the_first_checksum_is_what_spark_writes(spark: SparkSession, tmp_path: Path) -> None:
    """Where Spark makes the same table its checksum holds the same counts and the same table."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    local_delta.create(ours, PRODUCTS)
    spark.sql(create_statement(f"delta.`{theirs}`", PRODUCTS))
    mine, other = checksum(ours), checksum(theirs)
    assert {name: mine[name] for name in COUNTED} == {name: other[name] for name in COUNTED}
    for name in other["metadata"].keys() - TABLE_OF_ANOTHER_NAME - {"schemaString"}:
        assert mine["metadata"][name] == other["metadata"][name], name
    assert json.loads(mine["metadata"]["schemaString"]) == json.loads(other["metadata"]["schemaString"])


def test_spark_counts_on_from_it(lake: Lakehouse, tmp_path: Path) -> None:
    """The first commit of Spark reads no log by jobs of its own, as it does where the checksum is gone."""
    with_it, without = tmp_path / "with", tmp_path / "without"
    for folder in (with_it, without):
        local_delta.create(folder, PRODUCTS)
    (without / "_delta_log" / f"{0:020d}.crc").unlink()
    assert jobs_of_the_first_commit(lake, with_it) < jobs_of_the_first_commit(lake, without)
    assert checksum(with_it, 1)["numFiles"] == len(local_delta.data_files(with_it)) == 1
