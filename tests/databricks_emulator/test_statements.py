"""The SQL Statement Execution API as databricks-sdk sees it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError, InvalidParameterValue
from databricks.sdk.service.sql import StatementParameterListItem, StatementResponse, StatementState
from deltalake import write_deltalake

from tests.databricks_emulator.sql_engine import Lake, Statement, StatementError


@pytest.fixture
def day_sales(tmp_path: Path) -> Path:
    """Home of the emulator, with a table demo.gold.sales_day of three rows, the last of them mostly null."""
    rows = pa.table(
        {
            "day": pa.array([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)]),
            "amount": pa.array([Decimal("10.5000"), Decimal("2.0000"), None], pa.decimal128(18, 4)),
            "lines": pa.array([3, 1, None], pa.int64()),
            "loaded": pa.array([datetime(2024, 1, 1, 5, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
            "tags": pa.array([["a", "b"], None, None], pa.list_(pa.string())),
            "dates": pa.array([{"2024-01-01": 3}, None, None], pa.map_(pa.string(), pa.int64())),
        }
    )
    home = tmp_path / "home"
    write_deltalake(home / "lake" / "demo" / "gold" / "sales_day", rows)
    return home


def ask(client: WorkspaceClient, sql: str, **fields: Any) -> StatementResponse:
    """Execute in the only warehouse."""
    return client.statement_execution.execute_statement(sql, "emulator", **fields)


@pytest.mark.usefixtures("day_sales")
def test_rows_come_as_text_with_their_types_beside(client: WorkspaceClient) -> None:
    """Every value is text or null, and the manifest says which type it was."""
    answer = ask(client, "SELECT * FROM demo.gold.sales_day ORDER BY day LIMIT 1")
    assert answer.result.data_array == [
        ["2024-01-01", "10.5000", "3", "2024-01-01T05:00:00.000Z", '["a","b"]', '{"2024-01-01":3}']
    ]
    columns = [(column.name, column.type_text) for column in answer.manifest.schema.columns]
    assert columns == [
        ("day", "DATE"),
        ("amount", "DECIMAL(18,4)"),
        ("lines", "BIGINT"),
        ("loaded", "TIMESTAMP"),
        ("tags", "ARRAY"),
        ("dates", "MAP"),
    ]


@pytest.mark.usefixtures("day_sales")
def test_parameters_are_named_and_typed(client: WorkspaceClient) -> None:
    """`:day` compares as the DATE that it says it is; a parameter without a value is null."""
    parameters = [
        StatementParameterListItem("day", "DATE", "2024-01-02"),
        StatementParameterListItem("none", "STRING", None),
    ]
    sql = "SELECT day, :none AS nothing FROM sales_day WHERE day >= :day ORDER BY day"
    answer = ask(client, sql, parameters=parameters, catalog="demo", schema="gold")
    assert answer.result.data_array == [["2024-01-02", None], ["2024-01-03", None]]


@pytest.mark.usefixtures("day_sales")
def test_databricks_sql_is_understood(client: WorkspaceClient) -> None:
    """WITH, backticks, joins of a table with itself and Databricks functions work."""
    sql = """WITH totals AS (SELECT sum(amount) AS total FROM `demo`.`gold`.`sales_day`)
             SELECT total, count(*), date_add(max(s.day), 1) FROM totals
             CROSS JOIN demo.gold.sales_day s JOIN demo.gold.sales_day t ON s.day = t.day GROUP BY total"""
    assert ask(client, sql).result.data_array == [["12.5000", "3", "2024-01-04"]]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM demo.gold.ghost", r"\[TABLE_OR_VIEW_NOT_FOUND\].*`demo`.`gold`.`ghost`"),
        ("SELECT * FROM demo.gold.`../gold`", "TABLE_OR_VIEW_NOT_FOUND"),
        ("SELECT ghost FROM demo.gold.sales_day", "UNRESOLVED_COLUMN"),
        ("SELECT FROM WHERE", "PARSE_SYNTAX_ERROR"),
        ("SELECT :ghost", "UNBOUND_SQL_PARAMETER"),
        ("DELETE FROM demo.gold.sales_day", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
    ],
)
def test_impossible_statement_is_named(day_sales: Path, sql: str, message: str) -> None:
    """A statement that cannot be executed has an error class of Databricks' and an SQL state."""
    with pytest.raises(StatementError, match=message) as failure:
        Lake(day_sales).execute(Statement(sql, {}))
    assert len(failure.value.sql_state) == 5


def test_failed_statement_is_an_answer(client: WorkspaceClient) -> None:
    """A statement that fails is HTTP 200 with FAILED, not an error of the client."""
    answer = ask(client, "SELECT * FROM demo.gold.ghost")
    assert answer.status.state is StatementState.FAILED
    assert "`demo`.`gold`.`ghost` cannot be found" in answer.status.error.message
    assert answer.status.sql_state == "42P01"


def test_unacceptable_request_is_an_error(client: WorkspaceClient) -> None:
    """An unknown warehouse, field or result format is refused before anything runs."""
    with pytest.raises(InvalidParameterValue, match="not a valid endpoint id"):
        client.statement_execution.execute_statement("SELECT 1", "ghost")
    body = {"statement": "SELECT 1", "warehouse_id": "emulator"}
    for extra in ({"limit": 1}, {"disposition": "EXTERNAL_LINKS"}, {"wait_timeout": "3s"}):
        with pytest.raises(DatabricksError):
            client.api_client.do("POST", "/api/2.0/sql/statements", body=body | extra)


def test_asynchronous_statement_is_polled(client: WorkspaceClient) -> None:
    """wait_timeout=0s answers PENDING at once; the result is there when asked for later."""
    answer = ask(client, "SELECT 1 AS one", wait_timeout="0s")
    assert answer.status.state is StatementState.PENDING
    deadline = time.monotonic() + 60
    while answer.status.state is not StatementState.SUCCEEDED and time.monotonic() < deadline:
        answer = client.statement_execution.get_statement(answer.statement_id)
    assert answer.result.data_array == [["1"]]


def test_long_result_comes_in_chunks(client: WorkspaceClient) -> None:
    """Following next_chunk_index gives every row once; row_limit cuts and says so."""
    answer = ask(client, "SELECT x FROM (SELECT explode(sequence(1, 2500)) AS x) ORDER BY x")
    rows, part = list(answer.result.data_array), answer.result
    while part.next_chunk_index is not None:
        part = client.statement_execution.get_statement_result_chunk_n(answer.statement_id, part.next_chunk_index)
        rows += part.data_array
    assert [int(row[0]) for row in rows] == list(range(1, 2501))
    assert (answer.manifest.total_chunk_count, answer.manifest.truncated) == (3, False)
    cut = ask(client, "SELECT explode(sequence(1, 10)) AS x", row_limit=4)
    assert (len(cut.result.data_array), cut.manifest.truncated) == (4, True)
