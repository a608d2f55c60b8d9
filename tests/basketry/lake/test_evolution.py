"""A lake that another release wrote: brought up to date by the next write, or refused in one sentence."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.lake.schemas import declared_schema
from basketry.tables import JOB_RUNS, ORDER_LINES, PRODUCTS, REVIEWS, SALES, TABLES, Column, Table, evolution
from basketry.tables.declare import required
from basketry.warehouse import local_delta
from tests.kit.jobs import run_job
from tests.kit.lake import as_arrow, fill, frame
from tests.kit.rows import order_line, product

pytestmark = pytest.mark.slow

NEXT = Column(name="verified", type="boolean", meaning="the reviewer bought it")
DAY = date(2024, 3, 9)


def without(table: Table, *names: str) -> Table:
    """The table as a release declared it that did not know these columns."""
    return dataclasses.replace(table, columns=tuple(one for one in table.columns if one.name not in names))


def with_next(table: Table, column: Column) -> Table:
    """The table as the next release may declare it."""
    return dataclasses.replace(table, columns=(*table.columns, column))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.full_name)
def test_a_stored_type_reads_as_it_was_declared(table: Table, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Else every write to the table would be refused: decimals, lists, maps and structs among them."""
    folder = fill(tmp_path_factory.mktemp("lake"), "demo", table, [])
    assert evolution.missing_columns(table, local_delta.columns(folder)) == ()


def test_columns_that_may_be_missing_are_added() -> None:
    """In the order of the declaration; what the table has beyond the declaration is left alone."""
    stored = {one.name: one.type for one in without(SALES["day"], "average_rating", "brand").columns} | {
        "later": "string"
    }
    assert [one.name for one in evolution.missing_columns(SALES["day"], stored)] == ["brand", "average_rating"]


def test_columns_that_may_be_missing_now_are_allowed_to() -> None:
    """Those alone that the table forbids to be missing and the declaration does not."""
    stored = {one.name for one in REVIEWS.columns}
    assert evolution.newly_nullable_columns(REVIEWS, stored) == tuple(
        one.name for one in REVIEWS.columns if one.nullable
    )
    assert evolution.newly_nullable_columns(REVIEWS, {"review_id"}) == ()


def retyped(table: Table, name: str, kind: str) -> Table:
    """The table with another type for a column."""
    columns = (dataclasses.replace(one, type=kind) if one.name == name else one for one in table.columns)
    return dataclasses.replace(table, columns=tuple(columns))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (with_next(REVIEWS, required("region", "string", "new")), "lacks region, which may never be missing"),
        (retyped(REVIEWS, "rating", "string"), "has rating as int and this release wants string"),
    ],
)
def test_what_cannot_be_added_is_refused_in_one_sentence(changed: Table, message: str) -> None:
    """It names table, column and what to do."""
    stored = {one.name: one.type for one in REVIEWS.columns}
    with pytest.raises(BadInputError) as error:
        evolution.missing_columns(changed, stored)
    assert message in error.value.message and "docs/production.md, Upgrades" in error.value.message


def test_every_way_of_writing_upgrades_first(lake: Lakehouse) -> None:
    """Merge, replace, append, record and append_once each find the table of an earlier release and end with the new column."""
    older = lake.spark.createDataFrame(
        [("a", "p1", None, 5, DAY, "file", 2, datetime(2026, 1, 1, tzinfo=UTC), None)], declared_schema(REVIEWS)
    )
    second = ("b", "p1", None, 1, DAY, "file", 3, datetime(2026, 1, 2, tzinfo=UTC), None)
    newer, later = with_next(REVIEWS, NEXT), older.selectExpr("*", "true AS verified")
    for name, write in (
        ("merge", lambda lake, table: lake.merge(table, later)),
        ("replace", lambda lake, table: lake.replace(table, later, "true")),
        ("append", lambda lake, table: lake.append(table, later)),
        ("append_once", lambda lake, table: lake.append_once(table, later.toArrow(), "test", 1, overwrite=True)),
    ):
        table = dataclasses.replace(newer, name=name)
        lake.append(dataclasses.replace(REVIEWS, name=name), older)
        other = open_lake(lake.spark, lake.catalog, lake.settings)
        write(other, table)
        assert other.read(table).columns == list(table.column_names)
        lake.record(dataclasses.replace(REVIEWS, name=name), [second], "review_id = 'b'")
        assert {row.review_id for row in other.read(table).collect()} >= {"a", "b"}  # the release before still writes


