"""XLSX: each cell as the text a CSV export would hold, the sheet's oddities told before a row is loaded."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from basketry.errors import BadInputError
from basketry.files import inspect_file
from basketry.files.private_copy import private_copy
from basketry.files.workbooks import cell_text, open_workbook
from tests.kit.files import COLUMNS, contract, reading_refusal, refusal, rows_of, values, workbook, written

HEADER = list(COLUMNS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17850.0, "17850"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1e-05, "0.00001"),
        (1e20, "100000000000000000000"),
        (123456789012.0, "123456789012"),
        (True, "true"),
        (False, "false"),
        (datetime.fromisoformat("2010-12-01T08:26"), "2010-12-01 08:26:00"),
        (datetime.fromisoformat("2010-12-01T08:25:59.999500"), "2010-12-01 08:26:00"),
        (datetime.fromisoformat("2010-12-01T08:26:00.000300"), "2010-12-01 08:26:00"),
        (date(2010, 12, 1), "2010-12-01 00:00:00"),
        (time(8, 26), "08:26:00"),
        (timedelta(days=2, hours=1), "49:00:00"),
    ],
)
def test_a_cell_becomes_the_text_of_its_value(value: object, text: str) -> None:
    """Whole numbers lose their .0, small and large ones their exponent, dates and times have one form."""
    assert cell_text(value) == text


def test_rows_are_read_as_excel_shows_them(tmp_path: Path) -> None:
    """Values of every kind, row numbers of the sheet, empty cells null, blank rows and empty columns nothing."""
    rows: list[list[Any]] = [
        [*HEADER, None, None],
        [17850.0, " Milk ", 2.55],
        [],
        [True, datetime.fromisoformat("2010-12-01T08:26"), None],
        [1, "x", 1.0],
        [],
    ]
    path = workbook(tmp_path, "a.xlsx", rows)
    assert [(row["_row_number"], row["id"], row["name"], row["price"]) for row in rows_of(path, contract())] == [
        (2, "17850", " Milk ", "2.55"),
        (4, "true", "2010-12-01 08:26:00", None),
        (5, "1", "x", "1"),
    ]
    assert all(row["_defects"] == [] and row["_extra"] is None for row in rows_of(path, contract()))


def test_formula_text_stays_text_and_a_formula_gives_its_value(tmp_path: Path) -> None:
    """Text that looks like a formula is a value; a real formula is read as the value Excel saved."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_string(1, 0, "=cmd|' /C calc'!A0")
        page.write_formula(1, 1, "=1+1", value=2)
        page.write_string(1, 2, "@SUM(A1)")
    assert values(path, contract()) == [["=cmd|' /C calc'!A0", "2", "@SUM(A1)"]]


def test_error_cells_are_text(tmp_path: Path) -> None:
    """#N/A and #DIV/0! are told as such, never as a missing value, wherever the sheet starts."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(2, 1, HEADER)
        page.write_row(3, 1, ["1", "Milk", 2])
        page.write_row(4, 1, ["2", "Tea"])
        page.write_formula(4, 3, "=NA()", value="#N/A")
        page.write_formula(5, 1, "=1/0", value="#DIV/0!")
        page.write_string(5, 2, 't="e"<v>#N/A</v>')
    rows = rows_of(path, contract(header_row=3))
    assert [(row["_row_number"], row["id"], row["name"], row["price"]) for row in rows] == [
        (4, "1", "Milk", "2"),
        (5, "2", "Tea", "#N/A"),
        (6, "#DIV/0!", 't="e"<v>#N/A</v>', None),
    ]


def test_error_cells_far_down_a_large_sheet_are_found(tmp_path: Path) -> None:
    """Each of thousands of error cells keeps its place, across the blocks in which the sheet is scanned."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        for row in range(1, 20_001):
            page.write_row(row, 0, [str(row), "a name that fills the sheet " * 3])
            if row % 7 == 0:
                page.write_formula(row, 2, "=NA()", value="#N/A")
    rows = rows_of(path, contract())
    assert len(rows) == 20_000
    assert all(row["price"] == ("#N/A" if int(row["id"]) % 7 == 0 else None) for row in rows)


def test_the_sheet_is_the_contracts_or_the_first(tmp_path: Path) -> None:
    """A workbook of several sheets is read at the contract's; a missing sheet names the nearest."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("Notes & more", "Sales 2026"):
            page = book.add_worksheet(name)
            page.write_row(0, 0, HEADER)
            page.write_row(1, 0, [name, "x", 1])
    assert values(path, contract())[0][0] == "Notes & more"
    assert values(path, contract(sheet="Sales 2026"))[0][0] == "Sales 2026"
    told = "sheet 'Sales2026' is missing (there is 'Sales 2026'); rename it, or set sheet in things.odcs.yaml"
    assert told in refusal(path, contract(sheet="Sales2026"))


def test_a_merged_header_is_refused_with_its_cells(tmp_path: Path) -> None:
    """Merged header cells leave columns without a name: the range and the fix are told."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.merge_range("B1:C1", "name")
        page.write(0, 0, "id")
        page.write_row(1, 0, [1, "Milk", 2])
    told = "a.xlsx, line 1: the header cells B1:C1 are merged; unmerge them and name each column"
    assert told in refusal(path, contract())
    assert told in reading_refusal(path, contract())


