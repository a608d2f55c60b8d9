"""The library's wheel, as the build backend of pyproject.toml makes it; `python -m tools.wheel` makes that of the bundle."""

from __future__ import annotations

import shutil
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


def main() -> None:
    """Build the wheel that the bundle uploads; one of another edition that lies there is removed."""
    checkout = Path.cwd()
    folder = checkout / "dist" / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(build_wheel(checkout, folder))


if __name__ == "__main__":
    main()
