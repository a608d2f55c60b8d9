"""Features against the reference's way of computing them and against a query engine, on 2.6 million order lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.cases import HERE, job, submit
from benchmarks.measure import Figure, environment_with, timed

LINES, HOUSEHOLDS, DAYS, PRODUCTS, CATEGORIES = 2_600_000, 2_500, 711, 92_000, 308
FIRST_DAY = np.datetime64("2018-01-01")
AS_OF = str(FIRST_DAY + DAYS - 1)


def features(folder: Path) -> list[Figure]:
    """One day and thirty against one day of the plain port; one day with the session up against DuckDB."""
    write_silver(folder / "lake" / "demo")
    arguments = (str(folder / "lake" / "demo"), AS_OF)
    plain = submit(HERE / "plain_features.py", *arguments, str(folder / "plain"), home=folder).seconds
    cold = job("features", f"--as-of={AS_OF}", "--run-id=first", home=folder, catalog="demo").seconds
    seconds = job("features", f"--as-of={AS_OF}", "--run-id=one", home=folder, catalog="demo").seconds
    many = job("features", f"--as-of={AS_OF}", "--days=30", "--run-id=many", home=folder, catalog="demo").seconds
    (folder / "duckdb").mkdir()
    duckdb = _duckdb(folder, arguments)
    session = _seconds(folder, "one")
    return [
        Figure(
            what="features of one day of 2.6 million lines / a plain port of the reference",
            measured=f"{seconds:.1f} s against {plain:.1f} s",
            ratio=seconds / plain,
            goal=0.1,
            note=f"first run, which creates the tables: {cold:.1f} s",
        ),
        Figure(
            what="30 days of features in one job / one day of the plain port",
            measured=f"{many:.1f} s against {plain:.1f} s",
            ratio=many / plain,
            goal=1 / 3,
        ),
        Figure(
            what="features of one day with the session up / DuckDB with the same outputs",
            measured=f"{session:.1f} s against {duckdb:.1f} s",
            ratio=session / duckdb,
            goal=5.0,
            note="nothing else done in the session before",
        ),
    ]


def _duckdb(folder: Path, arguments: tuple[str, str]) -> float:
    script = [sys.executable, str(HERE / "duckdb_features.py"), *arguments, str(folder / "duckdb")]
    return timed(script, environment_with()).seconds


def _seconds(folder: Path, run_id: str) -> float:
    """How long a run of the job took once its session was up, as it noted itself."""
    rows = DeltaTable(folder / "lake" / "demo" / "ops" / "job_runs").to_pyarrow_table().to_pylist()
    return next(float(row["seconds"]) for row in rows if row["run_id"] == run_id and json.loads(row["arguments"]))


def write_silver(catalog: Path, lines: int = LINES) -> None:
    """Order lines and products at random, with the shares of complete_journey, straight as Delta tables."""
    random = np.random.default_rng(4)
    weight = random.pareto(1.6, CATEGORIES) + 0.4
    category = random.choice(CATEGORIES, PRODUCTS, p=weight / weight.sum())
    names = pa.array([f"CATEGORY {number}" for number in range(CATEGORIES)])
    products = {"product_id": _texts("P", np.arange(PRODUCTS)), "category": names.take(pa.array(category))}
    write_deltalake(catalog / "silver" / "products", pa.table({**products, **_lineage(PRODUCTS)}))
    write_deltalake(catalog / "silver" / "order_lines", pa.table(_order_lines(random, lines)))


def _order_lines(random: np.random.Generator, lines: int) -> dict[str, pa.Array]:
    trips = lines // 9
    eager = random.gamma(1.2, 1, HOUSEHOLDS)
    household = random.choice(HOUSEHOLDS, trips, p=eager / eager.sum())
    day = FIRST_DAY + random.integers(0, DAYS, trips)
    order = random.integers(0, trips, lines)
    liked = random.pareto(1.3, PRODUCTS) + 0.2
    return {
        "order_id": _texts("O", order),
        "line_id": _texts("", np.arange(lines)),
        "customer_id": _texts("C", household[order]),
        "product_id": _texts("P", random.choice(PRODUCTS, lines, p=liked / liked.sum())),
        "store_id": _same("S1", lines),
        "ordered_at": pa.array(day[order].astype("datetime64[us]"), pa.timestamp("us", "UTC")),
        "order_date": pa.array(day[order]),
        "line_kind": _same("sale", lines),
        "status": _same("paid", lines),
        "quantity": pa.repeat(pa.scalar(Decimal(1), pa.decimal128(18, 3)), lines),
        **_amounts(random, lines),
        **_lineage(lines),
    }


def _amounts(random: np.random.Generator, lines: int) -> dict[str, pa.Array]:
    def sometimes(share: float, least: int, most: int) -> np.ndarray:
        """Draw an amount on a share of the lines."""
        return np.where(random.random(lines) < share, random.integers(least, most, lines), 0)

    manuf = sometimes(0.005, 25, 200)
    cents = {
        "instore_discount": sometimes(0.5, 5, 300),
        "campaign_coupon_discount": sometimes(0.01, 25, 200),
        "manuf_coupon_discount": manuf,
        "manuf_coupon_match_discount": np.minimum(manuf, random.integers(0, 100, lines)),
    }
    paid = random.integers(50, 1500, lines)
    cents = {"list_amount": paid + sum(cents.values()), **cents, "net_amount": paid}
    return {name: money(amount) for name, amount in cents.items()}


def money(cents: np.ndarray) -> pa.Array:
    """Whole cents, none below 0, as decimals with four places."""
    words = np.zeros((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents * 100
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(cents), [None, pa.py_buffer(words)])


def _texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    distinct, place = np.unique(numbers, return_inverse=True)
    return pa.array([f"{prefix}{number}" for number in distinct.tolist()]).take(pa.array(place))


def _same(value: object, times: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), times)


def _lineage(rows: int) -> dict[str, pa.Array]:
    delivered = pa.scalar(datetime(2026, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC"))
    return {
        "_file_checksum": _same("synthetic", rows),
        "_row_number": _same(2, rows),
        "_delivered_at": pa.repeat(delivered, rows),
    }


CASES: dict[str, Callable[[Path], list[Figure]]] = {"features": features}
