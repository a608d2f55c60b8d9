"""The console's counterparts on Databricks: dashboards and the Genie space, made from include/metrics.yaml.

`python -m tools.generate_dashboards` writes include/dashboards/*.lvdash.json and include/genie/basketry.json; a test checks
that the files are up to date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from basketry.metrics import load_metrics
from basketry.metrics.dashboards import dashboards
from basketry.metrics.genie import genie_space
from tools.environment import CHECKOUT

INCLUDE = CHECKOUT / "include"


def generated_files() -> dict[Path, str]:
    """Return every generated file with its text."""
    metrics = load_metrics(INCLUDE)
    documents = {
        INCLUDE / "dashboards" / f"{name}.lvdash.json": as_json(dashboard)
        for name, dashboard in dashboards(metrics).items()
    }
    return {**documents, INCLUDE / "genie" / "basketry.json": as_json(genie_space(metrics))}


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
