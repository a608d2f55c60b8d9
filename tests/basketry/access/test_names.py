"""A name means one thing: whatever a masked team writes, no engine gives it what it may not see.

Two judges: the local warehouse over a small lake, and DuckDB given what would be sent to a SQL warehouse, in a catalog
where every word that the queries use is also the name of a table with personal data.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from basketry.access import AccessRefusedError, guard, load_grants
from basketry.config.settings import CHECKOUT, Settings
from basketry.tables import CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE
from basketry.warehouse import Warehouse, WarehouseError, open_warehouse
from tests.kit.canary import CANARY, canary_row, shows_canary
from tests.kit.lake import as_arrow, fill

TABLES = (CUSTOMERS, MARKETING_AUDIENCE, QUARANTINE)
TEAM = "on_call"
GRANTS = load_grants("demo", CHECKOUT / "include")
WORDS = ("a", "B", "gold.marketing_audience")
COLUMNS = ("email", "content", "one")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A lake with the canary in three tables."""
    home = tmp_path_factory.mktemp("home")
    for table in TABLES:
        fill(home / "lake", "demo", table, [canary_row(table)])
    return open_warehouse("demo", Settings.from_environment({"BASKETRY_HOME": str(home)}))


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables as a SQL warehouse has them, and beside them a table with personal data for every word of the queries."""
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS demo; USE demo")
        for table in TABLES:
            rows = as_arrow(table, [canary_row(table)])
            connection.register("rows", rows)
            connection.execute(f"CREATE SCHEMA {table.schema}; CREATE TABLE {table.full_name} AS SELECT * FROM rows")
        shown = ", ".join(f"'{CANARY}' AS {name}" for name in COLUMNS)
        for word in {word.lower() for word in WORDS}:
            connection.execute(f'CREATE TABLE demo.main."{word}" AS SELECT {shown}')
        yield connection


def sent(sql: str, connection: duckdb.DuckDBPyConnection) -> str:
    """All that the text for a SQL warehouse gives; nothing where the engine cannot answer it."""
    text = guard(GRANTS, TEAM, sql, 10).sql()
    translated = sqlglot.transpile(text, read="databricks", write="duckdb")[0]
    try:
        return str(connection.execute(translated).fetchall())
    except duckdb.Error:
        return ""


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x.name, x.email FROM `gold.marketing_audience` x, (WITH `gold.marketing_audience` AS (SELECT 1 AS one"
        " FROM gold.marketing_audience LIMIT 1) SELECT one FROM `gold.marketing_audience`) y",
        "WITH a AS (SELECT t.email FROM customers_copy t), customers_copy AS (SELECT 1 AS one) SELECT a.email FROM a",
        "WITH a AS (SELECT t.email FROM A t) SELECT a.email FROM a",
        "SELECT (WITH a AS (SELECT 1 AS one) SELECT max(one) FROM a) AS n, a.email FROM a",
        "WITH customers AS (SELECT 1 AS one FROM silver.customers) SELECT one FROM customers",
        "SELECT customers._file_checksum FROM gold.marketing_audience AS customers",
        "WITH a AS (SELECT 1 AS one FROM silver.customers) SELECT a._file_checksum FROM silver.customers AS a, a AS b",
        "WITH a AS (SELECT 1 AS one) SELECT one FROM a",
        "WITH a AS (SELECT 1 AS one FROM silver.customers), a AS (SELECT 2 AS one) SELECT one FROM a",
        "SELECT x.email FROM silver.customers AS c, LATERAL (SELECT * FROM c) AS x",
        "SELECT x.email FROM silver.customers AS x(customer_id, email)",
        "SELECT _file_checksum FROM (silver.customers JOIN gold.marketing_audience ON true)",
        "SELECT email FROM `silver`.`customers; x`",
        "SELECT sql FROM sqlite_master",
    ],
)
def test_a_name_that_could_mean_two_things_is_refused(sql: str) -> None:
    """Both ways that an attacker took, and their relatives."""
    with pytest.raises(AccessRefusedError):
        guard(GRANTS, TEAM, sql, 10)


def test_queries_of_with_still_see_one_another(warehouse: Warehouse) -> None:
    """Each those before it, inside and out; capitals do not matter."""
    sql = (
        "WITH people AS (SELECT customer_id, _file_checksum FROM silver.customers), Towns AS (SELECT _file_checksum FROM PEOPLE)"
        " SELECT t._file_checksum, (SELECT count(*) FROM people) AS n FROM towns AS t"
        " WHERE t._file_checksum IN (WITH inner_towns AS (SELECT _file_checksum FROM towns) SELECT _file_checksum FROM inner_towns)"
    )
    assert warehouse.query(sql, team=TEAM).rows == (("C1", 1),)


def test_every_table_is_sent_with_its_catalog() -> None:
    """So that no default catalog or schema of a session decides what is read."""
    sql = (
        "WITH a AS (SELECT _file_checksum FROM silver.customers) SELECT a._file_checksum FROM a"
        " JOIN gold.marketing_audience AS m ON true"
    )
    tables = sqlglot.parse_one(guard(GRANTS, TEAM, sql, 10).sql(), dialect="databricks").find_all(exp.Table)
    assert {(table.catalog, table.db, table.name) for table in tables} == {
        ("demo", "silver", "customers"),
        ("demo", "gold", "marketing_audience"),
        ("", "", "a"),
    }


def test_what_is_registered_has_a_name_that_no_query_can_hold(warehouse: Warehouse) -> None:
    """It is drawn after the query was written, anew for each."""
    from basketry.warehouse.local import _duckdb_sql

    names = {
        _duckdb_sql(warehouse.guarded(f"SELECT _file_checksum FROM silver.customers LIMIT {limit}", team=TEAM))[1]
        for limit in (1, 2)
    }
    assert len(names) == 2 and all("customers" not in name for (name,) in names)


Visible = tuple[str, ...]
"""Names of WITH that a query may use; the generator also uses others."""


def rarely(draw: st.DrawFn) -> bool:
    """Once in six times."""
    return draw(st.integers(0, 5)) == 5


def a_word(draw: st.DrawFn) -> str:
    """A name of two letters that is free, or one that is somebody's already."""
    return draw(st.sampled_from(WORDS)) if draw(st.booleans()) else draw(st.text("pqrs", min_size=2, max_size=2))


