"""A small lake with every table that the console shows, for tests, screenshots and the benchmark."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from basketry import tables
from basketry.tables import SALES, SALES_ROLLUP
from tests.lakes import arrow_type, fill
from tests.plugins.console.shop import AS_OF, SEED, Product, daily_sales, in_periods, products


def write(catalog: Path, table: tables.Table, content: list[dict[str, Any]] | pa.Table) -> None:
    """Make the table's folder under the catalog's."""
    if isinstance(content, pa.Table):
        wanted = pa.schema([(one.name, arrow_type(one.type)) for one in table.columns])
        content = content.select(wanted.names).cast(wanted)
    fill(catalog.parent, catalog.name, table, content, mode="overwrite")


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
DELIVERED = datetime(2026, 11, 21, 3, 12, tzinfo=UTC)
Rows = list[dict[str, Any]]


def make_lake(catalog: Path, *, weeks: int = 92, each: int = 4, customers: int = 1200, as_of: date = AS_OF) -> None:
    """Write every table of the catalog's folder."""
    items = products(each)
    weekly = make_sales(catalog, items, weeks, as_of)
    make_ops(catalog, as_of)
    make_decisions(catalog, items, weekly, as_of)
    make_people(catalog, items, customers, as_of)
    make_models(catalog, as_of)


def make_sales(catalog: Path, items: list[Product], weeks: int, as_of: date = AS_OF) -> list[float]:
    """gold.sales_* of every grain; returns each product's mean revenue of the last four weeks."""
    daily = daily_sales(items, weeks, as_of)
    for grain in tables.GRAINS:
        product, rollup = in_periods(daily, grain, as_of)
        write(catalog, SALES[grain], product)
        write(catalog, SALES_ROLLUP[grain], rollup)
    rows = [
        {
            "product_id": one.product_id,
            "name": one.name,
            "brand": one.brand,
            "department": one.department,
            "category": one.category,
            "list_price": round(one.price, 2),
            "unit_cost": round(one.price * 0.6, 2),
            "units_available": 40 + 7 * place,
            "_file_checksum": "a" * 64,
            "_row_number": place + 2,
            "_delivered_at": DELIVERED,
        }
        for place, one in enumerate(items)
    ]
    write(catalog, tables.PRODUCTS, _money(rows, tables.PRODUCTS))
    return _weekly(daily, items, as_of)


def _weekly(daily: pa.Table, items: list[Product], as_of: date) -> list[float]:
    late = daily.filter(
        pc.greater(daily["period_start"], pa.scalar(as_of - timedelta(days=28)).cast(daily["period_start"].type))
    )
    summed = late.group_by("product_id").aggregate([("net_revenue", "sum")]).to_pydict()
    revenue = dict(zip(summed["product_id"], summed["net_revenue_sum"], strict=True))
    return [revenue.get(item.product_id, 1.0) / 4 for item in items]


def _money(rows: Rows, table: tables.Table) -> Rows:
    """Floats as the exact decimals that the declaration asks for."""
    from decimal import Decimal

    places = {one.name: int(one.type[:-1].split(",")[1]) for one in table.columns if one.type.startswith("decimal")}
    for row in rows:
        for name, digits in places.items():
            if row.get(name) is not None:
                row[name] = Decimal(str(round(float(row[name]), digits)))
    return rows


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


