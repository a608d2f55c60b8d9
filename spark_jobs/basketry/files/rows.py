"""What every reader yields: one delivered row, its fields in file order, and what is structurally wrong with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from basketry.files.headers import Layout

TOO_MANY_FIELDS = "row:too_many_fields"
TOO_FEW_FIELDS = "row:too_few_fields"
BAD_QUOTING = "row:bad_quoting"
NUL_BYTE = "row:nul_byte"
NOT_JSON = "row:not_json"
NOT_AN_OBJECT = "row:not_an_object"
DUPLICATE_KEY = "row:duplicate_key"
UNDECODABLE = "row:undecodable"

Fields = Sequence[str | None]


class Number(str):
    """A value that the file holds as a number, not as text, as it was delivered: 0.10 or 1e3, with a point and no other sign.

    The contract's decimal and thousands signs are about text and have no say in it.
    """

    __slots__ = ()


class Row(NamedTuple):
    """One delivered row.

    number: as a spreadsheet or editor shows it; fields: exactly as many as the layout is wide;
    size: characters it takes in memory; extra: JSON text of what has no place in fields; defects: their codes.
    """

    number: int
    fields: Fields
    size: int
    extra: str | None = None
    defects: tuple[str, ...] = ()


class Block(NamedTuple):
    """Consecutive good rows. first: number of the first; rows: their fields; size: characters they take in memory."""

    first: int
    rows: Sequence[Fields]
    size: int


def json_text(value: object) -> str:
    """Compact JSON text that keeps letters of every alphabet as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def verbatim_row(number: int, text: str, layout: Layout, defect: str) -> Row:
    """A row that could not be taken apart: every field null, its text as delivered kept as a JSON list."""
    return Row(number, [None] * layout.width, len(text), json_text([text.rstrip("\r\n")]), (defect,))


def fitted_row(number: int, fields: Fields, size: int, layout: Layout, defects: tuple[str, ...] = ()) -> Row:
    """A row cut or filled up to the layout's width; what is cut off stays in extra, and both are defects."""
    width = layout.width
    surplus = fields[width:]
    blank_padding = len(surplus) <= layout.padding and not any(surplus)
    if len(fields) < width:
        defects = (*defects, TOO_FEW_FIELDS)
        fields = [*fields, *[None] * (width - len(fields))]
    if not surplus or blank_padding:
        return Row(number, fields[:width], size, None, defects)
    unknown = {name: fields[index] for index, name in layout.unknown}
    extra = json_text({**unknown, "surplus": surplus} if unknown else surplus)
    return Row(number, fields[:width], size, extra, (*defects, TOO_MANY_FIELDS))
