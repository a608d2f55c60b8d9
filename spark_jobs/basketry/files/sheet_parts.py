"""The XML of a worksheet as a stream: its first rows, and what python-calamine leaves out (error cells, merged cells)."""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from basketry.files.limits import BUDGET, size_text
from basketry.files.private_copy import PrivateCopy, refusal
from basketry.files.sheet_extent import SheetExtent
from basketry.files.streams import CHUNK_BYTES, LONGEST_RECORD

INDEXES = ("[content_types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")
TEXTS = "xl/sharedstrings.xml"
LONGEST_HEAD = 4 * LONGEST_RECORD
"""The most bytes of a sheet in which its header is looked for."""

_ATTRIBUTE = re.compile(rb"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_ROW_END = re.compile(rb"</((?:\w+:)?)row>")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*>")
_ERROR_CELL = re.compile(
    rb"""<(?:\w+:)?c\s[^>]*\bt=["']e["'][^>]*>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>([^<]*)<""", re.DOTALL
)
_ERROR_MARKS = (b't="e"', b"t='e'")
_CELL_NAME = re.compile(r"\$?([A-Z]+)\$?(\d+)")
_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")


@dataclass(frozen=True)
class SheetPart:
    """A worksheet of a workbook.

    Attributes:
        name: the name of the sheet.
        part: the path of its XML in the archive.
    """

    name: str
    part: str


@dataclass(frozen=True)
class MergedCells:
    """A range of merged cells.

    Attributes:
        cells: the range as Excel names it.
        first_row: its first row, from 1.
        last_row: its last row, from 1.
    """

    cells: str
    first_row: int
    last_row: int


@dataclass
class SheetScan:
    """What a scan of a sheet's XML collects.

    Attributes:
        merges: the ranges of merged cells.
        errors: the error cells of each row: the column, from 0, and the text, such as #N/A.
    """

    merges: list[MergedCells] = field(default_factory=list)
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)


def find_sheets(archive: zipfile.ZipFile) -> list[SheetPart]:
    """List the worksheets of a workbook in its order, without chart sheets.

    Raises:
        KeyError: if the workbook is damaged.
        zipfile.BadZipFile: if the workbook is damaged.
    """
    targets = {}
    for tag in _RELATION.findall(_small_part(archive, "xl/_rels/workbook.xml.rels")):
        values = _attributes(tag)
        targets[values["Id"]] = posixpath.normpath(posixpath.join("/xl", values["Target"])).lstrip("/")
    sheets = []
    for tag in _SHEET.findall(_small_part(archive, "xl/workbook.xml")):
        values = _attributes(tag)
        part = targets[values["id"]]
        if part.startswith("xl/worksheets/"):
            sheets.append(SheetPart(values["name"], part))
    return sheets


@dataclass(frozen=True)
class CleanWorkbook:
    """What is left of a workbook for its parser: one sheet, the shared texts and the indexes, every byte of it checked.

    Attributes:
        sheet: the sheet.
        scan: what the parser leaves out of it.
        content: the clean workbook.
    """

    sheet: SheetPart
    scan: SheetScan
    content: BinaryIO


def clean_workbook(file: PrivateCopy, archive: zipfile.ZipFile, sheet: SheetPart, content: BinaryIO) -> CleanWorkbook:
    """Copy what is read of a workbook, part by part, as far as the budget allows; each checksum is checked.

    Args:
        file: the delivered file, which errors name.
        archive: its archive.
        sheet: the sheet that is read.
        content: where the clean workbook goes.

    Raises:
        RefusedFileError: if a part is larger than the budget, or the sheet has more cells.
    """
    scan = SheetScan()
    with zipfile.ZipFile(content, "w") as clean:
        for part in set(archive.namelist()):
            if part.lower() in INDEXES:
                _copy(file, archive, part, clean)
            elif part.lower() == TEXTS:
                _copy_texts(file, archive, part, clean)
        _copy_sheet(file, archive, sheet, clean, scan)
    content.seek(0)
    return CleanWorkbook(sheet, scan, content)


def _copy(file: PrivateCopy, archive: zipfile.ZipFile, part: str, clean: zipfile.ZipFile) -> None:
    with clean.open(part, "w") as target:
        for chunk in _chunks(file, archive, part, BUDGET.index_bytes):
            target.write(chunk)


