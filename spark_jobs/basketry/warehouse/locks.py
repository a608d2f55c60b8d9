"""One at a time on one machine: whoever wants the same thing waits until the holder is done, or dead.

A lock of the kernel rather than a file that says "taken": it is released however its holder ends, kill -9 included, and
held by a job that outlives the Airflow task which started it. Databricks keeps runs apart by other means: see
`spark_job` in the plugins.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ALL = "*"


@contextmanager
def file_lock(lock: Path, waiting: Callable[[], None] | None = None, *, shared: bool = False) -> Iterator[None]:
    """Hold a lock as long as the block lasts.

    Args:
        lock: A file of any content; it is created where it does not exist.
        waiting: Called once when somebody else holds the lock.
        shared: Others may hold it too who share it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(handle, kind)
        yield


@contextmanager
def table_lock(catalog_folder: Path, full_name: str) -> Iterator[None]:
    """Keep other writers of a local table out as long as the block lasts, with Spark or without.

    Args:
        catalog_folder: The folder of the catalog's tables.
        full_name: The table, as `schema.table`.
    """
    with file_lock(catalog_folder / ".locks" / f"{full_name}.lock"):
        yield


@contextmanager
def job_lock(folder: Path, catalog: str, work: str) -> Iterator[None]:
    """Keep other runs in a catalog from the same work as long as the block lasts, and say so when one must be waited for.

    Args:
        folder: Where the locks are.
        catalog: The catalog that is worked on.
        work: The work, from the whole to its part, as in `ingest products`; `ingest *` is all parts.
    """
    parts = [catalog, *work.split()]
    whole = parts[-1] == ALL
    names = [".".join(parts[:end]) for end in range(2, len(parts) + (0 if whole else 1))]

    def waiting() -> None:
        """Tell the task's log."""
        print(f"waiting: another run works on '{' '.join(parts)}'", flush=True)

    with ExitStack() as locks:
        for name in names:  # everybody locks from the whole to its part, so that no two runs wait for each other
            lock = folder / re.sub(r"[^\w-]+", ".", name)
            locks.enter_context(file_lock(lock, waiting, shared=name != names[-1]))
        yield
