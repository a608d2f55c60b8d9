"""What is fetched beside Python's packages, jars and a JDK: each file's sha256, which is looked at before the file is used.

`artifacts.json` is their part of the lock. Where a version changes, the checksums there change with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tools.problem import Problem

LOCK = Path(__file__).with_name("artifacts.json")


def checksums(kind: str) -> dict[str, str]:
    """Return the sha256 of every file of a kind, by the file's name."""
    return _lock()[kind]


def check_artifacts(kind: str, files: Iterable[Path]) -> None:
    """Check that the files are those of the lock, all of them and no other.

    Raises:
        Problem: One is another, is missing, or is one too many.
    """
    paths, locked = {path.name: path for path in files}, checksums(kind)
    for name in sorted({*paths, *locked}):
        if name not in locked or name not in paths:
            state = "is not in the lock" if name not in locked else "is missing"
            raise Problem(f"{name} {state}: delete {_folder(paths)} and run again.")
        check_file(paths[name], locked[name])


def check_file(path: Path, sha256: str) -> None:
    """Check one file's bytes.

    Raises:
        Problem: They are others than the lock says.
    """
    with path.open("rb") as handle:
        actual = hashlib.file_digest(handle, "sha256").hexdigest()
    if actual != sha256:
        raise Problem(
            f"{path} is not the file that tools/artifacts.json names: delete it, see where it comes from, and run again."
        )


def _folder(paths: dict[str, Path]) -> str:
    return str(next((path.parent for path in paths.values()), "the folder of the cache"))


@cache
def _lock() -> dict[str, dict[str, str]]:
    return dict(json.loads(LOCK.read_text()))
