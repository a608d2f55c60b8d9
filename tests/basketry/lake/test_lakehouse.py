"""The one writer of tables: atomic, conforming to the declaration, newest delivery wins."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from basketry.errors import BadInputError, TableError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.lake.schemas import declared_schema
from basketry.tables import REVIEWS, TABLES, silver_table


def reviews(lake: Lakehouse, *rows: tuple[str, int, int]) -> DataFrame:
    """Reviews (id, rating, day of delivery in January)."""
    full = [
        (name, "p1", None, rating, date(2026, 1, 1), f"file-{day}", 2, datetime(2026, 1, day, tzinfo=UTC), None)
        for name, rating, day in rows
    ]
    return lake.spark.createDataFrame(full, declared_schema(REVIEWS))


def ratings(lake: Lakehouse) -> dict[str, int]:
    """What the table says now."""
    return {row.review_id: row.rating for row in lake.read(REVIEWS).collect()}


def test_a_newer_delivery_updates_and_an_older_one_does_not(lake: Lakehouse) -> None:
    """Merging in any order ends with the newest delivery of each key."""
    lake.merge(REVIEWS, reviews(lake, ("a", 1, 10), ("b", 1, 10)))
    lake.merge(REVIEWS, reviews(lake, ("a", 2, 20), ("c", 2, 20)))
    lake.merge(REVIEWS, reviews(lake, ("a", 3, 5), ("b", 3, 5)))
    assert ratings(lake) == {"a": 2, "b": 1, "c": 2}


def test_changes_tell_what_a_merge_did_and_a_repeated_merge_did_nothing(lake: Lakehouse) -> None:
    """The change feed has old and new rows of an update; merging the same delivery again changes no row."""
    lake.merge(REVIEWS, reviews(lake, ("a", 1, 10)))
    before = lake.version(REVIEWS)
    assert before is not None
    lake.merge(REVIEWS, reviews(lake, ("a", 2, 20)))
    lake.merge(REVIEWS, reviews(lake, ("a", 2, 20)))
    changed = lake.changes(REVIEWS, since=before)
    assert changed is not None
    assert sorted((row._change_type, row.rating) for row in changed.collect()) == [
        ("update_postimage", 2),
        ("update_preimage", 1),
    ]
    now = lake.version(REVIEWS)
    assert now is not None
    unchanged = lake.changes(REVIEWS, since=now)
    assert unchanged is not None
    assert unchanged.count() == 0


def test_changes_of_a_table_that_lost_its_history_are_unknown(lake: Lakehouse) -> None:
    """When the files of the change feed are gone the answer is None, so that the reader rebuilds."""
    lake.merge(REVIEWS, reviews(lake, ("a", 1, 10)))
    before = lake.version(REVIEWS)
    lake.merge(REVIEWS, reviews(lake, ("a", 2, 20)))
    for file in (lake.path(REVIEWS) / "_change_data").glob("*.parquet"):
        file.unlink()
    assert before is not None
    assert lake.changes(REVIEWS, since=before) is None


def test_replace_touches_only_its_range_and_says_what_it_reflects(lake: Lakehouse) -> None:
    """replaceWhere leaves other rows alone; the input versions are kept with the commit; later commits do not hide them."""
    lake.replace(REVIEWS, reviews(lake, ("a", 1, 10), ("b", 1, 10)), where="true", read_versions={"silver.x": 7})
    lake.replace(REVIEWS, reviews(lake, ("b", 5, 11)), where="review_id = 'b'")
    assert ratings(lake) == {"a": 1, "b": 5}
    assert lake.reflected_versions(REVIEWS) == {"silver.x": 7}


def test_replace_counts_what_it_wrote_and_nothing_else(lake: Lakehouse) -> None:
    """Neither rows that stay in a file it must write anew, nor an earlier write when there is nothing to do."""
    every = reviews(lake, ("a", 1, 10), ("b", 1, 10), ("c", 1, 10)).coalesce(1)
    assert lake.replace(REVIEWS, every, where="true") == 3  # which creates the table
    assert lake.replace(REVIEWS, reviews(lake, ("b", 5, 11)), where="review_id = 'b'") == 1
    nothing = reviews(lake, ("b", 5, 11)).limit(0)
    assert lake.replace(REVIEWS, nothing, where="review_id = 'b'") == 0  # a file alone
    assert lake.replace(REVIEWS, nothing, where="review_id = 'a'") == 0  # of a file with c
    lake.append(REVIEWS, reviews(lake, ("d", 1, 10)))
    assert lake.replace(REVIEWS, reviews(lake, ("e", 1, 10)).limit(0), where="review_id = 'e'") == 0
    assert sorted(ratings(lake)) == ["c", "d"]


def test_a_write_that_does_not_conform_is_refused_before_anything_is_written(lake: Lakehouse) -> None:
    """A missing column is a TableError; a missing required value aborts the commit."""
    with pytest.raises(TableError, match="rating"):
        lake.append(REVIEWS, reviews(lake, ("a", 1, 10)).drop("rating"))
    nameless = reviews(lake, ("a", 1, 10)).selectExpr("cast(null as string) as review_id", *REVIEWS.column_names[1:])
    with pytest.raises(Exception, match="NOT NULL"):
        lake.append(REVIEWS, nameless)
    assert not lake.exists(REVIEWS) or lake.read(REVIEWS).count() == 0


def test_a_failed_write_leaves_the_old_version(lake: Lakehouse) -> None:
    """Readers see the version from before a write that died."""
    lake.append(REVIEWS, reviews(lake, ("a", 1, 10)))
    failing = reviews(lake, ("b", 1, 10)).selectExpr(
        "review_id", "raise_error('killed') as product_id", *REVIEWS.column_names[2:]
    )
    with pytest.raises(Exception, match="killed"):
        lake.replace(REVIEWS, failing, where="true")
    assert ratings(lake) == {"a": 1}


@pytest.mark.parametrize("name", ["Demo", "../other", "a b", "", "x;drop"])
def test_a_catalog_name_that_could_escape_is_refused(name: str, settings: object) -> None:
    """A catalog is an identifier, since it becomes a folder or a name in SQL."""
    with pytest.raises(BadInputError, match="catalog"):
        open_lake(None, name, settings)  # type: ignore[arg-type]


def test_unity_catalog_names_have_three_parts() -> None:
    """Without a lake folder a table is catalog.schema.table."""
    from basketry.config.settings import Settings

    settings = Settings(runtime="databricks", home=Path("/"), include=Path("/"), data=Path("/"))
    assert open_lake(None, "demo", settings).name(REVIEWS) == "`demo`.`silver`.`reviews`"  # type: ignore[arg-type]


def test_every_declared_schema_is_valid_and_every_silver_table_tracks_changes(spark: object) -> None:
    """Declarations parse as Spark types and have a meaning for each column."""
    for table in TABLES:
        schema = declared_schema(table)
        assert schema.names == list(table.column_names)
        assert all(column.meaning for column in table.columns)
    assert silver_table("order_lines").tracks_changes
