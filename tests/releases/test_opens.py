"""Homes of earlier releases: this one opens them, goes on with them, and scores with their champions as they did."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from basketry import registry
from basketry.errors import BAD_INPUT_EXIT
from basketry.registry.ledger import CONVERSION
from basketry.registry.models import MODELS
from tests.kit.registry import pointing
from tests.releases.opened import Home, opened, releases
from tools.problem import Problem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.slow

END = date(2026, 11, 20)
NEXT = END + timedelta(days=1)

KINDS = {"score_propensity": "propensity", "rfm": "rfm", "forecast": "forecast", "recommend": "recommendations"}
UPGRADED = {**dict.fromkeys(MODELS, "2"), "rfm": "3"}
"""The version that each champion became; of rfm there were two."""

SCORED = {
    "score_propensity": ("gold.propensity_scores", "gold.propensity_wide"),
    "rfm": ("gold.rfm_segments",),
    "forecast": ("gold.product_forecasts",),
    "recommend": ("gold.offer_recommendations", "gold.offer_popular"),
}
"""What champions of each kind make of a day, by job."""


@pytest.fixture(scope="module", params=releases())
def home(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """A release's home, which the tests below go on with in their order."""
    with opened(request.param, tmp_path_factory.mktemp("release")) as home:
        yield home


def test_the_console_reads_every_table(home: Home) -> None:
    """Through the warehouse, without Spark; the tables are as the release left them."""
    counts = home.counts_read()
    assert len(counts) >= 50 and {"gold.propensity_scores", "ops.promotions", "ops.quarantine"} <= counts.keys()
    assert counts == {name: home.table(name).num_rows for name in counts}