def test_a_merged_title_above_the_header_is_harmless(tmp_path: Path) -> None:
    """A report's title over the header needs only headerRow."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.merge_range("A1:C1", "Sales of May")
        page.write_row(2, 0, HEADER)
        page.write_row(3, 0, [1, "Milk", 2])
    rows = rows_of(path, contract(header_row=3))
    assert [(row["_row_number"], row["id"]) for row in rows] == [(4, "1")]
    assert "line 1: the header cells A1:C1 are merged" in refusal(path, contract())
    assert "line 2: the header row is blank" in refusal(path, contract(header_row=2))
    assert "is empty before its header row 9" in refusal(path, contract(header_row=9))


def test_header_problems_name_row_and_fix(tmp_path: Path) -> None:
    """A renamed, duplicated or unknown column is refused as in a CSV."""
    renamed = workbook(tmp_path, "a.xlsx", [["id", "name", "prize"], [1, "x", 2]])
    assert "a.xlsx, line 1: column 'price' (the file has 'prize') is missing" in refusal(renamed, contract())
    twice = workbook(tmp_path, "b.xlsx", [["id", "name", "price", "id"]])
    assert "b.xlsx, line 1: column 'id' occurs twice, as columns 1 and 4" in refusal(twice, contract())
    more = workbook(tmp_path, "c.xlsx", [[*HEADER, "colour"]])
    assert "c.xlsx, line 1: unknown column 'colour'" in refusal(more, contract(unknown="refuse"))


def test_an_empty_sheet_is_refused(tmp_path: Path) -> None:
    """A sheet without a cell has no header."""
    assert "is empty before its header row 1" in refusal(workbook(tmp_path, "a.xlsx", []), contract())


def test_unknown_and_surplus_cells_are_kept(tmp_path: Path) -> None:
    """A column without name between others is rescued by position; a cell right of the header is a surplus field."""
    path = workbook(
        tmp_path, "a.xlsx", [["id", None, "name", "price"], [1, "x", "Milk", 2], [2, None, "Tea", 3, None, "y"]]
    )
    first, second = rows_of(path, contract())
    assert (json.loads(first["_extra"]), first["_defects"]) == ({"column 2": "x"}, [])
    assert second["_defects"] == ["row:too_many_fields"]
    assert json.loads(second["_extra"]) == {"column 2": None, "surplus": [None, "y"]}


def test_data_left_of_the_header_does_not_shift_columns(tmp_path: Path) -> None:
    """A header that starts at column B is matched at column B, although rows use column A."""
    path = workbook(tmp_path, "a.xlsx", [[None, *HEADER], ["note", 1, "Milk", 2]])
    assert values(path, contract()) == [["1", "Milk", "2"]]
    assert inspect_file(path, contract()).unknown_columns == ("column 1",)


def test_workbooks_of_other_writers_and_gzipped_ones_are_read(tmp_path: Path) -> None:
    """Shared strings of openpyxl, inline strings of a streaming writer, and a gzip around it give the same rows."""
    rows: list[list[Any]] = [HEADER, [1, "Käse & <b>", 2.5]]
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    plain, inline, packed = (tmp_path / name for name in ("plain.xlsx", "inline.xlsx", "packed.xlsx.gz"))
    book.save(plain)
    workbook(tmp_path, "inline.xlsx", rows, constant_memory=True)
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, inline, packed):
        inspect_file(path, contract())
        assert values(path, contract()) == [["1", "Käse & <b>", "2.5"]]


def test_a_sheet_in_prefixed_xml_is_read(tmp_path: Path) -> None:
    """Some tools write every tag with a prefix; header, merged cells and rows are still found."""
    plain = workbook(tmp_path, "plain.xlsx", [HEADER, [1, 2, 3], [4, 5, 6]])
    prefixed = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(prefixed, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            if part.startswith("xl/worksheets/"):
                content = content.replace(b"</", b"</x:").replace(b"<", b"<x:").replace(b"<x:/x:", b"</x:")
                content = content.replace(b"<x:?", b"<?").replace(b"xmlns=", b"xmlns:x=")
            target.writestr(part, content)
    path = tmp_path / "a.xlsx"
    path.write_bytes(prefixed.getvalue())
    assert values(path, contract()) == [["1", "2", "3"], ["4", "5", "6"]]


def test_a_workbook_with_any_bytes_changed_is_read_or_refused(tmp_path: Path) -> None:
    """Damage anywhere in a workbook is a BadInputError or harmless, never another exception.

    Without the process that stands between: what the parser is protected from is few things, and those are told well.
    """
    whole = workbook(tmp_path, "whole.xlsx", [HEADER, *([row, f"Milk {row}", 1.5] for row in range(30))]).read_bytes()
    chance = random.Random(3)
    refusals = 0
    for _ in range(200):
        spoilt = bytearray(whole)
        for _ in range(chance.choice([1, 3, 30])):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        try:
            with (
                private_copy(written(tmp_path, "a.xlsx", bytes(spoilt))) as copy,
                open_workbook(copy, contract()) as book,
            ):
                list(book.rows())
        except BadInputError as refused:
            refusals += "a.xlsx" in str(refused)
    assert refusals > 100


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    """A zip bomb is refused by its declared size, before a byte of it is unpacked."""
    path = workbook(tmp_path, "a.xlsx", [HEADER])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/a.png", "w", force_zip64=True) as picture,
    ):
        for _ in range(33):
            picture.write(bytes(1 << 26))
    assert "the workbook unpacks to more than 2 GB; deliver it as CSV" in refusal(path, contract())
