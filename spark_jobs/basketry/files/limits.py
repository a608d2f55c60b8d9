"""What a delivered file may become when it is read: one budget, which every reader holds to before it hands on a row."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1 << 20
GIGABYTE = 1 << 30


@dataclass(frozen=True, kw_only=True)
class FileBudget:
    """The limits of a delivered file, far beyond what a retailer exports and far below what hurts a machine.

    Attributes:
        delivered_bytes: the bytes of the file as delivered, which are copied before they are read.
        unpacked_bytes: the bytes to which a gzip may unpack.
        ratio: how many times its own size a gzip may unpack to, once it is larger than `ratio_free_bytes`.
        ratio_free_bytes: the bytes to which every gzip may unpack.
        archive_bytes: the bytes of a workbook as a zip archive, after a gzip around it is unpacked.
        workbook_bytes: the bytes to which all parts of a workbook unpack.
        sheet_bytes: the bytes of a sheet's XML.
        text_bytes: the bytes of the XML of a workbook's shared texts.
        texts: the number of a workbook's shared texts.
        index_bytes: the bytes of each other part of a workbook that is read: its list of sheets, its formats.
        cells: the rows of a sheet times its widest column, since a reader of workbooks lays out every cell between.
        columns: the fields of a record, as many as a spreadsheet has columns.
        name: the characters of a column's name.
        values: the values and containers of one JSON line.
        lines: the lines of a file of events, which are decided in the driver's memory, a whole file at least.
        characters: the characters of such a file.
        reader_memory: the address space of the process that reads a workbook.
        reader_seconds: its processor seconds, and the seconds for which it may be silent.
    """

    delivered_bytes: int = 32 * GIGABYTE
    unpacked_bytes: int = 64 * GIGABYTE
    ratio: int = 200
    ratio_free_bytes: int = 64 * MEGABYTE
    archive_bytes: int = GIGABYTE
    workbook_bytes: int = 2 * GIGABYTE
    sheet_bytes: int = 3 * GIGABYTE // 2
    text_bytes: int = 256 * MEGABYTE
    texts: int = 4_000_000
    index_bytes: int = 16 * MEGABYTE
    cells: int = 32_000_000
    columns: int = 16_384
    name: int = 1_000
    values: int = 200_000
    lines: int = 1_000_000
    characters: int = 256 * MEGABYTE
    reader_memory: int = 4 * GIGABYTE
    reader_seconds: int = 600


BUDGET = FileBudget()
"""The budget of every delivered file."""


def size_text(count: int) -> str:
    """Write a number of bytes for people: 2 GB, 256 MB."""
    unit, name = (GIGABYTE, "GB") if count >= GIGABYTE else (MEGABYTE, "MB")
    return f"{count / unit:.3g} {name}"
