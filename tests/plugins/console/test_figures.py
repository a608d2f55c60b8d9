"""What the pages say is what the tables hold."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.kit.console.shop import AS_OF
from tests.kit.console.visits import visit

Clients = Callable[[str | None], Any]


def table(home: Path, name: str) -> list[dict[str, Any]]:
    return list(DeltaTable(str(home / "lake" / "demo" / "gold" / name)).to_pyarrow_table().to_pylist())


def download(client: Clients, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client("admin").get(f"/basketry/{path}").text)))


def test_the_parts_add_up_to_the_whole(home: Path, client: Clients, forgotten: None) -> None:
    """Departments of a week, categories of a department, products of a category: each sum is the level above."""
    week = max(row["period_start"] for row in table(home, "sales_week_rollup") if not row["is_partial"])
    rolled = {
        (row["level"], row["department"], row["category"]): row["net_revenue"]
        for row in table(home, "sales_week_rollup")
        if row["period_start"] == week
    }
    for path, key in (
        ("sales/download", ("total", "", "")),
        ("sales/download?department=Dairy", ("department", "Dairy", "")),
        ("sales/download?department=Dairy&category=Milk", ("category", "Dairy", "Milk")),
    ):
        rows = download(client, path)
        assert sum(float(row["net_revenue"]) for row in rows) == pytest.approx(float(rolled[key]), abs=0.01)
        assert all(float(row["net_revenue_before"]) > 0 and float(row["net_revenue_year_ago"]) > 0 for row in rows)
    text = client("admin").get("/basketry/sales").text
    assert f"{float(rolled['total', '', '']) / 1000:.1f}k" in text


def test_a_filter_shows_what_it_says(home: Path, client: Clients, forgotten: None) -> None:
    """Bucket, action and text in any combination give the rows of the table that are like that."""
    rows = table(home, "product_decisions")
    listed = download(client, "decisions/download?bucket=Low&action=hold&text=classic")
    expected = {
        row["product_id"]
        for row in rows
        if row["bucket"] == "Low" and row["action"] == "hold" and "classic" in row["product"].lower()
    }
    assert {row["product_id"] for row in listed} == expected and expected


def test_a_campaign_list_adds_up_its_purchases(client: Clients, forgotten: None) -> None:
    """The n best, best first; `expected` is the sum of the probabilities so far."""
    rows = download(client, "propensity/download?category=Milk&best=10")
    chances = [float(row["probability"]) for row in rows]
    assert len(rows) == 10 and chances == sorted(chances, reverse=True)
    assert float(rows[-1]["expected"]) == pytest.approx(sum(chances))


def test_the_map_holds_every_customer(home: Path, client: Clients) -> None:
    """The cells of the RFM map add up to the customers with a segment; a download has a segment's customers."""
    text = client("admin").get("/basketry/segments").text
    cells = re.findall(r'<td class="heat\d" data-tip="[^"]*?([\d,]+) customers', text.replace("\n", " "))
    assert sum(int(cell.replace(",", "")) for cell in cells) == len(table(home, "rfm_segments")) == 150


def test_a_price_today_is_the_forecast(home: Path, client: Clients) -> None:
    """What-if without a change is the forecast itself, and an elastic product earns more at a lower price."""
    from basketry_airflow.console.pages.product import product
    from basketry_airflow.console.viewer import viewer_of

    viewer = viewer_of("admin", "demo", "/basketry")
    shown = product(viewer, "P0001")
    assert shown.prices is not None
    today = next(row for row in shown.prices.rows if row["change"] == 0)
    assert today["revenue"] == pytest.approx(shown.decision["predicted_revenue"])
    assert today["low"] == pytest.approx(shown.decision["low_90"])
    assert shown.prices.elasticity < -1 and shown.prices.rows[0]["more"] > 0 > shown.prices.rows[-1]["more"]


def test_the_effect_has_the_interval_of_two_rates() -> None:
    """Wald's interval of 60/1000 against 40/1000: 0.02 with a standard error of 0.00974."""
    from basketry_airflow.console.pages.offers import effect

    found = effect(60, 1000, 40, 1000)
    assert found.difference == pytest.approx(0.02)
    assert (found.low, found.high) == (pytest.approx(0.000916, abs=1e-6), pytest.approx(0.039084, abs=1e-6))
    assert found.verdict == "chosen offers are clicked more often"
    assert effect(41, 1000, 40, 1000).verdict == "no difference can be told yet"


def test_an_empty_catalog_says_what_to_do(client: Clients, forgotten: None) -> None:
    """Without a single table every page opens and names the DAG that fills it."""
    for page, dag in (
        ("sales", "daily_sales"),
        ("decisions", "bootstrap"),
        ("models", "bootstrap"),
        ("offers", "offers"),
        ("data", "ingest"),
    ):
        answer = client("admin").get(f"/basketry/{page}?catalog=online_retail")
        assert answer.status_code == 200 and f"The DAG {dag} fills it" in answer.text, page
    for page in (
        "today",
        "first-steps",
        "segments",
        "propensity",
        "data?view=contracts",
        "data?view=lineage",
        "ask?q=Revenue+by+week",
    ):
        answer = visit(client("admin"), f"{page}{'&' if '?' in page else '?'}catalog=online_retail")
        assert answer.status_code == 200, page


def test_the_data_is_as_fresh_as_the_newest_row(home: Path, client: Clients, forgotten: None) -> None:
    """An answer tells the last day that the data knows."""
    text = visit(client("admin"), "ask?q=Top+5+products+by+revenue").text
    assert f"data until {AS_OF.day} {AS_OF:%b %Y}" in text
