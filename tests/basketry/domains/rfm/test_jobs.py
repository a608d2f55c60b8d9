"""The jobs on a small lake and a registry of their own: fitted, judged by the shipped gate, promoted, assigned, moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from pyspark.sql import SparkSession

from basketry import registry
from basketry.config.settings import CHECKOUT
from basketry.domains.rfm import core, tracking
from basketry.errors import BadInputError
from basketry.gates import evaluate_gate, load_gate
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.tables import ORDER_LINES, RFM_MIGRATION, RFM_PROFILES, RFM_SEGMENTS, Table
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake, frame
from tests.kit.registry import copied_registry, let_in, lost_version, run_of
from tests.kit.rows import order_line

pytestmark = pytest.mark.slow

NAME = "demo.gold.rfm"
AS_OF = date(2024, 12, 31)
PAST = AS_OF - timedelta(days=90)


def purchases(customers: int = 90, seed: int = 2) -> list[dict[str, Any]]:
    """A year of lines: a third buys weekly and much, a third stopped in spring, a third began in autumn and buys little."""
    random = np.random.default_rng(seed)
    rows = []
    for who in range(customers):
        kind = who % 3
        first, last, gap, spend = [(0, 366, 9, 80), (0, 120, 30, 30), (250, 366, 40, 10)][kind]
        day = first + int(random.integers(0, gap))
        while day < last:
            when = date(2024, 1, 1) + timedelta(days=day)
            amount = f"{random.gamma(9, spend / 9):.2f}"
            rows.append(order_line(f"O{who}-{day}", "1", when, f"C{who:02}", net_amount=amount))
            day += 1 + int(random.exponential(gap))
    return rows


@dataclass
class World:
    """What the tests share."""

    lake: Lakehouse

    def fit(self, as_of: date = AS_OF, dry_run: bool = False) -> JobReport:
        """Run the fit."""
        return run_job(self.lake, "rfm", fit=True, as_of=as_of, dry_run=dry_run)

    def assign(self, as_of: date = AS_OF, model: str = "champion", dry_run: bool = False) -> JobReport:
        """Run the assignment."""
        return run_job(self.lake, "rfm", as_of=as_of, model=model, dry_run=dry_run)

    def rows(self, table: Table, as_of: date) -> list[dict[str, Any]]:
        """Rows of a day, sorted."""
        stored = self.lake.read(table).where(f"as_of = DATE'{as_of}'").collect()
        return sorted((row.asDict() for row in stored), key=repr)


@pytest.fixture(scope="module")
def world(spark: SparkSession, empty_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two fits a week apart: 1 is the champion, 2 its challenger."""
    home = tmp_path_factory.mktemp("world")
    include = home / "include"
    include.mkdir()
    text = (CHECKOUT / "include" / "rfm.yaml").read_text()
    text = (
        text.replace("most: 20", "most: 4")
        .replace("resamples: 20", "resamples: 2")
        .replace("pictures: 1000", "pictures: 30")
    )
    (include / "rfm.yaml").write_text(text.replace("bootstrap: 200", "bootstrap: 20").replace("[1, 7, 28]", "[1, 2]"))
    with copied_registry(empty_registry, home):
        world = World(a_lake(spark, home / "home", include=include))
        world.lake.append(ORDER_LINES, frame(spark, ORDER_LINES, purchases()).coalesce(1))
        with pytest.raises(BadInputError, match="demo.gold.rfm has no champion: run rfm --fit"):
            world.assign()
        assert world.fit(AS_OF - timedelta(days=7)).model_version == "1"
        let_in(world.lake, "rfm", "1")
        assert world.fit().model_version == "2"
        yield world


def test_a_fit_leaves_model_curves_and_pictures(world: World) -> None:
    """Both curves, caps, counts, the model's signature, pictures; a first fit passes the shipped gate."""
    run = run_of(NAME, "1")
    assert {f"clusters_{k}/{name}" for k in (2, 3, 4) for name in ("stability", "silhouette")} <= set(run.data.metrics)
    assert run.data.metrics["clusters"] == 3 and run.data.tags["basketry.champion_version"] == ""
    assert run.data.params["counts.customers"] == "90" and run.data.params["cap.frequency"].endswith(".0")
    files = {file.path for file in MlflowClient().list_artifacts(run.info.run_id, "plots")}
    assert files == {f"plots/{name}.png" for name in ("scatter", "tsne", "tree_map", "number_of_clusters")}
    centroids = mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/centroids.csv").splitlines()
    assert centroids[0] == "cluster,recency_days,frequency,monetary,customers,mostly" and len(centroids) == 4
    signature = mlflow.models.get_model_info(f"models:/{NAME}/1").signature
    assert signature.inputs.input_names() == ["recency_days", "frequency", "monetary"]
    assert (
        evaluate_gate(load_gate("rfm", CHECKOUT / "include"), run.data.metrics, has_champion=False).verdict == "promote"
    )


def test_a_refit_is_compared_with_the_champion_and_keeps_its_clusters(world: World) -> None:
    """A week later the same customers are in the same clusters, and the shipped gate lets the refit replace the first."""
    run = run_of(NAME, "2")
    assert run.data.tags["basketry.champion_version"] == "1"
    assert run.data.metrics["agreement"] > 0.9 and run.data.metrics["changed_share"] < 0.1
    assert registry.alias_version(NAME, registry.CHALLENGER) == "2"
    gate = load_gate("rfm", CHECKOUT / "include")
    assert evaluate_gate(gate, run.data.metrics, has_champion=True).verdict == "promote"
    decision = evaluate_gate(gate, {**run.data.metrics, "agreement": 0.5}, has_champion=True)
    assert decision.verdict == "refuse"
    assert "agreement (against the champion) is 0.5, at least 0.7" in decision.reason
    worse = {"versus/champion/silhouette/low": -0.2, "versus/champion/silhouette/high": -0.1}
    assert evaluate_gate(gate, {**run.data.metrics, **worse}, has_champion=True).verdict == "refuse"


