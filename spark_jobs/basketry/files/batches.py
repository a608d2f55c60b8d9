"""The rows of a delivered file as Arrow batches of text, in bounded memory, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from basketry.files.delimited import delimited_layout, delimited_rows
from basketry.files.headers import Layout
from basketry.files.json_lines import json_lines_layout, json_lines_rows
from basketry.files.limits import MEGABYTE
from basketry.files.private_copy import Named, PrivateCopy, private_copy, refusal
from basketry.files.reader_process import layout_in_child, record_batches_in_child
from basketry.files.rows import Block, Fields, Number, Row, json_text
from basketry.files.streams import text_encoding, verify_text

if TYPE_CHECKING:
    from basketry.contracts import Contract

ROWS_PER_BATCH = 50_000
ROWS_PER_SLICE = 500
BATCH_CHARACTERS = 32 * MEGABYTE
"""Delivered characters after which a batch ends early, so that few very long rows take no more than many short ones."""

SURE_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}
LIKELY_SUFFIXES = {".txt": "csv", ".json": "jsonl"}

Reader = Callable[[PrivateCopy, "Contract"], tuple[Layout, Iterator[Row | Block]]]
_READERS: dict[str, Reader] = {"csv": delimited_rows, "jsonl": json_lines_rows}
_LAYOUTS: dict[str, Callable[[PrivateCopy, Contract], Layout]] = {"csv": delimited_layout, "jsonl": json_lines_layout}


def file_kind(file: Named, contract: Contract) -> str:
    """Return csv, xlsx or jsonl: by the suffix before an optional .gz if it is clear, otherwise as the contract says."""
    name = file.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    kind = SURE_SUFFIXES.get(suffix)
    if kind is None:
        kind = LIKELY_SUFFIXES.get(suffix) if contract.file.kind == "auto" else contract.file.kind
    if kind is None:
        raise refusal(file, f"its format is not clear from the name; set format in {contract.path.name}.")
    return kind


def verified_layout(file: PrivateCopy, contract: Contract) -> Layout:
    """Return the layout of the file after checking that its whole content is intact and readable as text."""
    kind = file_kind(file, contract)
    if kind == "xlsx":
        return layout_in_child(file, contract)
    layout = _LAYOUTS[kind](file, contract)
    verify_text(file, text_encoding(contract))
    return layout


def read_batches(
    file_path: Path | str,
    contract: Contract,
    rows_per_batch: int = ROWS_PER_BATCH,
    *,
    folder: Path | None = None,
    checksum: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read the rows of a file as record batches, every value the text that was delivered.

    Args:
        file_path: the file.
        contract: the contract of its feed.
        rows_per_batch: the largest number of rows of a batch.
        folder: the landing folder, below which no link is followed; None for the file's own folder.
        checksum: the checksum of what was inspected; None where nothing was.

    Returns:
        Batches with the columns `_row_number`, each delivered column by its name, `_extra` (JSON text), `_native` (the
        names of the columns whose value is a number in the file itself, not text; null if there is none) and `_defects`
        (codes; empty for a good row).

    Raises:
        RefusedFileError: at any batch, for a file that cannot be loaded as a whole, or that is another one by now.
    """
    with private_copy(Path(file_path), folder) as file:
        if checksum not in (None, file.checksum):
            raise refusal(file, "the file was changed after it was checked; start again, which loads what it is now.")
        kind = file_kind(file, contract)
        if kind == "xlsx":
            yield from record_batches_in_child(file, contract, rows_per_batch)
        else:
            yield from record_batches(contract, *_READERS[kind](file, contract), rows_per_batch)


