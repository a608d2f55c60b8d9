"""Batches: their schema, their size, their memory, and the real files they must read to the row."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from basketry.files import find_files, inspect_file, read_batches
from tests.kit.data_sets import data_file
from tests.kit.files import COLUMNS, contract, rows_of, values, workbook, written

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
    for path in (written(tmp_path, "a.csv", "id,name,price\n1,Milk,2\n"), written(tmp_path, "a.jsonl", '{"id": 1}\n')):
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["OnlineRetail.csv.gz", "Online Retail.xlsx"])
def test_online_retail_is_read_to_the_row(name: str) -> None:
    """Both forms of the real file give 541,909 rows, no defect, and the totals its publisher's rows have."""
    real = contract(ONLINE_RETAIL, patterns=("OnlineRetail*.csv.gz", "Online Retail*.xlsx"), sheet=None)
    (path,) = find_files(data_file("online_retail", name).parent, name, real)
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


def test_what_is_a_number_in_the_file_itself_is_named(tmp_path: Path) -> None:
    """A cell or JSON value that is a number, whatever it looks like; text, dates, true and what CSV holds are none."""
    lines = ('{"id":"1","name":2,"price":1.5}', '{"id":true,"name":"x","price":"1.5"}', '{"id":3,"name":[4]}')
    paths = (
        workbook(tmp_path, "a.xlsx", [COLUMNS, ("1", 2, 1.5), (True, "x", "1.5"), (3, date(2026, 1, 31), None)]),
        written(tmp_path, "a.jsonl", "\n".join(lines)),
        written(tmp_path, "a.csv", "id,name,price\n1,2,1.5\n,x,1.5\n3,,\n"),
    )
    named = [["name", "price"], None, ["id"]]
    assert [[row["_native"] for row in rows_of(path, contract())] for path in paths] == [named, named, [None] * 3]


def test_a_header_is_found_whatever_blanks_are_around_it(tmp_path: Path) -> None:
    """In a sheet, a CSV's first row and a JSON key alike; two keys that differ by blanks alone are one twice."""
    odd = ("\u00a0id", "name\u200b", "\ufeffprice\t")
    paths = (
        workbook(tmp_path, "a.xlsx", [odd, ("1", "x", "2")]),
        written(tmp_path, "a.csv", "id\u00a0,\u200bname,price\u202f\n1,x,2\n"),
        written(tmp_path, "a.jsonl", json.dumps(dict(zip(odd, ("1", "x", "2"), strict=True)))),
    )
    assert [values(path, contract()) for path in paths] == [[["1", "x", "2"]]] * 3
    twice = written(tmp_path, "b.jsonl", '{"id":"1"}\n{"id":"1","id\\u00a0":"2"}\n')
    assert [row["_defects"] for row in rows_of(twice, contract())] == [[], ["row:duplicate_key"]]
