"""The guard before every query: one SELECT over what the team may see, made of harmless parts, with a LIMIT."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from basketry.access import AccessRefusedError, Grants, guard, load_grants, visible_columns
from basketry.config.settings import CHECKOUT

GRANTS = load_grants("demo", CHECKOUT / "include")


@pytest.fixture(scope="module")
def grants() -> Grants:
    """What is shipped, for the demo."""
    return GRANTS


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT product, net_revenue FROM gold.sales_week",
        "SELECT s.product, sum(s.net_revenue) AS revenue FROM gold.sales_week AS s WHERE s.period_start = :week GROUP BY s.product",
        "WITH a AS (SELECT product_id, sum(units_sold) AS units FROM gold.sales_day GROUP BY product_id) SELECT max(units) FROM a",
        "SELECT product FROM gold.sales_week UNION ALL SELECT product FROM gold.sales_month",
        "SELECT product, rank() OVER (ORDER BY net_revenue DESC) AS place FROM gold.sales_week",
        "SELECT date_trunc('month', period_start) AS month, count(DISTINCT product_id) FROM gold.sales_day GROUP BY 1",
        "SELECT demo_.product FROM demo.gold.sales_week AS demo_ WHERE product ILIKE '%tea%' LIMIT 5 OFFSET 10",
        "SELECT 1 AS one",
    ],
)
def test_a_harmless_query_passes(grants: Grants, sql: str) -> None:
    """And has a LIMIT that is at most the given one."""
    limit = guard(grants, "sales", sql, 100).query.args["limit"]
    assert int(limit.expression.this) <= 100


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE gold.sales_day",
        "DELETE FROM gold.sales_day",
        "UPDATE gold.sales_day SET product = 'x'",
        "INSERT INTO gold.sales_day SELECT * FROM gold.sales_day",
        "CREATE TABLE x AS SELECT 1",
        "SET x = 1",
        "VACUUM gold.sales_day",
        "MERGE INTO gold.sales_day USING gold.sales_week ON true WHEN MATCHED THEN DELETE",
        "COPY INTO gold.sales_day FROM '/x'",
        "SELECT 1; SELECT 2",
        "SELECT product FROM gold.sales_day; DROP TABLE gold.sales_day",
        "",
        ";",
        "not sql at all (",
        "SELECT * FROM silver.customers",
        "SELECT name FROM silver.customers",
        "SELECT * FROM gold.marketing_audience",
        "SELECT * FROM ops.files",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM system.access.audit",
        "SELECT * FROM other.gold.sales_day",
        "SELECT * FROM sales_day",
        "SELECT * FROM gold.unknown",
        "SELECT unknown FROM gold.sales_day",
        "SELECT email FROM gold.sales_day",
        "SELECT s.unknown FROM gold.sales_day s",
        "SELECT * FROM gold.sales_day WHERE product_id IN (SELECT customer_id FROM silver.customers)",
        "SELECT (SELECT max(email) FROM silver.customers) AS e",
        "SELECT EXISTS (SELECT 1 FROM silver.customers) AS e",
        "WITH a AS (SELECT * FROM silver.customers) SELECT * FROM a",
        "WITH customers AS (SELECT 1 AS x) SELECT * FROM silver.customers",
        "SELECT * FROM read_files('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM csv.`/etc/passwd`",
        "SELECT * FROM delta.`/lake/demo/silver/customers`",
        "SELECT * FROM parquet.`/x`",
        "SELECT * FROM '/etc/passwd'",
        "SELECT read_text('/etc/passwd') AS t",
        "SELECT getenv('HOME') AS h",
        "SELECT current_user() AS u",
        "SELECT current_timestamp() AS t",
        "SELECT now() AS t",
        "SELECT rand() AS r",
        "SELECT uuid() AS u",
        "SELECT version() AS v",
        "SELECT java_method('java.lang.System', 'exit', 0) AS x",
        "SELECT reflect('java.lang.Runtime', 'x') AS x",
        "SELECT ai_query('m', 'x') AS x",
        "SELECT http_request('x') AS x",
        "SELECT secret('a', 'b') AS s",
        "SELECT secret_value(product) AS s FROM gold.sales_day",
        "SELECT * FROM range(1000000000)",
        "SELECT * FROM gold.sales_day TABLESAMPLE (1 PERCENT)",
        "SELECT product FROM gold.sales_day VERSION AS OF 1",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
        "SELECT product FROM gold.sales_day LIMIT (SELECT 1)",
        "SELECT transform(array(1), x -> x) AS t",
        "SELECT product INTO x FROM gold.sales_day",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "DESCRIBE gold.sales_day",
        "SELECT repeat('x', 1000000000) AS x",
        "SELECT product FROM gold.sales_day FOR UPDATE",
    ],
)
def test_anything_else_is_refused(grants: Grants, sql: str) -> None:
    """Fail closed: what is not known to be harmless does not pass, for a team that reads sales tables only."""
    with pytest.raises(AccessRefusedError):
        guard(grants, "sales", sql, 100)


def test_a_larger_limit_is_lowered_and_a_smaller_kept(grants: Grants) -> None:
    """Whatever the query says itself."""
    for own, wanted in ((5, "5"), (100_000, "100")):
        limit = guard(grants, "sales", f"SELECT product FROM gold.sales_day LIMIT {own}", 100).query.args["limit"]
        assert limit.expression.this == wanted


def test_long_and_deep_queries_are_refused(grants: Grants) -> None:
    """They are attacks on the reader."""
    with pytest.raises(AccessRefusedError, match="too long"):
        guard(grants, "sales", "SELECT " + "1 + " * 6000 + "1 AS x", 100)
    with pytest.raises(AccessRefusedError):
        guard(grants, "sales", "SELECT " + "(" * 400 + "1" + ")" * 400 + " AS x", 100)


def test_a_star_is_what_the_team_sees(grants: Grants) -> None:
    """Masked columns are not among its columns."""
    shown = guard(grants, "data_science", "SELECT * FROM silver.customers", 10).query.named_selects
    assert tuple(shown) == visible_columns(grants, "data_science", "silver.customers")
    assert "email" not in shown
    with pytest.raises(AccessRefusedError):
        guard(grants, "data_science", "SELECT max(email) AS e FROM silver.customers", 10)


_names = st.sampled_from(
    ["gold.sales_day", "silver.customers", "ops.files", "demo.gold.sales_week", "x", "gold.marketing_audience"]
)
_columns = st.sampled_from(["product", "email", "name", "net_revenue", "*", "read_files('/x')", "count(*)", "now()"])


@settings(max_examples=150, deadline=None)
@given(
    first=_columns,
    table=_names,
    second=_columns,
    other=_names,
    how=st.sampled_from(["UNION", "JOIN", "IN", "WITH", ";"]),
)
def test_what_passes_reads_only_what_the_team_may(first: str, table: str, second: str, other: str, how: str) -> None:
    """However two selects are put together."""
    parts = {
        "UNION": f"SELECT {first} FROM {table} UNION SELECT {second} FROM {other}",
        "JOIN": f"SELECT {first} FROM {table} AS a JOIN {other} AS b ON a.product_id = b.product_id",
        "IN": f"SELECT {first} FROM {table} WHERE product_id IN (SELECT {second} FROM {other})",
        "WITH": f"WITH x AS (SELECT {second} FROM {other}) SELECT {first} FROM {table}",
        ";": f"SELECT {first} FROM {table}; SELECT {second} FROM {other}",
    }
    try:
        guarded = guard(GRANTS, "sales", parts[how], 10)
    except AccessRefusedError:
        return
    again = sqlglot.parse_one(guarded.sql(), dialect="databricks")
    read = {f"{node.db}.{node.name}" for node in again.find_all(exp.Table) if node.db}
    assert read <= {"gold.sales_day", "gold.sales_week"}
    assert not {column.name for column in again.find_all(exp.Column)} & {"email", "name", "phone"}
