"""Rows of a JSON Lines file: one object per line, every value as the text that was delivered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from basketry.files.blanks import strip_blanks
from basketry.files.headers import Layout, describe_missing_columns, refuse_long_names, refuse_unknown
from basketry.files.limits import BUDGET
from basketry.files.private_copy import PrivateCopy, refusal
from basketry.files.rows import (
    DUPLICATE_KEY,
    NOT_AN_OBJECT,
    NOT_JSON,
    NUL_BYTE,
    TOO_MANY_VALUES,
    UNDECODABLE,
    Block,
    Number,
    Row,
    json_text,
    verbatim_row,
)
from basketry.files.streams import (
    LineReader,
    content_start,
    open_text,
    refuse_disguise,
    refuse_other_encoding,
    text_encoding,
)

if TYPE_CHECKING:
    from basketry.contracts import Contract

LINES_INSPECTED = 1000
"""The number of lines whose keys stand for the header that JSON Lines do not have."""


class _DefectError(ValueError):
    """The code of the defect that makes a line no row."""


def json_lines_layout(file: PrivateCopy, contract: Contract) -> Layout:
    """Match the keys of the first lines against the contract.

    Raises:
        RefusedFileError: for an array instead of lines, no readable line, or a required key that never occurs.
    """
    keys: dict[str, int] = {}
    objects = 0
    with _opened(file, contract) as lines:
        for number, line in islice(_numbered(lines), LINES_INSPECTED):
            try:
                delivered = _parsed(line)
            except _DefectError:
                continue
            objects += 1
            refuse_long_names(file, number, delivered)
            for key in delivered:
                keys.setdefault(key, number)
            if len(keys) > BUDGET.columns:
                raise refusal(
                    file, f"its lines have more than {BUDGET.columns:,} keys; deliver the contract's.", number
                )
    if not objects:
        raise refusal(file, "no line is a JSON object; deliver one JSON object per line.", 1)
    return _layout(file, keys, contract)


def _layout(file: PrivateCopy, keys: dict[str, int], contract: Contract) -> Layout:
    names = tuple(strip_blanks(column.header) for column in contract.delivered)
    spare = [key for key in keys if key not in names]
    wanted = [strip_blanks(column.header) for column in contract.delivered if column.required]
    missing = [name for name in wanted if name not in keys]
    if missing:
        raise refusal(file, describe_missing_columns(missing, spare, contract), 1)
    refuse_unknown(file, min((keys[key] for key in spare), default=1), spare, contract)
    unknown = tuple((len(names) + offset, key) for offset, key in enumerate(spare))
    return Layout(len(names), tuple(range(len(names))), unknown)


def json_lines_rows(file: PrivateCopy, contract: Contract) -> tuple[Layout, Iterator[Row | Block]]:
    """Return the layout, whose unknown columns are already in each row's extra, and the rows, numbered by line."""
    layout = json_lines_layout(file, contract)
    layout = Layout(layout.width, layout.positions, ())
    return layout, _rows(file, contract, layout)


@contextmanager
def _opened(file: PrivateCopy, contract: Contract) -> Iterator[LineReader]:
    encoding = text_encoding(contract)
    start = content_start(file)
    refuse_disguise(file, start, "JSON Lines text")
    refuse_other_encoding(file, start, encoding)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        raise refusal(file, "the content is a JSON array; deliver one JSON object per line.", 1)
    with open_text(file, encoding, newline="\n") as text:
        yield LineReader(text, file)


def _numbered(lines: LineReader) -> Iterator[tuple[int, str]]:
    for line in lines:
        lines.start_record()
        if not line.isspace():
            yield lines.line, line


def _rows(file: PrivateCopy, contract: Contract, layout: Layout) -> Iterator[Row]:
    names = [strip_blanks(column.header) for column in contract.delivered]
    with _opened(file, contract) as lines:
        for number, line in _numbered(lines):
            try:
                delivered = _parsed(line)
                fields = [_text(delivered.pop(name, None)) for name in names]
                extra = _dump(delivered) if delivered else None
            except (_DefectError, RecursionError) as problem:
                defect = str(problem) if isinstance(problem, _DefectError) else NOT_JSON
                yield verbatim_row(number, line, layout, defect)
                continue
            if delivered:
                refuse_unknown(file, number, list(delivered), contract)
            yield Row(number, fields, len(line), extra)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _DefectError(DUPLICATE_KEY)
    return values


_DECODE: Callable[[str], Any] = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=Number, parse_int=Number, parse_constant=Number
).decode
_key = lru_cache(maxsize=4096)(strip_blanks)


def _parsed(line: str) -> dict[str, Any]:
    # Each value takes far more memory than its sign in the line.
    if len(line) > BUDGET.values and sum(map(line.count, ",[{")) > BUDGET.values:
        raise _DefectError(TOO_MANY_VALUES)
    try:
        delivered = _DECODE(line)
    except _DefectError:
        raise
    except (ValueError, RecursionError):
        raise _DefectError(NUL_BYTE if "\0" in line else NOT_JSON) from None
    if not isinstance(delivered, dict):
        raise _DefectError(NOT_AN_OBJECT)
    if "\\u" in line:
        _refuse_unwritable(delivered)
    return _unique([(_key(name), value) for name, value in delivered.items()])


def _refuse_unwritable(delivered: dict[str, Any]) -> None:
    # Half a surrogate pair is legal JSON but no text that a table can hold; NUL is no text that a person meant.
    try:
        text = _dump(delivered)
        text.encode()
    except (UnicodeEncodeError, RecursionError):
        raise _DefectError(UNDECODABLE) from None
    if "\\u0000" in text.replace("\\\\", ""):
        raise _DefectError(NUL_BYTE)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _dump(value)


def _dump(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{_dump(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dump, value)) + "]"
    return json_text(value)