def test_a_row_that_an_earlier_release_wrote_is_older_than_one_of_its_delivery(lake: Lakehouse) -> None:
    """It has no ordering time: the table gains the column, and a file of the same day whose time is noted wins."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    stored = {
        "review_id": "a",
        "product_id": "p1",
        "rating": 5,
        "reviewed_on": DAY,
        "_row_number": 2,
        "_delivered_at": at,
    }
    fill(lake.settings.lake, lake.catalog, without(REVIEWS, "_ordering_time"), [stored | {"_file_checksum": "f"}])  # type: ignore[arg-type]
    for checksum, rating, time in (("e", 4, at), ("g", 3, None)):
        row = ("a", "p1", None, rating, DAY, checksum, 2, at, time)
        lake.merge(REVIEWS, lake.spark.createDataFrame([row], declared_schema(REVIEWS)))
    (kept,) = lake.read(REVIEWS).collect()
    assert (kept.rating, kept._file_checksum) == (4, "e")


def test_a_lake_of_an_earlier_release_is_upgraded_by_its_next_runs(lake: Lakehouse) -> None:
    """gold.sales_week and ops.job_runs lack a column: after the job the tables equal those of a new lake."""
    rows = [
        order_line(order, "1", day, instore_discount=1) for order, day in (("O1", "2024-03-08"), ("O2", "2024-03-09"))
    ]
    lake.append(ORDER_LINES, frame(lake.spark, ORDER_LINES, rows))
    lake.append(PRODUCTS, frame(lake.spark, PRODUCTS, [product("P1", "C", department="D")]))
    week = without(SALES["week"], "average_rating")
    before = {column.name: None for column in week.columns} | {"period_start": date(2024, 3, 4), "product_id": "P1"}
    fill(lake.settings.lake, lake.catalog, week, [before])  # type: ignore[arg-type]
    fill(lake.settings.lake, lake.catalog, without(JOB_RUNS, "model_version"), [{"run_id": "r0", "job": "sales"}])  # type: ignore[arg-type]
    run_job(lake, "sales", as_of=DAY)
    (row,) = lake.read(SALES["week"]).collect()
    assert (row.net_revenue, row.average_rating) == (Decimal("18.0000"), None)
    lake.record(JOB_RUNS, [("r1", "sales", DAY, "{}", {"silver.reviews": 1}, 1, 1, 0.1, "7", "{}")], "run_id = 'r1'")
    assert {one.run_id: one.model_version for one in lake.read(JOB_RUNS).collect()} == {"r0": None, "r1": "7"}


def test_a_table_that_cannot_be_upgraded_stays_as_it_was(lake: Lakehouse) -> None:
    """The refusal comes before anything is written."""
    lake.append(REVIEWS, frame(lake.spark, REVIEWS, []))
    version = lake.version(REVIEWS)
    changed = with_next(REVIEWS, required("region", "string", "new"))
    with pytest.raises(BadInputError, match=r"silver.reviews was written by another release: it lacks region"):
        open_lake(lake.spark, lake.catalog, lake.settings).append(
            changed, frame(lake.spark, REVIEWS, []).selectExpr("*", "'x' AS region")
        )
    assert lake.version(REVIEWS) == version


def test_rows_of_a_table_with_more_columns_are_still_written(tmp_path: Path) -> None:
    """After going back a release: what this release does not know stays empty in its rows."""
    table = with_next(
        without(JOB_RUNS, "input_versions"), Column(name="cost", type="double", meaning="of the next release")
    )
    folder = fill(tmp_path, "demo", table, as_arrow(table, []))
    known = without(JOB_RUNS, "input_versions")
    local_delta.replace_rows(
        folder, known.column_names, [("r1", "sales", DAY, "{}", 1, 1, 0.1, None, "{}")], "run_id = 'r1'"
    )
    assert local_delta.columns(folder)["cost"] == "double"
