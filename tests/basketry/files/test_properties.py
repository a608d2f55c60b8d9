"""What holds for any table and any bytes: values come back as written, and nothing but a BadInputError is raised."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from basketry.errors import BadInputError
from basketry.files import inspect_file, read_batches
from tests.kit.files import COLUMNS, contract, rows_of, written

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=8),
    batch=st.integers(1, 5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from(",;|\t"),
)
def test_what_csv_writer_writes_is_read_back(
    tmp_path: Path, table: list[tuple[str, ...]], batch: int, quoting: Any, delimiter: str
) -> None:
    """Any table of texts comes back value for value, with consecutive row numbers, whatever the batch size."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, delimiter=delimiter)
    writer.writerows([COLUMNS, *table])
    rows = rows_of(written(tmp_path, "a.csv", text.getvalue()), contract(delimiter=delimiter), batch)
    assert [tuple(row[name] for name in COLUMNS) for row in rows] == table
    assert [row["_row_number"] for row in rows] == list(range(2, len(table) + 2))
    assert all(row["_defects"] == [] and row["_extra"] is None for row in rows)


NAMES = ("a.csv", "a.csv.gz", "a.jsonl", "a.xlsx", "a.txt")
STARTS = (b"", b"id,name,price\n", b"\x1f\x8b\x08", b"PK\x03\x04", b"\xff\xfe", b'{"id":')


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from(STARTS),
    name=st.sampled_from(NAMES),
    encoding=st.sampled_from(["utf-8", "utf-16", "cp1252", "shift_jis", "utf-7"]),
)
def test_random_bytes_are_read_or_refused(
    tmp_path: Path, content: bytes, start: bytes, name: str, encoding: str
) -> None:
    """Whatever bytes arrive under whatever name, the answer is rows or a BadInputError, never another exception."""
    path = written(tmp_path, name, start + content)
    for read in (inspect_file, lambda *arguments: list(read_batches(*arguments))):
        try:
            read(path, contract(encoding=encoding))
        except BadInputError as refused:
            assert path.name in str(refused)
