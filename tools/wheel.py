"""The library's wheel, as the build backend of pyproject.toml makes it."""

from __future__ import annotations

from pathlib import Path

from hatchling.builders.wheel import WheelBuilder


def build_wheel(checkout: Path, folder: Path) -> Path:
    """Build the wheel of a checkout into a folder and return its path; the same sources give the same bytes.

    Args:
        checkout: The folder with pyproject.toml.
        folder: Where the wheel is put.
    """
    (wheel,) = WheelBuilder(str(checkout)).build(directory=str(folder), versions=["standard"])
    return Path(wheel)
