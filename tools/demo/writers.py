"""Writers of CSV, JSON Lines and XLSX files whose bytes depend on their rows alone: no clock, no file name.

A file appears under its name only when it is complete; until then it has a hidden name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol, TextIO

import xlsxwriter

from tools.demo.feeds import Feed, Row

GZIP_LEVEL = 4
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's properties have no time zone


class Writer(Protocol):
    """Takes rows and at last makes the file."""

    def write(self, rows: Iterable[Row | str]) -> None:
        """Append rows; a text stands for a line that is not a row."""

    def close(self) -> None:
        """Finish the file under its own name."""


def open_writer(feed: Feed, path: Path, day: date) -> Writer:
    """Open a writer for the feed's format.

    Args:
        feed: The feed.
        path: Path of the complete file.
        day: Day of the delivery; it becomes the file's modification time.
    """
    part = path.with_name(f".{path.name}.part")
    if feed.suffix == "xlsx":
        return _WorkbookWriter(feed, part, path, day)
    kind = _CsvWriter if feed.suffix.startswith("csv") else _JsonLinesWriter
    return kind(feed, part, path, day)


def _finish(part: Path, path: Path, day: date) -> None:
    moment = datetime.combine(day, time(23, 59), UTC).timestamp()
    os.utime(part, (moment, moment))
    os.replace(part, path)


class _TextWriter:
    """Opens a text file, gzipped where its name says so."""

    def __init__(self, feed: Feed, part: Path, path: Path, day: date) -> None:
        self._feed, self._part, self._path, self._day = feed, part, path, day
        self._binary = part.open("wb")
        self._gzip = None
        if feed.suffix.endswith(".gz"):
            self._gzip = gzip.GzipFile("", "wb", GZIP_LEVEL, self._binary, mtime=0)
        self._text: TextIO = io.TextIOWrapper(self._gzip or self._binary, feed.encoding, newline="")

    def close(self) -> None:
        """Complete the file and give it its name."""
        self._text.close()
        self._binary.close()
        _finish(self._part, self._path, self._day)


class _CsvWriter(_TextWriter):
    """Writes comma (or otherwise) separated values with a header."""

    def __init__(self, feed: Feed, part: Path, path: Path, day: date) -> None:
        super().__init__(feed, part, path, day)
        self._csv = csv.writer(self._text, delimiter=feed.delimiter, lineterminator=feed.line_end)
        self._csv.writerow(feed.columns)

    def write(self, rows: Iterable[Row | str]) -> None:
        """Add lines."""
        self._csv.writerows(rows)


class _JsonLinesWriter(_TextWriter):
    """Writes one JSON object per line; a cell that is None is left out."""

    def write(self, rows: Iterable[Row | str]) -> None:
        """Add one line per row."""
        for row in rows:
            self._text.write(f"{row if isinstance(row, str) else self._object(row)}\n")

    def _object(self, row: Row) -> str:
        cells = zip(self._feed.columns, row, strict=True)
        return _ENCODE({column: cell for column, cell in cells if cell is not None})


class _WorkbookWriter:
    """Writes one sheet with a header; dates are real dates."""

    def __init__(self, feed: Feed, part: Path, path: Path, day: date) -> None:
        self._part, self._path, self._day = part, path, day
        self._book = xlsxwriter.Workbook(str(part), {"constant_memory": True})
        self._book.set_properties({"created": _EPOCH, "author": "Demo retailer"})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._sheet = self._book.add_worksheet(feed.name.title())
        self._next = 0
        self.write([list(feed.columns)])

    def write(self, rows: Iterable[Row | str]) -> None:
        """Add one line of cells per row."""
        for row in rows:
            for position, cell in enumerate(row):
                if isinstance(cell, date):
                    self._sheet.write_datetime(self._next, position, cell, self._date)
                elif isinstance(cell, str):
                    self._sheet.write_string(self._next, position, cell)
                elif cell is not None:
                    self._sheet.write_number(self._next, position, cell)
            self._next += 1

    def close(self) -> None:
        """Complete the workbook and give it its name."""
        self._book.close()
        _finish(self._part, self._path, self._day)
