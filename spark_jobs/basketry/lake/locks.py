"""One at a time on one machine: whoever wants the same thing waits until the one before is done, or dead.

A lock of the kernel rather than a file that says "taken": it is let go of however its holder ends, kill -9 included, and
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
def turn(lock: Path, waiting: Callable[[], None] | None = None, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock, a file of any content, as long as the block lasts.

    waiting: called once when another holds it. shared: others may hold it too who share it.
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
def turn_at(folder: Path, catalog: str, work: str) -> Iterator[None]:
    """Keep other runs in a catalog from the same work as long as the block lasts, and say so when one must be waited for.

    folder: of the locks. work: from the whole to its part, as in `ingest products`; `ingest *` is all parts.
    """
    parts = [catalog, *work.split()]
    whole = parts[-1] == ALL
    names = [".".join(parts[:end]) for end in range(2, len(parts) + (0 if whole else 1))]

    def waiting() -> None:
        """Tell the task's log."""
        print(f"waiting: another run works on '{' '.join(parts)}'", flush=True)

    with ExitStack() as held:
        for name in names:  # from the whole to its part, as everybody does: so nobody waits for one who waits for him
            lock = folder / re.sub(r"[^\w-]+", ".", name)
            held.enter_context(turn(lock, waiting, shared=name != names[-1]))
        yield