def a_source(draw: st.DrawFn, depth: int, visible: Visible) -> exp.Expression:
    """What may stand after FROM: a table by any way of naming it, or a query; mostly under a name of its own."""
    if depth and draw(st.integers(0, 3)) == 0:
        source: exp.Expression = a_query(draw, depth - 1, visible).subquery()
        if rarely(draw):
            source = exp.Lateral(this=source)
    elif visible and draw(st.booleans()):
        source = exp.Table(this=exp.to_identifier(draw(st.sampled_from(visible)), quoted=True))
    elif draw(st.integers(0, 2)) == 0:
        source = exp.Table(this=exp.to_identifier(draw(st.sampled_from(WORDS)), quoted=True))
    else:
        table = draw(st.sampled_from(TABLES))
        source = exp.table_(table.name, db=table.schema, catalog=draw(st.sampled_from([None, "demo"])))
    alias = exp.TableAlias(this=exp.to_identifier(a_word(draw), quoted=True))
    if isinstance(source, exp.Subquery | exp.Lateral) or draw(st.booleans()):
        source.set("alias", alias)
    return source


def a_column(draw: st.DrawFn) -> exp.Expression:
    """What may be selected: all, a number, or a column that somebody wants."""
    if rarely(draw):
        return exp.Star()
    return (
        exp.alias_(exp.Literal.number(1), "one") if draw(st.booleans()) else exp.column(draw(st.sampled_from(COLUMNS)))
    )


def a_query(draw: st.DrawFn, depth: int, visible: Visible) -> exp.Query:
    """A SELECT over such sources, with WITH, joins, conditions and unions."""
    clauses = []
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        name = a_word(draw)
        clauses.append((name, a_query(draw, depth - 1, visible)))
        visible = (*visible, name)
    query: exp.Query = exp.select(a_column(draw)).from_(a_source(draw, depth, visible))
    if rarely(draw):
        query = query.join(a_source(draw, depth, visible), on="true")
    if depth and rarely(draw):
        query = query.where(exp.Exists(this=a_query(draw, depth - 1, visible)))
    if depth and rarely(draw):
        query = exp.union(query, a_query(draw, depth - 1, visible), distinct=False)
    if rarely(draw):
        clauses.reverse()
    for name, clause in clauses:
        query = query.with_(exp.to_identifier(name, quoted=True), as_=clause)
    return query


@st.composite
def queries(draw: st.DrawFn) -> exp.Query:
    """A query in which names that nothing defines are mostly names of WITH somewhere else: after it, or in another query."""
    query = a_query(draw, 2 if rarely(draw) else 1, ())
    defined = {clause.alias for clause in query.find_all(exp.CTE)}
    for name in sorted({table.name for table in query.find_all(exp.Table) if not table.db} - defined):
        harmless = exp.select("1 AS one").from_(exp.table_(CUSTOMERS.name, db=CUSTOMERS.schema))
        word = exp.to_identifier(name, quoted=True)
        if draw(st.booleans()):
            query = query.with_(word, as_=harmless)
        elif isinstance(query, exp.Select):
            query = query.join(
                exp.select("one").from_(exp.Table(this=word)).with_(word.copy(), as_=harmless).subquery("q")
            )
    return query


def test_no_query_of_a_masked_team_returns_the_canary(
    warehouse: Warehouse, elsewhere: duckdb.DuckDBPyConnection
) -> None:
    """Neither here nor from what is sent to a SQL warehouse; and enough of the queries are answered for that to say something."""
    answered = 0

    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    @given(query=queries())
    def attack(query: exp.Query) -> None:
        nonlocal answered
        sql = query.sql(dialect="databricks")
        try:
            rows = warehouse.query(sql, team=TEAM, limit=10).rows
            answered += bool(rows)
        except (AccessRefusedError, WarehouseError):
            rows = ()
        assert not shows_canary(rows), sql
        try:
            assert not shows_canary(sent(sql, elsewhere)), sql
        except AccessRefusedError:
            return

    attack()
    assert answered >= 20
