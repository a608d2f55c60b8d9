"""An include folder with another choice of the DAGs whose tasks share a cluster."""

from __future__ import annotations

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def include_sharing(folder: Path, choice: str) -> Path:
    """The checkout's include/ in the folder, with `shared: <choice>` in jobs.yaml."""
    root = shutil.copytree(CHECKOUT / "include", folder / "include")
    lines = (root / "jobs.yaml").read_text().splitlines()
    changed = (f"shared: {choice}" if line.startswith("shared:") else line for line in lines)
    (root / "jobs.yaml").write_text("\n".join(changed))
    return root
