"""Files, quarantine and job runs of the console's lake."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basketry import tables
from tests.kit.console.shop import AS_OF, SEED
from tests.kit.console.tables import DELIVERED, write
from tests.kit.results import delivered_file

FEEDS = {"order_lines": 24, "customers": 5, "products": 4, "events": 2, "reviews": 2}


def make_ops(catalog: Path, as_of: date) -> None:
    """Files, quarantine and job runs."""
    draw = np.random.default_rng(SEED + 2)
    files, quarantined = [], []
    for feed, number in FEEDS.items():
        for place in range(number):
            made = _file(feed, place, draw)
            files.append(made)
            for row in range(min(6, made["rows_quarantined"])):
                quarantined.append(_bad_row(feed, made, row))
    files.append(
        {
            **files[0],
            "file_checksum": "f" * 64,
            "file_name": "order_lines_2026-11-20.csv",
            "status": "refused",
            "refusal": "line 1: column 'quantity' is missing; the contract order_lines 1.2.0 needs it.",
            "rows_read": 0,
            "rows_good": 0,
            "rows_quarantined": 0,
            "rows_duplicate": 0,
            "reasons": [],
        }
    )
    write(catalog, tables.FILES, files)
    write(catalog, tables.QUARANTINE, quarantined)
    jobs = ("ingest", "sales", "features", "score_propensity", "rfm", "forecast", "decide_products", "audience")
    runs = [
        {
            "run_id": f"scheduled__{as_of - timedelta(days=back)}T10:15:00+00:00/{job}",
            "job": job,
            "as_of": as_of - timedelta(days=back),
            "arguments": json.dumps({"catalog": "demo"}),
            "input_versions": [("silver.order_lines", 24 + 7 - back)],
            "rows_in": int(350_000 + draw.integers(9000)),
            "rows_out": int(2_000 + draw.integers(900)),
            "seconds": float(round(20 + draw.random() * 60, 1)),
            "model_version": "4" if job.startswith("score") else None,
            "details": "{}",
        }
        for back in range(7)
        for job in jobs
    ]
    write(catalog, tables.JOB_RUNS, runs)


def _file(feed: str, weeks_back: int, draw: np.random.Generator) -> dict[str, Any]:
    read = int(9000 + draw.integers(6000))
    bad, twice = int(draw.integers(45)), int(draw.integers(9))
    reasons = [("customer_known", bad // 2), ("quantity:not_a_number", bad - bad // 2)] if bad else []
    delivered = DELIVERED - timedelta(days=7 * weeks_back, minutes=len(feed))
    return delivered_file(
        feed,
        f"{feed}-{weeks_back}".ljust(64, "0"),
        file_name=f"{feed}_{delivered:%Y-%m-%d}.csv",
        file_bytes=read * 84,
        delivered_at=delivered,
        delivered_by="make run",
        contract_version="1.2.0",
        rows_read=read,
        rows_good=read - bad - twice,
        rows_quarantined=bad,
        rows_duplicate=twice,
        rows_warned=12,
        reasons=reasons,
        touched_from=AS_OF - timedelta(days=7 * weeks_back + 6),
        touched_to=AS_OF - timedelta(days=7 * weeks_back),
        run_id="manual__2026-11-21",
    )


def _bad_row(feed: str, file: dict[str, Any], row: int) -> dict[str, Any]:
    content = {
        "order_id": f"O{row}",
        "quantity": "three" if row % 2 else "2",
        "customer_email": "maria.lopez@mail.example",
        "note": "<b>bold</b>",
    }
    return {
        "file_checksum": file["file_checksum"],
        "row_number": 17 + 31 * row,
        "feed": feed,
        "file_name": file["file_name"],
        "delivered_at": file["delivered_at"],
        "reasons": ["quantity:not_a_number"] if row % 2 else ["customer_known", "amounts_add_up"],
        "content": json.dumps(content),
        "state": "replayed" if row == 5 else "open",
        "contract_version": "1.2.0",
    }
