"""The bytes and text of a delivered file: gzip recognised by content, damage and disguise refused, lines bounded."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, cast

from basketry.errors import BadInputError, RefusedFileError
from basketry.files.limits import BUDGET, MEGABYTE, size_text
from basketry.files.private_copy import Named, PrivateCopy, refusal

if TYPE_CHECKING:
    from basketry.contracts import Contract

CHUNK_BYTES = 1 << 20
LONGEST_RECORD = 16 * MEGABYTE
"""The characters of the longest line or record that is read; a longer one is a damaged file, not data."""

GZIP_MARK = b"\x1f\x8b"
ZIP_MARK = b"PK\x03\x04"
DISGUISES = {
    b"PK\x05\x06": "an empty zip archive",
    b"\xd0\xcf\x11\xe0": "an old (.xls) or password-protected Office file",
    GZIP_MARK: "gzip inside gzip",
    b"PAR1\x15": "a Parquet file",
    b"%PDF-": "a PDF document",
    b"\x89PNG": "a picture",
    b"BZh91AY&SY": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-zip archive",
}
MARKED_ENCODINGS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@contextmanager
def damage_refused(file: Named) -> Iterator[None]:
    """Turn what a damaged gzip raises into a RefusedFileError; other errors pass."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise refusal(file, "the gzip content is cut off or damaged; deliver the file again.") from None


@contextmanager
def open_content(file: PrivateCopy) -> Iterator[BinaryIO]:
    """Open the content of a file as a binary stream, unpacked if it is gzip, up to what the budget allows."""
    with damage_refused(file), file.open() as raw:
        mark = raw.read(2)
        raw.seek(0)
        if mark == GZIP_MARK:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast(BinaryIO, io.BufferedReader(_Unpacked(unpacked, file), CHUNK_BYTES))
            return
        if file.suffix.lower() == ".gz" and mark:
            raise refusal(file, "the name ends in .gz but the content is not gzip; remove the suffix or compress it.")
        yield raw


class _Unpacked(io.RawIOBase):
    """The unpacked bytes of a gzip, counted: what unpacks to far more than a text would is no delivery."""

    def __init__(self, unpacked: gzip.GzipFile, file: PrivateCopy) -> None:
        self._unpacked, self._file, self._count = unpacked, file, 0
        by_ratio = max(BUDGET.ratio_free_bytes, BUDGET.ratio * file.bytes)
        self._limit = min(BUDGET.unpacked_bytes, by_ratio)

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into the buffer what fits."""
        count = self._unpacked.readinto(buffer)
        self._count += count
        if self._count > self._limit:
            problem = (
                f"the gzip unpacks to more than {size_text(self._limit)}; deliver it in several files, or unpacked."
            )
            raise refusal(self._file, problem)
        return count


def content_start(file: PrivateCopy, length: int = 512) -> bytes:
    """Return the first bytes of the unpacked content; an empty file is refused."""
    with open_content(file) as stream:
        start = stream.read(length)
    if not start:
        raise refusal(file, "the file is empty; deliver it again with at least its header.")
    return start


def refuse_disguise(file: PrivateCopy, start: bytes, expected: str) -> None:
    """Refuse content whose first bytes are those of another format, whatever the file is called."""
    for mark, what in DISGUISES.items():
        if start.startswith(mark):
            raise refusal(file, f"the content is {what}, not {expected}; deliver {expected}.")
    if start.startswith(ZIP_MARK) and expected != "an XLSX workbook":
        raise refusal(file, f"the content is a zip archive or Excel workbook, not {expected}; save it as {expected}.")


def text_encoding(contract: Contract) -> str:
    """Return the contract's encoding; UTF-8 tolerates a byte order mark.

    Raises:
        BadInputError: if Python does not know the encoding.
    """
    encoding = contract.file.encoding
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError):
        raise BadInputError(f"{contract.path.name}: encoding '{encoding}' is unknown; write utf-8 or cp1252.") from None
    return "utf-8-sig" if name == "utf-8" else name


def refuse_other_encoding(file: PrivateCopy, start: bytes, encoding: str) -> None:
    """Refuse content whose byte order mark contradicts the contract's encoding."""
    for mark, marked in MARKED_ENCODINGS:
        if start.startswith(mark) and not encoding.startswith((marked, "utf-32")):
            raise refusal(file, f"the file is {marked} by its first bytes; set encoding: {marked} in the contract.", 1)


