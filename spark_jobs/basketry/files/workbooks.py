"""Rows of an XLSX workbook, read by python-calamine: each value is the text that a CSV export of it would hold."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from basketry.errors import BasketryError, RefusedFileError
from basketry.files.headers import Layout, match_header, nearest_name
from basketry.files.limits import BUDGET, size_text
from basketry.files.private_copy import PrivateCopy, refusal, scratch_file
from basketry.files.rows import Block, Number, Row, fitted_row
from basketry.files.sheet_parts import CleanWorkbook, MergedCells, SheetPart, clean_workbook, find_sheets, first_rows
from basketry.files.streams import CHUNK_BYTES, ZIP_MARK, content_start, open_content, refuse_disguise

if TYPE_CHECKING:
    from basketry.contracts import Contract

MIDNIGHT = time()
HALF_SECOND = 500_000
REMEMBERED_CELLS = 50_000

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    CalamineError,
    ArithmeticError,
    EOFError,
    LookupError,
    RuntimeError,
    ValueError,
)


class Workbook:
    """A workbook that was checked to its last byte.

    Attributes:
        layout: where the columns are.
    """

    def __init__(self, clean: CleanWorkbook, layout: Layout, file: PrivateCopy, header_row: int) -> None:
        self.layout = layout
        self._clean, self._file, self._header_row = clean, file, header_row

    def rows(self) -> Iterator[Row | Block]:
        """Yield the rows below the header, numbered as Excel shows them; blank rows are left out."""
        width, errors = self.layout.width, self._clean.scan.errors
        with _refusing_bad_workbook(self._file):
            self._clean.content.seek(0)
            with CalamineWorkbook.from_filelike(cast(Any, self._clean.content)) as workbook:
                sheet = workbook.get_sheet_by_name(self._clean.sheet.name)
            for number, cells in enumerate(_cells(sheet), start=1):
                for column, text in errors.get(number, ()):
                    cells[column] = text
                if number > self._header_row and any(cells):
                    size = sum(len(cell) for cell in cells if cell)
                    whole = len(cells) == width
                    yield Row(number, cells, size) if whole else fitted_row(number, cells, self.layout, size=size)


@contextmanager
def open_workbook(file: PrivateCopy, contract: Contract) -> Iterator[Workbook]:
    """Check a workbook against the budget and its contract, and open what of it is read.

    Its parser gets a clean workbook, made of the checked parts alone: it never sees the delivered archive, in which sizes
    may be lies and parts may be hidden from one reader and shown to the other.

    Raises:
        RefusedFileError: for what is no workbook, beyond the budget, a missing sheet, a merged header, or one that does
            not fit.
    """
    row = contract.file.header_row
    with _opened(file) as stream, scratch_file() as content:
        with _refusing_bad_workbook(file):
            with zipfile.ZipFile(stream) as archive:
                part = _sheet_part(file, archive, contract)
                clean = clean_workbook(file, archive, part, cast(BinaryIO, content))
            header = _header(file, first_rows(clean, row), part, row)
        _refuse_merged(file, row, clean.scan.merges)
        # Blank cells to the right of the header are formatting, however many there are.
        layout = replace(match_header(file, row, header, contract), padding=BUDGET.columns)
        yield Workbook(clean, layout, file, row)


@contextmanager
def _opened(file: PrivateCopy) -> Iterator[BinaryIO]:
    start = content_start(file)
    refuse_disguise(file, start, "an XLSX workbook")
    if not start.startswith(ZIP_MARK):
        raise refusal(file, "the content is no XLSX workbook (perhaps renamed text); save it as XLSX, or name it .csv.")
    with open_content(file) as content:
        if content.seekable():
            if file.bytes > BUDGET.archive_bytes:
                raise _archive_too_large(file)
            yield content
            return
        with scratch_file() as unpacked:
            while chunk := content.read(CHUNK_BYTES):
                if unpacked.tell() + len(chunk) > BUDGET.archive_bytes:
                    raise _archive_too_large(file)
                unpacked.write(chunk)
            unpacked.seek(0)
            yield cast(BinaryIO, unpacked)


def _archive_too_large(file: PrivateCopy) -> RefusedFileError:
    return refusal(file, f"the workbook is larger than {size_text(BUDGET.archive_bytes)}; deliver it as CSV.")


@contextmanager
def _refusing_bad_workbook(file: PrivateCopy) -> Iterator[None]:
    try:
        yield
    except (BasketryError, GeneratorExit):
        raise
    except BaseException as error:
        if not _is_damage(error):
            raise
        problem = "the workbook is damaged or protected; save it in Excel as XLSX without a password, and deliver that."
        raise refusal(file, problem) from None


def _is_damage(error: BaseException) -> bool:
    # A parser written in Rust reports its own defects as a BaseException of this name; an OSError without a
    # number is the parser's too, and EINVAL a damaged offset; others (a lost mount, a full disk) may pass.
    if type(error).__name__ == "PanicException":
        return True
    return isinstance(error, _DAMAGE) or (isinstance(error, OSError) and error.errno in (None, errno.EINVAL))


def _sheet_part(file: PrivateCopy, archive: zipfile.ZipFile, contract: Contract) -> SheetPart:
    if "xl/workbook.xml" not in archive.namelist():
        raise refusal(file, "the content is a zip archive without a workbook; save it from Excel as XLSX.")
    if sum(part.file_size for part in archive.infolist()) > BUDGET.workbook_bytes:
        limit = size_text(BUDGET.workbook_bytes)
        raise refusal(file, f"the workbook unpacks to more than {limit}; deliver it as CSV.")
    sheets = find_sheets(archive)
    wanted = contract.file.sheet
    if not sheets:
        raise refusal(file, "the workbook has no sheet; deliver it with its rows on one.")
    if wanted is None:
        return sheets[0]
    named = {sheet.name: sheet for sheet in sheets}
    if wanted not in named:
        near = nearest_name(wanted, list(named)) or ", ".join(list(named)[:5])
        problem = f"sheet '{wanted}' is missing (there is '{near}'); rename it, or set sheet in {contract.path.name}."
        raise refusal(file, problem)
    return named[wanted]


def _refuse_merged(file: PrivateCopy, row: int, merges: list[MergedCells]) -> None:
    for merged in merges:
        if merged.first_row <= row <= merged.last_row:
            raise refusal(file, f"the header cells {merged.cells} are merged; unmerge them and name each column.", row)


def _header(file: PrivateCopy, head: BinaryIO, part: SheetPart, row: int) -> list[str | None]:
    with CalamineWorkbook.from_filelike(cast(Any, head)) as workbook:
        for number, cells in enumerate(_cells(workbook.get_sheet_by_name(part.name)), start=1):
            if number == row:
                return cells
    raise refusal(file, f"the sheet '{part.name}' is empty before its header row {row}; deliver it with a header.")


def _cells(sheet: CalamineSheet) -> Iterator[list[str | None]]:
    # Rows come from the sheet's first one, cells only from the first column in use: fill up to column A.
    left: list[str | None] = [None] * (sheet.start[1] if sheet.start else 0)
    # A cache for each type, because True and 1.0 are the same key of a dict.
    texts: defaultdict[type, _CellTexts] = defaultdict(_CellTexts)
    for row in sheet.iter_rows():
        yield left + [(cell or None) if type(cell) is str else texts[type(cell)][cell] for cell in row]


class _CellTexts(dict[object, str]):
    """A cache of the texts of cell values: prices, quantities and dates repeat, and their text is slow to make."""

    def __missing__(self, value: object) -> str:
        if len(self) >= REMEMBERED_CELLS:
            self.clear()
        text = self[value] = cell_text(value)
        return text


def cell_text(value: object) -> str:
    """Write a cell as text: 17850.0 as the Number 17850, a date as yyyy-MM-dd HH:mm:ss, TRUE as true."""
    if type(value) is float:
        return Number(_number_text(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return Number(value)
    if isinstance(value, datetime):
        return _time_text(value)
    if isinstance(value, date):
        return f"{value} {MIDNIGHT}"
    if isinstance(value, timedelta):
        return _duration_text(value)
    return str(value).split(".")[0] if isinstance(value, time) else str(value)


def _number_text(value: float) -> str:
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    return f"{Decimal(text):f}" if "e" in text else text


def _time_text(value: datetime) -> str:
    # Excel keeps times as fractions of a day, so 08:26:00 may arrive a few microseconds early or late.
    if value.microsecond >= HALF_SECOND:
        value += timedelta(seconds=1)
    return str(value.replace(microsecond=0))


def _duration_text(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, seconds = divmod(abs(seconds), 60)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
