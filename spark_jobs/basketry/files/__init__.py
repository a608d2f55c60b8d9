"""Delivered files: find them in the landing folder, inspect them against their contract, read them in batches."""

from __future__ import annotations

from basketry.files.batches import ROWS_PER_BATCH, read_batches
from basketry.files.find import find_files, find_in_feeds
from basketry.files.inspection import DeliveredFile, file_at, inspect_file, unfit_file

__all__ = [
    "ROWS_PER_BATCH",
    "DeliveredFile",
    "file_at",
    "find_files",
    "find_in_feeds",
    "inspect_file",
    "read_batches",
    "unfit_file",
]
