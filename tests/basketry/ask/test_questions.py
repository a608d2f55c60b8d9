"""Every question of questions.yaml gives the rows that a person's own SQL counts from the raw data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import yaml

from basketry.ask import answer
from basketry.warehouse import Warehouse

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "questions.yaml").read_text())
TEAM = "on_call"


@pytest.fixture(scope="module")
def counted(raw: dict[str, pd.DataFrame]) -> duckdb.DuckDBPyConnection:
    """The raw frames in a database of their own, which knows nothing of the lake."""
    database = duckdb.connect()
    for name, frame in raw.items():
        database.register(f"raw_{name}", frame)
        database.execute(f"CREATE TABLE {name} AS SELECT * FROM raw_{name}")
    paid = "CASE WHEN kind = 'sale' THEN 1 ELSE -1 END * (list - off)"
    gross = "CASE WHEN kind = 'sale' THEN list ELSE 0 END"
    lines = f"SELECT * REPLACE (CAST(day AS DATE) AS day), {paid} AS net, {gross} AS gross, list - off AS paid FROM raw_lines"
    database.execute(f"CREATE OR REPLACE TABLE lines AS {lines}")
    return database


def plain(value: Any) -> Any:
    """A value that two readers of the same number agree on."""
    if isinstance(value, datetime | pd.Timestamp):
        return value.date()
    if isinstance(value, Decimal):
        return float(value)
    return value


def order(row: Sequence[Any]) -> tuple[Any, ...]:
    """What rows are sorted by: texts and dates, then numbers."""
    return tuple((value is None, isinstance(value, int | float), str(value)) for value in row)


def same(left: Any, right: Any, tolerance: float) -> bool:
    """Whether two values are the same, numbers to so many parts."""
    if isinstance(left, int | float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=tolerance, abs_tol=1e-9)
    return bool(left == right)


@pytest.mark.parametrize("case", CASES, ids=[case["ask"] for case in CASES])
def test_a_question_gives_the_counted_rows(
    case: dict[str, Any], shop: Warehouse, counted: duckdb.DuckDBPyConnection
) -> None:
    """The same rows as counted from the raw data, with the sentence that was understood."""
    answered = answer(case["ask"], team=TEAM, warehouse=shop)
    assert answered.answered, (answered.refusal, answered.suggestions)
    expected = [tuple(map(plain, row)) for row in counted.execute(case["sql"]).fetchall()]
    rows = [tuple(map(plain, row)) for row in answered.rows]
    if not case.get("ordered"):
        expected, rows = sorted(expected, key=order), sorted(rows, key=order)
    assert expected, "the expected rows are empty: the case proves nothing"
    assert len(rows) == len(expected), (answered.sql, rows, expected)
    tolerance = case.get("tolerance", 1e-6)
    for row, wanted in zip(rows, expected, strict=True):
        assert len(row) == len(wanted) == len(answered.columns)
        assert all(same(one, other, tolerance) for one, other in zip(row, wanted, strict=True)), (
            answered.sql,
            row,
            wanted,
        )
    assert case.get("says", "") in answered.understood
    assert answered.read
    assert answered.data_until


def test_there_are_enough_questions() -> None:
    """At least sixty, none twice."""
    assert len({case["ask"].casefold() for case in CASES}) == len(CASES) >= 60


def test_today_can_be_given(shop: Warehouse, counted: duckdb.DuckDBPyConnection) -> None:
    """Time phrases count from it instead of the last day in the data."""
    found = answer("revenue last month", team=TEAM, warehouse=shop, today=date(2026, 3, 10))
    wanted = counted.execute("SELECT sum(net) FROM lines WHERE day BETWEEN '2026-02-01' AND '2026-02-28'").fetchall()
    assert float(found.rows[0][0]) == pytest.approx(wanted[0][0])
