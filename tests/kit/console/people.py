"""Segments, scores and the audience of the console's lake."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from basketry import tables
from tests.kit.console.shop import SEED, Product
from tests.kit.console.tables import Rows, money, write
from tests.kit.results import propensity_outcome, segment_move, segment_profile

PERSON = ("Maria Lopez", "maria.lopez@mail.example", "+12025550143")
"""Personal data of every customer of the lake: what must never be seen by who may not."""
SEGMENTS = {
    "Champions": (5, 5, 5),
    "Loyal": (4, 5, 3),
    "Potential loyalists": (4, 3, 3),
    "New": (5, 1, 2),
    "Promising": (4, 1, 2),
    "Need attention": (3, 3, 3),
    "About to sleep": (3, 2, 2),
    "At risk": (2, 4, 4),
    "Cannot lose them": (1, 5, 5),
    "Hibernating": (2, 2, 2),
    "Lost": (1, 1, 1),
}
TREATMENTS = {
    "Champions": "Reward them, show new products first. No discounts.",
    "Loyal": "Offer what goes with what they buy.",
    "New": "Welcome series; an early reason for the second purchase.",
    "At risk": "Win them back with what they used to buy.",
    "Potential loyalists": "Recommend a second and third category.",
}
WEIGHTS = (9, 13, 14, 6, 7, 12, 10, 9, 3, 10, 7)


def make_people(catalog: Path, items: list[Product], customers: int, as_of: date) -> None:
    """Segments with their profiles and moves, scores with what came true, and the audience with its personal data."""
    draw = np.random.default_rng(SEED + 4)
    share = np.array(WEIGHTS) / sum(WEIGHTS)
    names = list(SEGMENTS)
    now = draw.choice(len(names), customers, p=share)
    before = np.where(draw.random(customers) < 0.82, now, draw.choice(len(names), customers, p=share))
    segments: Rows = []
    for number in range(customers):
        r, f, m = SEGMENTS[names[now[number]]]
        spent = round(float(np.exp(draw.normal(4.5 + 0.3 * m, 0.4))), 2)
        segments.append(
            {
                "as_of": as_of,
                "customer_id": f"C{number + 1:05d}",
                "recency_days": (6 - r) * 17,
                "frequency": f * 9,
                "monetary": round(spent / (f * 9), 2),
                "monetary_total": spent,
                "r": r,
                "f": f,
                "m": m,
                "segment": names[now[number]],
                "previous_segment": names[before[number]],
                "segment_since": as_of - timedelta(days=20),
                "cluster": int(now[number]) % 5,
                "previous_cluster": int(before[number]) % 5,
                "cluster_since": as_of - timedelta(days=20),
                "expected_purchases_90d": f * 2.0,
                "expected_spend_90d": spent / 4,
                "model_version": "2",
            }
        )
    write(catalog, tables.RFM_SEGMENTS, money(segments, tables.RFM_SEGMENTS))
    _write_profiles(catalog, segments, as_of)
    _write_moves(catalog, segments, before=before, names=names, as_of=as_of)
    _write_scores(catalog, items, customers=customers, draw=draw, as_of=as_of)
    _write_audience(catalog, segments, draw, as_of)


def _write_profiles(catalog: Path, segments: Rows, as_of: date) -> None:
    spent = sum(float(row["monetary_total"]) for row in segments)
    rows = []
    for name in SEGMENTS:
        mine = [row for row in segments if row["segment"] == name]
        if mine:
            revenue = sum(float(row["monetary_total"]) for row in mine)
            rows.append(
                segment_profile(
                    as_of,
                    name,
                    customers=len(mine),
                    share_of_customers=len(mine) / len(segments),
                    revenue=revenue,
                    share_of_revenue=revenue / spent,
                    recency_days=float(mine[0]["recency_days"]),
                    frequency=float(mine[0]["frequency"]),
                    monetary=revenue / len(mine) / mine[0]["frequency"],
                    expected_purchases_90d=mine[0]["expected_purchases_90d"],
                    expected_spend_90d=revenue / len(mine) / 4,
                    repurchase_rate_90d=0.4,
                    spend_90d=revenue / len(mine) / 5,
                    treatment=TREATMENTS.get(name, "Remind them once; nothing more."),
                )
            )
    write(catalog, tables.RFM_PROFILES, money(rows, tables.RFM_PROFILES))


def _write_moves(catalog: Path, segments: Rows, before: np.ndarray, names: list[str], as_of: date) -> None:
    paths: dict[tuple[str, str], list[float]] = {}
    for row, index in zip(segments, before, strict=True):
        paths.setdefault((names[int(index)], row["segment"]), []).append(float(row["monetary_total"]))
    rows = [
        segment_move(
            as_of, days, path, customers=len(spent), revenue_before=sum(spent) * 0.97, revenue_after=sum(spent)
        )
        for days in (7, 28)
        for path, spent in paths.items()
    ]
    write(catalog, tables.RFM_MIGRATION, money(rows, tables.RFM_MIGRATION))


def _write_scores(catalog: Path, items: list[Product], customers: int, draw: np.random.Generator, as_of: date) -> None:
    categories = sorted({item.category for item in items})
    scores: list[pa.Table] = []
    outcomes: Rows = []
    for index, category in enumerate(categories):
        probability = draw.beta(1.2, 9, customers)
        rank = np.argsort(np.argsort(-probability))
        scores.append(
            pa.table(
                {
                    "as_of": pa.repeat(pa.scalar(as_of), customers),
                    "customer_id": [f"C{number + 1:05d}" for number in range(customers)],
                    "category": pa.repeat(category, customers),
                    "probability": np.round(probability, 5),
                    "decile": rank * 10 // customers + 1,
                    "category_rank": (np.arange(customers) + index) % len(categories) + 1,
                    "model_version": pa.repeat("4", customers),
                    "is_stale": pa.repeat(False, customers),
                }
            )
        )
        for version, back in (("3", 60), ("4", 30)):
            predicted = float(probability.mean() * (0.7 + 0.6 * draw.random()))
            for audience in ("all", "repeat", "explore"):
                outcomes.append(
                    _outcome(
                        category,
                        audience,
                        version=version,
                        day=as_of - timedelta(days=back),
                        predicted=predicted,
                        customers=customers,
                        draw=draw,
                    )
                )
    for version, back in (("3", 60), ("4", 30)):
        for audience in ("all", "repeat", "explore"):
            outcomes.append(
                _outcome(
                    "",
                    audience,
                    version=version,
                    day=as_of - timedelta(days=back),
                    predicted=0.118,
                    customers=customers,
                    draw=draw,
                )
            )
    write(catalog, tables.PROPENSITY_SCORES, pa.concat_tables(scores))
    write(catalog, tables.PROPENSITY_OUTCOMES, outcomes)


def _outcome(
    category: str, audience: str, version: str, day: date, predicted: float, customers: int, draw: np.random.Generator
) -> dict[str, Any]:
    observed = predicted * float(np.exp(draw.normal(0, 0.07)))
    return propensity_outcome(
        day,
        category,
        audience,
        model_version=version,
        customers=customers,
        buyers=int(customers * observed),
        average_precision=0.22 + 0.02 * int(version) + 0.02 * draw.random(),
        roc_auc=0.74 + 0.01 * int(version),
        log_loss=0.31,
        expected_calibration_error=0.008,
        lift_top_decile=2.4 + 0.2 * int(version) + draw.random(),
        mean_predicted=predicted,
        mean_observed=observed,
    )


def _write_audience(catalog: Path, segments: Rows, draw: np.random.Generator, as_of: date) -> None:
    name, email, phone = PERSON
    rows = [
        {
            "as_of": as_of,
            "customer_id": row["customer_id"],
            "name": name,
            "email": email,
            "phone": phone,
            "state": "NY",
            "zip": "10001",
            "time_zone": "America/New_York",
            "time_zone_from": "zip",
            "call_windows": [],
            "orders": row["frequency"],
            "spent": float(row["monetary_total"]),
            "first_purchase": as_of - timedelta(days=600),
            "last_purchase": as_of - timedelta(days=row["recency_days"]),
            "average_basket": 31.5,
            "favourite_category": "Coffee",
            "favourite_product": "Coffee Classic",
            "category_cluster": 1,
            "category_cluster_name": "Coffee and Bread",
            "product_cluster": 2,
            "product_cluster_name": "Coffee Classic",
            "consent": "every channel",
        }
        for row in segments
    ]
    write(catalog, tables.MARKETING_AUDIENCE, money(rows, tables.MARKETING_AUDIENCE))
