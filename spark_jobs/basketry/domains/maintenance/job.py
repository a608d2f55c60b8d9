"""Maintains every table of a catalog as `core` says: locally on the Delta folders, on Databricks by SQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from basketry.access import known_tables
from basketry.domains.maintenance.core import DataFile, count_mergeable, needs_compaction
from basketry.domains.maintenance.settings import MaintenancePolicy, load_settings
from basketry.jobs import JobArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.local_lake import LocalLake
from basketry.lake.report import JobReport
from basketry.lake.unity_lake import UnityLake
from basketry.tables import Table
from basketry.warehouse import local_delta


def run(lake: Lakehouse, arguments: JobArguments) -> JobReport:
    """Compact tables with too many small files, delete files out of retention; --dry-run says what would be done."""
    policy = load_settings(lake.settings.include)
    tables = [table for table in known_tables(lake.catalog, lake.settings.include).values() if lake.exists(table)]
    lines = (
        *(line for table in tables for line in maintain(lake, table, policy, dry_run=arguments.dry_run)),
        *lake.drop_leftovers(dry_run=arguments.dry_run),
    )
    return JobReport(
        rows_in=len(tables),
        rows_out=0,
        summary=lines or ("no table needs anything",),
        details={"steps": len(lines)},
        dry_run=arguments.dry_run,
    )


@singledispatch
def maintain(lake: Lakehouse, table: Table, policy: MaintenancePolicy, *, dry_run: bool) -> Iterator[str]:
    """Maintain a table in the way of its backend, and yield a line per step.

    Args:
        lake: The lake.
        table: The table.
        policy: When a table needs what.
        dry_run: Only say what would be done.
    """
    raise NotImplementedError(f"nobody has said how {type(lake).__name__} is maintained")


@maintain.register
def _(lake: LocalLake, table: Table, policy: MaintenancePolicy, *, dry_run: bool) -> Iterator[str]:
    folder = lake.path(table)
    with lake.lock(table):
        files = [DataFile(size, partition) for size, partition in local_delta.data_files(folder)]
        if needs_compaction(files, policy):
            yield f"{table.full_name}: compact {count_mergeable(files, policy)} small files of {len(files)}"
            if not dry_run:
                local_delta.compact(folder, table.clustered_by)
        deleted = local_delta.vacuum(folder, policy.retention_hours, dry_run=dry_run)
        if deleted:
            yield f"{table.full_name}: delete {deleted} files older than {policy.retention_days} days"


@maintain.register
def _(lake: UnityLake, table: Table, policy: MaintenancePolicy, *, dry_run: bool) -> Iterator[str]:
    for statement in maintenance_statements(lake.name(table), table, policy):
        yield statement
        if not dry_run:
            lake.spark.sql(statement)


def maintenance_statements(name: str, table: Table, policy: MaintenancePolicy) -> Iterator[str]:
    """Write the SQL that maintains a table on Databricks, where OPTIMIZE leaves alone what is compact already.

    Args:
        name: the name of the table as SQL writes it.
        table: its declaration.
        policy: the settings.
    """
    if table.clustered_by:
        yield f"ALTER TABLE {name} CLUSTER BY ({', '.join(f'`{column}`' for column in table.clustered_by)})"
    yield f"OPTIMIZE {name}"
    # Column statistics store the least and the greatest value: never of what identifies a person.
    measured = (column.name for column in table.columns if not column.pii and "<" not in column.type)
    columns = ", ".join(f"`{column}`" for column in measured)
    yield f"ANALYZE TABLE {name} COMPUTE STATISTICS FOR COLUMNS {columns}"
    yield f"VACUUM {name} RETAIN {policy.retention_hours} HOURS"