def _chunks(file: PrivateCopy, archive: zipfile.ZipFile, part: str, limit: int) -> Iterator[bytes]:
    """Read a part to its end; Python's reader takes no byte more than its entry says, and checks the checksum."""
    entry, name = archive.getinfo(part), posixpath.basename(part)
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refusal(file, f"its part {name} is packed in a way that Excel does not know; save it in Excel as XLSX.")
    if entry.file_size > limit:
        raise refusal(file, f"its part {name} unpacks to more than {size_text(limit)}; deliver it as CSV.")
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _copy_texts(file: PrivateCopy, archive: zipfile.ZipFile, part: str, clean: zipfile.ZipFile) -> None:
    count, rest = 0, b""
    with clean.open(part, "w") as target:
        for chunk in _chunks(file, archive, part, BUDGET.text_bytes):
            target.write(chunk)
            block = rest + chunk
            cut = block.rfind(b">") + 1
            count += len(_TEXT.findall(block, 0, cut))
            rest = block[cut:]
            if count > BUDGET.texts:
                raise refusal(file, f"the workbook has more than {BUDGET.texts:,} different texts; deliver it as CSV.")


def _copy_sheet(
    file: PrivateCopy, archive: zipfile.ZipFile, sheet: SheetPart, clean: zipfile.ZipFile, scan: SheetScan
) -> None:
    extent, rest = SheetExtent(), b""
    with clean.open(sheet.part, "w") as target:
        for chunk in _chunks(file, archive, sheet.part, BUDGET.sheet_bytes):
            target.write(chunk)
            block = rest + chunk
            cut = _last_row_end(block) or (block.rfind(b">") + 1 if len(block) > LONGEST_RECORD else 0)
            if not cut and len(block) > LONGEST_RECORD:
                raise refusal(file, f"the sheet '{sheet.name}' is damaged; save the workbook again in Excel as XLSX.")
            _collect(scan, block[:cut])
            _check_extent(file, sheet, extent, block[:cut])
            rest = block[cut:]
        _collect(scan, rest)
        _check_extent(file, sheet, extent, rest)


def _check_extent(file: PrivateCopy, sheet: SheetPart, extent: SheetExtent, block: bytes) -> None:
    extent.add(block)
    if extent.cells > BUDGET.cells:
        raise refusal(
            file,
            f"the sheet '{sheet.name}' reaches over {extent.rows:,} rows and {extent.columns:,} columns, more than "
            f"{BUDGET.cells:,} cells; delete the cells far from the rows, or deliver it as CSV.",
        )


def _last_row_end(block: bytes) -> int:
    ends = [match.end() for match in _ROW_END.finditer(block, max(0, block.rfind(b"row>") - 64))]
    return ends[-1] if ends else 0


def _collect(scan: SheetScan, block: bytes) -> None:
    for tag in _MERGED.findall(block) if b"mergeCell " in block else ():
        cells = _attributes(tag)["ref"]
        rows = [int(row) for _, row in _CELL_NAME.findall(cells)]
        scan.merges.append(MergedCells(cells, min(rows), max(rows)))
    if not any(mark in block for mark in _ERROR_MARKS):
        return
    for match in _ERROR_CELL.finditer(block):
        name = _CELL_NAME.fullmatch(_attributes(match.group(0)).get("r", ""))
        if name:
            scan.errors.setdefault(int(name[2]), []).append((_column_index(name[1]), match.group(1).decode()))


def _column_index(letters: str) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _attributes(tag: bytes) -> dict[str, str]:
    head = tag[: tag.find(b">")]
    return {
        key.decode().rpartition(":")[2]: html.unescape((double or single).decode())
        for key, double, single in _ATTRIBUTE.findall(head)
    }


def _small_part(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as stream:
        return stream.read(BUDGET.index_bytes)


def first_rows(workbook: CleanWorkbook, rows: int) -> BinaryIO:
    """Return a workbook with only the first `rows` rows of the sheet, so that a header is read without all rows."""
    small = io.BytesIO()
    with zipfile.ZipFile(workbook.content) as archive, zipfile.ZipFile(small, "w") as copy:
        for part in archive.namelist():
            copy.writestr(part, _cut_sheet(archive, part, rows) if part == workbook.sheet.part else archive.read(part))
    small.seek(0)
    return small


def _cut_sheet(archive: zipfile.ZipFile, part: str, rows: int) -> bytes:
    head = b""
    with archive.open(part) as stream:
        while len(head) < LONGEST_HEAD and (chunk := stream.read(CHUNK_BYTES // 4)):
            head += chunk
            ends = list(_ROW_END.finditer(head))
            if len(ends) > rows:
                prefix = ends[rows - 1].group(1)
                return head[: ends[rows - 1].end()] + b"</%bsheetData></%bworksheet>" % (prefix, prefix)
    return head
