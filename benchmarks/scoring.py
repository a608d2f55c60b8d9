"""Scoring of one and of ten million customer x category pairs: time for each million, and memory."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from basketry.tables import CUSTOMER_CATEGORY_FEATURES, CUSTOMER_FEATURES, FEATURE_DATES, PROPENSITY_SCORES, Table
from benchmarks.cases import job
from benchmarks.features import AS_OF, HOUSEHOLDS, write_silver
from benchmarks.measure import Figure, Run

CATALOG, MODEL = "bench", "bench.gold.propensity"
LINES = 400_000
CATEGORIES = 10
COPIES = {1: 40, 10: 400}
"""How many times each household is there for that many million pairs."""
COPIES_AT_ONCE = 20
HEAP_MIB, BESIDE_MIB = 2048, 1024
"""Driver memory, and what a JVM may need beside its heap."""


def scoring(folder: Path) -> list[Figure]:
    """A model trained on random purchases scores copies of its customers."""
    lake = folder / "lake" / CATALOG
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "MLFLOW_REGISTRY_URI": f"sqlite:///{folder}/mlflow.db"}
    run = partial(job, home=folder, catalog=CATALOG, **store)
    write_silver(lake, LINES)
    as_of = f"--as-of={AS_OF}"
    run("features", as_of, "--training", "--choose-categories", "--run-id=backlog")
    run("features", as_of, "--run-id=today")
    run("train_propensity", as_of, "--run-id=train")
    _make_champion(store["MLFLOW_TRACKING_URI"])
    runs: dict[int, Run] = {}
    there = 1
    for million, copies in COPIES.items():
        _multiply(lake, there, copies)
        there = copies
        runs[million] = run("score_propensity", as_of, f"--run-id=score{million}")
        _check(lake, copies)
    one, ten = runs[1], runs[10]
    marginal = 9_000_000 / (ten.seconds - one.seconds)
    return [
        Figure(
            "peak memory of scoring ten million pairs / 2 GB of heap and 1 GB beside it",
            f"{ten.peak_mib:.0f} MiB, {one.peak_mib:.0f} MiB for one million", ten.peak_mib / (HEAP_MIB + BESIDE_MIB), 1.0,
        ),
        Figure(
            "seconds for each million pairs, ten million / one million",
            f"{ten.seconds:.0f} s against {one.seconds:.0f} s", ten.seconds / one.seconds / 10, 1.0,
            f"{marginal:,.0f} pairs a second once started",
        ),
    ]  # fmt: skip


def _make_champion(uri: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(uri, uri)
    newest = client.get_model_version_by_alias(MODEL, "challenger")
    client.set_registered_model_alias(MODEL, "champion", newest.version)


def _multiply(lake: Path, there: int, copies: int) -> None:
    """Append copies of the customers of the day until each is there that many times; `there` are already."""
    for table in (CUSTOMER_FEATURES, CUSTOMER_CATEGORY_FEATURES):
        path = lake / table.schema / table.name
        stored = DeltaTable(path).to_pyarrow_table(partitions=[("as_of", "=", AS_OF)])
        originals = stored.filter(pc.invert(pc.match_substring(stored["customer_id"], "#")))
        for first in range(there, copies, COPIES_AT_ONCE):
            numbers = range(first, min(copies, first + COPIES_AT_ONCE))
            write_deltalake(path, pa.concat_tables(_renamed(originals, number) for number in numbers), mode="append")
    _note_customers(lake, HOUSEHOLDS * copies)


def _renamed(rows: pa.Table, number: int) -> pa.Table:
    place = rows.schema.get_field_index("customer_id")
    names = pc.binary_join_element_wise(rows["customer_id"], f"#{number}", "")
    return rows.set_column(place, rows.schema.field(place), names)


def _note_customers(lake: Path, customers: int) -> None:
    path = lake / FEATURE_DATES.schema / FEATURE_DATES.name
    DeltaTable(path).update(updates={"customers": str(customers)}, predicate=f"as_of = DATE '{date.fromisoformat(AS_OF)}'")


def _check(lake: Path, copies: int) -> None:
    table: Table = PROPENSITY_SCORES
    scores = DeltaTable(lake / table.schema / table.name).to_pyarrow_dataset()
    found, customers = scores.count_rows(), HOUSEHOLDS * copies
    if not 0.98 * customers * CATEGORIES <= found <= customers * CATEGORIES:  # a household may never have bought
        raise RuntimeError(f"{found:,} pairs were scored, expected about {customers * CATEGORIES:,}.")


