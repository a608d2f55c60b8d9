"""Verdicts of the gate in the console's lake."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from basketry import tables
from tests.kit.console.tables import DELIVERED, Rows, write

COLUMNS = ("condition", "metric", "value", "reference", "low", "high", "limit", "outcome")
CHECKS = [
    dict(zip(COLUMNS, check, strict=True))
    for check in (
        ("absolute", "expected_calibration_error", 0.0071, None, None, None, "at most 0.02", "passed"),
        (
            "must beat naive/personal_rate",
            "average_precision",
            0.3121,
            0.2954,
            0.0102,
            0.0233,
            "by more than 0",
            "passed",
        ),
        ("against champion", "average_precision", 0.3121, 0.3062, 0.0021, 0.0098, "at least +0.5 %", "passed"),
        ("no category worse", "category/Milk/average_precision", 0.41, 0.43, -0.04, 0.01, "not below by 0.05", "noise"),
    )
]
STORY = {
    "propensity": ("promote", "refuse", "promote", "promote"),
    "rfm": ("promote", "promote"),
    "forecast": ("promote", "promote", "refuse", "rollback"),
}
SAID = {
    "promote": ("all 4 checks hold; average_precision is 0.3121 against 0.3062.", CHECKS),
    "refuse": (
        "1 of 4 checks failed: expected_calibration_error is 0.031, at most 0.02.",
        [{**CHECKS[0], "value": 0.031, "outcome": "failed"}, *CHECKS[1:]],
    ),
    "rollback": ("Forecasts of Produce were far too high after the holiday.", []),
}


def make_models(catalog: Path, as_of: date) -> None:
    """What the gate said about every version of every model."""
    rows = [row for model, verdicts in STORY.items() for row in _verdicts(f"{catalog.name}.gold.{model}", verdicts)]
    write(catalog, tables.PROMOTIONS, rows)


def _verdicts(model: str, verdicts: tuple[str, ...]) -> Rows:
    """One row a verdict; a refusal changes no champion, a rollback brings version 1 back."""
    rows: Rows = []
    champion: str | None = None
    for number, verdict in enumerate(verdicts, 1):
        after = {"refuse": champion, "promote": str(number), "rollback": "1"}[verdict]
        row: dict[str, Any] = {
            "model": model,
            "number": number,
            "version": after if verdict == "rollback" else str(number),
            "champion_before": champion,
            "champion_after": after,
            "verdict": verdict,
            "decided_by": "gate" if verdict != "rollback" else "admin",
            "decided_at": DELIVERED - timedelta(days=7 * (len(verdicts) - number)),
            "reason": SAID[verdict][0],
            "checks": json.dumps(SAID[verdict][1]),
            "run_id": f"scheduled__2026-11-{16 - number:02d}/gate.promote",
        }
        rows.append(row)
        champion = after
    return rows
