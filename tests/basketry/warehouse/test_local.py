"""The local warehouse: the team's tables and columns, the newest version, within a time and a number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from basketry.access import AccessRefusedError
from basketry.config.settings import Settings
from basketry.tables import CUSTOMERS, PRODUCT_DECISIONS, SALES
from basketry.warehouse import NotYetError, SlowQueryError, Warehouse, WarehouseError, open_warehouse
from tests.kit.lake import fill

WEEK = date(2026, 11, 2)


def sales(*revenues: int) -> list[dict[str, object]]:
    """A week's row for each revenue."""
    return [
        {"period_start": WEEK, "product_id": str(n), "product": f"Tea {n}", "net_revenue": Decimal(n)} for n in revenues
    ]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lake of three small tables."""
    home = tmp_path_factory.mktemp("home")
    fill(home / "lake", "demo", SALES["week"], sales(1, 2, 3))
    fill(home / "lake", "demo", CUSTOMERS, [{"customer_id": "c1", "name": "Ann Lee", "city": "Reno"}])
    decision = {"as_of": WEEK, "product_id": "1", "action": "hold", "measured": {"trend_28d": 1.5}}
    fill(home / "lake", "demo", PRODUCT_DECISIONS, [decision])
    yield home


@pytest.fixture(scope="module")
def warehouse(home: Path) -> Warehouse:
    """The demo catalog."""
    return open_warehouse("demo", Settings.from_environment({"BASKETRY_HOME": str(home)}))


def test_a_query_with_parameters(warehouse: Warehouse) -> None:
    """Parameters are values, never text of the query; the answer says which version of which table it is from."""
    sql = "SELECT product, net_revenue FROM gold.sales_week WHERE period_start = :week AND product <> :name ORDER BY 2"
    rows = warehouse.query(sql, {"week": WEEK, "name": "Tea 2' OR 'a' = 'a"}, team="sales")
    assert rows.columns == ("product", "net_revenue")
    assert rows.column("net_revenue") == [1, 2, 3]
    assert [(state.name, state.version) for state in rows.read] == [("gold.sales_week", 0)]


def test_values_keep_their_types(warehouse: Warehouse) -> None:
    """Dates, decimals and maps come as Python's own."""
    rows = warehouse.query(
        "SELECT as_of, measured, measured['trend_28d'] AS trend FROM gold.product_decisions", team="on_call"
    )
    assert rows.records() == [{"as_of": WEEK, "measured": {"trend_28d": 1.5}, "trend": 1.5}]


def test_more_rows_than_the_limit_are_cut_and_told(warehouse: Warehouse) -> None:
    """A limit below the number of rows marks the answer; one that they just fit does not."""
    sql = "SELECT product FROM gold.sales_week ORDER BY product"
    assert warehouse.query(sql, team="sales", limit=2).truncated
    assert not warehouse.query(sql, team="sales", limit=3).truncated


def test_masked_columns_are_absent(warehouse: Warehouse) -> None:
    """`*` leaves them out, their name is as unknown as any other."""
    rows = warehouse.query("SELECT * FROM silver.customers", team="data_science")
    assert rows.columns == warehouse.columns("data_science", "silver.customers")
    assert not {"name", "email", "phone", "street", "postal_code"} & set(rows.columns)
    with pytest.raises(AccessRefusedError):
        warehouse.query("SELECT customer_id FROM silver.customers WHERE name = 'Ann Lee'", team="data_science")


@pytest.mark.parametrize("team", ["sales", "marketing", "nobody", ""])
def test_a_team_without_the_right_is_refused(warehouse: Warehouse, team: str) -> None:
    """Closed by default: for another team's table, and for a team that does not exist."""
    with pytest.raises(AccessRefusedError):
        warehouse.query("SELECT customer_id FROM silver.customers", team=team)


def test_a_long_query_is_stopped(warehouse: Warehouse) -> None:
    """After its time, and the connection answers the next one."""
    tables = ", ".join(f"gold.sales_week AS t{n}" for n in range(18))
    joined = " || ".join(f"t{n}.product" for n in range(18))
    with pytest.raises(SlowQueryError, match="longer than 0.2 seconds"):
        warehouse.query(f"SELECT count(*) AS n FROM {tables} WHERE {joined} = ''", team="sales", seconds=0.2)
    assert warehouse.query("SELECT count(*) AS n FROM gold.sales_week", team="sales").rows == ((3,),)


def test_a_table_that_is_not_there_yet(warehouse: Warehouse) -> None:
    """The error says what to do."""
    with pytest.raises(NotYetError, match=r"gold\.sales_day of catalog demo does not exist yet: run the job"):
        warehouse.query("SELECT product FROM gold.sales_day", team="sales")
    assert warehouse.states(["gold.sales_day"]) == ()


def test_errors_do_not_quote_rows(warehouse: Warehouse) -> None:
    """A value that cannot be converted is not told: who reads the log may not be who may read the row."""
    with pytest.raises(WarehouseError) as refused:
        warehouse.query("SELECT CAST(action AS INT) AS n FROM gold.product_decisions", team="on_call")
    assert "hold" not in str(refused.value)


def test_a_new_version_is_seen_at_once(home: Path) -> None:
    """What is remembered is remembered by version."""
    warehouse = open_warehouse("online_retail", Settings.from_environment({"BASKETRY_HOME": str(home)}))
    sql = "SELECT sum(net_revenue) AS revenue FROM gold.sales_week"
    fill(home / "lake", "online_retail", SALES["week"], sales(1, 2))
    assert warehouse.query(sql, team="sales").rows == ((3,),)
    fill(home / "lake", "online_retail", SALES["week"], sales(4))
    rows = warehouse.query(sql, team="sales")
    assert rows.rows == ((7,),)
    assert rows.read[0].version == 1
