"""What the backend of Databricks alone promises: nothing locks there, nothing may be cached, the platform compacts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import pytest

from basketry.lake.unity_lake import SCRATCH, UnityLake
from basketry.tables import JOB_RUNS, REVIEWS, Table
from basketry.tables.ddl import READABLE_DAYS, RETENTION, properties_statement
from tests.basketry.lake.unity import ratings, reviews

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.slow

DAY = date(2026, 1, 1)


def test_where_nothing_can_be_persisted_a_table_holds_the_rows(
    unity: UnityLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on serverless compute; the table is dropped also when the block fails, and other refusals are not hidden."""

    def refuse(rows: DataFrame, level: object = None) -> None:
        raise RuntimeError(refusal)

    refusal = "[NOT_SUPPORTED_WITH_SERVERLESS] PERSIST TABLE is not supported on serverless compute."
    monkeypatch.setattr(type(unity.spark.range(1)), "persist", refuse)
    with (
        pytest.raises(ValueError, match="killed"),
        unity.cached(unity.spark.range(3).selectExpr("uuid() AS drawn")) as rows,
    ):
        assert rows.collect() == rows.collect()
        assert len(scratch_tables(unity)) == 1
        raise ValueError("killed")
    assert scratch_tables(unity) == []
    refusal = "no space left on device"
    with pytest.raises(RuntimeError, match="no space left"), unity.cached(unity.spark.range(3)):
        pass


def scratch_tables(unity: UnityLake) -> list[str]:
    """The scratch tables that there are."""
    return [row.tableName for row in unity.spark.sql(f"SHOW TABLES IN spark_catalog.ops LIKE '{SCRATCH}*'").collect()]


def test_what_a_killed_job_left_is_dropped_the_second_time_it_is_seen(unity: UnityLake) -> None:
    """The first time its job may still run; a dry run drops nothing and does not count."""
    unity.spark.range(1).write.format("delta").saveAsTable(f"spark_catalog.ops.{SCRATCH}1")
    assert list(unity.drop_leftovers(dry_run=True)) == list(unity.drop_leftovers(dry_run=False)) == []
    (line,) = unity.drop_leftovers(dry_run=True)
    assert line == f"drop `spark_catalog`.`ops`.`{SCRATCH}1`, left over by a job that was killed"
    assert list(unity.drop_leftovers(dry_run=False)) == [line]
    assert scratch_tables(unity) == [] == list(unity.drop_leftovers(dry_run=False))


def test_a_commit_that_met_another_is_tried_again(unity: UnityLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as ATTEMPTS says; what is no conflict is raised at once."""
    outcomes = ["[DELTA_CONCURRENT_APPEND] Files were added"] * 2
    save = type(unity)._save

    def meet(*arguments: object) -> None:
        if outcomes:
            raise RuntimeError(outcomes.pop())
        save(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(unity), "_save", meet)
    monkeypatch.setattr("basketry.lake.unity_lake.PAUSE_SECONDS", 0)
    assert unity.replace(REVIEWS, reviews(unity, ("a", 1, 10)), "true") == 1
    outcomes.append("[DELTA_SOMETHING_ELSE]")
    with pytest.raises(RuntimeError, match="SOMETHING_ELSE"):
        unity.replace(REVIEWS, reviews(unity, ("b", 1, 10)), "true")
    outcomes += ["[DELTA_METADATA_CHANGED]", *["[DELTA_CONCURRENT_WRITE]"] * 8]
    with pytest.raises(RuntimeError, match="CONCURRENT_WRITE"):
        unity.replace(REVIEWS, reviews(unity, ("b", 1, 10)), "true")
    assert (len(outcomes), ratings(unity)) == (4, {"a": 1})


def test_the_count_is_of_its_own_commit(unity: UnityLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though the platform compacts behind it; and where no commit tells, the rows themselves are counted."""
    save = type(unity)._save

    def compacted(lake: UnityLake, table: Table, *write: object) -> None:
        save(lake, table, *write)  # type: ignore[arg-type]
        lake.spark.sql(f"OPTIMIZE {lake.name(table)}")

    monkeypatch.setattr(type(unity), "_save", compacted)
    for rating, name in enumerate("abc", 1):
        assert unity.replace(REVIEWS, reviews(unity, (name, rating, 10)), f"review_id = '{name}'") == 1
    newest = next(iter(unity._commits(REVIEWS, 1)))
    assert newest["operation"] == "OPTIMIZE"
    monkeypatch.setattr(type(unity), "_commits", lambda *which, **limit: [newest])
    assert unity.replace(REVIEWS, reviews(unity, ("d", 4, 10), ("e", 5, 10)), "review_id >= 'd'") == 2


def test_a_killed_purge_leaves_nothing_that_the_next_one_keeps(unity: UnityLake) -> None:
    """Files stay as long as the table is declared to keep them; what maintenance has set is kept by a purge, too."""
    unity.append(REVIEWS, reviews(unity, ("a", 1, 10)))
    for there, after in (
        ("interval 0 hours", f"interval {READABLE_DAYS} days"),
        ("interval 14 days", "interval 14 days"),
    ):
        unity.spark.sql(properties_statement(unity.name(REVIEWS), {RETENTION: there}))
        unity.purge(REVIEWS)
        assert unity.properties(REVIEWS)[RETENTION] == after


def test_jobs_that_end_together_are_all_recorded(unity: UnityLake) -> None:
    """Their commits meet, for Delta keeps no replaced row apart from those of others; each is carried out again."""
    run = ("sales", DAY, "{}", {}, 1, 1, 0.5, None, "{}")
    names = [f"r{number}" for number in range(4)]
    unity.record(JOB_RUNS, [("r", *run)], "run_id = 'r'")
    with ThreadPoolExecutor(len(names)) as jobs:
        list(jobs.map(lambda name: unity.record(JOB_RUNS, [(name, *run)], f"run_id = '{name}'"), names))
    assert {row.run_id for row in unity.read(JOB_RUNS).collect()} == {"r", *names}
