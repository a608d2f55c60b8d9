"""What inspection tells of a good file, and how it refuses a bad one before anything is loaded."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from basketry.contracts import DeliveredAt
from basketry.files import inspect_file
from tests.kit.files import contract, reading_refusal, refusal, rows_of, workbook, written

GOOD = "id,name,price\n1,Milk,1.50\n"


def test_a_good_file_is_described(tmp_path: Path) -> None:
    """Path, name, size, checksum of the bytes as delivered, modification time in UTC and unknown columns are told."""
    content = gzip.compress(b"id,name,price,colour\n1,Milk,1.50,white\n")
    path = written(tmp_path, "things.csv.gz", content)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    seen = inspect_file(path, contract())
    assert (seen.path, seen.name, seen.bytes) == (str(path), "things.csv.gz", len(content))
    assert seen.checksum == hashlib.sha256(content).hexdigest()
    assert seen.delivered_at == datetime.fromisoformat("2023-11-14T22:13:20Z")
    assert seen.unknown_columns == ("colour",)


def test_the_delivery_time_is_in_the_file_name_where_the_contract_says_so(tmp_path: Path) -> None:
    """The date in the name is the retailer's local midnight, told in UTC; a name without it falls back to the clock."""
    dated = contract(delivered_at=DeliveredAt(r"things_(\d{4}-\d{2}-\d{2})", "yyyy-MM-dd"))
    seen = inspect_file(written(tmp_path, "things_2026-07-01.csv", GOOD), dated)
    assert seen.delivered_at == datetime(2026, 7, 1, 4, tzinfo=UTC)
    plain = written(tmp_path, "things.csv", GOOD)
    os.utime(plain, (0, 0))
    assert inspect_file(plain, dated).delivered_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_name_with_an_impossible_date_is_refused(tmp_path: Path) -> None:
    """A date that the calendar lacks is not guessed at."""
    dated = contract(delivered_at=DeliveredAt(r"(\d{4}-\d{2}-\d{2})", "yyyy-MM-dd"))
    assert "'2026-02-30' in the name is no date of the form yyyy-MM-dd; rename the file" in refusal(
        written(tmp_path, "things_2026-02-30.csv", GOOD), dated
    )


