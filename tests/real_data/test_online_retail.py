"""Online Retail, all of it: every row accounted for, totals equal to the data's own, CSV and workbook the same lines."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest
from pyspark import StorageLevel
from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from basketry.contracts import load_contract
from basketry.domains.ingest import core
from basketry.domains.ingest.delivery import read_delivered_rows
from basketry.files import inspect_file
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import ORDER_LINES, PRODUCTS, QUARANTINE, SALES, bronze_table
from tests.kit.data_sets import data_file
from tests.kit.jobs import run_job
from tests.kit.lake import a_lake
from tests.real_data.loading import load

ROWS = 541_909
EXACT_DUPLICATES = 5_268
QUANTITY_TIMES_PRICE = Decimal("9747747.934")

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("spark_of_jobs")]


@pytest.fixture(scope="module")
def lake(spark_of_jobs: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lakehouse:
    """A lakehouse for the whole module."""
    home = tmp_path_factory.mktemp("online_retail")
    return a_lake(spark_of_jobs, home, catalog="online_retail")


@pytest.fixture(scope="module")
def pandas_rows() -> pd.DataFrame:
    """The same file, read by pandas as text."""
    return pd.read_csv(data_file("online_retail", "OnlineRetail.csv.gz"), dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def loaded(lake: Lakehouse) -> Row:
    """The ledger's line of the CSV."""
    [line] = load(lake, "order_lines", [data_file("online_retail", "OnlineRetail.csv.gz")])
    return line


def test_every_row_is_good_quarantined_or_duplicate(lake: Lakehouse, loaded: Row) -> None:
    """Rows in = good + quarantined + duplicates to the row, and each stands where the ledger says."""
    assert loaded.rows_read == ROWS == loaded.rows_good + loaded.rows_quarantined + loaded.rows_duplicate
    assert lake.read(ORDER_LINES).count() == loaded.rows_good
    assert lake.read(QUARANTINE).count() == loaded.rows_quarantined


def test_what_was_read_adds_up_to_the_published_total(lake: Lakehouse, loaded: Row) -> None:
    """Bronze holds every delivered row verbatim: sum of Quantity x UnitPrice is 9,747,747.934."""
    contract = load_contract("online_retail", "order_lines")
    bronze = lake.read(bronze_table("order_lines", ((column.name, column.pii) for column in contract.delivered)))
    amount = F.sum(F.col("Quantity").cast("decimal(18,4)") * F.col("UnitPrice").cast("decimal(18,4)"))
    rows, total = bronze.select(F.count("*"), amount).head()  # type: ignore[misc]
    assert (rows, total) == (ROWS, QUANTITY_TIMES_PRICE)


def test_good_and_quarantined_rows_are_what_pandas_finds(
    lake: Lakehouse, loaded: Row, pandas_rows: pd.DataFrame
) -> None:
    """An independent reading of the file gives the same number of distinct good lines and the same revenue."""
    rows = pandas_rows.assign(
        quantity=pandas_rows.Quantity.astype(int),
        price=pandas_rows.UnitPrice.map(Decimal),
        code=pandas_rows.StockCode.str.strip(),
    )
    stray = (rows.price == 0) & (rows.CustomerID == "") & (rows.quantity > 0)
    fee = rows.code.str.upper().str.fullmatch(
        r"POST|DOT|M|C2|D|S|B|PADS|CRUK|AMAZONFEE|BANK CHARGES|GIFT_0001_.*|DCGS.*"
    ) | rows.InvoiceNo.str.startswith("A")
    bad = (stray & ~fee) | (rows.quantity == 0)
    assert loaded.rows_quarantined == int(bad.sum())
    good = rows[~bad]
    amount = sum((good.quantity * good.price)[~good.duplicated(list(pandas_rows.columns))], Decimal(0))
    in_silver = lake.read(ORDER_LINES).select(F.sum("net_amount")).head()
    assert in_silver is not None
    assert in_silver[0] == amount
    assert loaded.rows_duplicate == int(good.duplicated(list(pandas_rows.columns)).sum()) <= EXACT_DUPLICATES


def test_the_workbook_is_the_same_lines(lake: Lakehouse, loaded: Row) -> None:
    """Each good line of the workbook has the id of the CSV's line, and there are as many."""
    contract = load_contract("online_retail", "order_lines")
    workbook = inspect_file(data_file("online_retail", "Online Retail.xlsx"), contract)
    good = core.good_rows(core.validate_rows(read_delivered_rows(lake.spark, [workbook], contract), contract))
    keys = good.select(*core.key_columns(contract)).persist(StorageLevel.DISK_ONLY)
    assert keys.count() == loaded.rows_good + loaded.rows_duplicate
    assert keys.distinct().join(lake.read(ORDER_LINES), list(ORDER_LINES.key), "left_anti").count() == 0
    keys.unpersist()


def test_case_different_codes_are_one_product(lake: Lakehouse, pandas_rows: pd.DataFrame) -> None:
    """Stock codes that differ only by case are one product with one name; fees are none."""
    load(lake, "products", [data_file("online_retail", "OnlineRetail.csv.gz")])
    products = {row.product_id for row in lake.read(PRODUCTS).select("product_id").collect()}
    assert all(code == code.upper() for code in products)
    assert {"85123A", "22423"} <= products
    assert not {"POST", "M", "DOT"} & products
    assert len(products) <= pandas_rows.StockCode.str.strip().str.upper().nunique()


def test_sales_of_the_year_are_those_of_the_lines(lake: Lakehouse, loaded: Row) -> None:
    """The sales report's net revenue of products is the sum over sale and return lines, at day and at year."""
    run_job(lake, "sales", as_of=date(2011, 12, 9))
    lines = lake.read(ORDER_LINES).where(
        "line_kind IN ('sale', 'return') AND status <> 'cancelled' AND product_id IS NOT NULL"
    )
    expected = lines.select(F.sum("net_amount")).head()
    assert expected is not None
    for grain in ("day", "year"):
        found = lake.read(SALES[grain]).select(F.sum("net_revenue")).head()
        assert found is not None
        assert found[0] == expected[0]
