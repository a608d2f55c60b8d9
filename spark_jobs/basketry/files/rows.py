"""What every reader yields: a delivered row, its fields in file order, and what is structurally wrong with it."""

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
TOO_MANY_VALUES = "row:too_many_values"

Fields = Sequence[str | None]


class Number(str):
    """A value that the file holds as a number, not as text, written as it was delivered: 0.10 or 1e3.

    It has a point and no other sign: the decimal and thousands signs of the contract apply to texts only.
    """

    __slots__ = ()


class Row(NamedTuple):
    """A delivered row.

    Attributes:
        number: its number as a spreadsheet or editor shows it.
        fields: exactly as many as the layout is wide.
        size: the number of characters that it takes in memory.
        extra: the JSON text of what does not belong to any field.
        defects: the codes of what is structurally wrong with it.
    """

    number: int
    fields: Fields
    size: int
    extra: str | None = None
    defects: tuple[str, ...] = ()


class Block(NamedTuple):
    """Consecutive good rows.

    Attributes:
        first: the number of the first row.
        rows: the fields of each row.
        size: the number of characters that they take in memory.
    """

    first: int
    rows: Sequence[Fields]
    size: int


def json_text(value: object) -> str:
    """Write compact JSON text that keeps letters of every alphabet as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def verbatim_row(number: int, text: str, layout: Layout, defect: str) -> Row:
    """Return a row that could not be split into fields: every field is null, and its text is stored as a JSON list."""
    return Row(
        number=number,
        fields=[None] * layout.width,
        size=len(text),
        extra=json_text([text.rstrip("\r\n")]),
        defects=(defect,),
    )


def fitted_row(number: int, fields: Fields, layout: Layout, *, size: int, defects: tuple[str, ...] = ()) -> Row:
    """Return a row cut or filled up to the layout's width; what is cut off stays in extra, and both are defects."""
    width = layout.width
    surplus = fields[width:]
    blank_padding = len(surplus) <= layout.padding and not any(surplus)
    if len(fields) < width:
        defects = (*defects, TOO_FEW_FIELDS)
        fields = [*fields, *[None] * (width - len(fields))]
    if not surplus or blank_padding:
        return Row(number=number, fields=fields[:width], size=size, defects=defects)
    unknown = {name: fields[index] for index, name in layout.unknown}
    extra = json_text({**unknown, "surplus": surplus} if unknown else surplus)
    return Row(number=number, fields=fields[:width], size=size, extra=extra, defects=(*defects, TOO_MANY_FIELDS))
