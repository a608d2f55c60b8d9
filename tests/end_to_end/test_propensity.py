"""From delivered files to scores: bootstrap, daily scoring in any order, a late line, all as runs of the real DAGs.

Every job is the real one with the arguments that its DAG gives it; they run in this process's Spark session, because
starting Spark a dozen times would prove nothing more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from basketry.tables import (
    CUSTOMER_FEATURES,
    GONE,
    ORDER_LINES,
    PRODUCT_DECISIONS,
    PRODUCT_FORECASTS,
    PROMOTIONS,
    PROPENSITY_SCORES,
    RFM_MIGRATION,
    RFM_SEGMENTS,
    Table,
    propensity_wide_column,
)
from tests.kit.dags import run_dag, task_states
from tests.kit.jobs import run_script
from tests.kit.plumbing import include_of_plumbing
from tests.kit.registry import own_registry

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from basketry.lake.lakehouse import Lakehouse

pytestmark = pytest.mark.full

END = date(2026, 11, 20)
FORECAST = {"forecast", "decide_products", "forecast_accuracy"}
"""Daily jobs that have no part in what the later tests are about."""


class Shop:
    """A small delivered shop, and what its DAGs do to it."""

    def __init__(self, lake: Lakehouse) -> None:
        self.lake = lake
        self.left_out: set[str] = set()

    def run(self, dag_id: str, **form: Any) -> dict[str, str]:
        """A run of a DAG to its end; the state of each task."""
        return task_states(run_dag(dag_id, {"catalog": "demo", **form}))

    def job(self, name: str, arguments: list[str]) -> None:
        """What spark-submit would do with this script and these arguments."""
        if name not in self.left_out:
            run_script(self.lake, name, arguments)

    def rows(self, table: Table, as_of: date | None = None, name: str = "") -> list[dict[str, Any]]:
        """Rows of a table, sorted by everything."""
        folder = self.lake.path(table).parent / (name or table.name)
        read = DeltaTable(str(folder)).to_pyarrow_table().to_pylist()
        return sorted((row for row in read if as_of in (None, row.get("as_of"))), key=repr)


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Order lines and products of a small demo retailer, loaded; and Airflow with a registry of its own."""
    from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
    from airflow.utils.db import initdb

    from basketry.config.settings import Settings
    from basketry.lake.opening import open_lake

    home = tmp_path_factory.mktemp("propensity")
    include = include_of_plumbing(home)
    before = {name: os.environ.get(name) for name in ("BASKETRY_HOME", "BASKETRY_INCLUDE")}
    os.environ |= {"BASKETRY_HOME": str(home), "BASKETRY_INCLUDE": str(include)}
    patch = pytest.MonkeyPatch()
    initdb()
    shop = Shop(open_lake(spark, "demo", Settings.from_environment()))
    _load(shop, home)
    patch.setattr("airflow.models.dagrun.DagRun.execute_dag_callbacks", lambda *arguments, **named: None)
    patch.setattr(
        SparkSubmitOperator,
        "execute",
        lambda task, context: shop.job(Path(task.application).stem, list(task.application_args)),
    )
    with own_registry(home):
        yield shop
    patch.undo()
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


def _load(shop: Shop, home: Path) -> None:
    from tools.demo import deliver

    deliver(home / "landing" / "demo", END, scale=0.08)
    for feed in ("products", "order_lines"):
        shop.job("ingest", ["--catalog=demo", f"--feed={feed}"])


def test_bootstrap_takes_an_empty_gold_schema_to_scores(shop: Shop) -> None:
    """Every known customer has a probability for every scored category, all of one version, promoted by the gate."""
    states = shop.run("bootstrap", as_of=str(END))
    assert [states.pop(name) for name in ("gate.ask", "rfm_gate.ask", "forecast_gate.ask")] == ["skipped"] * 3
    assert set(states.values()) == {"success"}, states
    scores = shop.rows(PROPENSITY_SCORES, END)
    customers = {row["customer_id"] for row in shop.rows(CUSTOMER_FEATURES, END)}
    categories = {row["category"] for row in scores}
    assert {(row["customer_id"], row["category"]) for row in scores} == {(a, b) for a in customers for b in categories}
    assert len(scores) == len(customers) * len(categories)
    assert len(categories) == 10
    assert {row["model_version"] for row in scores} == {"1"}
    assert all(0 <= row["probability"] <= 1 and 1 <= row["decile"] <= 10 for row in scores)
    wide = {row["customer_id"]: row for row in shop.rows(PROPENSITY_SCORES, END, name="propensity_wide")}
    assert all(
        wide[row["customer_id"]][propensity_wide_column(row["category"])] == row["probability"] for row in scores
    )
    segments = shop.rows(RFM_SEGMENTS, END)
    assert segments and {row["customer_id"] for row in segments} <= customers
    before = END - timedelta(days=28)
    moved = [row for row in shop.rows(RFM_MIGRATION, END) if row["view"] == "named" and row["to_segment"] != GONE]
    assert {row["previous_as_of"] for row in moved} == {before} and shop.rows(RFM_SEGMENTS, before)
    assert sum(row["customers"] for row in moved if row["days"] == 28) == len(segments)
    promoted = {row["model"]: (row["verdict"], row["version"], row["champion_after"]) for row in shop.rows(PROMOTIONS)}
    models = ("demo.gold.propensity", "demo.gold.forecast", "demo.gold.rfm")
    assert promoted == dict.fromkeys(models, ("promote", "1", "1")) and len(shop.rows(PROMOTIONS)) == len(models)


