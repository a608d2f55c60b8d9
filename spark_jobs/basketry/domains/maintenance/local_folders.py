"""Maintains a table that is a folder of this machine, with delta-rs, which no cluster has."""

from __future__ import annotations

from collections.abc import Iterator

from basketry.domains.maintenance.core import DataFile, count_mergeable, needs_compaction
from basketry.domains.maintenance.settings import MaintenancePolicy
from basketry.lake.local_lake import LocalLake
from basketry.tables import Table
from basketry.tables.ddl import retention_properties
from basketry.warehouse import local_delta


def maintain_folder(lake: LocalLake, table: Table, policy: MaintenancePolicy, *, dry_run: bool) -> Iterator[str]:
    """Maintain a table, and yield a line per step; see `job.maintain`."""
    folder = lake.path(table)
    with lake.lock(table):
        files = [DataFile(size, partition) for size, partition in local_delta.data_files(folder)]
        if needs_compaction(files, policy):
            yield f"{table.full_name}: compact {count_mergeable(files, policy)} small files of {len(files)}"
            if not dry_run:
                local_delta.compact(folder, table.clustered_by)
        retention = retention_properties(policy.retention_days)
        if not retention.items() <= local_delta.properties(folder).items():
            yield f"{table.full_name}: keep every version of {policy.retention_days} days readable"
            if not dry_run:
                local_delta.set_properties(folder, retention)
        deleted = local_delta.vacuum(folder, policy.retention_hours, dry_run=dry_run)
        if deleted:
            yield f"{table.full_name}: delete {deleted} files older than {policy.retention_days} days"
