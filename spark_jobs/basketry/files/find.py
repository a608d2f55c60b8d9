"""Finds the delivered files that a pattern names: only regular files of the feed, only inside its landing folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from basketry.errors import BadInputError, NothingDeliveredError, RefusedFileError
from basketry.files.names import has_unseen_signs, shown_name

if TYPE_CHECKING:
    from basketry.contracts import Contract

Result = TypeVar("Result")

GLOB_SIGNS = "*?["
NAMES_SHOWN = 5
UNFINISHED = (".", "~$")
"""How names begin that are no delivery: hidden files, uploads under way, Excel's lock files."""


@dataclass(frozen=True)
class FoundFiles:
    """The files that a pattern names.

    Attributes:
        paths: those that may be read, sorted by path.
        refused: those that may not, each with the reason.
    """

    paths: Sequence[Path]
    refused: Sequence[tuple[Path, RefusedFileError]]


def find_files(folder: Path, pattern: str, contract: Contract) -> list[Path]:
    """Find the files of the contract's feed that `pattern` names, sorted by path.

    Args:
        folder: the feed's landing folder.
        pattern: names or globs relative to it, several separated by commas.
        contract: the contract of the feed.

    Raises:
        BadInputError: if a part of the pattern leaves the folder, or names a directory or another feed's file, or if a file
            that matches lies behind a link out of the folder or has signs in its name that nobody sees.
        NothingDeliveredError: if no file matches.
    """
    files = search_files(folder, pattern, contract)
    for _, error in files.refused:
        raise error
    return list(files.paths)


def search_files(folder: Path, pattern: str, contract: Contract) -> FoundFiles:
    """Find the same files as `find_files`, but let one that may not be read refuse no other.

    Raises:
        BadInputError: if a part of the pattern leaves the folder, or names a directory or another feed's file.
        NothingDeliveredError: if no file matches.
    """
    if not folder.is_dir():
        raise NothingDeliveredError(
            f"Landing folder '{folder}' of feed '{contract.feed}' does not exist; put the files there."
        )
    files: set[Path] = set()
    for part in _parts(folder, pattern):
        _refuse_escape(folder, part)
        path = folder / part
        if _is_literal(path, part):
            files.add(_named_file(folder, path, part, contract))
        else:
            files.update(_matching(folder, part, contract))
    if not files:
        raise NothingDeliveredError(_nothing_matches(folder, pattern, contract))
    problems = {path: _problem(folder, path) for path in sorted(files)}
    return FoundFiles(
        [path for path, problem in problems.items() if problem is None],
        [(path, RefusedFileError(problem)) for path, problem in problems.items() if problem is not None],
    )


def find_in_feeds(contracts: Sequence[Contract], find: Callable[[Contract], Result]) -> list[tuple[Contract, Result]]:
    """Look for the files of each feed, and leave out the feeds for which nothing was delivered.

    Args:
        contracts: the contracts of the feeds.
        find: what to do for each contract.

    Returns:
        Each contract with the result of `find`.

    Raises:
        NothingDeliveredError: if nothing was delivered for any feed.
    """
    results = []
    for contract in contracts:
        try:
            results.append((contract, find(contract)))
        except NothingDeliveredError:
            if len(contracts) == 1:
                raise
    if not results:
        feeds = ", ".join(contract.feed for contract in contracts)
        raise NothingDeliveredError(f"No landing folder holds a file that is meant; deliver files of one of: {feeds}.")
    return results


def belongs_to_feed(relative: Path, contract: Contract) -> bool:
    """Return whether a path relative to the landing folder fits a file pattern of the contract, letter case included."""
    return any(
        fnmatchcase(relative.as_posix() if "/" in pattern else relative.name, pattern)
        for pattern in contract.file.patterns
    )


def _parts(folder: Path, pattern: str) -> list[str]:
    parts = [part.strip() for part in pattern.split(",")]
    if len(parts) > 1 and ".." not in pattern and _exists(folder / pattern.strip()):
        return [pattern.strip()]
    return [part for part in parts if part]


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def _is_literal(named: Path, part: str) -> bool:
    # A name such as "orders[1].csv" is a file a browser saved, not a glob, whenever it exists.
    return not any(sign in part for sign in GLOB_SIGNS) or _exists(named)


def _refuse_escape(folder: Path, part: str) -> None:
    path = Path(part)
    outside = path.is_absolute() and not path.is_relative_to(folder)
    if ".." in path.parts or outside or "\0" in part or part.startswith("~/"):
        raise BadInputError(
            f"File pattern '{shown_name(part)}' leaves the landing folder '{folder}'; name files inside it only."
        )


def _problem(folder: Path, path: Path) -> str | None:
    """Say why a file that matches may not be read, or None."""
    name = shown_name(path.name)
    if has_unseen_signs(path.relative_to(folder).as_posix()):
        return f"File '{name}' has signs in its name that nobody sees; rename it."
    # realpath takes a link to itself, too.
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        return f"File '{name}' is a link to a place outside the landing folder '{folder}'; deliver the file itself."
    return None


def _named_file(folder: Path, path: Path, part: str, contract: Contract) -> Path:
    if not _exists(path):
        raise BadInputError(f"File '{shown_name(part)}' is not in the landing folder '{folder}'; {_present(folder)}.")
    if _problem(folder, path):
        return path
    if path.is_dir():
        raise BadInputError(f"'{part}' is a directory; name its files, for example '{part.rstrip('/')}/*'.")
    if not path.is_file():
        raise BadInputError(f"'{part}' is not a regular file; deliver a plain file.")
    if not belongs_to_feed(path.relative_to(folder), contract):
        raise BadInputError(
            f"File '{part}' does not match the file patterns of feed '{contract.feed}' "
            f"({', '.join(contract.file.patterns)}); rename it or add its pattern to {contract.path.name}."
        )
    return path


def _matching(folder: Path, part: str, contract: Contract) -> Iterator[Path]:
    relative = Path(part).relative_to(folder).as_posix() if Path(part).is_absolute() else part
    for path in _glob(folder, relative):
        if path.name.startswith(UNFINISHED) or not belongs_to_feed(path.relative_to(folder), contract):
            continue
        if path.is_file() or path.is_symlink():
            yield path


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except (ValueError, NotImplementedError) as problem:
        raise BadInputError(f"File pattern '{pattern}' cannot be used ({problem}); write one like '*.csv'.") from None


def _nothing_matches(folder: Path, pattern: str, contract: Contract) -> str:
    return (
        f"No file in '{folder}' matches '{shown_name(pattern)}' and the file patterns of feed '{contract.feed}' "
        f"({', '.join(contract.file.patterns)}); {_present(folder)}."
    )


def _present(folder: Path) -> str:
    names = sorted(shown_name(path.name) for path in folder.iterdir() if not path.name.startswith(UNFINISHED))
    if not names:
        return "the folder is empty, deliver a file into it"
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return f"there are {', '.join(names[:NAMES_SHOWN])}{more}"
