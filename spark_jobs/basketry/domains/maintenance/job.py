"""Maintains every table of a catalog as `core` says: locally on the Delta folders, on Databricks by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from basketry.access import known_tables
from basketry.domains.maintenance.settings import MaintenancePolicy, load_settings
from basketry.jobs import JobArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.unity_lake import UnityLake
from basketry.tables import Table
from basketry.tables.ddl import is_measured, properties_statement, retention_properties

if TYPE_CHECKING:
    from basketry.lake.local_lake import LocalLake


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


def maintain(lake: Lakehouse, table: Table, policy: MaintenancePolicy, *, dry_run: bool) -> Iterator[str]:
    """Maintain a table in the way of its backend, and yield a line per step.

    Args:
        lake: The lake.
        table: The table.
        policy: When a table needs what.
        dry_run: Only say what would be done.
    """
    if not isinstance(lake, UnityLake):
        from basketry.domains.maintenance.local_folders import maintain_folder  # which a cluster cannot import

        yield from maintain_folder(cast("LocalLake", lake), table, policy, dry_run=dry_run)
        return
    for statement in maintenance_statements(lake.name(table), table, policy, lake.properties(table)):
        yield statement
        if not dry_run:
            lake.spark.sql(statement)


def maintenance_statements(
    name: str, table: Table, policy: MaintenancePolicy, properties: Mapping[str, str]
) -> Iterator[str]:
    """Write the SQL that maintains a table on Databricks, where OPTIMIZE leaves alone what is compact already.

    How long old files stay is a property of the table, so that the platform's own vacuum keeps them as long.

    Args:
        name: the name of the table as SQL writes it.
        table: its declaration.
        policy: the settings.
        properties: those that the table has.
    """
    retention = retention_properties(policy.retention_days)
    if not retention.items() <= properties.items():
        yield properties_statement(name, retention)
    if table.clustered_by:
        yield f"ALTER TABLE {name} CLUSTER BY ({', '.join(f'`{column}`' for column in table.clustered_by)})"
    yield f"OPTIMIZE {name}"
    # Column statistics store the least and the greatest value: never of what identifies a person.
    measured = (column.name for column in table.columns if is_measured(table, column) and "<" not in column.type)
    columns = ", ".join(f"`{column}`" for column in measured)
    yield f"ANALYZE TABLE {name} COMPUTE STATISTICS FOR COLUMNS {columns}"
    yield f"VACUUM {name}"