def test_bootstrap_takes_it_to_decisions_too(shop: Shop) -> None:
    """Every product that was ever ordered is forecast by the promoted version and has a decision with its reason."""
    ordered = {row["product_id"] for row in shop.rows(ORDER_LINES)} - {None}
    decisions = shop.rows(PRODUCT_DECISIONS, END)
    assert {row["product_id"] for row in decisions} <= ordered and len(decisions) > 0.9 * len(ordered)
    assert all(row["rule"] and "(" in row["reason"] for row in decisions if row["predicted_revenue"] is not None)
    forecasts = shop.rows(PRODUCT_FORECASTS, END)
    assert {row["model_version"] for row in forecasts} == {"1"}
    month = [row for row in forecasts if (row["first_day"], row["last_day"]) == (1, 28) and row["revenue"] is not None]
    sums = {level: sum(row["revenue"] for row in month if row["level"] == level) for level in ("product", "total")}
    assert sums["product"] == pytest.approx(sums["total"]) and sums["total"] > 0
    shop.left_out = FORECAST


def test_days_scored_in_any_order_and_again_are_the_same(shop: Shop) -> None:
    """D-1 before D-2, then D-1 again: each day keeps the rows of its first run, and D is as it was."""
    days = [END - timedelta(days=back) for back in (1, 2)]
    untouched = shop.rows(PROPENSITY_SCORES, END)
    for day in days:
        assert set(shop.run("daily_scoring", as_of=str(day)).values()) == {"success"}
    first = [shop.rows(PROPENSITY_SCORES, day) for day in days]
    assert all(first)
    shop.run("daily_scoring", as_of=str(days[0]))
    assert [shop.rows(PROPENSITY_SCORES, day) for day in days] == first
    assert shop.rows(PROPENSITY_SCORES, END) == untouched


def test_a_late_line_restates_the_days_it_touches(shop: Shop) -> None:
    """A sale of D-1 that arrives now changes features, scores and segments of D-1 and D, not those of D-2."""
    days = [END - timedelta(days=back) for back in (2, 1, 0)]
    tables = (CUSTOMER_FEATURES, PROPENSITY_SCORES, RFM_SEGMENTS)
    before = [[shop.rows(table, day) for table in tables] for day in days]
    line = shop.lake.read(ORDER_LINES).where("line_kind = 'sale' AND status <> 'cancelled' AND customer_id IS NOT NULL")
    late = (
        line.where(f"order_date < DATE'{days[0]}'")
        .limit(1)
        .selectExpr("* EXCEPT (order_id, order_date)", "'late' AS order_id", f"DATE'{days[1]}' AS order_date")
    )
    shop.lake.merge(ORDER_LINES, late)
    assert set(shop.run("restate", as_of=str(END)).values()) == {"success"}
    after = [[shop.rows(table, day) for table in tables] for day in days]
    same = [[old == new for old, new in zip(*both, strict=True)] for both in zip(before, after, strict=True)]
    assert same == [[True] * 3, [False] * 3, [False] * 3]
    assert not any(row["is_stale"] for day in days for row in shop.rows(PROPENSITY_SCORES, day))


def test_outcomes_are_judged_thirty_days_later(shop: Shop) -> None:
    """Scores of D-30, judged as of D, say how many customers really bought."""
    early = END - timedelta(days=30)
    shop.run("daily_scoring", as_of=str(early))
    shop.job("propensity_outcomes", ["--catalog=demo", f"--as-of={END}"])
    from basketry.tables import PROPENSITY_OUTCOMES

    found = [row for row in shop.rows(PROPENSITY_OUTCOMES, early) if row["audience"] == "all" and row["category"]]
    assert len(found) == 10
    assert all(0 < row["buyers"] < row["customers"] for row in found)
    assert all(row["average_precision"] > row["mean_observed"] for row in found if row["buyers"] > 20)
