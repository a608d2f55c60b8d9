"""Which delivered files still hold somebody: searched by content, since a file that was refused has no row anywhere.

They are the retailer's: nothing here changes them, the report names them.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from basketry.access.identities import DeliveredPerson, emails, phones
from basketry.files.streams import GZIP_MARK, ZIP_MARK

_CHUNK = 1 << 20
_OVERLAP = 4096
_MOST_UNPACKED = 4 << 30
"""A file that becomes more is named as well: nobody can say what it holds."""
_BETWEEN = rb"[^0-9A-Za-z\r\n]{0,6}"
_GAP = rb"[^0-9A-Za-z]{1,6}"
_SHORTEST_NUMBER = 5
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")


def search_pattern(persons: Iterable[DeliveredPerson], customers: Iterable[str]) -> re.Pattern[bytes] | None:
    """Return what finds people in bytes; None when there is nothing to look for.

    Args:
        persons: What rows say about them: e-mail addresses, telephone numbers, names and streets are looked for.
        customers: Their customer numbers, of which short ones would be found everywhere.
    """
    words = {rb"(?<![0-9A-Za-z])" + re.escape(name.encode()) + rb"(?![0-9A-Za-z])" for name in customers
             if len(name) >= _SHORTEST_NUMBER}  # fmt: skip
    for person in persons:
        texts = [*emails(person.texts), *filter(None, (person.street,))]
        texts += [person.name] if person.name and " " in person.name.strip() else []
        for text in texts:
            words |= {_GAP.join(map(re.escape, _encoded(text, name))) for name in _ENCODINGS}
        numbers = () if person.is_broken else phones(person.texts)
        words |= {_BETWEEN.join(bytes([digit]) for digit in number.encode()) for number in numbers}
    return re.compile(b"|".join(sorted(words)), re.IGNORECASE) if words else None


def _encoded(text: str, encoding: str) -> list[bytes]:
    return [word.encode(encoding, "ignore") for word in text.split()]


def files_with(folder: Path, pattern: re.Pattern[bytes] | None) -> Iterator[Path]:
    """Yield the files below a folder in which the pattern is, and those that nobody could search, sorted."""
    if pattern is None or not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink() and path.is_file() and _holds(path, pattern):
            yield path


def _holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    try:
        with _open(path) as raw:
            return any(pattern.search(chunk) for chunk in _chunks(raw))
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, _TooLargeError, RuntimeError, NotImplementedError):
        return True


class _TooLargeError(Exception):
    """A file becomes too much to be searched."""


def _open(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("no plain file")
    return os.fdopen(descriptor, "rb")


def _chunks(raw: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file, packed as they are and unpacked, each chunk with the end of the one before."""
    yield from _overlapping(raw)
    raw.seek(0)
    mark = raw.read(4)
    raw.seek(0)
    if mark.startswith(GZIP_MARK):
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield from _overlapping(cast(BinaryIO, unpacked))
    elif mark == ZIP_MARK:
        with zipfile.ZipFile(raw) as archive:
            for part in archive.infolist():
                with archive.open(part) as content:
                    yield from _overlapping(content)


def _overlapping(stream: IO[bytes]) -> Iterator[bytes]:
    end, size = b"", 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if size > _MOST_UNPACKED:
            raise _TooLargeError
        yield end + chunk
        end = chunk[-_OVERLAP:]
