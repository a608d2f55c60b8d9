"""A delivered file cannot hurt: what it may become is bounded, what its parser does stays in a process, links lead nowhere."""

from __future__ import annotations

import gzip
import os
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from basketry.errors import BadInputError
from basketry.files import describe_invalid_file, find_files, inspect_file, limits, read_batches, search_files
from basketry.files.sheet_extent import SheetExtent
from tests.kit.files import COLUMNS, contract, reading_refusal, refusal, rows_of, workbook, written
from tests.kit.hostile_files import changed_part, far_cell

CSV = "id,name,price\n1,Milk,2.5\n"


@pytest.mark.parametrize("cell", ["XFD20000", "XFD1048576"])
def test_a_cell_far_away_is_a_sentence(tmp_path: Path, cell: str) -> None:
    """Its parser would ask for 10 GB and abort the process; the sheet's extent is known before it sees the file."""
    path = far_cell(tmp_path, "a.xlsx", cell)
    assert "16,384 columns, more than 32,000,000 cells; delete the cells far from the rows" in refusal(path, contract())
    assert "more than 32,000,000 cells" in reading_refusal(path, contract())


@pytest.mark.parametrize(
    ("xml", "rows", "columns"),
    [
        (b'<row r="2"><c r="B2"><v>1</v></c><c r="AA3"><v>1</v></c></row>', 3, 27),
        (b"<row r='2'><c s='1' r='B2'><v>1</v></c></row>", 2, 2),
        (b'<x:row r="7"><x:c r="C7"><x:v>1</x:v></x:c></x:row>', 7, 3),
        (b'<row r="2"><c r="XFD2" s="3"/><c r="A2"><v>1</v></c></row>', 2, 1),
        (b"<row><c><v>1</v></c><c><v>1</v></c></row><row><c><v>1</v></c></row>", 2, 2),
        (b'<row r="1048576"><c><v>1</v></c></row>', 1048576, 1),
        (b'<row r="1"><c r="XFC1"><v>1</v></c><c><v>1</v></c></row>', 1, 16385),
        (b'<row r="1"><c r = "xfd9"><v>1</v></c></row>', 9, 16384),
    ],
)
def test_the_extent_of_a_sheet_is_never_less_than_it_is(xml: bytes, rows: int, columns: int) -> None:
    """In every form that a parser takes; formatting alone, which it does not lay out, does not count."""
    extent = SheetExtent()
    extent.add(xml)
    assert extent.rows == rows and columns <= extent.columns <= columns + 1


def test_shared_texts_are_bounded(tmp_path: Path) -> None:
    """By their bytes and by their number: each takes far more memory than in the file."""
    many = b"<sst>" + b"<si/>" * 4_000_001 + b"</sst>"
    sentence = refusal(changed_part(tmp_path, "a.xlsx", "xl/sharedStrings.xml", lambda _: many), contract())
    assert "more than 4,000,000 different texts; deliver it as CSV" in sentence
    long = b"<sst><si><t>" + b"x" * (256 << 20) + b"</t></si></sst>"
    sentence = refusal(changed_part(tmp_path, "b.xlsx", "xl/sharedStrings.xml", lambda _: long), contract())
    assert "its part sharedStrings.xml unpacks to more than 256 MB" in sentence


def test_the_size_of_a_part_cannot_be_a_lie(tmp_path: Path) -> None:
    """An entry that says it is small and unpacks to more is damaged: the parser never gets the delivered archive."""
    path = changed_part(tmp_path, "a.xlsx", "xl/styles.xml", lambda part: part + b" " * 5_000_000)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/styles.xml").file_size
    lie = bytes(content).replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert "the workbook is damaged" in refusal(written(tmp_path, "b.xlsx", lie), contract())