def _file(feed: str, place: int, draw: np.random.Generator) -> dict[str, Any]:
    read = int(9000 + draw.integers(6000))
    bad, twice = int(draw.integers(45)), int(draw.integers(9))
    reasons = [("customer_known", bad // 2), ("quantity:not_a_number", bad - bad // 2)] if bad else []
    delivered = DELIVERED - timedelta(days=7 * place, minutes=len(feed))
    return {
        "file_checksum": f"{feed}-{place}".ljust(64, "0"),
        "feed": feed,
        "file_name": f"{feed}_{delivered:%Y-%m-%d}.csv",
        "file_bytes": read * 84,
        "delivered_at": delivered,
        "delivered_by": "make run",
        "status": "loaded",
        "refusal": None,
        "contract_version": "1.2.0",
        "rows_read": read,
        "rows_good": read - bad - twice,
        "rows_quarantined": bad,
        "rows_duplicate": twice,
        "rows_warned": 12,
        "reasons": reasons,
        "unknown_columns": [],
        "touched_from": AS_OF - timedelta(days=7 * place + 6),
        "touched_to": AS_OF - timedelta(days=7 * place),
        "run_id": "manual__2026-11-21",
    }


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


ACTIONS = {
    "increase_inventory": ("runs_out", "the stock ends before the sales do: cover 2.1 weeks, below 4"),
    "hold": ("as_it_should_be", "sells as before, and nothing says that another price would help: outlook 1.02"),
    "optimise_price": (
        "price_too_high",
        "buyers follow the price; a lower one brings more than it costs: elasticity -1.84, below -1.2",
    ),
    "discount": ("too_much", "more than half a year of stock: cover 31.5 weeks, above 26"),
    "promote": ("slipping", "sells well and falls: outlook 0.71, below 0.8"),
    "delist": ("fading_and_poor", "sells little, falls and is rated poorly: rating 2.6, below 3"),
}
HORIZONS = (*((7 * week + 1, 7 * week + 7) for week in range(13)), (1, 28), (1, 91))


def make_decisions(catalog: Path, items: list[Product], weekly: list[float], as_of: date) -> None:
    """Forecasts, what came true, price responses and decisions."""
    draw = np.random.default_rng(SEED + 3)
    order = np.argsort(weekly)[::-1]
    bucket = {
        int(place): "High" if rank < len(items) * 0.2 else "Medium" if rank < len(items) * 0.5 else "Low"
        for rank, place in enumerate(order)
    }
    actions = list(ACTIONS)
    decided, forecast, accuracy, response = [], [], [], []
    for place, item in enumerate(items):
        expected = weekly[place] * (0.9 + 0.2 * draw.random())
        forecast += _forecast(item, "product", expected, as_of)
        accuracy += [_came(item, back, expected, draw, as_of) for back in (28, 56, 84)]
        action = actions[int(draw.choice(len(actions), p=(0.1, 0.45, 0.15, 0.12, 0.13, 0.05)))]
        rule, reason = ACTIONS[action]
        decided.append(
            {
                "as_of": as_of,
                "product_id": item.product_id,
                "product": item.name,
                "department": item.department,
                "category": item.category,
                "predicted_revenue": expected * 4,
                "low_90": expected * 2.6,
                "high_90": expected * 5.6,
                "bucket": bucket[place],
                "action": action,
                "rule": rule,
                "reason": reason,
                "measured": [
                    ("outlook", 0.8 + 0.4 * draw.random()),
                    ("weeks_of_stock", 2 + 20 * draw.random()),
                    ("elasticity", -1.84),
                    ("average_rating", 4.1),
                ],
                "expected_worth": None if action == "hold" else expected * 4 * 0.08,
                "model_version": "3",
            }
        )
        if place % 3 == 0:
            response.append(
                {
                    "as_of": as_of,
                    "level": "product",
                    "category": item.category,
                    "product_id": item.product_id,
                    "weeks": 60,
                    "price_spread": 0.11,
                    "elasticity": -1.84 + 0.3 * draw.random(),
                    "standard_error": 0.3,
                }
            )
    for department in sorted({one.department for one in items}):
        size = sum(value for value, one in zip(weekly, items, strict=True) if one.department == department)
        forecast += _forecast(Product("", "", "", department, "", 0, 0), "department", size, as_of)
    forecast += _forecast(Product("", "", "", "", "", 0, 0), "total", sum(weekly), as_of)
    write(catalog, tables.PRODUCT_DECISIONS, decided)
    write(catalog, tables.PRODUCT_FORECASTS, forecast)
    write(catalog, tables.FORECAST_ACCURACY, accuracy)
    write(catalog, tables.PRICE_RESPONSE, response)
    write(
        catalog,
        tables.FORECAST_OUTCOMES,
        [
            {
                "as_of": as_of - timedelta(days=28 * back),
                "horizon_days": 28,
                "horizon": "days_28",
                "demand_class": "",
                "products": len(items),
                "wape": 0.19 + 0.01 * back,
                "rmse": 84.0,
                "bias": 0.03 - 0.01 * back,
                "coverage_90": 0.88 + 0.01 * back,
                "model_version": "3",
            }
            for back in (1, 2, 3)
        ],
    )


def _forecast(item: Product, level: str, weekly: float, as_of: date) -> Rows:
    rows = []
    for first, last in HORIZONS:
        revenue = weekly * (last - first + 1) / 7 * (1 + 0.003 * last)
        wide = 0.16 + 0.002 * last
        rows.append(
            {
                "as_of": as_of,
                "level": level,
                "department": item.department,
                "category": item.category,
                "product_id": item.product_id,
                "first_day": first,
                "last_day": last,
                "revenue": revenue,
                "low_50": revenue * (1 - wide / 2),
                "high_50": revenue * (1 + wide / 2),
                "low_90": revenue * (1 - wide),
                "high_90": revenue * (1 + 1.2 * wide),
                "demand_class": "smooth" if level == "product" else "",
                "method": "exponential_smoothing" if level == "product" else "reconciled",
                "basis": "model",
                "model_version": "3",
            }
        )
    return rows


def _came(item: Product, back: int, weekly: float, draw: np.random.Generator, as_of: date) -> dict[str, Any]:
    predicted = weekly * 4 * (0.95 + 0.1 * draw.random())
    return {
        "as_of": as_of - timedelta(days=back),
        "horizon_days": 28,
        "level": "product",
        "department": item.department,
        "category": item.category,
        "product_id": item.product_id,
        "demand_class": "smooth",
        "predicted": predicted,
        "low_90": predicted * 0.7,
        "high_90": predicted * 1.35,
        "observed": predicted * float(np.exp(draw.normal(0, 0.16))),
        "model_version": "3",
    }


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
    write(catalog, tables.RFM_SEGMENTS, _money(segments, tables.RFM_SEGMENTS))
    _write_profiles(catalog, segments, as_of)
    _write_moves(catalog, segments, before, names, as_of)
    _write_scores(catalog, items, customers, draw, as_of)
    _write_audience(catalog, segments, draw, as_of)


def _write_profiles(catalog: Path, segments: Rows, as_of: date) -> None:
    spent = sum(float(row["monetary_total"]) for row in segments)
    rows = []
    for name in SEGMENTS:
        mine = [row for row in segments if row["segment"] == name]
        if mine:
            revenue = sum(float(row["monetary_total"]) for row in mine)
            rows.append(
                {
                    "as_of": as_of,
                    "view": "named",
                    "segment": name,
                    "mostly": name,
                    "customers": len(mine),
                    "share_of_customers": len(mine) / len(segments),
                    "revenue": revenue,
                    "share_of_revenue": revenue / spent,
                    "recency_days": float(mine[0]["recency_days"]),
                    "frequency": float(mine[0]["frequency"]),
                    "monetary": revenue / len(mine) / mine[0]["frequency"],
                    "expected_purchases_90d": mine[0]["expected_purchases_90d"],
                    "expected_spend_90d": revenue / len(mine) / 4,
                    "repurchase_rate_90d": 0.4,
                    "spend_90d": revenue / len(mine) / 5,
                    "treatment": TREATMENTS.get(name, "Remind them once; nothing more."),
                    "model_version": "2",
                }
            )
    write(catalog, tables.RFM_PROFILES, _money(rows, tables.RFM_PROFILES))


def _write_moves(catalog: Path, segments: Rows, before: np.ndarray, names: list[str], as_of: date) -> None:
    paths: dict[tuple[str, str], list[float]] = {}
    for row, place in zip(segments, before, strict=True):
        paths.setdefault((names[int(place)], row["segment"]), []).append(float(row["monetary_total"]))
    rows = [
        {
            "as_of": as_of,
            "days": days,
            "previous_as_of": as_of - timedelta(days=days),
            "view": "named",
            "from_segment": source,
            "to_segment": target,
            "customers": len(spent),
            "revenue_before": sum(spent) * 0.97,
            "revenue_after": sum(spent),
        }
        for days in (7, 28)
        for (source, target), spent in paths.items()
    ]
    write(catalog, tables.RFM_MIGRATION, _money(rows, tables.RFM_MIGRATION))


def _write_scores(catalog: Path, items: list[Product], customers: int, draw: np.random.Generator, as_of: date) -> None:
    categories = sorted({item.category for item in items})
    scores: list[pa.Table] = []
    outcomes: Rows = []
    for place, category in enumerate(categories):
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
                    "category_rank": (np.arange(customers) + place) % len(categories) + 1,
                    "model_version": pa.repeat("4", customers),
                    "is_stale": pa.repeat(False, customers),
                }
            )
        )
        for version, back in (("3", 60), ("4", 30)):
            predicted = float(probability.mean() * (0.7 + 0.6 * draw.random()))
            for audience in ("all", "repeat", "explore"):
                outcomes.append(
                    _outcome(category, audience, version, as_of - timedelta(days=back), predicted, customers, draw)
                )
    for version, back in (("3", 60), ("4", 30)):
        for audience in ("all", "repeat", "explore"):
            outcomes.append(_outcome("", audience, version, as_of - timedelta(days=back), 0.118, customers, draw))
    write(catalog, tables.PROPENSITY_SCORES, pa.concat_tables(scores))
    write(catalog, tables.PROPENSITY_OUTCOMES, outcomes)