def record_batches(
    contract: Contract, layout: Layout, rows: Iterator[Row | Block], rows_per_batch: int
) -> Iterator[pa.RecordBatch]:
    """Turn rows into the batches that `read_batches` describes."""
    columns = _Columns([column.name for column in contract.delivered], layout)
    size = 0
    for block in _blocks(rows):
        columns.extend(block)
        size += block.size if isinstance(block, Block) else sum(row.size for row in block)
        if columns.rows + ROWS_PER_SLICE > rows_per_batch or size >= BATCH_CHARACTERS:
            yield from columns.take_batches(rows_per_batch)
            size = 0
    yield from columns.take_batches(rows_per_batch)


def _blocks(rows: Iterator[Row | Block]) -> Iterator[list[Row] | Block]:
    pending: list[Row] = []
    size = 0
    for row in rows:
        if isinstance(row, Row):
            pending.append(row)
            size += row.size
            if len(pending) < ROWS_PER_SLICE and size < BATCH_CHARACTERS:
                continue
        if pending:
            yield pending
            pending, size = [], 0
        if isinstance(row, Block):
            yield row
    if pending:
        yield pending


class _Columns:
    """Rows turned into columns slice by slice: few long lists of texts, instead of many rows for the garbage collector."""

    def __init__(self, names: Sequence[str], layout: Layout) -> None:
        self._names = names
        self._layout = layout
        self._clear()

    def _clear(self) -> None:
        self._numbers: list[int] = []
        self._texts: list[list[str | None]] = [[] for _ in self._names]
        self._extras: list[str | None] = []
        self._natives: list[list[str] | None] = []
        self._defects: list[tuple[str, ...]] = []

    @property
    def rows(self) -> int:
        """The number of rows that wait."""
        return len(self._numbers)

    def extend(self, added: Sequence[Row] | Block) -> None:
        """Add rows behind those that wait."""
        if isinstance(added, Block):
            count = len(added.rows)
            numbers: Sequence[int] = range(added.first, added.first + count)
            fields: Sequence[Fields] = added.rows
            extras: Sequence[str | None] = [None] * count
            natives: Sequence[list[str] | None] = [None] * count
            defects: Sequence[tuple[str, ...]] = [()] * count
        else:
            numbers, fields, _, extras, defects = zip(*added, strict=True)
            natives = [self._native(row) for row in fields]
        columns = list(zip(*fields, strict=True))
        self._numbers.extend(numbers)
        for texts, position in zip(self._texts, self._layout.positions, strict=True):
            texts.extend(columns[position] if position is not None else [None] * len(numbers))
        self._extras.extend(_with_unknown(extras, columns, self._layout))
        self._natives.extend(natives)
        self._defects.extend(defects)

    def _native(self, fields: Fields) -> list[str] | None:
        """Return the names of the contract's columns whose value is a number in the file itself."""
        positions = zip(self._names, self._layout.positions, strict=True)
        return [name for name, index in positions if index is not None and type(fields[index]) is Number] or None

    def take_batches(self, rows_per_batch: int) -> Iterator[pa.RecordBatch]:
        """Return all rows that wait as batches; none waits any more."""
        arrays = [
            pa.array(self._numbers, pa.int64()),
            *(pa.array(texts, pa.string()) for texts in self._texts),
            pa.array(self._extras, pa.string()),
            pa.array(self._natives, pa.list_(pa.string())),
            pa.array(self._defects, pa.list_(pa.string())),
        ]
        names = ["_row_number", *self._names, "_extra", "_native", "_defects"]
        batch = pa.RecordBatch.from_arrays(arrays, names=names)
        self._clear()
        return (batch.slice(start, rows_per_batch) for start in range(0, batch.num_rows, rows_per_batch))


def _with_unknown(
    extras: Sequence[str | None], columns: Sequence[Sequence[str | None]], layout: Layout
) -> Sequence[str | None]:
    if not layout.unknown:
        return extras
    names = [name for _, name in layout.unknown]
    unknown = zip(*(columns[index] for index, _ in layout.unknown), strict=True)
    return [
        extra if extra is not None else json_text(dict(zip(names, values, strict=True)))
        for extra, values in zip(extras, unknown, strict=True)
    ]
