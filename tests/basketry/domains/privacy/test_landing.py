"""Delivered files are searched by what they hold, whatever they are packed or written in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import xlsxwriter

from basketry.access.identities import DeliveredPerson
from basketry.domains.privacy.landing import files_with, search_pattern

ZEB = DeliveredPerson(
    customer_id="200077",
    name="Zebedee Quimby",
    street="7 Unlikely Lane",
    postal_code="10001",
    texts=("zq77@example.com", "(212) 555-0177"),
)
LINES = {
    "mail": "1,ZQ77@Example.com",
    "telephone": "1,212.555.0177",
    "abroad": '1,"+1 (212) 555 0177"',
    "name": "1;Zebedee;Quimby",
    "street": "1,7 unlikely  lane",
}


def names(folder: Path, *customers: str) -> list[str]:
    return [path.name for path in files_with(folder, search_pattern([ZEB], customers))]


@pytest.mark.parametrize("text", LINES.values(), ids=LINES)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_file_with_somebody_is_named(tmp_path: Path, text: str, encoding: str) -> None:
    """Plain and packed, in every encoding that a till writes; others' files are not."""
    content = f"no,what\r\n0,nobody\r\n{text}\r\n".encode(encoding)
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(content))
    (tmp_path / "c.csv").write_bytes("no,what\r\n0,Zebedee Smith\r\n1,212-555-0178\r\n".encode(encoding))
    assert names(tmp_path) == ["a.csv", "b.csv.gz"]


def test_a_workbook_is_opened(tmp_path: Path) -> None:
    """Its texts lie in a packed part of their own."""
    for name, text in (("a.xlsx", "zq77@example.com"), ("b.xlsx", "ann@example.com")):
        with xlsxwriter.Workbook(tmp_path / name) as book:
            book.add_worksheet().write_row(0, 0, ["1", text])
    assert names(tmp_path) == ["a.xlsx"]


def test_what_nobody_can_unpack_is_named(tmp_path: Path) -> None:
    """It may hold anybody; a link is nobody's delivery."""
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"nobody" * 1000)[:-20])
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "c.csv").symlink_to("/etc/passwd")
    assert names(tmp_path) == ["a.csv.gz", "b.xlsx"]


def test_a_number_is_found_where_it_stands_alone(tmp_path: Path) -> None:
    """Not within a longer one; and where nobody is looked for, nothing is found."""
    (tmp_path / "a.csv").write_text("200077,x\n")
    (tmp_path / "b.csv").write_text("1200077,x\n")
    assert names(tmp_path, "200077") == ["a.csv"] and names(tmp_path) == []
    assert search_pattern([], ()) is None


def test_somebody_between_two_reads_is_found(tmp_path: Path) -> None:
    """A large file is read in parts."""
    (tmp_path / "a.csv").write_bytes(b"x" * ((1 << 20) - 5) + b"zq77@example.com" + b"x" * 1000)
    assert names(tmp_path) == ["a.csv"]
