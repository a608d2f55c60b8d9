"""Delivered files that an attacker would write: small, and what they become is not."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.kit.files import COLUMNS, workbook


def changed_part(folder: Path, name: str, part: str, change: Callable[[bytes], bytes]) -> Path:
    """A good workbook of one row, with one of its parts changed."""
    whole = workbook(folder, f"whole_{name}", [COLUMNS, ["1", "Milk", 2.5]])
    path = folder / name
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            content = source.read(entry)
            target.writestr(entry, change(content) if entry == part else content)
    whole.unlink()
    return path


def far_cell(folder: Path, name: str, cell: str) -> Path:
    """A workbook of 1.5 kB with one cell far from the others."""
    more = f'<row r="9"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
    return changed_part(folder, name, "xl/worksheets/sheet1.xml", lambda sheet: sheet.replace(b"</sheetData>", more))
