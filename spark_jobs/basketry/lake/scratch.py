"""Spark's scratch files on this machine, in which delivered rows lie: what killed jobs left of them is deleted at every start.

A job holds a lock in each of its own folders as long as it lives, so that whoever starts next sees which are nobody's.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pyspark.sql import SparkSession

_PREFIXES = ("blockmgr-*", "spark-*")
_LOCK = ".held"
_STARTING = ".starting"
_held: list[IO[str]] = []
"""Closed by the end of the process, however it ends."""


@contextmanager
def swept_scratch() -> Iterator[None]:
    """Delete what killed jobs left, then let nobody delete anything while the session starts that the block opens."""
    folders = [Path(text) for text in os.environ.get("SPARK_LOCAL_DIRS", "").split(",") if text]
    for folder in folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(folder)
    starting = [(folder / _STARTING).open("w") for folder in folders]
    for file in starting:
        fcntl.flock(file, fcntl.LOCK_SH)
    yield
    for file in starting:
        file.close()


def hold_scratch(spark: SparkSession) -> None:
    """Keep the folders of a session, which runs in this process's JVM, from being deleted."""
    for folder in _own_folders(spark):
        file = (folder / _LOCK).open("w")
        fcntl.flock(file, fcntl.LOCK_EX)
        _held.append(file)


def _own_folders(spark: SparkSession) -> Sequence[Path]:
    jvm: Any = spark._jvm
    blocks = jvm.org.apache.spark.SparkEnv.get().blockManager().diskBlockManager().localDirsString()
    python: Any = spark.sparkContext
    return [*map(Path, blocks), Path(python._temp_dir).parent]


def _sweep(folder: Path) -> None:
    with (folder / _STARTING).open("w") as starting:
        try:
            fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # a job that starts has folders that it does not hold yet: the next start looks again
            return
        for leftover in (path for prefix in _PREFIXES for path in folder.glob(prefix)):
            if leftover.is_dir() and not leftover.is_symlink() and not _is_held(leftover):
                shutil.rmtree(leftover, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # its owner is deleting it
        return True
    return False
