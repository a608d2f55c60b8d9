"""The audience job from 1 to 5 million synthetic customers: its time per million must not grow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.cases import job
from benchmarks.measure import Figure

AS_OF = "2026-11-22"
SIZES = tuple(int(float(size) * 1e6) for size in os.environ.get("BASKETRY_BENCH_MILLIONS", "1,5").split(","))
LINES_EACH, CATEGORIES, PRODUCTS, CHUNK = 6, 40, 2_000, 250_000
_STATES = (
    ("NY", "10001", "212"),
    ("TX", "75201", "214"),
    ("CA", "94103", "415"),
    ("TN", "37203", "615"),
    ("FL", "33131", "305"),
)


def audience(folder: Path) -> list[Figure]:
    """Measure CPU seconds of the whole process, both sizes on the same machine: what else runs there does not count."""
    seconds, runs = [], []
    for size in SIZES:
        home = folder / str(size)
        write_silver(home / "lake" / "bench", size)
        where = {"BASKETRY_INCLUDE": str(_include(folder)), "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}"}
        runs.append(job("audience", f"--as-of={AS_OF}", "--run-id=one", home=home, catalog="bench", **where))
        seconds.append(runs[-1].cpu_seconds / (size / 1e6))
    small, large = seconds[0], seconds[-1]
    measured = f"{large:.1f} s against {small:.1f} s"
    what = f"audience, CPU seconds per million customers: {SIZES[-1] / 1e6:g} million / {SIZES[0] / 1e6:g} million"
    note = f"{LINES_EACH} order lines a customer; wall {runs[-1].seconds:.0f} s, peak {runs[-1].peak_mib:.0f} MiB"
    return [Figure(what=what, measured=measured, ratio=large / small, goal=1.2, note=note)]


def write_silver(catalog: Path, customers: int) -> None:
    """Write customers with distinct contact data, 3 % of it bad, and their order lines, straight as Delta tables."""
    random = np.random.default_rng(5)
    names = pa.array([f"Category {number}" for number in range(CATEGORIES)])
    products = {
        "product_id": _texts("P", np.arange(PRODUCTS)),
        "name": _texts("Product ", np.arange(PRODUCTS)),
        "category": names.take(pa.array(np.arange(PRODUCTS) % CATEGORIES)),
    }
    write_deltalake(catalog / "silver" / "products", pa.table({**products, **_lineage(PRODUCTS)}))
    for first in range(0, customers, CHUNK):
        numbers = np.arange(first, min(first + CHUNK, customers))
        write_deltalake(catalog / "silver" / "customers", _customers(random, numbers), mode="append")
        write_deltalake(catalog / "silver" / "order_lines", _order_lines(random, numbers), mode="append")


def _customers(random: np.random.Generator, numbers: np.ndarray) -> pa.Table:
    places = random.integers(0, len(_STATES), len(numbers))
    bad = random.random(len(numbers)) < 0.03
    rows = list(zip(numbers.tolist(), places.tolist(), bad.tolist(), strict=True))
    columns = {
        "customer_id": [f"C{number}" for number, _, _ in rows],
        "name": [f"Name {number}" for number, _, _ in rows],
        "email": [f"someone.{number}{'@@' if spoiled else '@'}example.com" for number, _, spoiled in rows],
        "phone": [
            f"({_STATES[place][2]}) {200 + number // 10_000 % 800}-{number % 10_000:04d}" for number, place, _ in rows
        ],
        "state": [_STATES[place][0] for _, place, _ in rows],
        "postal_code": [None if spoiled else _STATES[place][1] for _, place, spoiled in rows],
    }
    return pa.table({**columns, "country": _same("US", len(rows)), **_lineage(len(rows))})


def _order_lines(random: np.random.Generator, numbers: np.ndarray) -> pa.Table:
    lines = len(numbers) * LINES_EACH
    who = np.repeat(numbers, LINES_EACH)
    kind = (who * 2_654_435_761) % 7
    category = (random.integers(0, 6, lines) + kind * 5) % CATEGORIES
    product = category + CATEGORIES * random.integers(0, PRODUCTS // CATEGORIES, lines)
    day = np.datetime64(AS_OF) - random.integers(0, 300, lines)
    position = np.arange(lines)
    words = np.zeros((lines, 2), dtype=np.int64)
    words[:, 0] = random.integers(50, 3000, lines) * 100
    return pa.table(
        {
            "order_id": pa.array([f"O{number}" for number in (who * LINES_EACH + position % LINES_EACH // 2).tolist()]),
            "line_id": pa.array([str(number) for number in (position % LINES_EACH).tolist()]),
            "customer_id": pa.array([f"C{number}" for number in who.tolist()]),
            "product_id": pa.array([f"P{number}" for number in product.tolist()]),
            "order_date": pa.array(day),
            "line_kind": _same("sale", lines),
            "status": _same("paid", lines),
            "quantity": pa.repeat(pa.scalar(Decimal(1), pa.decimal128(18, 3)), lines),
            "net_amount": pa.Array.from_buffers(pa.decimal128(18, 4), lines, [None, pa.py_buffer(words)]),
        }
    )


def _include(folder: Path) -> Path:
    """Copy the shipped include folder, with a catalog `bench`."""
    include = folder / "include"
    if not include.exists():
        shutil.copytree(
            Path(os.environ.get("BASKETRY_INCLUDE") or Path(__file__).resolve().parents[1] / "include"), include
        )
        text = (include / "catalogs" / "demo.yaml").read_text().replace("catalog: demo", "catalog: bench")
        (include / "catalogs" / "bench.yaml").write_text(text)
    return include


def _texts(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pa.array([f"{prefix}{number}" for number in numbers.tolist()])


def _same(value: object, times: int) -> pa.Array:
    return pa.repeat(pa.scalar(value), times)


def _lineage(rows: int) -> dict[str, pa.Array]:
    delivered = pa.scalar(datetime(2026, 11, 23, tzinfo=UTC), pa.timestamp("us", "UTC"))
    return {
        "_file_checksum": _same("synthetic", rows),
        "_row_number": _same(2, rows),
        "_delivered_at": pa.repeat(delivered, rows),
    }


CASES: dict[str, Callable[[Path], list[Figure]]] = {"audience": audience}
