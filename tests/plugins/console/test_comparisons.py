"""Sales, Today and Ask compare by one rule, and write the days beside every change.

The lake's data are those from Monday 2025-09-29 to Friday 2026-11-20.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from tests.kit.console.visits import visit

Clients = Callable[[str | None], Any]
NOVEMBER = "sales?grain=month&period=2026-11-01"


@pytest.fixture(scope="module")
def days(home: Path) -> duckdb.DuckDBPyConnection:
    """The tables of days, read without the console."""
    database = duckdb.connect()
    for name in ("sales_day", "sales_day_rollup"):
        database.register(name, DeltaTable(str(home / "lake" / "demo" / "gold" / name)).to_pyarrow_table())
    return database


def change(
    days: duckdb.DuckDBPyConnection, measure: str, now: tuple[str, str], before: tuple[str, str], where: str = ""
) -> str:
    """The change of a total from one range to another, as people read it."""
    sums = [f"sum({measure}) FILTER (period_start BETWEEN '{first}' AND '{last}')" for first, last in (now, before)]
    condition = where or "level = 'total'"
    row = days.execute(f"SELECT {', '.join(sums)} FROM sales_day_rollup WHERE {condition}").fetchone()
    assert row is not None and row[1]
    return f"{100 * (float(row[0]) / float(row[1]) - 1):+,.1f} %".replace("-", "−")


def words(client: Clients, page: str) -> str:
    """A page's text without its tags, blanks made one."""
    text = visit(client("admin"), page).text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))


def test_a_running_month_meets_as_many_days(client: Clients, days: duckdb.DuckDBPyConnection) -> None:
    """On 20 November the tiles compare 1 to 20 November with 1 to 20 October and with 1 to 20 November a year before."""
    now, october, year = ("2026-11-01", "2026-11-20"), ("2026-10-01", "2026-10-20"), ("2025-11-01", "2025-11-20")
    text = words(client, NOVEMBER)
    for measure in ("net_revenue", "orders", "units_sold"):
        assert f"{change(days, measure, now, october)} on the month before, 1–20 Nov 2026 against 1–20 Oct 2026" in text
        assert f"{change(days, measure, now, year)} on a year before, 1–20 Nov 2026 against 1–20 Nov 2025" in text
    assert "still running, until 20 Nov 2026" in text
    assert "Customers of a part of a month are not compared" in text
    pets = "level = 'department' AND department = 'Pets'"
    assert change(days, "net_revenue", now, october, where=pets) in text.partition("Pets")[2]


def test_the_download_says_its_days(client: Clients, days: duckdb.DuckDBPyConnection, forgotten: None) -> None:
    """Every line of the CSV names the three ranges that its sums are of."""
    text = client("admin").get("/basketry/sales/download?grain=month&period=2026-11-01").text
    rows = {row["department"]: row for row in csv.DictReader(io.StringIO(text))}
    sold = "SELECT sum(net_revenue) FROM sales_day_rollup WHERE level = 'department' AND department = 'Pets'"
    for name, first, last, label in (
        ("", "2026-11-01", "2026-11-20", "1–20 Nov 2026"),
        ("_before", "2026-10-01", "2026-10-20", "1–20 Oct 2026"),
        ("_year_ago", "2025-11-01", "2025-11-20", "1–20 Nov 2025"),
    ):
        wanted = days.execute(f"{sold} AND period_start BETWEEN '{first}' AND '{last}'").fetchone()
        assert wanted is not None
        assert float(rows["Pets"][f"net_revenue{name}"]) == pytest.approx(float(wanted[0]), abs=0.01)
        assert rows["Pets"][f"days{name}"] == label


def test_a_whole_period_meets_the_whole_one(client: Clients, days: duckdb.DuckDBPyConnection) -> None:
    """October is compared with all of September, its customers too."""
    text = words(client, "sales?grain=month&period=2026-10-01")
    wanted = change(days, "net_revenue", ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30"))
    assert f"{wanted} on the month before, 1–31 Oct 2026 against 1–30 Sep 2026" in text
    assert "not compared" not in text


def test_no_change_on_days_before_the_data(client: Clients, home: Path, forgotten: None) -> None:
    """September 2025 has two days: it is marked, nothing is compared with it, and the page and its download say why."""
    text = words(client, "sales?grain=month&period=2026-09-01")
    assert "No change on a year before, 1–30 Sep 2026 against 1–30 Sep 2025: the data begin on 29 Sep 2025." in text
    assert "on a year before, 1–30 Sep 2026 against 1–30 Sep 2025 " not in text
    rows = csv.DictReader(
        io.StringIO(client("admin").get("/basketry/sales/download?grain=month&period=2026-09-01").text)
    )
    for row in rows:
        assert row["net_revenue_year_ago"] == "" and row["days_year_ago"] == "none: the data begin on 29 Sep 2025"
    first = words(client, "sales?grain=month&period=2025-09-01")
    assert "September 2025 the data begin on 29 Sep 2025" in first and "▲" not in first
    # The year: 1 January to 20 November 2026 has no like among days that begin in September.
    assert "No change on the year before" in words(client, "sales?grain=year&period=2026-01-01")


def test_a_product_of_a_running_week(client: Clients, days: duckdb.DuckDBPyConnection) -> None:
    """A product's page follows the rule from the table of products: Monday to Friday against Monday to Friday."""
    sums = [
        f"sum(net_revenue) FILTER (period_start BETWEEN '{first}' AND '{last}')"
        for first, last in (("2026-11-16", "2026-11-20"), ("2026-11-09", "2026-11-13"))
    ]
    row = days.execute(f"SELECT {', '.join(sums)} FROM sales_day WHERE product_id = 'P0001'").fetchone()
    assert row is not None
    wanted = f"{100 * (float(row[0]) / float(row[1]) - 1):+,.1f} %".replace("-", "−")
    place = "department=Produce&category=Bananas&product=P0001"
    text = words(client, f"sales?grain=week&period=2026-11-16&{place}")
    assert f"{wanted} on the week before, 16–20 Nov 2026 against 9–13 Nov 2026" in text


def test_today_says_both_days(client: Clients, days: duckdb.DuckDBPyConnection) -> None:
    """The last day beside the same weekday a week before, both written."""
    wanted = change(days, "net_revenue", ("2026-11-20", "2026-11-20"), ("2026-11-13", "2026-11-13"))
    assert f"{wanted} on a week before, 20 Nov 2026 against 13 Nov 2026" in words(client, "")


def test_ask_and_sales_say_the_same(client: Clients, days: duckdb.DuckDBPyConnection, forgotten: None) -> None:
    """The same comparison has the same change on both pages, and Ask writes the days above its numbers."""
    wanted = change(days, "net_revenue", ("2026-11-01", "2026-11-20"), ("2025-11-01", "2025-11-20"))
    text = words(client, "ask?q=Revenue+this+month+vs+last+year")
    assert wanted.lstrip("+").replace("−", "-") in text
    assert "2026-11-01 to 2026-11-20, compared with 2025-11-01 to 2025-11-20" in text
    assert "net revenue, 2025-11-01 to 2025-11-20" in text
    assert wanted in words(client, NOVEMBER)


def test_the_year_before_is_the_charts_too() -> None:
    """Weeks keep their number over a year of 53 weeks, days their weekday."""
    from basketry_airflow.console import periods

    assert periods.year_ago(date(2027, 1, 4), "week") == date(2025, 12, 29)
    assert periods.year_ago(date(2026, 11, 20), "day") == date(2025, 11, 21)