def test_a_gzip_bomb_is_refused_before_it_fills_anything(tmp_path: Path) -> None:
    """Around a workbook and around text: 200 times its size, beyond 64 MB, is no delivery."""
    book = written(tmp_path, "a.xlsx.gz", gzip.compress(b"PK\x03\x04" + bytes(100 << 20)))
    assert "the gzip unpacks to more than 64 MB" in refusal(book, contract())
    text = written(tmp_path, "a.csv.gz", gzip.compress(CSV.encode() + b"1,Milk,2.5\n" * (8 << 20)))
    assert "the gzip unpacks to more than 64 MB" in refusal(text, contract())


def _python_exits(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Let the parser of workbooks do something to its process."""
    (folder / "python_calamine").mkdir()
    classes = "class CalamineError(Exception): ...\nclass CalamineSheet: ...\nclass CalamineWorkbook:\n"
    parser = f"{classes}    def from_filelike(_):\n        {code}\n"
    (folder / "python_calamine" / "__init__.py").write_text(parser)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os.abort()", "its reader was ended by it (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 11)", "its reader was ended by it (SIGSEGV)"),
        ("import os; os._exit(3)", "its reader was ended by it (exit code 3)"),
        ("bytearray(8 << 30)", "its reader failed (MemoryError)"),
        ("raise TypeError", "its reader failed (TypeError)"),
    ],
)
def test_what_a_parser_does_to_its_process_refuses_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, sentence: str
) -> None:
    """Whether it aborts, crashes, exits or wants all memory there is: one sentence, and this process goes on."""
    path = workbook(tmp_path, "a.xlsx", [COLUMNS, ["1", "Milk", 2.5]])
    _python_exits(monkeypatch, tmp_path, code)
    assert sentence in refusal(path, contract())
    assert sentence in reading_refusal(path, contract())


def test_a_parser_that_never_ends_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be silent for as long as the budget says."""
    path = workbook(tmp_path, "a.xlsx", [COLUMNS, ["1", "Milk", 2.5]])
    _python_exits(monkeypatch, tmp_path, "import time; time.sleep(600)")
    monkeypatch.setattr("basketry.files.reader_process.BUDGET", replace(limits.BUDGET, reader_seconds=3))
    assert "reading it takes more than 3 seconds; deliver it as CSV" in refusal(path, contract())


def _link(folder: Path, name: str) -> None:
    (folder / name).symlink_to(folder / "good.csv")


def _pipe(folder: Path, name: str) -> None:
    os.mkfifo(folder / name)


@pytest.mark.parametrize(("make", "sentence"), [(_link, "this is a link"), (_pipe, "not a regular file")])
def test_only_a_plain_file_is_opened(tmp_path: Path, make: Callable[[Path, str], None], sentence: str) -> None:
    """No link is followed, even to a file of the folder, and no pipe is waited for."""
    written(tmp_path, "good.csv", CSV)
    make(tmp_path, "a.csv")
    assert sentence in refusal(tmp_path / "a.csv", contract())
    assert sentence in reading_refusal(tmp_path / "a.csv", contract())
    assert describe_invalid_file(tmp_path / "a.csv").checksum == "unread:a.csv"


def test_no_link_between_the_landing_folder_and_the_file_is_followed(tmp_path: Path) -> None:
    """A folder that became a link after the file was found leads nowhere."""
    secret, landing = tmp_path / "secret", tmp_path / "landing"
    secret.mkdir()
    landing.mkdir()
    written(secret, "a.csv", CSV)
    (landing / "2026").symlink_to(secret)
    with pytest.raises(BadInputError, match="lies behind one; deliver the file itself"):
        inspect_file(landing / "2026" / "a.csv", contract(), landing)


def test_what_is_read_is_what_was_checked(tmp_path: Path) -> None:
    """A file that was replaced after the check is refused, and one replaced while it is read goes on as it was."""
    path = written(tmp_path, "a.csv", CSV)
    checked = inspect_file(path, contract())
    batches = read_batches(path, contract(), 1, checksum=checked.checksum)
    first = next(batches)
    written(tmp_path, "a.csv", CSV.replace("Milk", "SECRET"))
    assert first.column("name").to_pylist() == ["Milk"]
    assert not list(batches)
    with pytest.raises(BadInputError, match=r"a.csv: the file was changed after it was checked"):
        list(read_batches(path, contract(), checksum=checked.checksum))


def test_nothing_of_a_copy_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has no name: nobody else can open it, and no kill leaves it behind."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(scratch))
    path = workbook(tmp_path, "a.xlsx", [COLUMNS, *(["1", "Milk", 2.5] for _ in range(50))])
    batches = read_batches(path, contract(), 1)
    next(batches)
    assert not list(scratch.iterdir())
    batches.close()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(
    "sign", ["\n", "\x1b", "\r", "\x7f", "\u202e", "\u200b", "\u2028", "\udce9"], ids=lambda sign: f"{ord(sign):x}"
)
def test_a_name_with_a_sign_that_nobody_sees_is_refused(tmp_path: Path, sign: str) -> None:
    """It would forge lines of the log; the refusal shows the sign's code, and other files are found."""
    name = f"a{sign}CRITICAL.csv"
    written(tmp_path, name, CSV)
    good = written(tmp_path, "käse [1] für Zoë.csv", CSV)
    with pytest.raises(BadInputError, match="has signs in its name that nobody sees; rename it") as refused:
        find_files(tmp_path, "*", contract())
    assert str(refused.value).isprintable()
    found = search_files(tmp_path, "*", contract())
    assert list(found.paths) == [good] and [path.name for path, _ in found.refused] == [name]
    assert describe_invalid_file(tmp_path / name).name.isprintable()


def test_a_time_that_no_calendar_has_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever delivers a file sets its time; some file systems take any."""
    path = written(tmp_path, "a.csv", CSV)
    facts = path.stat()
    far = SimpleNamespace(st_mode=facts.st_mode, st_size=facts.st_size, st_mtime=2.0**40)
    monkeypatch.setattr("basketry.files.private_copy.os.fstat", lambda _: far)
    assert "its modification time is no date" in refusal(path, contract())
    assert describe_invalid_file(path).delivered_at.year == 1970


def test_lines_of_nothing_but_signs_take_no_memory(tmp_path: Path) -> None:
    """A record of millions of fields or values is set aside as it was delivered, the rows around it are good."""
    wide = written(tmp_path, "a.csv", CSV + "," * 1_000_000 + "\n2,Tea,1\n")
    assert [row["_defects"] for row in rows_of(wide, contract())] == [[], ["row:too_many_fields"], []]
    deep = written(tmp_path, "a.jsonl", '{"id":"1","name":"a","price":"1"}\n{"id":[' + "1," * 300_000 + "1]}\n")
    assert [row["_defects"] for row in rows_of(deep, contract())] == [[], ["row:too_many_values"]]
    header = written(tmp_path, "b.csv", "id,name,price" + ",x" * 20_000 + "\n")
    assert "the header has more than 16,384 columns" in refusal(header, contract())


def test_a_refusal_is_one_line_whatever_the_file_holds(tmp_path: Path) -> None:
    """Names of columns and sheets stand in it: they forge no line of a log, and a long one does not hide the fix."""
    header = "id,name,pr\x1b[2J\u202eice"
    assert "'pr\\x1b[2J\\u202eice'" in refusal(written(tmp_path, "a.csv", f"{header}\n"), contract())
    many = ",".join(f"{number}{'x' * 900}" for number in range(100))
    sentence = refusal(written(tmp_path, "b.csv", f"id,name,price,{many}\n"), contract(unknown="refuse"))
    assert len(sentence) < 2_000 and sentence.endswith("remove from the file, or add to things.odcs.yaml.")
    long = written(tmp_path, "c.csv", f"id,name,price,{'x' * 5_000}\n")
    assert "the name of a column is longer than 1,000 characters; shorten it" in refusal(long, contract())
