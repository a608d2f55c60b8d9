"""The files of a hand-over: CSV and JSON Lines for each call window and channel, each written by one task.

Texts of a CSV that a spreadsheet would run are guarded there; the JSON Lines hold every text as it is, for machines. A file
appears under its name when it is complete. The manifest, with rows, bytes and checksum of each, comes last: a
folder without one is not ready to be fetched.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from pyspark.sql import DataFrame

from basketry.domains.marketing.handover import FIELDS, TOPICS
from basketry.files.spreadsheets import escape_formulas

MANIFEST = "manifest.json"
_WRITTEN = "file string, rows bigint, bytes bigint, sha256 string"
_PARTS = 8


def write_files(
    rows: DataFrame, folder: Path, catalog: str, as_of: date, *, opt_outs_version: int | None
) -> dict[str, object]:
    """Write the files of a day and their manifest; whatever else was in the folder is removed.

    Args:
        rows: See `handover.file_rows`.
        folder: Folder of the day.
        catalog: Name of the catalog.
        as_of: Day of the audience.
        opt_outs_version: Version of silver.opt_outs that the rows heed; None where there is no such table.

    Returns:
        The manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    sorted_rows = rows.repartition(_PARTS, "file").sortWithinPartitions("file", "customer_id")
    written = [row.asDict() for row in sorted_rows.mapInArrow(_writer(str(folder)), _WRITTEN).collect()]
    names = {str(file["file"]) for file in written}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
    listed = sorted(written, key=lambda file: str(file["file"]))
    customers = sum(file["rows"] for file in listed if str(file["file"]).endswith(".csv"))
    manifest = {
        "catalog": catalog,
        "as_of": as_of.isoformat(),
        "customers": customers,
        "opt_outs_version": opt_outs_version,
        "files": listed,
    }
    part = folder / f".{MANIFEST}.part"
    part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    part.replace(folder / MANIFEST)
    return manifest


def opt_outs_version_of(folder: Path) -> int | None:
    """Return the version of silver.opt_outs that a day's files heed; None where they heed none, or are not complete."""
    try:
        version = json.loads((folder / MANIFEST).read_text(encoding="utf-8")).get("opt_outs_version")
    except FileNotFoundError:
        return None
    return version if isinstance(version, int) else None


def _writer(folder: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Write the rows, file by file; yields one line per file that is complete."""
        current: _HandoverFiles | None = None
        for batch in batches:
            for name in pc.unique(batch.column("file")).to_pylist():
                if current is None or current.name != name:
                    if current is not None:
                        yield current.close()
                    current = _HandoverFiles(Path(folder), name)
                current.write(batch.filter(pc.equal(batch.column("file"), name)))
        if current is not None:
            yield current.close()

    return write


class _HandoverFiles:
    """The CSV and the JSON Lines file of one call window and channel."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._csv, self._lines = _PartialFile(folder, f"{name}.csv"), _PartialFile(folder, f"{name}.jsonl")
        self._header = True

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows to both files."""
        channel = self.name.split("_", 1)[0]
        table = escape_formulas(pa.Table.from_batches([rows]).select([*FIELDS[channel], *TOPICS]))
        text = io.BytesIO()
        pacsv.write_csv(table, text, pacsv.WriteOptions(include_header=self._header))
        self._header = False
        self._csv.write(text.getvalue(), rows.num_rows)
        self._lines.write("".join(f"{line}\n" for line in rows.column("line").to_pylist()).encode(), rows.num_rows)

    def close(self) -> pa.RecordBatch:
        """Complete both files; returns one line for each."""
        lines = [self._csv.close(), self._lines.close()]
        return pa.RecordBatch.from_pylist(lines)


class _PartialFile:
    """A file that is not complete yet."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path, self._part = folder / name, folder / f".{name}.part"
        self._handle = self._part.open("wb")
        self._sum, self._rows, self._bytes = hashlib.sha256(), 0, 0

    def write(self, content: bytes, rows: int) -> None:
        """Add bytes that hold so many rows."""
        self._handle.write(content)
        self._sum.update(content)
        self._rows, self._bytes = self._rows + rows, self._bytes + len(content)

    def close(self) -> dict[str, object]:
        """Give the complete file its name; returns what the manifest says of it."""
        self._handle.close()
        os.replace(self._part, self._path)
        return {"file": self._path.name, "rows": self._rows, "bytes": self._bytes, "sha256": self._sum.hexdigest()}
