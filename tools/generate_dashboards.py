"""The console's counterparts on Databricks: dashboards, made from include/metrics.yaml, and the bundle that deploys them.

`python -m tools.generate_dashboards` writes include/dashboards/*.lvdash.json, databricks.yml and resources/, where the Genie
space is; a test checks that the files are up to date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from basketry.metrics import load_metrics
from basketry.metrics.dashboards import dashboards
from tools.bundle import bundle_files
from tools.environment import CHECKOUT

INCLUDE = CHECKOUT / "include"


def generated_files() -> dict[Path, str]:
    """Return every generated file with its text."""
    metrics = load_metrics(INCLUDE)
    documents = {
        INCLUDE / "dashboards" / f"{name}.lvdash.json": as_json(dashboard)
        for name, dashboard in dashboards(metrics).items()
    }
    return documents | {CHECKOUT / name: text for name, text in bundle_files(CHECKOUT).items()}


def as_json(document: Mapping[str, Any]) -> str:
    """Serialise a document as it is stored: readable, and the same every time."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(files: Iterable[tuple[Path, str]]) -> None:
    """Write the files."""
    for path, text in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(generated_files().items())
