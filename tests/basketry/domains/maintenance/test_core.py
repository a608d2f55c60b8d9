"""Maintenance without Spark: what a table needs, and a year of daily runs on real Delta folders."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Schema, write_deltalake

from basketry.domains.maintenance.core import DataFile, count_mergeable, needs_compaction
from basketry.domains.maintenance.job import maintenance_statements
from basketry.domains.maintenance.settings import MaintenancePolicy, load_settings
from basketry.errors import BadInputError
from basketry.tables import CUSTOMERS, ORDER_LINES, RFM_SEGMENTS
from basketry.tables.ddl import properties_statement, retention_properties
from basketry.warehouse import local_delta
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

POLICY = MaintenancePolicy(small_file=100, at_most=2, retention_days=30)
DAYS, EVERY = 365, 7


@pytest.mark.parametrize(
    ("files", "could"),
    [
        ([], 0),
        ([DataFile(10)], 0),
        ([DataFile(10), DataFile(10), DataFile(10)], 2),
        ([DataFile(10), DataFile(100), DataFile(5000)], 0),
        ([DataFile(10, "a"), DataFile(10, "b"), DataFile(10, "b")], 1),
    ],
)
def test_what_could_be_merged(files: list[DataFile], could: int) -> None:
    """All small files but one in each partition; a large one is none."""
    assert count_mergeable(files, POLICY) == could
    assert needs_compaction(files, POLICY) is (could > 2)


def test_the_shipped_policy_is_read() -> None:
    """A month of versions."""
    assert load_settings(INCLUDE) == MaintenancePolicy(32 * 1024**2, 16, 30)


@mistakes(
    shipped("maintenance.yaml", load_settings),
    ("retention_days: 30", "retention_day: 30", "unknown key 'retention_day'…"),
    ("retention_days: 30", "retention_days: 1", "retention_days is 1; give at least 7."),
    ("small_files_at_most: 16", "", "2: …has no 'small_files_at_most'…"),
)
def test_a_mistake_is_named(mistake: Mistake, tmp_path: Path) -> None:
    """An unknown key, a missing one, a retention that would take files from readers."""
    mistake.check(tmp_path)


def run_daily(
    folder: Path, write: Callable[[DeltaTable, int], None], policy: MaintenancePolicy | None, days: int
) -> list[int]:
    """Write on each day and maintain every week; the number of data files on disk after each day.

    Retention is a matter of hours on the clock, so nothing is kept for old versions here: all that lies there counts.
    """
    table = DeltaTable.create(
        folder, Schema.from_arrow(rows(0).schema)
    )  # read once: a log of 365 commits takes its time
    on_disk = []
    for day in range(days):
        write(table, day)
        if policy and day % EVERY == EVERY - 1:
            files = [DataFile(size, partition) for size, partition in local_delta.data_files(folder)]
            if needs_compaction(files, policy):
                local_delta.compact(folder)
            local_delta.vacuum(folder)
            table.update_incremental()
        on_disk.append(len(list(folder.rglob("*.parquet"))) - len(list(folder.rglob("_delta_log/*.parquet"))))
    return on_disk


def rows(day: int) -> pa.Table:
    """Three rows of a day."""
    when = date(2026, 1, 1) + timedelta(days=day)
    return pa.table({"day": pa.array([when] * 3, pa.date32()), "value": pa.array([day, day + 1, day + 2], pa.int64())})


def append(table: DeltaTable, day: int) -> None:
    """What ingest does."""
    write_deltalake(table, rows(day), mode="append")


def replace_today_and_yesterday(table: DeltaTable, day: int) -> None:
    """What sales does: a run writes its day and the one before, instead of what was there."""
    both = pa.concat_tables([rows(one) for one in range(max(day - 1, 0), day + 1)])
    write_deltalake(table, both, mode="overwrite", predicate=f"day >= '{both['day'][0]}'")


@pytest.mark.slow
@pytest.mark.parametrize(("write", "days"), [(replace_today_and_yesterday, 6 * EVERY), (append, DAYS)])
def test_a_year_of_daily_runs_leaves_few_files(
    tmp_path: Path, write: Callable[[DeltaTable, int], None], days: int
) -> None:
    """Small files stay below what the policy allows plus a week's, whatever the day; every row is there at the end."""
    policy = MaintenancePolicy(small_file=32 * 1024**2, at_most=16, retention_days=30)
    on_disk = run_daily(tmp_path / "table", write, policy, days)
    written_a_week = 2 * EVERY  # a day's own file, and one for what a replaced file held besides
    assert max(on_disk) <= policy.at_most + 1 + written_a_week
    half = days // 2
    assert max(on_disk[half:]) <= max(on_disk[:half]), "it does not grow"
    table = DeltaTable(tmp_path / "table").to_pyarrow_table().sort_by([("day", "ascending"), ("value", "ascending")])
    assert table.equals(pa.concat_tables([rows(day) for day in range(days)]).combine_chunks().cast(table.schema))


