"""Scoring of one and of ten million customer x category pairs: time for each million, and memory."""

from __future__ import annotations

import os
import shutil
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from mlflow import MlflowClient

from basketry.tables import CUSTOMER_CATEGORY_FEATURES, CUSTOMER_FEATURES, FEATURE_DATES, PROPENSITY_SCORES
from benchmarks.cases import CHECKOUT, job
from benchmarks.crowned import crown
from benchmarks.features import AS_OF, write_silver
from benchmarks.measure import Figure, Run

CATALOG = "demo"
LINES = 400_000
CATEGORIES = 10
COPIES = {1: 40, 10: 400}
"""How many times each household is there for that many million pairs."""
COPIES_AT_ONCE = 20
HEAP_MIB, BESIDE_MIB = 2048, 1024
"""Driver memory, and what a JVM may need beside its heap."""


def scoring(folder: Path) -> list[Figure]:
    """Score copies of customers by a model that is trained on random purchases."""
    lake = folder / "lake" / CATALOG
    store = f"sqlite:///{folder}/mlflow.db"
    client = MlflowClient(store, store)
    client.create_experiment(f"{CATALOG}_propensity", artifact_location=(folder / "artifacts").as_uri())
    changes = {
        "MLFLOW_TRACKING_URI": store,
        "MLFLOW_REGISTRY_URI": store,
        "BASKETRY_INCLUDE": str(_hardly_tuned(folder)),
    }
    run = partial(job, home=folder, catalog=CATALOG, **changes)
    write_silver(lake, LINES)
    as_of = f"--as-of={AS_OF}"
    run("features", as_of, "--training", *("--choose-categories", "--run-id=backlog"))
    run("features", as_of, "--run-id=today")
    run("train_propensity", as_of, "--run-id=train")
    os.environ["MLFLOW_TRACKING_URI"] = store
    crown(folder, CATALOG, "propensity")
    runs: dict[int, Run] = {}
    there = 1
    for million, copies in COPIES.items():
        customers = _multiply(lake, there, copies)
        there = copies
        runs[million] = run("score_propensity", as_of, f"--run-id=score{million}")
        _check(lake, customers)
    one_million, ten_million = runs[1], runs[10]
    marginal = 9_000_000 / (ten_million.seconds - one_million.seconds)
    return [
        Figure(
            what="peak memory of scoring ten million pairs / 2 GB of heap and 1 GB beside it",
            measured=f"{ten_million.peak_mib:.0f} MiB, {one_million.peak_mib:.0f} MiB for one million",
            ratio=ten_million.peak_mib / (HEAP_MIB + BESIDE_MIB),
            goal=1.0,
        ),
        Figure(
            what="seconds for each million pairs, ten million / one million",
            measured=f"{ten_million.seconds:.0f} s against {one_million.seconds:.0f} s",
            ratio=ten_million.seconds / one_million.seconds / 10,
            goal=1.0,
            note=f"{marginal:,.0f} pairs a second once started",
        ),
    ]


def _hardly_tuned(folder: Path) -> Path:
    """Write settings that train at once: what is measured is how the model scores."""
    include = folder / "include"
    shutil.copytree(CHECKOUT / "include", include)
    settings = include / "propensity.yaml"
    settings.write_text(settings.read_text().replace("trials: 4", "trials: 1"))
    return include


def _multiply(lake: Path, there: int, copies: int) -> int:
    """Append copies of the customers of the day until each is there that many times; returns how many there are then.

    there: how many times each is there already.
    """
    customers = 0
    for table in (CUSTOMER_FEATURES, CUSTOMER_CATEGORY_FEATURES):
        path = lake / table.schema / table.name
        stored = DeltaTable(path).to_pyarrow_table(partitions=[("as_of", "=", AS_OF)])
        originals = stored.filter(pc.invert(pc.match_substring(stored["customer_id"], "#")))
        customers = max(customers, pc.count_distinct(originals["customer_id"]).as_py() * copies)
        for first in range(there, copies, COPIES_AT_ONCE):
            numbers = range(first, min(copies, first + COPIES_AT_ONCE))
            write_deltalake(path, pa.concat_tables(_renamed(originals, number) for number in numbers), mode="append")
    path = lake / FEATURE_DATES.schema / FEATURE_DATES.name
    day = f"as_of = DATE '{date.fromisoformat(AS_OF)}'"
    DeltaTable(path).update(updates={"customers": str(customers)}, predicate=day)
    return customers


def _renamed(rows: pa.Table, number: int) -> pa.Table:
    place = rows.schema.get_field_index("customer_id")
    names = pc.binary_join_element_wise(rows["customer_id"], f"#{number}", "")
    return rows.set_column(place, rows.schema.field(place), names)


def _check(lake: Path, customers: int) -> None:
    scores = DeltaTable(lake / PROPENSITY_SCORES.schema / PROPENSITY_SCORES.name).to_pyarrow_dataset()
    if scores.count_rows() != customers * CATEGORIES:
        raise RuntimeError(f"{scores.count_rows():,} pairs were scored instead of {customers * CATEGORIES:,}.")