def test_every_customer_gets_the_models_own_segments(world: World) -> None:
    """Assigned in Spark as the loaded pipeline and the scores say in this process, with the version beside every row."""
    report = world.assign()
    rows = world.rows(RFM_SEGMENTS, AS_OF)
    assert report.model_version == "1" and report.rows_out == len(rows) == 90
    version = tracking.LOADER.load(world.lake, "1")
    decimals = core.customer_values(core.purchase_days(world.lake.read(ORDER_LINES), AS_OF), AS_OF, 365).toPandas()
    values = decimals.astype({"monetary": float, "frequency": float, "recency_days": float})
    expected = dict(zip(values["customer_id"], version.clusters_of(values), strict=True))
    assert {row["customer_id"]: row["cluster"] for row in rows} == expected
    scores = dict(zip(values["customer_id"], version.scoring.scores(values).tolist(), strict=True))
    assert {row["customer_id"]: [row["r"], row["f"], row["m"]] for row in rows} == scores
    assert {row["model_version"] for row in rows} == {"1"}
    kinds = {row["customer_id"]: row["segment"] for row in rows}
    assert {kinds[f"C{who:02}"] for who in range(1, 90, 3)} <= {"At risk", "Hibernating", "Lost", "Cannot lose"}


def test_days_in_any_order_end_the_same(world: World) -> None:
    """D-2, D, then D-1: previous segments, dates of change and moves as if the days had come in order."""
    days = [AS_OF - timedelta(days=back) for back in (2, 1, 0)]
    tables = (RFM_SEGMENTS, RFM_PROFILES, RFM_MIGRATION)
    for day in days:
        world.assign(day)
    world.assign(days[0])
    in_order = [world.rows(table, day) for table in tables for day in days]
    for table in tables:
        world.lake.delete(table, f"as_of >= DATE'{days[0]}'")
    for day in (days[0], days[2], days[1]):
        world.assign(day)
    assert [world.rows(table, day) for table in tables for day in days] == in_order
    moves = [row for row in world.rows(RFM_MIGRATION, AS_OF) if row["view"] == "named" and row["days"] == 1]
    before = [row["segment"] for row in world.rows(RFM_SEGMENTS, days[1])]
    for segment in set(before):
        assert sum(row["customers"] for row in moves if row["from_segment"] == segment) == before.count(segment)
    assert {row["previous_as_of"] for row in moves} == {days[1]}


def test_profiles_are_completed_ninety_days_later_and_stay_complete(world: World) -> None:
    """D-90's profiles get what its customers did since, when D is assigned; D-90 again keeps it; D knows nothing yet."""
    world.assign(PAST)
    assert {row["repurchase_rate_90d"] for row in world.rows(RFM_PROFILES, PAST)} == {None}
    world.assign(AS_OF)
    complete = world.rows(RFM_PROFILES, PAST)
    assert all(row["spend_90d"] is not None for row in complete)
    bought = {row["customer_id"] for row in purchases() if row["order_date"] > PAST}
    members = [row for row in world.rows(RFM_SEGMENTS, PAST) if row["cluster"] == 1]
    rate = next(row for row in complete if row["view"] == "cluster" and row["segment"] == "1")["repurchase_rate_90d"]
    assert rate == pytest.approx(np.mean([row["customer_id"] in bought for row in members]))
    world.assign(PAST)
    assert world.rows(RFM_PROFILES, PAST) == complete
    assert {row["repurchase_rate_90d"] for row in world.rows(RFM_PROFILES, AS_OF)} == {None}


def test_a_dry_run_writes_nothing(world: World) -> None:
    """Neither a version nor a row; it says what it would."""
    day = AS_OF - timedelta(days=40)
    assert world.assign(day, dry_run=True).rows_in > 0 and not world.rows(RFM_SEGMENTS, day)
    report = world.fit(dry_run=True)
    assert report.model_version is None and report.summary[-1] == "nothing is registered"
    assert registry.alias_version(NAME, registry.CHALLENGER) == "2"


def test_a_day_without_its_lines_is_refused(world: World) -> None:
    """After the last order line everybody would seem to have bought longer ago."""
    for job in (world.assign, world.fit):
        with pytest.raises(BadInputError, match="order lines of catalog demo end on .* before 2025-03-01"):
            job(date(2025, 3, 1))


def test_nobody_in_the_window_is_one_sentence(world: World) -> None:
    """Before the first purchase there is nobody to assign or to learn from, and nothing is written."""
    with pytest.raises(BadInputError, match="no customer has a purchase date with positive spend in the 365 days"):
        world.fit(date(2023, 6, 1))
    with pytest.raises(BadInputError, match="no customer has a purchase date with positive spend in the 365 days"):
        world.assign(date(2023, 6, 1))
    assert not world.rows(RFM_SEGMENTS, date(2023, 6, 1)) and not world.rows(RFM_PROFILES, date(2023, 6, 1))


def test_a_champion_that_is_gone_is_told(world: World) -> None:
    """The fit goes on without it and says so; the gate then asks a person."""
    with lost_version(NAME, "1"):
        report = world.fit()
    tags = run_of(NAME, report.model_version or "").data.tags
    assert tags["basketry.champion_version"] == "" and "cannot be loaded" in tags["basketry.champion_problem"]
    assert any(line.startswith("not compared: version 1") for line in report.summary)
    registry.set_challenger(NAME, "2")
