"""Batches: their schema, their size, their memory, and the real files they must read to the row."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from basketry.files import find_files, inspect_file, read_batches
from tests.data_sets import data_folder
from tests.spark_jobs.files.samples import COLUMNS, contract, written

ONLINE_RETAIL = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


def test_every_format_gives_the_same_schema(tmp_path: Path) -> None:
    """Number, texts, extra and defects: what the ingest job reads does not depend on the format."""
    schema = pa.schema(
        [
            ("_row_number", pa.int64()),
            *((name, pa.string()) for name in COLUMNS),
            ("_extra", pa.string()),
            ("_native", pa.list_(pa.string())),
            ("_defects", pa.list_(pa.string())),
        ]
    )
    for path in (
        written(tmp_path, "a.csv", "id,name,price\n1,Milk,2\n"),
        written(tmp_path, "a.jsonl", '{"id": 1}\n'),
    ):
        assert [batch.schema for batch in read_batches(path, contract())] == [schema]


@pytest.mark.parametrize(("asked", "sizes"), [(3, [3, 3, 3, 1]), (10, [10]), (700, [10])])
def test_a_batch_has_at_most_the_rows_asked_for(tmp_path: Path, asked: int, sizes: list[int]) -> None:
    """Batches are full but for the last."""
    path = written(tmp_path, "a.csv", "id,name,price\n" + "1,Milk,2\n" * 10)
    assert [batch.num_rows for batch in read_batches(path, contract(), asked)] == sizes


def test_large_batches_never_exceed_what_was_asked(tmp_path: Path) -> None:
    """Rows gathered in slices still end a batch in time, and none is lost."""
    path = written(tmp_path, "a.csv", "id,name,price\n" + "1,Milk,2\n" * 5_003)
    sizes = [batch.num_rows for batch in read_batches(path, contract(), 1_234)]
    assert max(sizes) <= 1_234
    assert sum(sizes) == 5_003


def test_few_huge_rows_end_a_batch_early(tmp_path: Path) -> None:
    """A batch is bounded in characters as well as in rows."""
    path = written(tmp_path, "a.csv", "id,name,price\n" + ("1," + "x" * (9 << 20) + ",2\n") * 8)
    assert [batch.num_rows for batch in read_batches(path, contract())] == [4, 4]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Eight times the rows take the same memory."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w") as file:
            file.write("id,name,price\n")
            file.writelines(f"{row},Milk {row},{row}.5\n" for row in range(rows))
        tracemalloc.start()
        for _ in read_batches(path, contract(), 2_000):
            pass
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(80_000) < 1.5 * peak(10_000)


def test_reading_stops_when_the_reader_stops(tmp_path: Path) -> None:
    """Who takes only the first batch does not read on, and leaves no file open."""
    path = written(tmp_path, "a.csv", "id,name,price\n" + "1,Milk,2\n" * 50_000)
    batches = iter(read_batches(path, contract(), 10))
    assert next(batches).num_rows == 10
    assert isinstance(batches, Iterator)
    batches.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["OnlineRetail.csv.gz", "Online Retail.xlsx"])
def test_online_retail_is_read_to_the_row(name: str) -> None:
    """Both forms of the real file give 541,909 rows, no defect, and the totals its publisher's rows have."""
    real = contract(ONLINE_RETAIL, patterns=("OnlineRetail*.csv.gz", "Online Retail*.xlsx"), sheet=None)
    (path,) = find_files(data_folder("online_retail"), name, real)
    assert inspect_file(path, real).unknown_columns == ()
    rows, revenue, last = 0, Decimal(0), 1
    for batch in read_batches(path, real):
        numbers = batch["_row_number"]
        assert (numbers[0].as_py(), numbers[-1].as_py()) == (last + 1, last + batch.num_rows)
        last = numbers[-1].as_py()
        rows += batch.num_rows
        quantity = batch["Quantity"].cast(pa.decimal128(12, 0))
        revenue += pc.sum(pc.multiply(quantity, batch["UnitPrice"].cast(pa.decimal128(16, 4)))).as_py()
        assert pc.sum(pc.list_value_length(batch["_defects"])).as_py() == 0
    assert (rows, revenue) == (541_909, Decimal("9747747.934"))
