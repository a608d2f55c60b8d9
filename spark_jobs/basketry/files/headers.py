"""Matches the header of a delivered file against its contract: where each column is, what is unknown or missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basketry.files.blanks import strip_blanks
from basketry.files.limits import BUDGET
from basketry.files.private_copy import Named, refusal

if TYPE_CHECKING:
    from basketry.contracts import Contract

COMMON_DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Layout:
    """Where the columns of a file are.

    Attributes:
        width: the number of fields of a whole row.
        positions: the field index of each contract column, None if an optional one is absent.
        unknown: the index and name of each column that the contract does not know.
        padding: the number of blank header cells after the last column.
    """

    width: int
    positions: tuple[int | None, ...]
    unknown: tuple[tuple[int, str], ...]
    padding: int = 0

    @property
    def unknown_names(self) -> tuple[str, ...]:
        """The names of the columns that the contract does not know, in file order."""
        return tuple(name for _, name in self.unknown)


def match_header(file: Named, line: int, fields: Sequence[str | None], contract: Contract) -> Layout:
    """Locate every contract column by its exact header, letter case included, blanks around it ignored.

    Raises:
        RefusedFileError: for a blank, duplicated or missing column, or an unknown one if the contract refuses those.
    """
    if len(fields) > BUDGET.columns:
        raise refusal(
            file, f"the header has more than {BUDGET.columns:,} columns; deliver those of the contract.", line
        )
    header = _trimmed(fields)
    if not header:
        raise refusal(file, "the header row is blank; remove the blank rows or set headerRow in the contract.", line)
    if any("\0" in name for name in header):
        raise refusal(file, "the header holds NUL bytes; the file is binary or UTF-16, set its encoding.", line)
    refuse_long_names(file, line, header)
    _refuse_duplicates(file, line, header)
    index = {name: position for position, name in enumerate(header)}
    expected = {strip_blanks(column.header) for column in contract.delivered}
    unknown = tuple((i, name or f"column {i + 1}") for i, name in enumerate(header) if name not in expected)
    _refuse_missing(file, line, header, contract)
    refuse_unknown(file, line, [name for _, name in unknown], contract)
    positions = tuple(index.get(strip_blanks(column.header)) for column in contract.delivered)
    return Layout(len(header), positions, unknown, len(fields) - len(header))


def refuse_long_names(file: Named, line: int, names: Iterable[str]) -> None:
    """Refuse what is too long to be the name of a column: a quote that is never closed, say."""
    if any(len(name) > BUDGET.name for name in names):
        raise refusal(file, f"the name of a column is longer than {BUDGET.name:,} characters; shorten it.", line)


def _trimmed(fields: Sequence[str | None]) -> list[str]:
    header = [strip_blanks(field or "") for field in fields]
    while header and not header[-1]:
        header.pop()
    return header


def _refuse_duplicates(file: Named, line: int, header: list[str]) -> None:
    first: dict[str, int] = {}
    for position, name in enumerate(header, start=1):
        if name and name in first:
            raise refusal(
                file,
                f"column '{name}' occurs twice, as columns {first[name]} and {position}; rename or remove one.",
                line,
            )
        first[name] = position


def _refuse_missing(file: Named, line: int, header: list[str], contract: Contract) -> None:
    wanted = {strip_blanks(column.header): column.optional for column in contract.delivered}
    missing = [name for name, optional in wanted.items() if not optional and name not in header]
    if not missing:
        return
    delimiter = _likely_delimiter(header, contract)
    if delimiter:
        problem = f"the columns seem separated by {delimiter!r}; set delimiter to it in {contract.path.name}."
        raise refusal(file, problem, line)
    if len(missing) == len(wanted):
        problem = f"no column of {contract.path.name} is here, first '{missing[0]}'; add the header row or name its"
        raise refusal(file, f"{problem} row as headerRow.", line)
    spare = [name for name in header if name and name not in wanted]
    raise refusal(file, describe_missing_columns(missing, spare, contract), line)


def _likely_delimiter(header: list[str], contract: Contract) -> str | None:
    if len(header) > 1 or len(contract.delivered) < 2:
        return None
    return next((sign for sign in COMMON_DELIMITERS if sign in header[0]), None)


def describe_missing_columns(missing: Sequence[str], spare: Sequence[str], contract: Contract) -> str:
    """Say which columns are missing, with the spare column to which each was probably renamed."""
    near = [(name, nearest_name(name, spare)) for name in missing]
    names = ", ".join(f"'{name}' (the file has '{other}')" if other else f"'{name}'" for name, other in near)
    noun, verb = ("column", "is") if len(missing) == 1 else ("columns", "are")
    fix = "rename in the file, or set physicalName" if any(other for _, other in near) else "add to the file, or change"
    return f"{noun} {names} {verb} missing; {fix} in {contract.path.name}."


def nearest_name(name: str, candidates: Sequence[str]) -> str | None:
    """Return the candidate most like `name`, letter case and punctuation aside, or None if none is close."""
    plain = {_plain(candidate): candidate for candidate in candidates}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum()) or name


def refuse_unknown(file: Named, line: int, names: Sequence[str], contract: Contract) -> None:
    """Refuse columns that the contract does not know, if it says unknownColumns: refuse."""
    if names and contract.unknown_columns == "refuse":
        listed = ", ".join(f"'{name}'" for name in names)
        fix = f"remove from the file, or add to {contract.path.name}"
        raise refusal(file, f"unknown column {listed}, which this contract refuses; {fix}.", line)
