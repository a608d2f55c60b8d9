"""The machine: Python, Java, packages, room on the disk."""

from __future__ import annotations

import shlex
import stat
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from tools.deploy.finding import Finding
from tools.environment import InstancePaths
from tools.java import NEWEST, OLDEST, find_java
from tools.preflight import check_disk
from tools.problem import Problem

PYTHONS = ((3, 11), (3, 12), (3, 13))
SHOWN = 5
"""Packages that are named when many differ."""


def look(places: InstancePaths, lock: Path) -> Iterator[Finding]:
    """Check everything about the machine."""
    yield python(sys.version_info[:2])
    yield packages(lock)
    yield java(places)
    yield spark(places)
    yield disk(places)
    yield private(places)


def python(version: tuple[int, ...]) -> Finding:
    """Check that the lock was compiled for this interpreter."""
    found_version = ".".join(map(str, version))
    wrong = "" if version in PYTHONS else "the lock was compiled for 3.11, 3.12 and 3.13"
    return Finding(f"Python {found_version}", wrong, "rm -r .venv && make setup PYTHON=python3.12")


def packages(lock: Path) -> Finding:
    """Check that every package of the lock is installed at its very version."""
    wanted = (Requirement(line.rstrip("\\ ")) for line in lock.read_text().splitlines() if line[:1].isalnum())
    pinned = [requirement for requirement in wanted if requirement.marker is None or requirement.marker.evaluate()]
    other = [
        f"{requirement.name} is {installed or 'missing'}"
        for requirement in pinned
        if not requirement.specifier.contains(installed := _installed(requirement.name))
    ]
    wrong = ", ".join(other[:SHOWN]) + (f" and {len(other) - SHOWN} more" if len(other) > SHOWN else "")
    return Finding(f"{len(pinned)} packages of {lock.name}", wrong, "rm -r .venv && make setup")


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def java(places: InstancePaths) -> Finding:
    """Check that there is a JDK that Spark runs on."""
    home = find_java(places.cache)
    return Finding(f"Java {OLDEST} to {NEWEST}", "" if home else "none was found", "make setup")


def spark(places: InstancePaths) -> Finding:
    """Check that Spark's settings are there, which setup writes."""
    wrong = "" if (places.spark_conf / "spark-defaults.conf").is_file() else "not written yet"
    return Finding(f"Spark's settings in {places.spark_conf}", wrong, "make setup")


def disk(places: InstancePaths) -> Finding:
    """Check that the disk has room for a run."""
    try:
        check_disk(places.home, places.cache)
    except Problem as problem:
        wrong, _, advice = str(problem).rpartition(": ")
        return Finding("room on the disk", wrong, advice.rstrip("."))
    return Finding("room on the disk")


def private(places: InstancePaths) -> Finding:
    """Check that nobody else on this machine may look into the home: it holds customers' names and telephones."""
    mode = stat.S_IMODE(places.home.stat().st_mode) if places.home.exists() else 0o700
    wrong = f"other accounts of this machine may enter it (mode {mode:o})" if mode & 0o077 else ""
    return Finding(f"{places.home} is its owner's alone", wrong, f"chmod -R go= {shlex.quote(str(places.home))}")
