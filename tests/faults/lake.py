"""What a lake says: the rows of each of its tables, without what only names the run or its moment."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

OWN = {
    "seconds",
    "input_versions",
    "delivered_at",
    "_delivered_at",
    "ordering_time",
    "_ordering_time",
    "loaded_at",
    "batch",
    "checkpoint",
    "rows_in",
    "rows_out",
}
"""Columns that hold a duration, numbers of Delta commits, the moment at which a test wrote the file, a checkpoint's name, or
what one try did itself: of a stream that was cut off at its very end, the retry finds nothing left to do."""
VERSIONS = {"model_version", "version", "champion_before", "champion_after", "checks", "details"}
"""A training that was cut off may leave a version behind that nothing refers to: its retry has the next number."""


def contents(catalog: Path) -> dict[str, list[str]]:
    """Sorted rows by table."""
    return {
        str(log.parent.relative_to(catalog)): sorted(map(repr, map(_contents_of, _rows(log.parent))))
        for log in sorted(catalog.glob("*/*/_delta_log"))
    }


def _rows(table: Path) -> list[dict[str, Any]]:
    return DeltaTable(str(table)).to_pyarrow_table().to_pylist()


def _contents_of(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted((name, value) for name, value in row.items() if name not in OWN | VERSIONS)


def lost(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """By table that differs: rows that are missing, and rows that are too many."""
    differences = {}
    for table in sorted(before.keys() | after.keys()):
        left, right = Counter(before.get(table, [])), Counter(after.get(table, []))
        if left != right:
            differences[table] = ((left - right).total(), (right - left).total())
    return differences
