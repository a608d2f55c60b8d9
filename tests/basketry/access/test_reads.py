"""Local reads: a query sees what its team may see, and nothing by another way."""

from __future__ import annotations

import duckdb
import pytest

from basketry.access import AccessRefusedError, Grants, load_grants, permitted_sql
from basketry.config.settings import CHECKOUT


@pytest.fixture(scope="module")
def grants() -> Grants:
    """What is shipped, for the demo."""
    return load_grants("demo", CHECKOUT / "include")


def answer(sql: str) -> list[tuple[object, ...]]:
    """The query over one customer, whose columns all hold a text."""
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS demo; USE demo; CREATE SCHEMA silver")
        columns = load_grants("demo", CHECKOUT / "include").tables["silver.customers"].column_names
        shown = ", ".join(f"'{name}' AS \"{name}\"" for name in columns)
        connection.execute(f"CREATE TABLE silver.customers AS SELECT {shown}")
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT customer_id, email FROM silver.customers",
        "SELECT c.customer_id, c.email FROM silver.customers c",
        "SELECT customer_id, email FROM (SELECT * FROM silver.customers) x",
        "WITH t AS (SELECT * FROM silver.customers) SELECT customer_id, email FROM t",
        "SELECT customer_id, max(email) FROM silver.customers GROUP BY customer_id",
    ],
)
def test_a_masked_column_comes_back_empty(grants: Grants, sql: str) -> None:
    """By whatever way it is asked for; the others come back as they are."""
    assert answer(permitted_sql(grants, "data_science", sql, dialect="duckdb")) == [("customer_id", None)]


def test_a_masked_column_cannot_be_searched_either(grants: Grants) -> None:
    """Whether a person is there cannot be asked by a condition."""
    sql = "SELECT count(*) FROM silver.customers WHERE email = 'email'"
    assert answer(permitted_sql(grants, "data_science", sql, dialect="duckdb")) == [(0,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM gold.marketing_audience",
        "SELECT * FROM gold.sales_day JOIN silver.customers USING (customer_id)",
        "SELECT (SELECT max(email) FROM silver.customers)",
        "SELECT * FROM gold.sales_day WHERE product_id IN (SELECT email FROM silver.customers)",
        "SELECT * FROM gold.sales_day UNION SELECT email FROM silver.customers",
        "WITH customers AS (SELECT 1) SELECT * FROM silver.customers",
        "SELECT * FROM other.silver.customers",
        "SELECT * FROM customers",
        "SELECT * FROM delta.`/lake/demo/silver/customers`",
        "SELECT * FROM read_parquet('x')",
        "DROP TABLE gold.sales_day",
        "DELETE FROM gold.sales_day",
        "INSERT INTO gold.sales_day SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT FROM WHERE",
        "",
    ],
)
def test_anything_else_is_refused(grants: Grants, sql: str) -> None:
    """Another team's table in any corner of the query, a path, a function over files, a change, two statements, no SQL."""
    with pytest.raises(AccessRefusedError):
        permitted_sql(grants, "sales", sql)


def test_what_is_allowed_is_asked_as_it_was(grants: Grants) -> None:
    """A query over tables of the team keeps its meaning."""
    sql = permitted_sql(grants, "sales", "SELECT product, sum(net_revenue) FROM gold.sales_day AS d GROUP BY product")
    assert "GROUP BY product" in sql and "FROM `demo`.`gold`.`sales_day`" in sql
