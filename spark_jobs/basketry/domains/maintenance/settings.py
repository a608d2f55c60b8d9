"""What people set about maintenance: include/maintenance.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from basketry.config.documents import read_document

FILE = "maintenance.yaml"
_KEYS = {"small_file_mb": 1, "small_files_at_most": 1, "retention_days": 7}
"""Whole numbers, each with the least it may be: Delta itself warns below a week, because a slow reader loses its files."""


@dataclass(frozen=True)
class Policy:
    """small_file: bytes below which a file is small. at_most: small files that may be merged and are not. Retention in days."""

    small_file: int
    at_most: int
    retention_days: int

    @property
    def retention_hours(self) -> int:
        """As VACUUM wants it."""
        return 24 * self.retention_days


def load_policy(include: Path) -> Policy:
    """Read include/maintenance.yaml; a missing or unknown key or a value out of range is a ContractError with its line."""
    top = read_document(include / FILE, FILE).mapping("the document", _KEYS, _KEYS)
    values = {}
    for key, least in _KEYS.items():
        values[key] = top[key].expect(int, key)
        if values[key] < least:
            top[key].fail(f"{key} is {values[key]}; give at least {least}.")
    return Policy(values["small_file_mb"] * 1024**2, values["small_files_at_most"], values["retention_days"])
