"""Rows whose personal columns hold what can be found again, wherever it comes out."""

from __future__ import annotations

from datetime import date

from basketry.tables import Table

CANARY = "Quimby-of-12-Elm-Grove"
CANARY_DAY = date(1913, 7, 13)


def canary_row(table: Table) -> dict[str, object]:
    """A row whose personal columns, and no others, hold the canary."""
    others = {column.name: "C1" for column in table.columns if column.type == "string"}
    return others | {
        column.name: CANARY_DAY if column.type == "date" else CANARY for column in table.columns if column.pii
    }


def shows_canary(rows: object) -> bool:
    """Whether something of it stands in rows, or in a text of them."""
    return any(word in str(rows) for word in (CANARY, str(CANARY_DAY), repr(CANARY_DAY)))
