"""Which edition of Basketry this is: one hash of all that decides what a run computes, DAGs and scripts included.

Airflow names the wheel of its own edition and passes it on, and a job refuses another one: DAG, script, library and rules
of one run are of one commit. Read by the build backend as it stands, so it imports nothing that must be installed.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path

VERSION = "0.1.0"
PACKAGE = Path(__file__).resolve().parents[1]
CHECKOUT = PACKAGE.parents[1]
"""The checkout that holds the library, where one does: see `is_checkout`."""

TOPS = ("dags", "include", "spark_jobs")
"""Whose files make an edition. The plugin is not among them: a page of the console changes no run."""

SUFFIXES = frozenset({".py", ".yaml"})
TEAMS_OWN = ("dashboards", "targets")
"""Folders of include/ that no run reads."""


def is_checkout(folder: Path) -> bool:
    """Tell whether the folder holds a whole checkout, which says by itself what edition it is."""
    return all((folder / name).is_dir() for name in ("include", "spark_jobs/basketry"))


def edition(tree: Path | None = None) -> str:
    """Return the edition of a checkout; by default that of the library itself, which a wheel's version names.

    Args:
        tree: The root of a checkout.
    """
    if tree is None and not is_checkout(CHECKOUT):
        return metadata.version(PACKAGE.name).partition("+")[2]
    return _hash(CHECKOUT if tree is None else tree)


def installed_edition() -> str:
    """Return the edition of the library that Spark's workers import, which know nothing of the running script's folder."""
    spec = PathFinder.find_spec(PACKAGE.name, sys.path[1:])
    if spec is None or spec.origin is None or Path(spec.origin).resolve().parent == PACKAGE:
        return edition()
    root = Path(spec.origin).resolve().parents[2]
    return _hash(root) if is_checkout(root) else metadata.version(PACKAGE.name).partition("+")[2]


def wheel_version() -> str:
    """Return the version of this library's wheel, edition included: a cluster never takes yesterday's for today's."""
    return f"{VERSION}+{edition()}"


def _hash(tree: Path) -> str:
    state = hashlib.sha256()
    for path in _sources(tree):
        state.update(path.relative_to(tree).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()[:12]


def _sources(tree: Path) -> Iterator[Path]:
    for top in TOPS:
        for path in sorted((tree / top).rglob("*")):
            inside = path.relative_to(tree / top).parts
            if path.suffix in SUFFIXES and path.is_file() and inside[0] not in TEAMS_OWN:
                yield path