def verify_text(file: PrivateCopy, encoding: str) -> None:
    """Read the content once to its end, so that nothing of a damaged file is ever loaded.

    Raises:
        RefusedFileError: if its gzip is damaged, a byte cannot be decoded or a line is longer than LONGEST_RECORD.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line, run = 1, 0
    with open_content(file) as stream:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as problem:
                raise _undecodable(file, encoding, line, problem) from None
            if not chunk:
                return
            line += text.count("\n") or text.count("\r")
            last = max(text.rfind("\n"), text.rfind("\r"))
            run = len(text) - last - 1 if last >= 0 else run + len(text)
            if run > LONGEST_RECORD:
                raise line_too_long(file, line)


def line_too_long(file: PrivateCopy, line: int) -> RefusedFileError:
    """Return the error of a line or record that is too long to be data."""
    return refusal(
        file,
        f"the line is longer than {LONGEST_RECORD // MEGABYTE} MB; check its line ends and quotes, deliver it again.",
        line,
    )


def _undecodable(file: PrivateCopy, encoding: str, line: int, problem: UnicodeError) -> RefusedFileError:
    if isinstance(problem, UnicodeDecodeError):
        before = problem.object[: problem.start].decode(encoding, errors="replace")
        line += before.count("\n") or before.count("\r")
    shown = encoding.removesuffix("-sig")
    hint = "cp1252" if shown != "cp1252" else "utf-8"
    return refusal(
        file, f"a byte here is not {shown} text; set encoding in the contract to the file's own (often {hint}).", line
    )


@contextmanager
def open_text(file: PrivateCopy, encoding: str, newline: str) -> Iterator[TextIO]:
    """Open the content as text; a byte that cannot be decoded is a RefusedFileError with the line."""
    try:
        with open_content(file) as stream:
            yield io.TextIOWrapper(stream, encoding=encoding, newline=newline)
    except UnicodeError:
        verify_text(file, encoding)
        raise refusal(file, f"the content is not {encoding} text; set encoding in the contract.") from None


class LineReader:
    """Reads the lines of a text, record by record: lines are bounded in length, and can be given back.

    Attributes:
        record: the lines of the current record.
        line: the number of the last line that was read.
        nul: whether the record holds a NUL byte.
        exhausted: whether the text has ended.
    """

    def __init__(self, text: TextIO, file: PrivateCopy) -> None:
        """Read from `text`; `file` is only named in errors."""
        self._text = text
        self._path = file
        self._returned: deque[str] = deque()
        self.record: list[str] = []
        self.line = 0
        self.nul = False
        self.exhausted = False

    def start_record(self) -> None:
        """Forget the lines of the record before."""
        self.record.clear()
        self.nul = False

    @property
    def first_line(self) -> int:
        """The number of the line at which the current record starts."""
        return self.line - len(self.record) + 1

    def give_back(self) -> str:
        """Return the record's first line and let its other lines be read again."""
        first, *others = self.record
        self._returned.extendleft(reversed(others))
        self.line -= len(others)
        self.nul = "\0" in first
        self.record[:] = [first]
        return first

    def read_ahead(self, count: int) -> list[str]:
        """Read up to `count` following lines, fewer if they are long or the text ends; they count as read."""
        taken: list[str] = []
        size = 0
        while len(taken) < count and size < MEGABYTE and (line := self._next_line()):
            taken.append(line)
            size += len(line)
            if len(line) > LONGEST_RECORD:
                raise line_too_long(self._path, self.line + len(taken))
        self.line += len(taken)
        return taken

    def return_ahead(self, taken: list[str]) -> None:
        """Let the lines that `read_ahead` returned be read again."""
        self._returned.extendleft(reversed(taken))
        self.line -= len(taken)

    def _next_line(self) -> str:
        return self._returned.popleft() if self._returned else self._text.readline(LONGEST_RECORD + 1)

    def __iter__(self) -> Iterator[str]:
        """Yield each line with its line end."""
        size = 0
        while line := self._next_line():
            self.line += 1
            if "\0" in line:
                self.nul = True
            self.record.append(line)
            size = len(line) if len(self.record) == 1 else size + len(line)
            if size > LONGEST_RECORD:
                raise line_too_long(self._path, self.first_line)
            yield line
        self.exhausted = True
