"""What the other jobs found out about customers, files and offers, for the small lake."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from tests.kit.results import delivered_file, propensity_outcome, segment_move, segment_profile

LAST = date(2026, 11, 15)
SEGMENTS = ("Champions", "Loyal", "At risk", "Hibernating", "Lost", "New")


def money(value: float) -> Decimal:
    """An amount with the four decimals of the tables."""
    return Decimal(f"{value:.4f}")


def people(random: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Segments, moves, scores, quality and clusters by name."""
    profiles, moves, scores, quality = [], [], [], []
    for as_of in (date(2026, 10, 31), LAST):
        for view in ("named", "cluster"):
            for n, segment in enumerate(SEGMENTS):
                profiles.append(_profile(random, as_of, view=view, n=n, segment=segment))
        for days in (1, 7):
            for start, end in (("Champions", "Loyal"), ("Loyal", "Champions"), ("Loyal", "At risk"), ("Lost", "Lost")):
                revenue = {"revenue_before": Decimal(10), "revenue_after": Decimal(20)}
                customers = int(random.integers(1, 40))
                moves.append(segment_move(as_of, days, (start, end), customers=customers, **revenue))
        for category in ("Coffee", "Tea", "Dog Food"):
            for n in range(1, 31):
                scores.append(
                    {
                        "as_of": as_of,
                        "customer_id": f"c{n}",
                        "category": category,
                        "decile": n // 4 + 1,
                        "probability": round(float(random.random()), 6),
                        "category_rank": 1,
                        "model_version": "5",
                        "is_stale": False,
                    }
                )
        for category in ("", "Coffee", "Tea", "Dog Food"):
            for audience in ("all", "repeat"):
                quality.append(_quality(random, as_of, category, audience))
    clusters = _clusters()
    made = (profiles, moves, scores, quality, clusters)
    names = ("profiles", "moves", "scores", "quality", "clusters")
    return {name: pd.DataFrame(rows) for name, rows in zip(names, made, strict=True)}


def _profile(random: np.random.Generator, as_of: date, view: str, n: int, segment: str) -> dict[str, Any]:
    return segment_profile(
        as_of,
        segment if view == "named" else str(n),
        view=view,
        mostly=segment,
        customers=int(random.integers(10, 200)),
        share_of_customers=0.1,
        share_of_revenue=0.1,
        revenue=Decimal(int(random.integers(1000, 90000))),
        recency_days=float(random.integers(1, 90)),
        frequency=float(random.integers(1, 30)),
        monetary=float(random.integers(5, 60)),
        treatment=f"treat {segment}",
    )


def _quality(random: np.random.Generator, as_of: date, category: str, audience: str) -> dict[str, Any]:
    return propensity_outcome(
        as_of,
        category,
        audience,
        customers=30,
        buyers=9,
        average_precision=round(float(random.random()), 4),
        lift_top_decile=round(float(random.uniform(1, 5)), 4),
        log_loss=0.5,
        expected_calibration_error=round(float(random.uniform(0, 0.1)), 4),
        mean_predicted=0.3,
        mean_observed=0.3,
    )


def _clusters() -> list[dict[str, Any]]:
    return [
        {
            "as_of": LAST,
            "mix": mix,
            "cluster": n,
            "name": f"{name} lovers",
            "customers": 10 * (n + 1),
            "spent": Decimal(1000 * n),
            "centroid": {},
            "over_index": {},
            "from_run": "r",
        }
        for mix in ("category", "product")
        for n, name in enumerate(("Coffee", "Pet"))
    ]


def files(random: np.random.Generator) -> pd.DataFrame:
    """Nineteen delivered files, one of them refused."""
    rows = []
    for n in range(19):
        read, bad = int(random.integers(100, 900)), int(random.integers(0, 20))
        rows.append(
            delivered_file(
                ("order_lines", "customers")[n % 2],
                f"f{n}",
                file_name=f"file_{n}.csv",
                delivered_at=datetime(2026, 10, 28, 9, tzinfo=UTC) + timedelta(days=n),
                status="refused" if n == 5 else "loaded",
                rows_read=read,
                rows_good=read - bad,
                rows_quarantined=bad,
            )
        )
    return pd.DataFrame(rows)


def offers(random: np.random.Generator) -> pd.DataFrame:
    """What was shown, clicked and bought, minute by minute."""
    rows = []
    for minute in range(120):
        at = datetime(2026, 11, 10, 8, tzinfo=UTC) + timedelta(minutes=61 * minute)
        shown = int(random.integers(0, 12))
        clicked = int(random.integers(0, shown + 1))
        bought = clicked // 2
        rows.append(
            {
                "event_date": at.date(),
                "minute": at,
                "category": ("Coffee", "Dog Food", "Tea")[minute % 3],
                "shown": shown,
                "clicked": clicked,
                "bought": bought,
                "revenue": money(4.25 * bought),
                "rate": clicked / shown if shown else None,
            }
        )
    return pd.DataFrame(rows)
