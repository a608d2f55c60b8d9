"""The settings of maintenance, which people change in include/maintenance.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import read_document

FILE = "maintenance.yaml"
_KEYS = {"small_file_mb": 1, "small_files_at_most": 1, "retention_days": 7}
"""Whole numbers, each with its smallest value: Delta itself warns below a week, because a slow reader loses its files."""


@dataclass(frozen=True)
class MaintenancePolicy:
    """When a table is compacted, and how long its old files stay.

    Attributes:
        small_file: the number of bytes below which a file is small.
        at_most: the number of small files that may stay unmerged.
        retention_days: the days for which files that no version needs any more stay.
    """

    small_file: int
    at_most: int
    retention_days: int

    @property
    def retention_hours(self) -> int:
        """The retention in hours, as VACUUM wants it."""
        return 24 * self.retention_days


def load_settings(include: Path) -> MaintenancePolicy:
    """Read include/maintenance.yaml.

    Raises:
        ContractError: for a missing or unknown key or a value out of range, with its line.
    """
    top = read_document(include / FILE, FILE).mapping("the document", _KEYS, _KEYS)
    values = {}
    for key, least in _KEYS.items():
        values[key] = top[key].expect(int, key)
        if values[key] < least:
            top[key].fail(f"{key} is {values[key]}; give at least {least}.")
    return MaintenancePolicy(values["small_file_mb"] * 1024**2, values["small_files_at_most"], values["retention_days"])
