"""Rows of the ops tables as tasks read them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from basketry.tables import FILES
from basketry_airflow.ops_tables import read_rows

ROW = {
    "file_checksum": "c1",
    "feed": "order_lines",
    "file_name": "O'Hara \\ one.csv",
    "status": "loaded",
    "refusal": None,
    "rows_read": 3,
    "touched_from": date(2010, 12, 1),
    "delivered_at": datetime(2010, 12, 9, 8, tzinfo=UTC),
    "reasons": {"quantity_not_zero": 2},
}
TYPES = {
    "rows_read": pa.int64(),
    "touched_from": pa.date32(),
    "delivered_at": pa.timestamp("us", "UTC"),
    "reasons": pa.map_(pa.string(), pa.int64()),
}
SCHEMA = pa.schema([(name, TYPES.get(name, pa.string())) for name in ROW])


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose ops.files has one row of each of two feeds."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    rows = [{**row, "reasons": list(row["reasons"].items())} for row in (ROW, {**ROW, "feed": "products"})]
    write_deltalake(str(tmp_path / "lake" / "demo" / "ops" / "files"), pa.Table.from_pylist(rows, SCHEMA))
    return tmp_path


def test_rows_come_as_plain_python(lake: Path) -> None:
    """Numbers as numbers, counts as a mapping, days and instants as text."""
    told = {"touched_from": "2010-12-01", "delivered_at": "2010-12-09T08:00:00+00:00"}
    assert read_rows("demo", FILES, list(ROW), {"feed": "order_lines"}) == [{**ROW, **told}]
    assert len(read_rows("demo", FILES, ["feed"], {})) == 2
    assert read_rows("other", FILES, ["feed"], {}) == []


def test_a_column_that_an_earlier_release_did_not_know_is_missing(lake: Path) -> None:
    """In every row; until a job writes the table, it is as that release left it."""
    assert read_rows("demo", FILES, ["feed", "rows_older"], {"feed": "products"}) == [
        {"feed": "products", "rows_older": None}
    ]


@pytest.mark.parametrize(
    "text", ["", "'", "' OR '1'='1", "\\' OR 1=1 --", "order_lines'; DROP TABLE stored", "O'Hara \\ one.csv"]
)
def test_a_value_is_compared_and_never_executed(lake: Path, text: str) -> None:
    """Whatever it holds; only the very text finds its rows."""
    assert len(read_rows("demo", FILES, ["feed"], {"file_name": text})) == 2 * (text == ROW["file_name"])


def test_a_task_loads_no_pandas_for_a_few_rows(lake: Path) -> None:
    """It takes longer than everything else that `check_files` and `report` do."""
    script = (
        "import sys; from basketry.tables import FILES; from basketry_airflow.ops_tables import read_rows;"
        "print(len(read_rows('demo', FILES, ['reasons'], {'feed': 'products'})), 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "False"], done.stderr
