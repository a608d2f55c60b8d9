"""How a test writes a declared table, and the words that its rows are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from basketry import tables
from tests.kit.lake import arrow_type, fill

DELIVERED = datetime(2026, 11, 21, 3, minute=12, tzinfo=UTC)
Rows = list[dict[str, Any]]


def write(catalog: Path, table: tables.Table, content: list[dict[str, Any]] | pa.Table) -> None:
    """Make the table's folder under the catalog's."""
    if isinstance(content, pa.Table):
        wanted = pa.schema([(one.name, arrow_type(one.type)) for one in table.columns])
        content = content.select(wanted.names).cast(wanted)
    fill(catalog.parent, catalog.name, table, content, mode="overwrite")


def money(rows: Rows, table: tables.Table) -> Rows:
    """Floats as the exact decimals that the declaration asks for."""
    from decimal import Decimal

    places = {one.name: int(one.type[:-1].split(",")[1]) for one in table.columns if one.type.startswith("decimal")}
    for row in rows:
        for name, digits in places.items():
            if row.get(name) is not None:
                row[name] = Decimal(str(round(float(row[name]), digits)))
    return rows