def _outcome(
    category: str, audience: str, version: str, day: date, predicted: float, customers: int, draw: np.random.Generator
) -> dict[str, Any]:
    observed = predicted * float(np.exp(draw.normal(0, 0.07)))
    return {
        "as_of": day,
        "model_version": version,
        "category": category,
        "audience": audience,
        "customers": customers,
        "buyers": int(customers * observed),
        "average_precision": 0.22 + 0.02 * int(version) + 0.02 * draw.random(),
        "roc_auc": 0.74 + 0.01 * int(version),
        "log_loss": 0.31,
        "expected_calibration_error": 0.008,
        "lift_top_decile": 2.4 + 0.2 * int(version) + draw.random(),
        "mean_predicted": predicted,
        "mean_observed": observed,
    }


PERSON = ("Maria Lopez", "maria.lopez@mail.example", "+12025550143")
"""Personal data of every customer of the lake: what must never be seen by who may not."""


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
    write(catalog, tables.MARKETING_AUDIENCE, _money(rows, tables.MARKETING_AUDIENCE))


def make_models(catalog: Path, as_of: date) -> None:
    """What the gate said about every version of every model."""
    checks = [
        {
            "condition": "absolute",
            "metric": "expected_calibration_error",
            "value": 0.0071,
            "reference": None,
            "low": None,
            "high": None,
            "limit": "at most 0.02",
            "outcome": "passed",
        },
        {
            "condition": "must beat naive/personal_rate",
            "metric": "average_precision",
            "value": 0.3121,
            "reference": 0.2954,
            "low": 0.0102,
            "high": 0.0233,
            "limit": "by more than 0",
            "outcome": "passed",
        },
        {
            "condition": "against champion",
            "metric": "average_precision",
            "value": 0.3121,
            "reference": 0.3062,
            "low": 0.0021,
            "high": 0.0098,
            "limit": "at least +0.5 %",
            "outcome": "passed",
        },
        {
            "condition": "no category worse",
            "metric": "category/Milk/average_precision",
            "value": 0.41,
            "reference": 0.43,
            "low": -0.04,
            "high": 0.01,
            "limit": "not below by 0.05",
            "outcome": "noise",
        },
    ]
    story = {
        "propensity": ("promote", "refuse", "promote", "promote"),
        "rfm": ("promote", "promote"),
        "forecast": ("promote", "promote", "refuse", "rollback"),
    }
    rows = []
    for model, verdicts in story.items():
        champion: str | None = None
        for number, verdict in enumerate(verdicts, 1):
            after = champion if verdict == "refuse" else str(number) if verdict == "promote" else "1"
            rows.append(
                {
                    "model": f"{catalog.name}.gold.{model}",
                    "number": number,
                    "version": after if verdict == "rollback" else str(number),
                    "champion_before": champion,
                    "champion_after": after,
                    "verdict": verdict,
                    "decided_by": "gate" if verdict != "rollback" else "admin",
                    "decided_at": DELIVERED - timedelta(days=7 * (len(verdicts) - number)),
                    "reason": {
                        "promote": "all 4 checks hold; average_precision is 0.3121 against 0.3062.",
                        "refuse": "1 of 4 checks failed: expected_calibration_error is 0.031, at most 0.02.",
                        "rollback": "Forecasts of Produce were far too high after the holiday.",
                    }[verdict],
                    "checks": json.dumps(
                        checks
                        if verdict == "promote"
                        else [{**checks[0], "value": 0.031, "outcome": "failed"}, *checks[1:]]
                        if verdict == "refuse"
                        else []
                    ),
                    "run_id": f"scheduled__2026-11-{16 - number:02d}/gate.promote",
                }
            )
            champion = after
    write(catalog, tables.PROMOTIONS, rows)
