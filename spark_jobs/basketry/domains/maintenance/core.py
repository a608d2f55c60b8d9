"""What a table needs, from its files and the policy alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from basketry.domains.maintenance.settings import Policy


@dataclass(frozen=True)
class DataFile:
    """A file of a table's newest version: size in bytes, partition as text, empty for a table without partitions."""

    size: int
    partition: str = ""


def mergeable(files: Iterable[DataFile], policy: Policy) -> int:
    """Small files that compaction could merge away: all but one in each partition, since it merges within partitions only."""
    small = Counter(file.partition for file in files if file.size < policy.small_file)
    return sum(small.values()) - len(small)


def wants_compaction(files: Iterable[DataFile], policy: Policy) -> bool:
    """Whether rewriting is worth it."""
    return mergeable(files, policy) > policy.at_most
