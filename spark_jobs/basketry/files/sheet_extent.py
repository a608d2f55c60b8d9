"""How far a sheet reaches: a parser lays out every cell between its first and its last, though only two may be there."""

from __future__ import annotations

import re

_CELL = re.compile(rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r\s*=\s*["']([A-Za-z]*)([0-9]*)["'][^<>]*(?<!/)>""")
"""A cell with a place and something in it; one without is formatting, which no parser lays out."""
_ANY_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>])[^<>]*(?<!/)>")
_ROW = re.compile(rb"""<(?:\w+:)?row(?=[\s>])(?:[^<>]*?\sr\s*=\s*["']([0-9]*))?""")
_ROW_END = re.compile(rb"</(?:\w+:)?row>")


class SheetExtent:
    """The rows and columns that the blocks of a sheet's XML reach over: never fewer than a parser would find."""

    def __init__(self) -> None:
        self._column = self._row = 0
        self._unplaced_columns = self._unplaced_rows = 0

    @property
    def columns(self) -> int:
        """The column of the rightmost cell, from 1."""
        return self._column + self._unplaced_columns

    @property
    def rows(self) -> int:
        """The row of the lowest cell, from 1."""
        return self._row + self._unplaced_rows

    @property
    def cells(self) -> int:
        """The cells that a parser would lay out."""
        return self.rows * self.columns

    def add(self, block: bytes) -> None:
        """Add a block of whole tags."""
        cells = _CELL.findall(block)
        letters, rows = ({cell[part] for cell in cells} for part in (0, 1))
        self._column = max([self._column, *map(_column_number, letters)])
        self._row = max([self._row, *map(_number, rows)])
        if len(_ANY_CELL.findall(block)) > len(cells):
            self._add_unplaced(block)

    def _add_unplaced(self, block: bytes) -> None:
        """Count cells that do not say where they are: each lies beside the one before, in the row that is said or the next."""
        widest = max(len(_ANY_CELL.findall(row)) for row in _ROW_END.split(block))
        self._unplaced_columns = max(self._unplaced_columns, widest)
        rows = _ROW.findall(block)
        self._row = max([self._row, *map(_number, rows)])
        self._unplaced_rows += sum(not row for row in rows)


def _number(digits: bytes) -> int:
    return int(digits[:9] or b"0")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:4]:
        number = number * 26 + letter - ord("A") + 1
    return number
