"""Delivered files: find them in the landing folder, inspect them against their contract, read them in batches."""

from __future__ import annotations

from basketry.files.batches import ROWS_PER_BATCH, read_batches
from basketry.files.find import FoundFiles, find_files, find_in_feeds, search_files
from basketry.files.inspection import DeliveredFile, describe_file, describe_invalid_file, inspect_file

__all__ = [
    "ROWS_PER_BATCH",
    "DeliveredFile",
    "FoundFiles",
    "describe_file",
    "describe_invalid_file",
    "find_files",
    "find_in_feeds",
    "inspect_file",
    "read_batches",
    "search_files",
]
