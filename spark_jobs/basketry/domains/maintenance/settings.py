"""The settings of maintenance, which people change in include/maintenance.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from basketry.config.locator import load_document
from basketry.config.model import Document, Fix

FILE = "maintenance.yaml"


class MaintenanceSettings(Document):
    """The file; Delta itself warns of a retention below a week, because a slow reader loses its files."""

    small_file_mb: Annotated[int, Field(ge=1), Fix("give at least 1")]
    small_files_at_most: Annotated[int, Field(ge=1), Fix("give at least 1")]
    retention_days: Annotated[int, Field(ge=7), Fix("give at least 7")]


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
    settings = load_document(MaintenanceSettings, include / FILE, FILE)
    return MaintenancePolicy(settings.small_file_mb * 1024**2, settings.small_files_at_most, settings.retention_days)
