"""What a table needs, from its files and the policy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from basketry.domains.maintenance.settings import MaintenancePolicy


@dataclass(frozen=True)
class DataFile:
    """A file of the newest version of a table.

    Attributes:
        size: its size in bytes.
        partition: its partition as text; empty for a table without partitions.
    """

    size: int
    partition: str = ""


def count_mergeable(files: Iterable[DataFile], policy: MaintenancePolicy) -> int:
    """Count the small files that compaction could merge away: all but one of each partition, within which it merges."""
    small = Counter(file.partition for file in files if file.size < policy.small_file)
    return sum(small.values()) - len(small)


def needs_compaction(files: Iterable[DataFile], policy: MaintenancePolicy) -> bool:
    """Return whether compaction is worth it."""
    return count_mergeable(files, policy) > policy.at_most
