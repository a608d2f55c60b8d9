"""A delivered file as a copy that nobody else can change: opened once, never through a link, and checked where it is read.

The copy has no name, so no other process can open it, and nothing of it is left when its process ends, however it ends.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any, BinaryIO, Protocol

from basketry.errors import RefusedFileError
from basketry.files.limits import BUDGET, MEGABYTE, size_text
from basketry.files.names import shown_name

_NO_LINK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK_ERRORS = (errno.ELOOP, errno.EMLINK)
_UNREADABLE_NAME = "the file cannot be read; give the user of the job read permission."


LONGEST_SENTENCE, SENTENCE_END = 1_500, 300
"""The characters of a refusal, and how many at its end, where the fix stands, are never cut."""


class Named(Protocol):
    """Whatever has the name of a file: its path, or its copy."""

    @property
    def name(self) -> str:
        """The name of the file."""


def refusal(file: Named, problem: str, line: int | None = None) -> RefusedFileError:
    """Return the error of a file that cannot be loaded as a whole, to be raised.

    Args:
        file: the file.
        problem: what is wrong with it, and the fix.
        line: the line of the problem, if known.
    """
    position = file.name if line is None else f"{file.name}, line {line}"
    sentence = shown_name(f"{position}: {problem}")  # headers and sheets have names, too
    if len(sentence) > LONGEST_SENTENCE:
        sentence = f"{sentence[: LONGEST_SENTENCE - SENTENCE_END]} … {sentence[-SENTENCE_END:]}"
    return RefusedFileError(sentence)


@dataclass(frozen=True, kw_only=True)
class PrivateCopy:
    """The bytes of a delivered file as they were when it was opened.

    Attributes:
        name: the name of the delivered file.
        bytes: how many there are.
        checksum: their SHA-256, hexadecimal.
        modified: the modification time of the delivered file, in seconds since 1970.
        descriptor: the open copy; it is read by position, so that several readers do not disturb one another.
    """

    name: str
    bytes: int
    checksum: str
    modified: float
    descriptor: int

    @property
    def suffix(self) -> str:
        """The suffix of the name."""
        return PurePath(self.name).suffix

    def open(self) -> BinaryIO:
        """Open the copy from its start."""
        return io.BufferedReader(_PositionedReader(self.descriptor, self.bytes), MEGABYTE)


class _PositionedReader(io.RawIOBase):
    """Reads a descriptor by position and leaves the descriptor's own position alone."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size, self._at = descriptor, size, 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be positioned."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if position < 0:
            raise OSError(errno.EINVAL, "a position before the start")
        self._at = position
        return position

    def readinto(self, buffer: Any) -> int:
        """Read into the buffer what fits."""
        part = os.pread(self._descriptor, len(buffer), self._at)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


@contextmanager
def private_copy(path: Path, folder: Path | None = None) -> Iterator[PrivateCopy]:
    """Copy a delivered file to where only this process can reach it, for as long as the context lasts.

    Args:
        path: the file.
        folder: the landing folder; no link is followed below it. None for the file's own folder.

    Raises:
        RefusedFileError: if it is missing, a link, no regular file, unreadable or too large.
    """
    with open_delivered(path, folder) as (delivered, facts), scratch_file() as copy:
        digest, size = hashlib.sha256(), 0
        while chunk := os.read(delivered, MEGABYTE):
            size += len(chunk)
            if size > BUDGET.delivered_bytes:
                limit = size_text(BUDGET.delivered_bytes)
                raise refusal(path, f"the file is larger than {limit}; deliver it in several files.")
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        yield PrivateCopy(
            name=path.name, bytes=size, checksum=digest.hexdigest(), modified=facts.st_mtime, descriptor=copy.fileno()
        )


@contextmanager
def open_delivered(path: Path, folder: Path | None = None) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file without following a link, for as long as the context lasts; see `private_copy`."""
    descriptor = _opened(path, path.parent if folder is None else folder)
    try:
        facts = os.fstat(descriptor)
        if stat.S_ISDIR(facts.st_mode):
            raise refusal(path, "this is a directory; name the files inside it.")
        if not stat.S_ISREG(facts.st_mode):
            raise refusal(path, "this is not a regular file; deliver a plain file.")
        yield descriptor, facts
    finally:
        os.close(descriptor)


def _opened(path: Path, folder: Path) -> int:
    """Go down from the folder, whose own place is the operator's choice, name by name."""
    *folders, name = path.relative_to(folder).parts
    try:
        around = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in folders:
                inside = os.open(part, _NO_LINK | os.O_DIRECTORY, dir_fd=around)
                os.close(around)
                around = inside
            # A pipe would be waited for; without O_NONBLOCK nobody learns that it is one.
            return os.open(name, _NO_LINK | os.O_NONBLOCK, dir_fd=around)
        finally:
            os.close(around)
    except FileNotFoundError:
        raise refusal(path, "the file does not exist (any more); deliver it again.") from None
    except PermissionError:
        raise refusal(path, _UNREADABLE_NAME) from None
    except OSError as error:
        if error.errno in _LINK_ERRORS or error.errno == errno.ENOTDIR:
            raise refusal(path, "this is a link, or lies behind one; deliver the file itself.") from None
        if error.errno in (errno.ENXIO, errno.ENODEV):
            raise refusal(path, "this is not a regular file; deliver a plain file.") from None
        raise


def scratch_file() -> IO[bytes]:
    """Open a file without a name where Spark keeps what is temporary, or where the system does."""
    folder = os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0]
    return tempfile.TemporaryFile(dir=folder if folder and os.access(folder, os.W_OK) else None)