def test_without_maintenance_files_grow_with_the_days(tmp_path: Path) -> None:
    """The other test's bound is maintenance's doing."""
    assert run_daily(tmp_path / "table", append, None, 40)[-1] == 40


def test_order_by_columns_keeps_the_rows(tmp_path: Path) -> None:
    """Where a table declares columns to cluster by, compaction orders by them; one file, the same rows."""
    run_daily(tmp_path / "table", append, None, 5)
    local_delta.compact(tmp_path / "table", ("value",))
    table = DeltaTable(tmp_path / "table")
    assert len(local_delta.data_files(tmp_path / "table")) == 1
    assert sorted(table.to_pyarrow_table()["value"].to_pylist()) == sorted(
        v for d in range(5) for v in (d, d + 1, d + 2)
    )


def test_files_in_retention_stay_readable(tmp_path: Path) -> None:
    """Vacuum deletes nothing that a version of the last days needs."""
    run_daily(tmp_path / "table", append, None, 3)
    local_delta.compact(tmp_path / "table")
    assert local_delta.vacuum(tmp_path / "table", POLICY.retention_hours) == 0
    assert DeltaTable(tmp_path / "table", version=2).to_pyarrow_table().num_rows == 6
    assert local_delta.vacuum(tmp_path / "table", 0, dry_run=True) == 3
    assert DeltaTable(tmp_path / "table", version=2).to_pyarrow_table().num_rows == 6


def test_what_databricks_is_told() -> None:
    """Clustering where declared; statistics of nothing that identifies a person; how long files stay, where the table says else."""
    name, retention = "`demo`.`silver`.`order_lines`", retention_properties(POLICY.retention_days)
    statements = list(maintenance_statements(name, ORDER_LINES, POLICY, {**retention, "delta.minReaderVersion": "1"}))
    assert statements[0] == "ALTER TABLE `demo`.`silver`.`order_lines` CLUSTER BY (`order_date`, `customer_id`)"
    assert statements[1] == "OPTIMIZE `demo`.`silver`.`order_lines`"
    assert statements[-1] == "VACUUM `demo`.`silver`.`order_lines`"
    other = {**retention, "delta.deletedFileRetentionDuration": "interval 7 days"}
    assert list(maintenance_statements(name, ORDER_LINES, POLICY, other)) == [
        properties_statement(name, retention),
        *statements,
    ]
    (statistics,) = [one for one in maintenance_statements("c", CUSTOMERS, POLICY, {}) if one.startswith("ANALYZE")]
    assert "`customer_id`" in statistics and not any(f"`{name}`" in statistics for name in CUSTOMERS.pii_columns)
    assert not any("CLUSTER" in one for one in maintenance_statements("s", RFM_SEGMENTS, POLICY, {}))


def test_a_table_is_partitioned_or_clustered() -> None:
    """Databricks refuses both at once, so a declaration does."""
    with pytest.raises(BadInputError, match="partitioned and clustered"):
        dataclasses.replace(RFM_SEGMENTS, clustered_by=("customer_id",))
