"""What is known of a delivered file before it is loaded: checksum, delivery time, and that it fits its contract."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from basketry.config.clock import now
from basketry.errors import RefusedFileError
from basketry.files.batches import verified_layout
from basketry.files.names import shown_name
from basketry.files.private_copy import open_delivered, private_copy, refusal

if TYPE_CHECKING:
    from basketry.contracts import Contract

SPARK_TO_STRPTIME = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "DDD": "%j"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class DeliveredFile:
    """A file that fits its contract.

    Attributes:
        path: the absolute path.
        name: the name of the file.
        bytes: the size as delivered.
        checksum: the SHA-256 of the bytes as delivered, hexadecimal.
        delivered_at: the time of delivery, UTC.
        unknown_columns: the columns of the file that the contract does not know.
        names_its_day: whether the time of delivery is from the name of the file.
        ordering_time: the time that decides between files delivered at the same time, UTC.
    """

    path: str
    name: str
    bytes: int
    checksum: str
    delivered_at: datetime
    unknown_columns: tuple[str, ...]
    names_its_day: bool = False
    ordering_time: datetime | None = None

    def should_load(self, loaded: Mapping[str, datetime]) -> bool:
        """Return whether its rows say more than what was loaded.

        A file whose name has a later day is loaded although its bytes were loaded before: the retailer says that what was
        true then is true again. A later modification time is no reason, because any copy of a file has one.

        Args:
            loaded: the time of delivery of every loaded file, by checksum.
        """
        loaded_at = loaded.get(self.checksum)
        return loaded_at is None or (self.names_its_day and self.delivered_at > loaded_at)


def inspect_file(path: Path | str, contract: Contract, folder: Path | None = None) -> DeliveredFile:
    """Read a file to its end without loading it, and describe it.

    Args:
        path: the file.
        contract: the contract of its feed.
        folder: the landing folder, below which no link is followed; None for the file's own folder.

    Raises:
        RefusedFileError: if it is not regular, intact, within the budget and of its format, or its header is not as the
            contract says; the sentence names the file, the line if known, and the fix.
    """
    path = Path(path)
    with private_copy(path, folder) as copy:
        layout = verified_layout(copy, contract)
        return _description(path, contract, _Facts(copy.bytes, copy.checksum, copy.modified), layout.unknown_names)


def describe_file(path: Path, contract: Contract, folder: Path | None = None) -> DeliveredFile:
    """Describe a file by its name and bytes, without checking whether it fits the contract.

    Raises:
        RefusedFileError: if it is no regular file, or the day in its name is no day.
    """
    return _description(path, contract, _facts(path, folder))


@dataclass(frozen=True)
class _Facts:
    """What is known of a file's bytes: how many, their checksum, and the modification time in seconds since 1970."""

    bytes: int
    checksum: str
    modified: float


def _facts(path: Path, folder: Path | None) -> _Facts:
    with open_delivered(path, folder) as (descriptor, facts), open(descriptor, "rb", closefd=False) as stream:
        return _Facts(facts.st_size, hashlib.file_digest(stream, "sha256").hexdigest(), facts.st_mtime)


def _description(path: Path, contract: Contract, facts: _Facts, unknown_columns: tuple[str, ...] = ()) -> DeliveredFile:
    modified_at = _moment(facts.modified)
    if modified_at is None:
        raise refusal(path, "its modification time is no date; set it with touch, or deliver the file again.")
    named_at = _time_in_name(path, contract)
    return DeliveredFile(
        path=str(path.absolute()),
        name=path.name,
        bytes=facts.bytes,
        checksum=facts.checksum,
        delivered_at=named_at or modified_at,
        unknown_columns=unknown_columns,
        names_its_day=named_at is not None,
        ordering_time=modified_at,
    )


def _moment(seconds: float) -> datetime | None:
    """Return a time of the file system in UTC; None beyond what a calendar has."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def checksum_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hexadecimal, as ops.files stores it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe_invalid_file(path: Path | str, folder: Path | None = None) -> DeliveredFile:
    """Describe a file that `inspect_file` or `find_files` refuses, as far as that is possible.

    Its modification time stands for the time of delivery, its name is written without signs that nobody sees. Its
    checksum is `unread:<name>` if not even its bytes may be read.
    """
    path = Path(path)
    name = shown_name(path.name)
    try:
        facts = _facts(path, folder)
    except (RefusedFileError, OSError):
        facts = _Facts(0, f"unread:{name}", 0.0)
    modified_at = _moment(facts.modified) or EPOCH
    return DeliveredFile(
        path=str(path.absolute()),
        name=name,
        bytes=facts.bytes,
        checksum=facts.checksum,
        delivered_at=modified_at,
        unknown_columns=(),
        ordering_time=modified_at,
    )


def _time_in_name(path: Path, contract: Contract) -> datetime | None:
    """Return when the file was delivered by the date in its name, in UTC; None if the contract or the name has none."""
    rule, match = contract.delivered_at, _day_in_name(path, contract)
    if rule is None or match is None:
        return None
    text = match.group(1) if match.groups() else match.group(0)
    try:
        local = datetime.strptime(text, strptime_format(rule.format))
    except ValueError:
        problem = f"'{text}' in the name is no date of the form {rule.format}; rename the file, or correct deliveredAt."
        raise refusal(path, problem) from None
    _refuse_future(path, local.date(), contract)
    return local.replace(tzinfo=ZoneInfo(contract.time_zone)).astimezone(UTC)


def _refuse_future(path: Path, day: date, contract: Contract) -> None:
    """Refuse a slip in a name: the rows of a file that names a day far ahead would be newer than every correction."""
    tomorrow = now().astimezone(ZoneInfo(contract.time_zone)).date() + timedelta(days=1)
    if day > tomorrow:
        problem = f"its name says that it is delivered on {day}, which is after tomorrow ({tomorrow}); correct the day in the name."
        raise refusal(path, problem)


def _day_in_name(path: Path, contract: Contract) -> re.Match[str] | None:
    rule = contract.delivered_at
    return re.search(rule.from_file_name, path.name) if rule else None


def strptime_format(pattern: str) -> str:
    """Translate a Spark date pattern of numbers (yyyy-MM-dd HH:mm:ss) to Python's strptime; quoted letters stay."""
    parts = re.findall(r"'([^']*)'|((\w)\3*)|(.)", pattern)
    return "".join(
        SPARK_TO_STRPTIME.get(letters, letters) if letters else (quoted or sign).replace("%", "%%")
        for quoted, letters, _, sign in parts
    )
