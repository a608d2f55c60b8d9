"""The Online Retail contracts on the real file: the contract's own SQL against a plain pandas computation."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from basketry.contracts import Contract, load_contract
from tests.basketry.contracts.duck import broken, judged
from tests.conftest import CHECKOUT
from tests.kit.data_sets import data_file

pytestmark = pytest.mark.slow

FEE = re.compile(r"POST|DOT|M|C2|D|S|B|PADS|CRUK|AMAZONFEE|BANK CHARGES|GIFT_0001_.*|DCGS.*")


@pytest.fixture(scope="module")
def path() -> Path:
    return data_file("online_retail", "OnlineRetail.csv.gz")


@pytest.fixture(scope="module")
def raw(path: Path) -> pd.DataFrame:
    """The rows as text, and beside them what the oracle needs."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows["code"] = rows["StockCode"].str.strip().str.upper()
    rows["units"] = rows["Quantity"].astype(int)
    rows["price"] = rows["UnitPrice"].astype(float)
    rows["is_fee"] = rows["code"].map(lambda code: FEE.fullmatch(code) is not None)
    return rows


@pytest.fixture(scope="module")
def order_lines() -> Contract:
    return load_contract("online_retail", "order_lines", CHECKOUT / "include")


@pytest.fixture(scope="module")
def judged_lines(path: Path, order_lines: Contract) -> duckdb.DuckDBPyConnection:
    return judged(path, order_lines)


def line_kinds(raw: pd.DataFrame) -> pd.Series:
    """The line kinds, told by plain pandas: later assignments win."""
    kinds = pd.Series("sale", index=raw.index)
    first = raw["InvoiceNo"].str[0]
    kinds[(raw["units"] < 0) & (raw["price"] == 0)] = "adjustment"
    kinds[first == "C"] = "return"
    kinds[raw["is_fee"]] = "fee"
    kinds[first == "A"] = "adjustment"
    return kinds


def test_the_file_read_has_its_known_totals(raw: pd.DataFrame, judged_lines: duckdb.DuckDBPyConnection) -> None:
    """Every row is typed: 541,909 rows whose quantity times price adds up to 9,747,747.934."""
    rows, total = judged_lines.execute("select count(*), sum(Quantity * UnitPrice) from delivered").fetchone() or ()
    assert (rows, str(total)) == (541_909, "9747747.9340")
    assert (raw["units"] * raw["price"]).sum() == pytest.approx(9_747_747.934)
    assert judged_lines.execute("select sum(net_amount) from mapped").fetchone() == (total,)


def test_each_kind_of_line_is_told(raw: pd.DataFrame, judged_lines: duckdb.DuckDBPyConnection) -> None:
    """Returns, adjustments, fees and sales are as many as pandas counts; fees and adjustments have no product."""
    counted = dict(judged_lines.execute("select line_kind, count(*) from mapped group by all").fetchall())
    assert counted == line_kinds(raw).value_counts().to_dict()
    without = judged_lines.execute("select distinct line_kind from mapped where product_id is null").fetchall()
    assert {kind for (kind,) in without} == {"fee", "adjustment"}
    products = judged_lines.execute("select count(distinct product_id) from mapped").fetchone()
    assert products == (raw.loc[line_kinds(raw).isin(["sale", "return"]), "code"].nunique(),)


def test_each_rule_rejects_as_many_lines_as_pandas_counts(
    raw: pd.DataFrame, order_lines: Contract, judged_lines: duckdb.DuckDBPyConnection
) -> None:
    """Only stock notes are rejected: units at price 0 without a customer. Most rows are good."""
    notes = (line_kinds(raw) == "sale") & (raw["price"] == 0) & (raw["CustomerID"] == "")
    assert broken(judged_lines, order_lines, "reject") == {"free_line_has_customer": int(notes.sum())}
    assert int(notes.sum()) == 1_128
    assert notes.mean() < order_lines.max_rejected_share
    assert broken(judged_lines, order_lines, "warn") == {
        "quantity_plausible": int((raw["units"].abs() > 10_000).sum()),
        "country_known": int(raw["Country"].isin(["Unspecified", "European Community"]).sum()),
    }


def test_only_exactly_equal_invoice_lines_share_an_id(
    raw: pd.DataFrame, judged_lines: duckdb.DuckDBPyConnection
) -> None:
    """The 5,268 exact repetitions of a row are duplicates; no other line is lost."""
    repeated = raw.duplicated(list(raw.columns[:8])).sum()
    (keys,) = judged_lines.execute(
        "select count(*) from (select distinct order_id, line_id from mapped)"
    ).fetchone() or (0,)
    assert len(raw) - keys == repeated == 5_268


def test_customers_lose_their_decimal_point(judged_lines: duckdb.DuckDBPyConnection) -> None:
    """The CSV's 17850.0 is customer 17850; a missing customer stays missing."""
    query = "select count(distinct customer_id), count(*) - count(customer_id), max(length(customer_id)) from mapped"
    assert judged_lines.execute(query).fetchone() == (4_372, 135_080, 5)


def test_products_are_named_by_lines_that_sell(raw: pd.DataFrame, path: Path) -> None:
    """Fee codes and notes without price are rejected; stock codes that differ by case are one product."""
    contract = load_contract("online_retail", "products", CHECKOUT / "include")
    connection = judged(path, contract)
    notes = (raw["Description"].str.strip() == "") | (raw["price"] == 0)
    assert broken(connection, contract, "reject") == {
        "code_is_product": int(raw["is_fee"].sum()),
        "line_describes_product": int(notes.sum()),
    }
    good = raw[~raw["is_fee"] & ~notes]
    query = "select count(distinct product_id) from entity where code_is_product and line_describes_product"
    assert connection.execute(query).fetchone() == (good["code"].nunique(),) == (3_805,)
    assert (raw["is_fee"] | notes).mean() < contract.max_rejected_share
