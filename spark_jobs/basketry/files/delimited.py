"""Rows of a CSV file: any delimiter, quote and encoding, record by record in bounded memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from basketry.errors import BadInputError
from basketry.files.blanks import strip_blanks
from basketry.files.headers import Layout, match_header
from basketry.files.limits import BUDGET
from basketry.files.private_copy import PrivateCopy, refusal
from basketry.files.rows import BAD_QUOTING, NUL_BYTE, TOO_MANY_FIELDS, Block, Row, fitted_row, verbatim_row
from basketry.files.streams import (
    LONGEST_RECORD,
    LineReader,
    content_start,
    open_text,
    refuse_disguise,
    refuse_other_encoding,
    text_encoding,
)

if TYPE_CHECKING:
    from basketry.contracts import Contract


LINES_PER_BLOCK = 500
"""The number of lines that are parsed as whole rows at once; most files consist of nothing else."""


class _Records:
    """The records of a CSV text, numbered as a spreadsheet numbers rows: blank lines count, inner line ends do not."""

    def __init__(self, lines: LineReader, file: PrivateCopy, contract: Contract) -> None:
        self.lines = lines
        self._file = file
        self._parse = _csv_parser(contract)
        self._reader = self._parse(iter(lines))
        self.number = 0

    def next_record(self) -> list[str] | None:
        """Return the fields of the next record, or None if its quoting is broken.

        Raises:
            StopIteration: at the end of the file.
        """
        self.lines.start_record()
        self.number += 1
        try:
            return next(self._reader)
        except csv.Error:
            if self.lines.exhausted:
                raise refusal(
                    self._file,
                    "a quote opened here is never closed; close or double it, and deliver the file again.",
                    self.lines.first_line,
                ) from None
            # A stray quote must not swallow the good rows after it: only its own line is bad.
            self.lines.give_back()
            return None

    def block(self, width: int) -> Block | None:
        """Read the next lines as a block if each is a whole good row; otherwise return None and leave the lines unread."""
        taken = self.lines.read_ahead(LINES_PER_BLOCK)
        try:
            rows = list(self._parse(taken))
        except csv.Error:
            rows = []
        text = "".join(taken)
        if not taken or len(rows) != len(taken) or set(map(len, rows)) != {width} or "\0" in text:
            self.lines.return_ahead(taken)
            return None
        block = Block(self.number + 1, rows, len(text))
        self.number += len(rows)
        return block


def _csv_parser(contract: Contract) -> Callable[[Iterable[str]], Iterator[list[str]]]:
    csv.field_size_limit(LONGEST_RECORD)
    quote = contract.file.quote
    options: dict[str, Any] = {"quotechar": quote} if quote else {"quotechar": None, "quoting": csv.QUOTE_NONE}
    parse = partial(csv.reader, delimiter=contract.file.delimiter, strict=True, **options)
    try:
        parse([])
    except (TypeError, ValueError) as problem:
        name = contract.path.name
        raise BadInputError(f"{name}: delimiter and quote must be one sign each, and different ({problem}).") from None
    return parse


@contextmanager
def _opened(file: PrivateCopy, contract: Contract) -> Iterator[tuple[_Records, Layout]]:
    encoding = text_encoding(contract)
    start = content_start(file)
    refuse_disguise(file, start, "CSV text")
    refuse_other_encoding(file, start, encoding)
    with open_text(file, encoding, newline="") as text:
        records = _Records(LineReader(text, file), file, contract)
        yield records, match_header(file, *_header(records, file, contract), contract)


def _header(records: _Records, file: PrivateCopy, contract: Contract) -> tuple[int, list[str]]:
    fields: list[str] | None = []
    try:
        for _ in range(contract.file.header_row):
            fields = records.next_record()
    except StopIteration:
        problem = f"the file ends before its header in row {contract.file.header_row}; deliver it with its header."
        raise refusal(file, problem) from None
    if fields is None:
        raise refusal(file, "the quotes of the header do not match; correct them.", records.lines.first_line)
    return records.lines.first_line, fields


def delimited_layout(file: PrivateCopy, contract: Contract) -> Layout:
    """Match the header of a CSV file against its contract.

    Raises:
        RefusedFileError: if it does not fit, with the line and the fix.
    """
    with _opened(file, contract) as (_, layout):
        return layout


def delimited_rows(file: PrivateCopy, contract: Contract) -> tuple[Layout, Iterator[Row | Block]]:
    """Return the layout and the rows of a CSV file.

    Raises:
        RefusedFileError: if the header does not fit; while the rows are read, if the file is damaged further on.
    """
    return delimited_layout(file, contract), _rows(file, contract)


def _rows(file: PrivateCopy, contract: Contract) -> Iterator[Row | Block]:
    with _opened(file, contract) as (records, layout):
        while True:
            block = records.block(layout.width)
            if block:
                yield block
                continue
            until = records.lines.line + LINES_PER_BLOCK
            try:
                while records.lines.line < until:
                    row = _single_row(records, layout)
                    if row:
                        yield row
            except StopIteration:
                return


def _single_row(records: _Records, layout: Layout) -> Row | None:
    fields = records.next_record()
    record = records.lines.record
    if fields is None:
        return verbatim_row(records.number, record[0], layout, BAD_QUOTING)
    if _is_blank(fields, layout.width):
        return None
    if len(fields) > BUDGET.columns:
        return verbatim_row(records.number, "".join(record), layout, TOO_MANY_FIELDS)
    defects = (NUL_BYTE,) if records.lines.nul else ()
    return fitted_row(records.number, fields, layout, size=sum(map(len, record)), defects=defects)


def _is_blank(fields: list[str], width: int) -> bool:
    return not fields or (len(fields) == 1 and width > 1 and not strip_blanks(fields[0]))
