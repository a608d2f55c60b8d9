"""How much memory there is for us: that of the machine, or less where a container or a session is limited."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GB = 1024**3
SERVICES = 1.6 * GB
"""What MLflow's server and Airflow's three processes take after a while."""
BESIDE_HEAP = 0.7 * GB
"""What a job takes beside its heap: the JVM's code and classes, Python, Airflow's supervisor of the task."""
AMPLE = 6 * GB
"""From here on a job gets a heap of 2 GB, below it 1 GB."""

_LIMIT_FILES = {"": ("memory.max", ("", "unified")), "memory": ("memory.limit_in_bytes", ("memory",))}
"""File of a limit and where its hierarchy is mounted, by controller: of version 2, which has one for all, and of version 1."""


def memory_limit(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the bytes that all our processes may take together.

    Args:
        proc: Where the kernel tells of this process.
        cgroups: Where the kernel tells the limits of groups of processes.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_group_limits(proc, cgroups)])


def _group_limits(proc: Path, cgroups: Path) -> Iterator[int]:
    """Yield the limit of our group and of each that contains it, as far as they can be seen from here."""
    for file in _limit_files(proc, cgroups):
        try:
            yield int(file.read_text())
        except (OSError, ValueError):  # it is not there, or it is `max`
            continue


def _limit_files(proc: Path, cgroups: Path) -> Iterator[Path]:
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        for controller in set(controllers.split(",")) & set(_LIMIT_FILES):
            file, roots = _LIMIT_FILES[controller]
            for root in roots:
                yield from (cgroups / root / folder / file for folder in _from_group_to_root(group))


def _from_group_to_root(group: str) -> Iterator[str]:
    parts = [part for part in group.split("/") if part]
    for length in range(len(parts), -1, -1):
        yield "/".join(parts[:length])


def heap_by_memory(limit: int) -> str:
    """Return the heap of a job, as Spark writes it, for that much memory."""
    return "2g" if limit >= AMPLE else "1g"


def bytes_of(size: str) -> int:
    """Return the bytes of a size that is written as Spark does: `512m`, `2g`."""
    return int(size[:-1]) * (GB if size.endswith("g") else 1024**2)


def jobs_at_once(limit: int, heap: str, cores: int) -> int:
    """Return how many jobs may run at once: two or as many as there are cores, as far as the memory suffices; at least one."""
    return max(1, min(max(2, cores), int((limit - SERVICES) // (bytes_of(heap) + BESIDE_HEAP))))
