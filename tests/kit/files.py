"""Delivered files: texts and workbooks, a contract that reads them, and what is read or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter

from basketry.contracts import Contract, DeliveredAt, DeliveredColumn, FileFormat
from basketry.errors import BadInputError
from basketry.files import inspect_file, read_batches
from basketry.tables import silver_table
from tests.kit.contracts import a_contract

COLUMNS = ("id", "name", "price")
PATTERNS = ("*.csv", "*.csv.gz", "*.xlsx", "*.xlsx.gz", "*.jsonl", "*.jsonl.gz", "*.txt")


def contract(
    columns: tuple[str, ...] = COLUMNS,
    optional: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
    unknown: str = "rescue",
    delivered_at: DeliveredAt | None = None,
    **file: Any,
) -> Contract:
    """A contract of a feed `things` whose file has these text columns; `file` are FileFormat fields."""
    return a_contract(
        silver_table("products"),
        feed="things",
        file=FileFormat(**{"kind": "auto", "patterns": PATTERNS, **file}),
        delivered=tuple(
            DeliveredColumn(
                name=name.replace(" ", "_"),
                header=name,
                type="string",
                required=name in required,
                optional=name in optional,
            )
            for name in columns
        ),
        max_rejected_share=0.05,
        unknown_columns=unknown,
        delivered_at=delivered_at,
    )


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with exactly this content; text is written as UTF-8 without touching line ends."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(folder: Path, name: str, rows: Sequence[Sequence[Any]], sheet: str = "Sheet1", **options: Any) -> Path:
    """A workbook whose sheet holds these rows from cell A1; None leaves a cell empty."""
    path = folder / name
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd hh:mm", **options}) as book:
        page = book.add_worksheet(sheet)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                if cell is not None:
                    page.write(row, column, cell)
    return path


def rows_of(path: Path, with_contract: Contract, rows_per_batch: int = 50_000) -> list[dict[str, Any]]:
    """Every row of the file as a dict."""
    return (
        pa.Table.from_batches(batches, batches[0].schema).to_pylist()
        if (batches := list(read_batches(path, with_contract, rows_per_batch)))
        else []
    )


def values(path: Path, with_contract: Contract) -> list[list[str | None]]:
    """Delivered values of every row, in the contract's order."""
    names = [column.name for column in with_contract.delivered]
    return [[row[name] for name in names] for row in rows_of(path, with_contract)]


def refusal(path: Path, with_contract: Contract) -> str:
    """The sentence with which inspection refuses the file, checked to name the file and to be one sentence."""
    with pytest.raises(BadInputError) as refused:
        inspect_file(path, with_contract)
    return checked(str(refused.value), path)


def reading_refusal(path: Path, with_contract: Contract) -> str:
    """The sentence with which reading refuses the file."""
    with pytest.raises(BadInputError) as refused:
        list(read_batches(path, with_contract))
    return checked(str(refused.value), path)


def checked(sentence: str, path: Path) -> str:
    """The sentence, after checking what every refusal owes a person."""
    assert sentence.startswith("BAD_INPUT: ")
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence
