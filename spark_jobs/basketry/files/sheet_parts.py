"""The XML of a worksheet as a stream: its first rows, and what python-calamine leaves out (error cells, merged cells)."""

from __future__ import annotations

import html
import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from typing import BinaryIO

from basketry.files.streams import CHUNK_BYTES, LONGEST_RECORD

LARGEST_INDEX = 64 * CHUNK_BYTES
"""The most bytes that are read of a workbook's list of sheets, or of a row: far more than Excel writes."""

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


def scan_sheet(archive: zipfile.ZipFile, sheet: SheetPart) -> SheetScan:
    """Read the sheet's XML once to its end, checking its checksum, and collect merged ranges and error cells."""
    scan = SheetScan()
    rest = b""
    with archive.open(sheet.part) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            block = rest + chunk
            cut = _last_row_end(block) or (len(block) if len(block) > LONGEST_RECORD else 0)
            _collect(scan, block[:cut])
            rest = block[cut:]
    _collect(scan, rest)
    return scan


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
        return stream.read(LARGEST_INDEX)


def first_rows(archive: zipfile.ZipFile, sheet: SheetPart, rows: int) -> BinaryIO:
    """Return a workbook with only the first `rows` rows of the sheet, so that a header is read without all rows."""
    small = io.BytesIO()
    with zipfile.ZipFile(small, "w") as copy:
        for part in archive.namelist():
            # Theme, styles and shared texts are needed to read cells; other sheets, pictures and the like are not.
            if part.count("/") < 2 or part.startswith(("xl/_rels/", "xl/theme/")):
                copy.writestr(part, archive.read(part))
        copy.writestr(sheet.part, _cut_sheet(archive, sheet, rows))
    small.seek(0)
    return small


def _cut_sheet(archive: zipfile.ZipFile, sheet: SheetPart, rows: int) -> bytes:
    head = b""
    with archive.open(sheet.part) as stream:
        while len(head) < LARGEST_INDEX and (chunk := stream.read(CHUNK_BYTES // 4)):
            head += chunk
            ends = list(_ROW_END.finditer(head))
            if len(ends) > rows:
                prefix = ends[rows - 1].group(1)
                return head[: ends[rows - 1].end()] + b"</%bsheetData></%bworksheet>" % (prefix, prefix)
    return head