@pytest.mark.parametrize("job", SCORED)
def test_no_pickle_is_loaded_before_the_upgrade(home: Home, job: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A person starts what reads it; until then one sentence says so."""
    with pytest.raises(SystemExit) as end:
        home.job(job, f"--as-of={END}", "--run-id=before")
    assert end.value.code == BAD_INPUT_EXIT
    assert "an earlier release that noted no digest of its files: run make upgrade." in capsys.readouterr().err


def test_files_that_are_younger_than_their_promotion_are_not_read(home: Home) -> None:
    """Whoever changed them may have put anything into them."""
    (file,) = (home.folder / "mlflow" / "propensity").rglob("model.pkl")
    times = file.stat()
    file.touch()
    with pytest.raises(
        Problem, match=r"a file of version 1 of demo.gold.propensity was written .*, after its promotion of"
    ):
        home.upgrade()
    os.utime(file, (times.st_atime, times.st_mtime))
    assert pointing("propensity") == {"champion": "1"}


def test_an_alias_that_was_moved_is_not_followed(home: Home) -> None:
    """The ledger says who was promoted."""
    registry.move_champion("demo.gold.rfm", "2", "1")
    with pytest.raises(
        Problem, match="the alias champion of demo.gold.rfm names version 2 and ops.promotions says 1: "
    ):
        home.upgrade()
    registry.move_champion("demo.gold.rfm", "1", "2")


def test_the_upgrade_makes_plain_values_of_every_champion(home: Home) -> None:
    """It says what a person needs to recognise them, notes promotion and digest, and does nothing the next time."""
    said = home.upgrade()
    assert "model rfm: version 3 holds the same as plain values and is the champion" in said
    assert any(line.startswith("model rfm: its newest file is of 2025-11-24 ") for line in said)
    assert {kind: pointing(kind)["champion"] for kind in MODELS} == UPGRADED
    promotions = [row for row in home.rows("ops.promotions") if row["run_id"] == CONVERSION]
    assert len(promotions) == len(MODELS) and {len(row["artifacts"]) for row in promotions} == {64}
    assert {line for line in home.upgrade() if "nothing to do" not in line} == set()


@pytest.mark.parametrize("job", SCORED)
def test_the_champions_score_as_they_did(home: Home, job: str) -> None:
    """A day that the release has scored comes out the same, row for row, by what became of the version that it stored."""
    stored = {name: _without_version(home.rows(name, as_of=END)) for name in SCORED[job]}
    assert all(stored.values())
    home.job(job, f"--as-of={END}", "--run-id=again")
    for name, rows in stored.items():
        again = _without_version(home.rows(name, as_of=END))
        assert len(again) == len(rows)
        assert [row for row, before in zip(again, rows, strict=True) if not _is_same(row, before)] == []
    versions = {row["model_version"] for row in home.rows("ops.job_runs", run_id="again", job=job)}
    assert versions == {UPGRADED[KINDS[job]]}


def _without_version(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the order of what is no measurement."""
    texts = ({**row, "model_version": None} for row in rows)
    return sorted(texts, key=lambda row: repr({name: value for name, value in row.items() if type(value) is not float}))


def _is_same(row: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether rows are equal but for the last bits of floats, in which processors differ: they fuse other products."""
    return row.keys() == before.keys() and all(
        math.isclose(value, before[name], rel_tol=1e-9, abs_tol=1e-12)
        if isinstance(value, float) and isinstance(before[name], float)
        else value == before[name]
        for name, value in row.items()
    )


def test_the_policy_that_was_promoted_decides(home: Home) -> None:
    """The stream goes on where it stood: only the events of the next day are new, and the champion answers them."""
    before = home.rows("gold.offer_decisions")
    home.deliver("events")
    home.job("offers", "--run-id=next")
    after = home.rows("gold.offer_decisions")
    added = [row for row in after if row not in before]
    assert len(after) == len(before) + len(added)
    assert {(row["policy_version"], row["decided_at"].date()) for row in added} == {("2", NEXT)}


def test_the_next_day_follows(home: Home) -> None:
    """Its lines are loaded, and two of the release's last day that come late; sales and features follow."""
    last_day = home.rows("gold.sales_day", period_start=END)
    home.deliver("new")
    home.deliver("late")
    home.job("ingest", "--feed=order_lines", "--run-id=next")
    home.job("sales", f"--as-of={NEXT}", "--run-id=next")
    home.job("features", f"--as-of={NEXT}", "--run-id=next")
    lines = [row for row in home.rows("silver.order_lines", order_date=NEXT) if row["status"] != "cancelled"]
    sold = sum(row["net_revenue"] for row in home.rows("gold.sales_day", period_start=NEXT))
    assert lines and sold == sum(row["net_amount"] for row in lines)
    assert home.rows("gold.sales_day", period_start=END) != last_day
    assert len(home.rows("gold.customer_features", as_of=NEXT)) >= len(home.rows("gold.customer_features", as_of=END))


def test_a_late_line_restates_what_it_touches(home: Home) -> None:
    """Features and scores of the day whose lines came late change, by the stored version; those of the day before do not."""

    def says(day: date) -> list[list[dict[str, Any]]]:
        return [home.rows(name, as_of=day) for name in ("gold.customer_features", "gold.propensity_scores")]

    last, before = says(END), says(END - timedelta(days=1))
    for job in ("restate_features", "restate_results"):
        home.job(job, f"--as-of={NEXT}", "--run-id=late")
    assert says(END - timedelta(days=1)) == before
    assert all(old != new for old, new in zip(last, says(END), strict=True))
    scores = home.rows("gold.propensity_scores")
    assert {row["is_stale"] for row in scores} == {False}
    assert {row["model_version"] for row in scores if row["as_of"] == END} == {"2"}


def test_rows_that_a_contract_lets_pass_now_leave_quarantine(home: Home) -> None:
    """The release set aside products without a price; a corrected contract takes them."""
    set_aside = home.rows("ops.quarantine", feed="products", state="open")
    contract = home.folder / "include" / "contracts" / "demo" / "products.odcs.yaml"
    text = contract.read_text()
    assert set_aside and '"list_price > 0"' in text
    contract.write_text(text.replace('"list_price > 0"', '"list_price >= 0"'))
    home.job("replay_quarantine", "--feed=products", "--run-id=replay")
    assert not home.rows("ops.quarantine", feed="products", state="open")
    assert len(home.rows("ops.quarantine", feed="products", state="replayed")) == len(set_aside)
