"""What the steps around a job see of files and tables is the same in both runtimes."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from basketry.contracts import Contract, load_contract
from basketry.errors import BadInputError
from basketry.tables import FILES
from basketry_airflow.ingest_steps import inspect_files
from basketry_airflow.landing import open_landing
from basketry_airflow.ops_tables import read_rows

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LINE = "536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
DELIVERED = 1_600_000_000


@pytest.fixture
def contract() -> Contract:
    """A feed of CSV files."""
    return load_contract("online_retail", "order_lines")


@pytest.fixture(params=["local", "databricks"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home that holds landing folder and lake, seen directly or through a workspace."""
    monkeypatch.setenv("BASKETRY_RUNTIME", request.param)
    if request.param == "local":
        monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
        return tmp_path
    emulator = request.getfixturevalue("databricks_emulator")
    monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", emulator.warehouse_id)
    return Path(emulator.home)


@pytest.fixture
def deliver(home: Path, contract: Contract) -> Callable[[str, str], None]:
    """Put a file into the feed's landing folder, at a known time."""

    def put(name: str, text: str) -> None:
        path = home / "landing" / contract.catalog / contract.feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (DELIVERED, DELIVERED))

    return put


def test_the_pattern_means_the_same_files(contract: Contract, deliver: Callable[[str, str], None]) -> None:
    """Names below the landing folder, sorted; only the feed's own."""
    for name in ("OnlineRetail_2.csv", "OnlineRetail_1.csv", "notes.txt", "late/OnlineRetail_3.csv"):
        deliver(name, HEADER)
    landing = open_landing(contract)
    assert landing.names("*") == ["OnlineRetail_1.csv", "OnlineRetail_2.csv"]
    assert landing.names("OnlineRetail_2.csv, late/*") == ["OnlineRetail_2.csv", "late/OnlineRetail_3.csv"]


@pytest.mark.parametrize("pattern", ["absent.csv", "../*", "/etc/passwd"])
def test_a_pattern_without_files_is_bad_input(
    contract: Contract, deliver: Callable[[str, str], None], pattern: str
) -> None:
    """The refusal names the landing folder that people know, not a copy."""
    deliver("OnlineRetail.csv", HEADER)
    with pytest.raises(BadInputError, match=f"{contract.catalog}.*{contract.feed}"):
        open_landing(contract).names(pattern)


@pytest.mark.usefixtures("home")
def test_a_missing_landing_folder_is_bad_input(contract: Contract) -> None:
    """Nothing was ever delivered: the folder to deliver to is named."""
    with pytest.raises(BadInputError, match="Landing folder .* does not exist"):
        open_landing(contract).names("*")


def test_files_are_inspected_and_all_problems_listed(
    contract: Contract, deliver: Callable[[str, str], None], home: Path
) -> None:
    """Good files have checksum and size; every bad one has its sentence, which names it."""
    deliver("OnlineRetail_good.csv", HEADER + LINE)
    deliver("OnlineRetail_empty.csv", "")
    deliver("OnlineRetail_header.csv", "InvoiceNo\n1\n")
    files, problems = inspect_files(contract, open_landing(contract).names("*"))
    assert [(file["name"], file["bytes"]) for file in files] == [("OnlineRetail_good.csv", len(HEADER + LINE))]
    assert [problem.partition(".csv")[0] for problem in problems] == ["OnlineRetail_empty", "OnlineRetail_header"]
    assert str(home) not in " ".join(problems)


def test_a_file_keeps_its_time(contract: Contract, deliver: Callable[[str, str], None]) -> None:
    """When a file was delivered may decide which of two versions of a row is newer."""
    deliver("OnlineRetail.csv", HEADER + LINE)
    with open_landing(contract).file("OnlineRetail.csv") as path:
        assert int(path.stat().st_mtime) == DELIVERED
        assert path.read_text() == HEADER + LINE


def test_rows_have_the_same_values(home: Path) -> None:
    """Only the rows asked for; numbers are numbers, maps are maps, dates are texts, missing values None."""
    rows = pa.table(
        {
            "feed": ["order_lines", "products"],
            "rows_read": pa.array([3, 4], pa.int64()),
            "reasons": pa.array([[("quantity_not_zero", 2)], []], pa.map_(pa.string(), pa.int64())),
            "touched_from": pa.array([date(2010, 12, 1), None], pa.date32()),
            "refusal": pa.array([None, None], pa.string()),
        }
    )
    write_deltalake(home / "lake" / "online_retail" / "ops" / "files", rows)
    columns = ["rows_read", "reasons", "touched_from", "refusal"]
    assert read_rows("online_retail", FILES, columns, {"feed": "order_lines"}) == [
        {"rows_read": 3, "reasons": {"quantity_not_zero": 2}, "touched_from": "2010-12-01", "refusal": None}
    ]
    assert read_rows("online_retail", FILES, ["rows_read"], {"feed": "x' OR '1'='1"}) == []


@pytest.mark.usefixtures("home")
def test_a_table_that_does_not_exist_yet_has_no_rows() -> None:
    """Before the first load nothing has been loaded."""
    assert read_rows("online_retail", FILES, ["run_id"], {"feed": "order_lines"}) == []


@pytest.mark.usefixtures("home")
def test_an_undeclared_column_is_refused() -> None:
    """A name that no table declares never reaches a query."""
    with pytest.raises(KeyError):
        read_rows("online_retail", FILES, ["run_id; DROP TABLE x"], {})


def test_a_warehouse_must_be_named(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """On Databricks the ops tables are read through a SQL warehouse; without its id the setting is named."""
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    request.getfixturevalue("databricks_emulator")
    monkeypatch.delenv("BASKETRY_WAREHOUSE_ID", raising=False)
    with pytest.raises(BadInputError, match="BASKETRY_WAREHOUSE_ID"):
        read_rows("online_retail", FILES, ["run_id"], {})
