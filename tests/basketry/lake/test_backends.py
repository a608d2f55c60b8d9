"""Both backends keep the same promises: folders on this machine, and tables of a catalog by SQL alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from basketry.errors import BadInputError, TableError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.local_lake import LocalLake
from basketry.lake.schemas import declared_schema
from basketry.lake.unity_lake import UnityLake
from basketry.tables import CUSTOMERS, JOB_RUNS, ORDER_LINES, QUARANTINE, REVIEWS, SALES, TABLES, Column, Table
from basketry.tables.ddl import READABLE_DAYS, retention_properties
from basketry.tables.declare import required
from basketry.tables.delta_schema import delta_schema
from tests.basketry.lake.unity import ONE_SCHEMA, ratings, reviews, unity_lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

DAY = date(2026, 1, 1)


@pytest.fixture(params=("local", "unity"))
def backend(
    request: pytest.FixtureRequest, spark: SparkSession, lake: Lakehouse, tmp_path: Path
) -> Iterator[Lakehouse]:
    """Each backend, empty; in Unity Catalog all in one schema."""
    if request.param == "local":
        yield lake
        return
    with unity_lake(spark, tmp_path, ONE_SCHEMA) as unity:
        yield unity


def test_the_runtime_chooses_the_backend(lake: Lakehouse, unity: UnityLake) -> None:
    """Folders have a path and names of a path; tables of a catalog have three-part names and no path."""
    assert isinstance(lake, LocalLake) and lake.name(REVIEWS) == f"delta.`{lake.path(REVIEWS)}`"
    assert unity.name(REVIEWS) == "`spark_catalog`.`silver`.`reviews`"
    with pytest.raises(TableError, match=r"silver\.reviews has no folder of its own"):
        unity.path(REVIEWS)


def test_rows_are_changed_by_key_and_by_condition(backend: Lakehouse) -> None:
    """The newest delivery wins in any order; insert leaves what is there; update and delete change what they name."""
    assert backend.merge(REVIEWS, reviews(backend, ("a", 1, 10), ("b", 1, 10))) is None
    assert backend.merge(REVIEWS, reviews(backend, ("a", 2, 20), ("c", 2, 20))) == 2
    assert backend.merge(REVIEWS, reviews(backend, ("a", 3, 5), ("b", 3, 5))) == 0
    assert backend.merge(REVIEWS, reviews(backend, ("c", 4, 20)), again=True) == 1
    backend.insert(REVIEWS, reviews(backend, ("a", 9, 30), ("d", 5, 30)))
    assert ratings(backend) == {"a": 2, "b": 1, "c": 4, "d": 5}
    backend.update(REVIEWS, {"rating": "rating + 1"}, "review_id IN ('a', 'b')")
    backend.delete(REVIEWS, "review_id = 'd'")
    assert ratings(backend) == {"a": 3, "b": 2, "c": 4}


def test_a_replacement_is_one_commit_that_says_what_it_reflects(backend: Lakehouse) -> None:
    """It counts what it wrote, leaves other rows alone, keeps the versions that it read, and can be asked for as it was."""
    every = reviews(backend, ("a", 1, 10), ("b", 1, 10))
    assert backend.replace(REVIEWS, every, "true", read_versions={"silver.x": 7}) == 2
    before = backend.version(REVIEWS)
    assert before is not None and backend.versions(REVIEWS, ORDER_LINES) == {"silver.reviews": before}
    assert backend.replace(REVIEWS, reviews(backend, ("b", 5, 11)), "review_id = 'b'") == 1
    assert backend.version(REVIEWS) == before + 1
    assert backend.replace(REVIEWS, reviews(backend, ("c", 5, 11)).limit(0), "review_id = 'c'") == 0
    assert ratings(backend) == {"a": 1, "b": 5}
    assert {row.rating for row in backend.read(REVIEWS, before).collect()} == {1}
    assert backend.reflected_versions(REVIEWS) == {"silver.x": 7}


def test_a_failed_write_leaves_the_old_version(backend: Lakehouse) -> None:
    """Nobody sees half a replacement, and what does not conform is refused before."""
    backend.append(REVIEWS, reviews(backend, ("a", 1, 10)))
    failing = reviews(backend, ("b", 1, 10)).selectExpr(
        "review_id", "raise_error('killed') AS product_id", *REVIEWS.column_names[2:]
    )
    for rows, message in ((failing, "killed"), (reviews(backend, ("b", 1, 10)).drop("rating"), "rating")):
        with pytest.raises(Exception, match=message):
            backend.replace(REVIEWS, rows, "true")
    assert ratings(backend) == {"a": 1}


def test_the_days_of_a_table_are_replaced_one_by_one(backend: Lakehouse) -> None:
    """Other days stay; a table that does not exist has no rows, of the declared types."""
    columns = (required("as_of", "date", "day"), required("n", "int", "number"))
    table = Table(schema="gold", name="days", meaning="a number per day", columns=columns, key=("as_of",))
    assert backend.read_or_empty(table).collect() == [] and backend.read_or_empty(table).dtypes == [
        ("as_of", "date"),
        ("n", "int"),
    ]
    for day, number in ((DAY, 1), (date(2026, 1, 2), 2), (DAY, 3)):
        assert backend.replace_day(table, backend.spark.createDataFrame([(day, number)], "as_of date, n int"), day) == 1
    assert sorted(tuple(row) for row in backend.read_or_empty(table).collect()) == [(DAY, 3), (date(2026, 1, 2), 2)]


def test_changes_tell_what_a_merge_did(backend: Lakehouse) -> None:
    """Old and new image of an update since a version; none since the newest."""
    backend.merge(REVIEWS, reviews(backend, ("a", 1, 10)))
    before = backend.version(REVIEWS)
    assert before is not None
    backend.merge(REVIEWS, reviews(backend, ("a", 2, 20)))
    changed = backend.changes(REVIEWS, since=before)
    assert changed is not None
    assert sorted((row._change_type, row.rating) for row in changed.collect()) == [
        ("update_postimage", 2),
        ("update_preimage", 1),
    ]
    none = backend.changes(REVIEWS, since=before + 1)
    assert none is not None and none.count() == 0
    assert backend.changes(REVIEWS, since=before + 2) is None


def test_a_number_is_appended_once(backend: Lakehouse) -> None:
    """However often it is asked for, by a stream or by Spark; a whole table can be written so too."""
    rows = reviews(backend, ("a", 1, 10)).toArrow()
    for number in (1, 1, 2):
        backend.append_once(REVIEWS, rows, "stream", number)
    assert backend.read(REVIEWS).count() == 2
    for number in (3, 3):
        backend.append_once(REVIEWS, rows, "stream", number, overwrite=True)
    assert backend.read(REVIEWS).count() == 1
    for _ in range(2):
        backend.append(REVIEWS, reviews(backend, ("b", 1, 10)), once=("spark", 1))
    assert backend.read(REVIEWS).count() == 2


def test_what_a_job_records_replaces_its_own_rows(backend: Lakehouse) -> None:
    """By a condition, with maps and missing values, and is found again by `read_filtered`."""
    run = ("r1", "sales", DAY, "{}", {"silver.reviews": 1}, 1, 1, 0.5, None, "{}")
    for seconds in (0.5, 0.25):
        backend.record(JOB_RUNS, [(*run[:7], seconds, *run[8:])], "run_id = 'r1'")
    backend.record(JOB_RUNS, [("r2", *run[1:])], "run_id = 'r2'")
    found = backend.read_filtered(JOB_RUNS, ["run_id", "seconds"], {"run_id": {"r1"}}, {"as_of": DAY})
    assert found.to_pylist() == [{"run_id": "r1", "seconds": 0.25}]
    assert backend.read_filtered(JOB_RUNS, ["run_id"], {}, {}).num_rows == 2
    assert backend.read_filtered(REVIEWS, ["rating"], {"review_id": {"a"}}, {}).num_rows == 0


def test_a_table_of_an_earlier_release_is_upgraded(backend: Lakehouse) -> None:
    """A nullable column is added behind the others with its meaning; what cannot be added is refused; NOT NULL is taken back."""
    backend.append(REVIEWS, reviews(backend, ("a", 1, 10)))
    newer = dataclasses.replace(
        REVIEWS, columns=(*REVIEWS.columns, Column(name="verified", type="boolean", meaning="the reviewer's"))
    )
    backend.merge(newer, reviews(backend, ("b", 1, 10)).selectExpr("*", "true AS verified"))
    assert {row.review_id: row.verified for row in backend.read(newer).collect()} == {"a": None, "b": True}
    assert backend.read(newer).schema["verified"].metadata["comment"] == "the reviewer's"
    assert backend.evolve(REVIEWS).column_names == newer.column_names
    optional = dataclasses.replace(
        newer, columns=tuple(dataclasses.replace(column, nullable=True) for column in newer.columns)
    )
    backend.append(
        optional,
        backend.read(newer).selectExpr("review_id", "CAST(NULL AS string) AS product_id", *newer.column_names[2:]),
    )
    assert backend.read(newer).where("product_id IS NULL").count() == 2
    impossible = dataclasses.replace(REVIEWS, columns=(*REVIEWS.columns, required("region", "string", "new")))
    with pytest.raises(BadInputError, match=r"it lacks region, which may never be missing"):
        backend.append(impossible, reviews(backend, ("c", 1, 10)).selectExpr("*", "'x' AS region"))


def test_a_purge_leaves_no_earlier_version(backend: Lakehouse, tmp_path: Path) -> None:
    """After rows were masked and the table purged, no file holds what was there."""
    backend.append(REVIEWS, reviews(backend, ("a", 1, 10)).selectExpr("*"))
    first = backend.version(REVIEWS)
    backend.update(REVIEWS, {"product_id": "'masked'"}, "true")
    backend.purge(REVIEWS)
    assert [row.product_id for row in backend.read(REVIEWS).collect()] == ["masked"]
    with pytest.raises(Exception, match="FileNotFound|FILE_NOT_EXIST|does not exist"):
        backend.read(REVIEWS, first).collect()
    detail = backend.spark.sql(f"DESCRIBE DETAIL {backend.name(REVIEWS)}").collect()[0]
    assert retention_properties(READABLE_DAYS).items() <= detail.properties.items()


def test_cached_rows_are_computed_once_and_nothing_stays(backend: Lakehouse) -> None:
    """Within the block the rows stay the same, however they are kept; afterwards Spark keeps nothing of them."""
    for short_plan in (False, True):
        with backend.cached(backend.spark.range(3).selectExpr("id", "uuid() AS drawn"), short_plan=short_plan) as rows:
            assert rows.orderBy("id").collect() == rows.orderBy("id").collect()
        assert not rows.storageLevel.useMemory and not rows.storageLevel.useDisk


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_who_writes_without_spark_declares_the_same_schema(table: Table) -> None:
    """Column for column, as Spark and Delta's log write it."""
    assert json.loads(delta_schema(table.columns)) == json.loads(declared_schema(table).json())


