"""Segments of one million customers and of many: what a million costs, and in how much memory.

python -m benchmarks.segments [customers] [customers]     # the second must be the larger; 1,000,000 and 10,000,000
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from benchmarks.cases import job
from benchmarks.crowned import crown
from benchmarks.features import money
from benchmarks.measure import Figure
from benchmarks.scoring import BESIDE_MIB, HEAP_MIB

AS_OF = date(2026, 11, 20)
LINES_A_CUSTOMER = 4
_PIECE = 1_000_000


def segments(folder: Path, small: int = 1_000_000, large: int = 10_000_000) -> list[Figure]:
    """Assign both bases with one model: the cost of a million must not grow, and the heap that a job has must do."""
    assigned = {count: _assigned(folder / str(count), count) for count in (small, large)}
    cost = {count: seconds / count * 1e6 for count, (seconds, _) in assigned.items()}
    peak = {count: mib for count, (_, mib) in assigned.items()}
    return [
        Figure(
            what=f"seconds to assign a million customers, of {large:,} / of {small:,}",
            measured=f"{cost[large]:.1f} s against {cost[small]:.1f} s",
            ratio=cost[large] / cost[small],
            goal=1.2,
            note=f"whole assignment of {large:,}: {assigned[large][0]:.0f} s with the session up",
        ),
        Figure(
            what=f"peak memory of assigning {large:,} customers / 2 GB of heap and 1 GB beside it",
            measured=f"{peak[large]:.0f} MiB, {peak[small]:.0f} MiB for {small:,}",
            ratio=peak[large] / (HEAP_MIB + BESIDE_MIB),
            goal=1.0,
        ),
    ]


def _assigned(home: Path, customers: int) -> tuple[float, float]:
    """Seconds with the session up, and the peak memory of the job's largest process, MiB."""
    write_order_lines(home / "lake" / "demo" / "silver" / "order_lines", customers)
    champion(home)
    run = job("rfm", f"--as-of={AS_OF}", "--run-id=one", home=home, catalog="demo")
    rows = DeltaTable(home / "lake" / "demo" / "ops" / "job_runs").to_pyarrow_table().to_pylist()
    assert [row["rows_out"] for row in rows] == [customers], rows  # noqa: S101
    shutil.rmtree(home / "lake" / "demo" / "silver")
    return float(rows[0]["seconds"]), run.peak_mib


def write_order_lines(table: Path, customers: int) -> None:
    """Four lines of each customer within the year, a million customers a file."""
    random = np.random.default_rng(6)
    for start in range(0, customers, _PIECE):
        count = min(_PIECE, customers - start)
        write_deltalake(table, pa.table(_lines(random, start, count)), mode="append")


def _lines(random: np.random.Generator, start: int, customers: int) -> dict[str, pa.Array]:
    count = customers * LINES_A_CUSTOMER
    who = pa.array(np.char.add("C", np.arange(start, start + customers).astype(str)))
    number = pa.array(np.arange(start * LINES_A_CUSTOMER, start * LINES_A_CUSTOMER + count))
    day = np.datetime64(AS_OF) - random.gamma(1.2, 60, count).astype(int).clip(0, 364)
    cents = random.gamma(2, 1500, count).astype(np.int64) + 1
    moment = pa.array(day.astype("datetime64[us]"), pa.timestamp("us", "UTC"))
    return {
        "order_id": number.cast(pa.string()),
        "line_id": _same("1", count),
        "customer_id": who.take(pa.array(np.repeat(np.arange(customers), LINES_A_CUSTOMER))),
        "order_date": pa.array(day),
        "line_kind": _same("sale", count),
        "status": _same("paid", count),
        "net_amount": money(cents),
        "_delivered_at": moment,
    }


def _same(text: str, count: int) -> pa.Array:
    return pa.array([text]).take(pa.array(np.zeros(count, dtype=np.int64)))


def champion(home: Path) -> None:
    """Fit a model to drawn values and make it the champion of a registry in the home; the jobs then find it there."""
    import mlflow

    from basketry.config.settings import CHECKOUT
    from basketry.domains.rfm import holdout, model, tracking
    from basketry.domains.rfm.settings import load_settings

    random = np.random.default_rng(6)
    dates = random.integers(1, 9, 20_000)
    values = pd.DataFrame(
        {
            "recency_days": random.gamma(1, 60, 20_000).astype(int),
            "frequency": dates,
            "monetary": random.gamma(2, 15, 20_000),
        }
    )
    age = random.integers(90, 365, 20_000)
    history = {
        "repeat_dates": dates - 1,
        "last_after_days": age // 2,
        "age_days": age,
        "repeat_spend": values["monetary"],
    }
    trained = model.train_rfm_model(values, load_settings(CHECKOUT / "include"))
    ahead = holdout.fit_expectations(pd.DataFrame({**history, "monetary": values["monetary"]}), holdout.DAYS_AHEAD)
    ahead = holdout.Expectations(ahead.days, ahead.purchases, ahead.spend, (holdout.PURCHASES, holdout.SPEND))
    version = tracking.RfmVersion(
        number="",
        trained_as_of=AS_OF - timedelta(days=7),
        window_days=365,
        scoring=trained.scoring,
        expectations=ahead,
        pipeline=trained.pipeline,
    )
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{home / 'mlflow.db'}"
    mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
    mlflow.create_experiment("bench_rfm", artifact_location=(home / "models").as_uri())
    record = tracking.RfmRecord(
        version=version,
        params={"caps": asdict(trained.scoring)["caps"]},
        metrics=trained.metrics,
        tags={"basketry.as_of": str(AS_OF)},
        documents={},
        texts={},
        figures={},
    )
    _registered(record)
    crown(home, "demo", "rfm")


def _registered(record: object) -> str:
    """Register without a lakehouse: there is no Spark in this process."""
    from types import SimpleNamespace
    from typing import Any, cast

    from basketry.domains.rfm import tracking

    lake = SimpleNamespace(catalog="demo", settings=SimpleNamespace(runtime="local"))
    return tracking.register_rfm_version(cast(Any, lake), cast(Any, record))


if __name__ == "__main__":
    sizes = [int(text.replace(",", "")) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="basketry-bench-") as place:
        for figure in segments(Path(place), *sizes):
            print(figure.row())
