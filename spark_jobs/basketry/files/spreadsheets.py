"""Cells and lines of the CSV files that are given to others: harmless when a spreadsheet opens them. Plain Python and Arrow.

A spreadsheet runs a cell that begins like a formula, whoever wrote it: a shopper's name may be one (OWASP, CSV
injection). So every text is quoted, and a text that begins like a formula, also after blanks or in full width, gets an
apostrophe before it. A telephone number in the form E.164 stays as it is: it is digits behind a plus, and a dialler
reads it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

APOSTROPHE, LINE_END = "'", "\r\n"
_BLANKS = "\x00-\x20\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff"
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
FORMULA = f"^(?:[\t\r\n]|[{_BLANKS}]*[{_SIGNS}])"
"""How a text begins that a spreadsheet may run; it means the same to the regular expressions of Python and of Arrow."""
TELEPHONE = r"^\+[1-9][0-9]{6,14}$"
"""E.164: a plus, the country, at most fifteen digits."""

_formula, _telephone = re.compile(FORMULA), re.compile(r"\+[1-9][0-9]{6,14}\Z")


def escape_formula(value: Any) -> Any:
    """Put an apostrophe before a text that a spreadsheet would run; telephone numbers and all other values stay."""
    if not isinstance(value, str) or not _formula.match(value) or _telephone.match(value):
        return value
    return f"{APOSTROPHE}{value}"


def escape_formulas(table: pa.Table) -> pa.Table:
    """Return the table with every text passed through `escape_formula`."""
    for index, field in enumerate(table.schema):
        if pt.is_string(field.type) or pt.is_large_string(field.type):
            table = table.set_column(index, field.name, _escape_texts(table.column(index)))
    return table


def _escape_texts(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    runs = pc.and_not(pc.match_substring_regex(texts, FORMULA), pc.match_substring_regex(texts, TELEPHONE))
    return pc.if_else(runs, pc.binary_join_element_wise(APOSTROPHE, texts, ""), texts)


def csv_line(row: Sequence[Any]) -> str:
    """Write a line: numbers and days bare, every other value as a quoted, harmless text, nothing for a missing value."""
    return ",".join(map(_cell, row)) + LINE_END


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float | Decimal | date):
        return str(value)
    text = str(escape_formula(str(value))).replace('"', '""')
    return f'"{text}"'
