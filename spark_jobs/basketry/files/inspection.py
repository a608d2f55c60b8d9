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
from basketry.files.batches import verified_layout
from basketry.files.streams import content_start, refused, refusing_damage

if TYPE_CHECKING:
    from basketry.contracts import Contract

SPARK_TO_STRPTIME = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "DDD": "%j"}


@dataclass(frozen=True)
class DeliveredFile:
    """A file that fits its contract.

    path: absolute; bytes: size as delivered; checksum: SHA-256 of the bytes as delivered, hexadecimal;
    delivered_at: UTC; unknown_columns: columns of the file that the contract does not know; names_its_day: whether the
    time of delivery is from the file's name; ordering_time: UTC, decides between files delivered at one time.
    """

    path: str
    name: str
    bytes: int
    checksum: str
    delivered_at: datetime
    unknown_columns: tuple[str, ...]
    names_its_day: bool = False
    ordering_time: datetime | None = None

    def is_news(self, loaded: Mapping[str, datetime]) -> bool:
        """Whether its rows say more than what was loaded. loaded: time of delivery by checksum.

        A name with a later day is news though the bytes are known: the retailer says that what was true then is true
        again. A later modification time is not, because any copy of a file has one.
        """
        known = loaded.get(self.checksum)
        return known is None or (self.names_its_day and self.delivered_at > known)


def inspect_file(path: Path | str, contract: Contract) -> DeliveredFile:
    """Read a file to its end without loading it: regular, intact, of its format, its header as the contract says.

    Raises RefusedFileError (a BadInputError) that names the file, the line where known, and the fix.
    """
    path = Path(path)
    with refusing_damage(path):
        content_start(path)
        return file_at(path, contract, verified_layout(path, contract).unknown_names)


def file_at(path: Path, contract: Contract, unknown_columns: tuple[str, ...] = ()) -> DeliveredFile:
    """What a file's name and bytes say, without looking whether they fit; RefusedFileError when its name tells no day."""
    return DeliveredFile(
        path=str(path.absolute()),
        name=path.name,
        bytes=path.stat().st_size,
        checksum=checksum_of(path),
        delivered_at=delivery_time(path, contract),
        unknown_columns=unknown_columns,
        names_its_day=_day_in_name(path, contract) is not None,
        ordering_time=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )


def checksum_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, as ops.files keeps it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unfit_file(path: Path | str) -> DeliveredFile:
    """What can be said of a file that inspect_file refuses: its modification time stands for the delivery.

    checksum: `unread:<name>` where not even its bytes can be read.
    """
    path = Path(path)
    try:
        checksum, known = checksum_of(path), path.stat()
        size, modified = known.st_size, known.st_mtime
    except OSError:
        checksum, size, modified = f"unread:{path.name}", 0, 0.0
    at = datetime.fromtimestamp(modified, UTC)
    return DeliveredFile(str(path.absolute()), path.name, size, checksum, at, (), ordering_time=at)


def delivery_time(path: Path, contract: Contract) -> datetime:
    """When the file was delivered, UTC: the date in its name where the contract says so, else its modification time."""
    rule, match = contract.delivered_at, _day_in_name(path, contract)
    if rule is None or match is None:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    text = match.group(1) if match.groups() else match.group(0)
    try:
        local = datetime.strptime(text, strptime_format(rule.format))
    except ValueError:
        problem = f"'{text}' in the name is no date of the form {rule.format}; rename the file, or correct deliveredAt."
        raise refused(path, problem) from None
    _refuse_future(path, local.date(), contract)
    return local.replace(tzinfo=ZoneInfo(contract.time_zone)).astimezone(UTC)


def _refuse_future(path: Path, day: date, contract: Contract) -> None:
    """Refuse a slip in a name: the rows of a file that names a day far ahead would be newer than every correction."""
    tomorrow = now().astimezone(ZoneInfo(contract.time_zone)).date() + timedelta(days=1)
    if day > tomorrow:
        problem = f"its name says that it is delivered on {day}, which is after tomorrow ({tomorrow}); correct the day in the name."
        raise refused(path, problem)


def _day_in_name(path: Path, contract: Contract) -> re.Match[str] | None:
    rule = contract.delivered_at
    return re.search(rule.from_file_name, path.name) if rule else None


def strptime_format(pattern: str) -> str:
    """A Spark date pattern of numbers (yyyy-MM-dd HH:mm:ss) in Python's words; quoted letters are kept."""
    parts = re.findall(r"'([^']*)'|((\w)\3*)|(.)", pattern)
    return "".join(
        SPARK_TO_STRPTIME.get(letters, letters) if letters else (quoted or sign).replace("%", "%%")
        for quoted, letters, _, sign in parts
    )
