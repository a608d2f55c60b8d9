"""Tables as CSV files: counted, limited, written down, and harmless when a spreadsheet opens them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from starlette.responses import StreamingResponse

from basketry.files.spreadsheets import csv_line
from basketry_airflow.console import audit, limits
from basketry_airflow.console.viewer import Viewer

MOST_ROWS = 100_000
"""Rows of one file: beyond that a notebook is the better tool."""

_ROWS_AT_ONCE = 500


def export(viewer: Viewer, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> StreamingResponse:
    """The rows as a file of that name; TooManyError when the user has exported too much lately."""
    limits.admit(
        audit.EXPORT,
        viewer.user,
        team=viewer.team.name,
        catalog=viewer.catalog.name,
        what=name,
        columns=list(columns),
        rows=len(rows),
    )
    file = f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', f'{viewer.catalog.name}_{name}')}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return StreamingResponse(_lines([columns, *rows]), media_type="text/csv; charset=utf-8", headers=headers)


def export_query(viewer: Viewer, name: str, sql: str, **values: Any) -> StreamingResponse:
    """The answer to a query as a file."""
    found = viewer.warehouse.query(sql, values, team=viewer.team.name, limit=MOST_ROWS)
    return export(viewer, name, found.columns, found.rows)


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    waiting: list[str] = []
    for row in rows:
        waiting.append(csv_line(row))
        if len(waiting) == _ROWS_AT_ONCE:
            yield "".join(waiting)
            waiting.clear()
    yield "".join(waiting)
