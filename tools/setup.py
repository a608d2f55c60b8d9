"""`make setup`: everything installed, nothing started."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from tools.environment import InstancePaths, environment
from tools.java import java_home
from tools.masks import readable
from tools.problem import Problem
from tools.spark import prepare_spark

NEEDED_BYTES = 2 * 1024**3


def check_disk(*folders: Path) -> None:
    """Check that each folder's disk has room for a run: better now than in the middle of a write.

    Raises:
        Problem: One has less.
    """
    for folder in folders:
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        free = shutil.disk_usage(there).free
        if free < NEEDED_BYTES:
            have = f"only {free / 1024**3:.1f} GB are free where {folder} lives and a run needs 2"
            raise Problem(f"{have}: free some space, or set BASKETRY_HOME and BASKETRY_CACHE elsewhere.")


def prepare(places: InstancePaths, say: Callable[[str], None]) -> dict[str, str]:
    """Make Java and Spark ready in the cache; returns the environment in which everything runs."""
    check_disk(places.home, places.cache)
    for folder in (places.home, places.home / "tmp"):  # before Spark starts, which would make them for everybody
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with readable():
        java = java_home(places.cache, say)
        prepare_spark(places, java, say)
    return environment(places, java)


def setup_command(arguments: list[str]) -> int:
    """Install what is missing and say what there is."""
    start = time.monotonic()
    places = InstancePaths.from_environment()
    env = prepare(places, say=lambda text: print(f"    {text}", flush=True))
    took = time.monotonic() - start
    print(f"Ready in {took:.0f} s: Java at {env['JAVA_HOME']}, Spark's settings at {places.spark_conf}.")
    return 0
