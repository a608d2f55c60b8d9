"""Looks at every table of a catalog and does what `core` says: locally on Delta local_delta, on Databricks by SQL."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from basketry.access import known_tables
from basketry.domains.maintenance.core import DataFile, mergeable, wants_compaction
from basketry.domains.maintenance.settings import Policy, load_policy
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import Table
from basketry.warehouse import local_delta


def run(lake: Lakehouse, arguments: argparse.Namespace) -> JobReport:
    """Compact what has too many small files, delete files out of retention; --dry-run says what would be done."""
    policy = load_policy(lake.settings.include)
    tables = [table for table in known_tables(lake.catalog, lake.settings.include).values() if lake.exists(table)]
    maintain = _by_folder if lake.settings.lake is not None else _by_sql
    lines = tuple(line for table in tables for line in maintain(lake, table, policy, arguments.dry_run))
    return JobReport(
        len(tables), 0, lines or ("no table needs anything",), details={"steps": len(lines)}, dry_run=arguments.dry_run
    )


def _by_folder(lake: Lakehouse, table: Table, policy: Policy, dry_run: bool) -> Iterator[str]:
    folder = lake.path(table)
    with lake.lock(table):
        files = [DataFile(size, partition) for size, partition in local_delta.data_files(folder)]
        if wants_compaction(files, policy):
            yield f"{table.full_name}: compact {mergeable(files, policy)} small files of {len(files)}"
            if not dry_run:
                local_delta.compact(folder, table.clustered_by)
        deleted = local_delta.vacuum(folder, policy.retention_hours, dry_run=dry_run)
        if deleted:
            yield f"{table.full_name}: delete {deleted} files older than {policy.retention_days} days"


def _by_sql(lake: Lakehouse, table: Table, policy: Policy, dry_run: bool) -> Iterator[str]:
    for statement in statements(lake.name(table), table, policy):
        yield statement
        if not dry_run:
            lake.spark.sql(statement)


def statements(name: str, table: Table, policy: Policy) -> Iterator[str]:
    """What Databricks is told about a table; OPTIMIZE itself leaves alone what is compact already. name: as SQL says it."""
    if table.clustered_by:
        yield f"ALTER TABLE {name} CLUSTER BY ({', '.join(f'`{one}`' for one in table.clustered_by)})"
    yield f"OPTIMIZE {name}"
    # Column statistics keep the least and the greatest value: never of what identifies a person.
    plain = ", ".join(f"`{one.name}`" for one in table.columns if not one.pii and "<" not in one.type)
    yield f"ANALYZE TABLE {name} COMPUTE STATISTICS FOR COLUMNS {plain}"
    yield f"VACUUM {name} RETAIN {policy.retention_hours} HOURS"
