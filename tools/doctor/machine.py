"""The machine: Python, Java, packages, room on the disk."""

from __future__ import annotations

import shlex
import stat
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tools.deploy.checks import Finding
from tools.environment import Places
from tools.java import NEWEST, OLDEST, find_java
from tools.problem import Problem
from tools.setup import check_disk

PYTHONS = ((3, 11), (3, 12), (3, 13))
SHOWN = 5
"""Packages that are named when many differ."""


def look(places: Places, lock: Path) -> Iterator[Finding]:
    """Everything about the machine."""
    yield python(sys.version_info[:2])
    yield packages(lock)
    yield java(places)
    yield spark(places)
    yield disk(places)
    yield private(places)


def python(version: tuple[int, ...]) -> Finding:
    """The interpreter must be one that the lock was compiled for."""
    known = ".".join(map(str, version))
    wrong = "" if version in PYTHONS else "the lock was compiled for 3.11, 3.12 and 3.13"
    return Finding(f"Python {known}", wrong, "rm -r .venv && make setup PYTHON=python3.12")


def packages(lock: Path) -> Finding:
    """Every package of the lock is installed at its very version."""
    wanted = (Requirement(line.rstrip("\\ ")) for line in lock.read_text().splitlines() if line[:1].isalnum())
    pinned = [one for one in wanted if one.marker is None or one.marker.evaluate()]
    other = [
        f"{one.name} is {found or 'missing'}"
        for one in pinned
        if not one.specifier.contains(found := _installed(one.name))
    ]
    told = ", ".join(other[:SHOWN]) + (f" and {len(other) - SHOWN} more" if len(other) > SHOWN else "")
    return Finding(f"{len(pinned)} packages of {lock.name}", told, "rm -r .venv && make setup")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def java(places: Places) -> Finding:
    """A JDK that Spark runs on."""
    home = find_java(places.cache)
    return Finding(f"Java {OLDEST} to {NEWEST}", "" if home else "none was found", "make setup")


def spark(places: Places) -> Finding:
    """Spark's settings, which setup writes."""
    wrong = "" if (places.spark_conf / "spark-defaults.conf").is_file() else "not written yet"
    return Finding(f"Spark's settings in {places.spark_conf}", wrong, "make setup")


def disk(places: Places) -> Finding:
    """Room for a run."""
    try:
        check_disk(places.home, places.cache)
    except Problem as problem:
        said, _, advice = str(problem).rpartition(": ")
        return Finding("room on the disk", said, advice.rstrip("."))
    return Finding("room on the disk")


def private(places: Places) -> Finding:
    """Nobody else on this machine may look into the home: it holds customers' names and telephones."""
    mode = stat.S_IMODE(places.home.stat().st_mode) if places.home.exists() else 0o700
    wrong = f"other accounts of this machine may enter it (mode {mode:o})" if mode & 0o077 else ""
    return Finding(f"{places.home} is its owner's alone", wrong, f"chmod -R go= {shlex.quote(str(places.home))}")
