"""Tables as CSV files: counted, limited, recorded, and without formulas that a spreadsheet would run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from starlette.responses import StreamingResponse

from basketry.files.spreadsheets import csv_line
from basketry_airflow.console import audit, rate_limits
from basketry_airflow.console.viewer import Viewer

MOST_ROWS = 100_000
"""Rows of one file: beyond that a notebook is the better tool."""

_ROWS_AT_ONCE = 500


def export(
    viewer: Viewer, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], **facts: object
) -> StreamingResponse:
    """Return the rows as a file of that name; RateLimitError when the user has exported too much lately.

    Args:
        viewer: Who takes it away.
        name: What it is.
        columns: The names of the columns.
        rows: The rows.
        facts: What is recorded beside name, columns and the number of rows.
    """
    rate_limits.rate_limit(
        audit.EXPORT,
        viewer,
        persons=_persons(viewer, columns, rows),
        what=name,
        columns=list(columns),
        rows=len(rows),
        **facts,
    )
    file = f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', f'{viewer.catalog.name}_{name}')}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines([columns, *rows]), media_type="text/csv; charset=utf-8", headers=headers)


def export_query(viewer: Viewer, name: str, sql: str, **values: Any) -> StreamingResponse:
    """Return the answer to a query as a file."""
    rate_limits.check_limit(audit.EXPORT, viewer.user)
    answer = viewer.warehouse.query(sql, values, team=viewer.team.name, limit=MOST_ROWS)
    return export(viewer, name, answer.columns, answer.rows)


def _persons(viewer: Viewer, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
    """Count the rows that say something about a person, by the names of columns that are personal in any table."""
    personal = {name for table in viewer.warehouse.grants.tables.values() for name in table.pii_columns}
    positions = [position for position, column in enumerate(columns) if column in personal]
    return sum(any(row[position] is not None for position in positions) for row in rows) if positions else 0


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    buffer: list[str] = []
    for row in rows:
        buffer.append(csv_line(row))
        if len(buffer) == _ROWS_AT_ONCE:
            yield "".join(buffer)
            buffer.clear()
    yield "".join(buffer)
