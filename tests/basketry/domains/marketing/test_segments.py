"""Clusters of the audience through the whole job: everybody in one, the same ones a week later, tracked in MLflow."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import mlflow
import numpy as np
import pytest

from basketry.lake.lakehouse import Lakehouse
from basketry.tables import CUSTOMERS, MARKETING_AUDIENCE, MARKETING_CLUSTERS, OPT_OUTS, ORDER_LINES, PRODUCTS, Table
from tests.basketry.domains.marketing import shop
from tests.kit.jobs import run_job
from tests.kit.lake import put, stored
from tests.kit.registry import own_registry
from tests.kit.rows import Row, customer, product

pytestmark = pytest.mark.slow

KINDS = {"beer": ("Beer", "Wine"), "baby": ("Nappies", "Wipes"), "green": ("Produce", "Dairy")}
CATEGORIES = tuple(name for pair in KINDS.values() for name in pair)
WEEK = timedelta(days=7)


def fill(lake: Lakehouse) -> None:
    """Three kinds of households, 30 of each, who mostly buy two categories of six."""
    chance = np.random.default_rng(3)
    people, sales = [], []
    for number in range(90):
        kind = tuple(KINDS)[number % 3]
        household = f"{kind}-{number:02d}"
        people.append(customer(household))
        for column, category in enumerate(CATEGORIES):
            amount = chance.gamma(6, 5) if category in KINDS[kind] else chance.gamma(1, 1)
            day = shop.AS_OF - timedelta(days=int(chance.integers(7, 60)))
            sales.append(shop.sale(f"O{number}-{column}", household, f"P{column}", day, amount=f"{amount:.2f}"))
    sales.append(shop.sale("last", None, "P0", shop.AS_OF, amount="1"))  # tells of the day itself
    put(lake, CUSTOMERS, people)
    put(lake, ORDER_LINES, sales)
    put(lake, PRODUCTS, [product(f"P{column}", name, name=f"{name} 1") for column, name in enumerate(CATEGORIES)])
    put(lake, OPT_OUTS, [])


def rows(lake: Lakehouse, table: Table, as_of: date) -> list[Row]:
    return [row for row in stored(lake, table) if row["as_of"] == as_of]


def test_households_keep_their_cluster(lake: Lakehouse, tmp_path: Path) -> None:
    """Found and named in the first week, moved from there in the second: number and name of each household stay."""
    fill(lake)
    before = shop.AS_OF - WEEK
    with own_registry(tmp_path):
        run_job(lake, "audience", as_of=before)
        report = run_job(lake, "audience", as_of=shop.AS_OF)
        runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    agreement = [run.data.metrics["adjusted_rand_index"] for run in runs if "adjusted_rand_index" in run.data.metrics]
    assert len(runs) == 4 and min(agreement) > 0.9
    first, second = (
        {row["customer_id"]: row for row in rows(lake, MARKETING_AUDIENCE, day)} for day in (before, shop.AS_OF)
    )
    for kind, pair in KINDS.items():
        names = {row["category_cluster_name"] for who, row in second.items() if str(who).startswith(kind)}
        one, other = sorted(pair)
        assert names == {f"{one} & {other[0].lower()}{other[1:]} households"}
    for name in ("category_cluster", "category_cluster_name", "product_cluster"):
        assert {who: row[name] for who, row in first.items()} == {who: row[name] for who, row in second.items()}
    clusters = rows(lake, MARKETING_CLUSTERS, shop.AS_OF)
    assert {row["from_run"] for row in clusters} == {f"moved from {before}"}
    assert {row["from_run"] for row in rows(lake, MARKETING_CLUSTERS, before)} == {"refitted"}
    assert sum(int(str(row["customers"])) for row in clusters if row["mix"] == "category") == 90
    assert any(line.startswith(f"clusters by category mix, moved from {before}: ") for line in report.summary)