@pytest.mark.parametrize("table", [CUSTOMERS, JOB_RUNS, SALES["day"], QUARANTINE], ids=lambda table: table.full_name)
def test_a_created_table_is_as_declared(table: Table, backend: Lakehouse) -> None:
    """Types, NOT NULL, meanings, partitions, comment, and the properties that keep personal data out of statistics."""
    backend.append(table, backend.spark.createDataFrame([], declared_schema(table)))
    schema = backend.read(table).schema
    assert [(field.name, field.dataType) for field in schema] == [
        (field.name, field.dataType) for field in declared_schema(table)
    ]
    assert {field.name: field.metadata["comment"] for field in schema} == {
        column.name: column.meaning for column in table.columns
    }
    required_columns = {column.name for column in table.columns if not column.nullable}
    assert set(backend._stored_columns(table)[1]) == required_columns
    detail = backend.spark.sql(f"DESCRIBE DETAIL {backend.name(table)}").collect()[0]
    assert (detail.description, tuple(detail.partitionColumns)) == (table.meaning, table.partitioned_by)
    assert ("delta.enableChangeDataFeed" in detail.properties) == table.tracks_changes
    measured = detail.properties.get("delta.dataSkippingStatsColumns", "").split(",")
    assert not set(measured) & set(table.pii_columns) and (measured != [""]) == bool(table.pii_columns)


def test_an_arrow_table_is_appended_in_declared_order(backend: Lakehouse) -> None:
    """Columns are found by name."""
    rows = reviews(backend, ("a", 1, 10)).toArrow()
    backend.append_once(REVIEWS, pa.table({name: rows[name] for name in reversed(rows.column_names)}), "w", 1)
    assert ratings(backend) == {"a": 1}