@pytest.mark.parametrize("name", ["things.csv", "things.jsonl", "things.xlsx", "things.csv.gz", "things.xlsx.gz"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file without a byte, or a gzip of nothing, lacks even its header."""
    content = gzip.compress(b"") if name == "things.xlsx.gz" else b""
    path = written(tmp_path, name, content)
    assert "the file is empty; deliver it again with at least its header" in refusal(path, contract())
    assert "is empty" in reading_refusal(path, contract())


def test_a_header_without_rows_is_a_file_of_no_rows(tmp_path: Path) -> None:
    """A day without sales is a valid delivery."""
    for path in (written(tmp_path, "a.csv", "id,name,price"), workbook(tmp_path, "a.xlsx", [["id", "name", "price"]])):
        assert inspect_file(path, contract()).unknown_columns == ()
        assert rows_of(path, contract()) == []


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """A directory with a file's name is told as what it is."""
    (tmp_path / "things.csv").mkdir()
    assert "this is a directory; name the files inside it" in refusal(tmp_path / "things.csv", contract())


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    """A file deleted between finding and reading is a sentence."""
    assert "does not exist (any more); deliver it again" in refusal(tmp_path / "things.csv", contract())


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing permission names its cure."""
    path = written(tmp_path, "things.csv", GOOD)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(os, "open", denied)
    assert "cannot be read; give the user of the job read permission" in refusal(path, contract())


@pytest.mark.parametrize("kept", [1, 5, 9])
def test_a_truncated_gzip_is_refused_before_a_row_is_loaded(tmp_path: Path, kept: int) -> None:
    """A gzip cut anywhere is refused by inspection, although its first rows could be read."""
    whole = gzip.compress(("id,name,price\n" + "".join(f"{n},Milk {n * n},1.5\n" for n in range(50_000))).encode())
    path = written(tmp_path, "things.csv.gz", whole[: len(whole) * kept // 10])
    assert "gzip content is cut off or damaged; deliver the file again" in refusal(path, contract())
    assert "cut off or damaged" in reading_refusal(path, contract())


def test_a_gzip_with_a_wrong_checksum_or_tail_is_refused(tmp_path: Path) -> None:
    """Damage inside, or bytes after the end, are no delivery."""
    whole = gzip.compress(GOOD.encode())
    for content in (whole[:-8] + b"\0" * 8, whole + b"rubbish"):
        assert "cut off or damaged" in refusal(written(tmp_path, "things.csv.gz", content), contract())


def test_gzip_is_seen_by_content_not_by_name(tmp_path: Path) -> None:
    """Gzip without its suffix is unpacked; the suffix without gzip is refused."""
    packed = written(tmp_path, "packed.csv", gzip.compress(GOOD.encode()))
    assert [row["name"] for row in rows_of(packed, contract())] == ["Milk"]
    plain = written(tmp_path, "plain.csv.gz", GOOD)
    assert "name ends in .gz but the content is not gzip; remove the suffix" in refusal(plain, contract())
    assert "is gzip inside gzip" in refusal(
        written(tmp_path, "twice.csv.gz", gzip.compress(gzip.compress(GOOD.encode()))), contract()
    )


def _zip_bytes() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("things.csv", GOOD)
    return packed.getvalue()


def test_a_zip_or_workbook_renamed_to_csv_is_refused(tmp_path: Path) -> None:
    """What is inside decides, not the name: the refusal says what the content is."""
    told = "content is a zip archive or Excel workbook, not CSV text; save it as CSV text"
    assert told in refusal(written(tmp_path, "zipped.csv", _zip_bytes()), contract())
    book = workbook(tmp_path, "book.xlsx", [["id", "name", "price"]])
    assert told in refusal(book.rename(tmp_path / "book.csv"), contract())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"\x89PNG\r\n", "a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old (.xls) or password-protected Office file"),
    ],
)
@pytest.mark.parametrize("name", ["things.csv", "things.xlsx", "things.jsonl"])
def test_other_formats_in_disguise_are_told_by_name(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    """Each common disguise is recognised by its first bytes."""
    assert f"the content is {told}, not" in refusal(written(tmp_path, name, content), contract())


def test_a_csv_renamed_to_xlsx_and_a_zip_renamed_to_xlsx_are_refused(tmp_path: Path) -> None:
    """A workbook must be one."""
    assert "no XLSX workbook (perhaps renamed text)" in refusal(written(tmp_path, "a.xlsx", GOOD), contract())
    assert "a zip archive without a workbook" in refusal(written(tmp_path, "b.xlsx", _zip_bytes()), contract())


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    """A workbook cut off, or with a changed byte in its sheet, is refused by inspection."""
    rows: list[list[Any]] = [["id", "name", "price"], *([n, f"Milk {n}", 1.5] for n in range(3000))]
    whole = workbook(tmp_path, "whole.xlsx", rows).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    spoilt = bytearray(whole)
    spoilt[start + 4000] ^= 0xFF
    for content in (whole[: len(whole) // 2], bytes(spoilt)):
        assert "the workbook is damaged or protected" in refusal(written(tmp_path, "a.xlsx", content), contract())


def test_an_unclear_format_is_refused(tmp_path: Path) -> None:
    """With format auto and a name that tells nothing, the contract must say it."""
    path = written(tmp_path, "things.dat", GOOD)
    assert "format is not clear from the name; set format in things.odcs.yaml" in refusal(path, contract())
    assert [row["name"] for row in rows_of(path, contract(kind="csv"))] == ["Milk"]


@pytest.mark.parametrize("encoding", ["utf-9", "rot13", "base64"])
def test_an_unknown_encoding_in_the_contract_is_refused(tmp_path: Path, encoding: str) -> None:
    """An encoding that is none names the contract."""
    from basketry.errors import BadInputError

    with pytest.raises(BadInputError, match=f"things.odcs.yaml: encoding '{encoding}' is unknown; write utf-8"):
        inspect_file(written(tmp_path, "things.csv", GOOD), contract(encoding=encoding))


def test_known_bytes_are_news_only_under_a_later_day_in_the_name(tmp_path: Path) -> None:
    """The retailer says with the day that it is true again; a copy with a later time says nothing, an earlier day neither."""
    dated = contract(delivered_at=DeliveredAt("_([0-9]{4}-[0-9]{2}-[0-9]{2})", "yyyy-MM-dd"))
    file = inspect_file(written(tmp_path, "a_2026-01-05.csv", GOOD), dated)
    assert file.should_load({}) and not file.should_load({file.checksum: file.delivered_at})
    day = timedelta(days=1)
    assert file.should_load({file.checksum: file.delivered_at - day}) and not file.should_load(
        {file.checksum: file.delivered_at + day}
    )
    copy = inspect_file(written(tmp_path, "copy.csv", GOOD), dated)
    assert copy.checksum == file.checksum and not copy.should_load({file.checksum: file.delivered_at - day})
