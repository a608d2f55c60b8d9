"""`make data`: what publishers offer is fetched, checked and left alone afterwards; a person learns what is theirs to do."""

from __future__ import annotations

import gzip
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.kit.files import workbook
from tools.data import (
    DATA_SETS,
    PART,
    DataSet,
    Download,
    data_command,
    fetch,
    pack,
    provide,
    unpack_workbook,
    write_rows,
)
from tools.problem import Problem

LOG = b"timestamp,click\n" + b"2019-11-24,0\n" * 50_000


@dataclass
class Publisher:
    """A server of files, by their paths, that can be told to misbehave.

    Attributes:
        url: Its address.
        files: What it offers.
        cut_off: After how many bytes of an answer it hangs up.
        ranges: Whether it can begin in the middle of a file.
        asked: The Range of each request.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    cut_off: int | None = None
    ranges: bool = True
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, asked: str) -> tuple[int, bytes]:
        """Status and body."""
        self.asked.append(asked)
        if path not in self.files:
            return 404, b"no such file"
        body, start = self.files[path], int(asked.removeprefix("bytes=").rstrip("-") or 0)
        if not start or not self.ranges:
            return 200, body
        return (206, body[start:]) if start < len(body) else (416, b"")


def _handler(publisher: Publisher) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = publisher.answer(self.path, self.headers.get("Range", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: publisher.cut_off])

        def log_message(self, *arguments: object) -> None:
            """Nobody reads it."""

    return Handler


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """A server in threads of this process, reached without any proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Publisher()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(made))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def download(publisher: Publisher, body: bytes, *steps: tuple[str, Callable[[Path, Path], None]]) -> Download:
    """A file that the publisher offers, with its right checksum."""
    publisher.files["/file"] = body
    return Download(url=f"{publisher.url}/file", sha256=hashlib.sha256(body).hexdigest(), steps=steps)


def logs(publisher: Publisher) -> DataSet:
    """A data set of one log, which is packed."""
    downloads = (download(publisher, LOG, ("log.csv.gz", pack)),)
    return DataSet(name="logs", publisher="Logs, Somebody", licence="CC0 (https://example.org)", downloads=downloads)


def test_a_file_is_fetched_once_with_its_licence_and_checksum_shown(publisher: Publisher, tmp_path: Path) -> None:
    """Publisher, licence and checksum are printed; nothing but the file is left; a second time nobody is asked."""
    lines: list[str] = []
    for _ in range(2):
        provide(logs(publisher), tmp_path, lines.append)
    assert gzip.decompress((tmp_path / "logs" / "log.csv.gz").read_bytes()) == LOG
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["log.csv.gz"]
    assert len(publisher.asked) == 1
    text = "\n".join(lines)
    assert "Logs, Somebody" in text and "licence: CC0" in text and hashlib.sha256(LOG).hexdigest() in text
    assert lines[-1].endswith("log.csv.gz is there already")


def test_another_file_than_the_published_is_refused_and_removed(publisher: Publisher, tmp_path: Path) -> None:
    """One sentence has both checksums; nothing of the file stays."""
    data_set = logs(publisher)
    publisher.files["/file"] = LOG + b"2019-11-24,1\n"
    with pytest.raises(
        Problem, match=rf"/file sends has the sha256 \w+ instead of {hashlib.sha256(LOG).hexdigest()} and was removed: "
    ):
        provide(data_set, tmp_path, print)
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_is_one_sentence_and_the_next_try_goes_on(
    publisher: Publisher, tmp_path: Path, *, ranges: bool
) -> None:
    """What arrived is not fetched again, where the server can begin in the middle; where it cannot, all of it is."""
    data_set = logs(publisher)
    publisher.ranges, publisher.cut_off = ranges, 1000
    with pytest.raises(Problem, match=r"/file was cut off after 1,000 bytes: run make data again") as cut_off:
        provide(data_set, tmp_path, print)
    assert str(cut_off.value).count("\n") == 0
    publisher.cut_off = None
    provide(data_set, tmp_path, print)
    assert publisher.asked == ["", "bytes=1000-"]
    assert gzip.decompress((tmp_path / "logs" / "log.csv.gz").read_bytes()) == LOG


def test_what_an_earlier_try_left_whole_or_wrong_does_no_harm(publisher: Publisher, tmp_path: Path) -> None:
    """A whole file is not asked for again; one that is longer than the published one is fetched anew."""
    wanted, part = download(publisher, LOG), tmp_path / PART
    part.write_bytes(LOG)
    assert fetch(wanted, part, print).read_bytes() == LOG and publisher.asked == []
    part.write_bytes(LOG + LOG)
    assert fetch(wanted, part, print).read_bytes() == LOG
    assert publisher.asked == [f"bytes={2 * len(LOG)}-", ""]


def test_a_step_that_fails_leaves_no_half_file(publisher: Publisher, tmp_path: Path) -> None:
    """The target is there only once it is whole; what was fetched stays for the next try."""

    def fail(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise ZeroDivisionError

    steps = (download(publisher, LOG, ("log.csv", fail)),)
    with pytest.raises(ZeroDivisionError):
        provide(DataSet(name="logs", publisher="", licence="", downloads=steps), tmp_path, print)
    (left,) = (tmp_path / "logs").iterdir()
    assert left.read_bytes() == LOG


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/gone", r"/gone answers 404 Not Found: try later"), (":1/x", r"cannot be reached \(.*connect to the network")],
)
def test_a_publisher_that_is_not_there_is_one_sentence(
    publisher: Publisher, tmp_path: Path, path: str, sentence: str
) -> None:
    """A moved file and a machine without a network end in what to do; no empty folder looks as if the data were there."""
    url = f"{publisher.url}{path}" if path.startswith("/") else f"http://127.0.0.1{path}"
    gone = Download(url=url, sha256="0" * 64, steps=(("log.csv", pack),))
    with pytest.raises(Problem, match=sentence):
        provide(DataSet(name="logs", publisher="", licence="", downloads=(gone,)), tmp_path, print)
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_in_an_archive_becomes_csv_too(tmp_path: Path) -> None:
    """As UCI packs Online Retail: the rows of the workbook as text, blanks and missing values as they are."""
    header = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
    row = (536365, "85123A", " HEART, WHITE ", 6, datetime(2010, 12, 1, 8, 26), 2.55, None, "United Kingdom")
    made, archive = workbook(tmp_path, "Online Retail.xlsx", [header, row]), tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(made, made.name)
    unpack_workbook(archive, tmp_path / "copy.xlsx")
    write_rows(tmp_path / "copy.xlsx", tmp_path / "rows.csv.gz")
    assert gzip.decompress((tmp_path / "rows.csv.gz").read_bytes()).decode().splitlines() == [
        ",".join(header),
        '536365,85123A," HEART, WHITE ",6,2010-12-01 08:26:00,2.55,,United Kingdom',
    ]


def test_what_may_not_be_fetched_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the terms are, which files, where to put them; and nothing is asked of the network."""
    monkeypatch.setenv("BASKETRY_DATA", str(tmp_path))
    monkeypatch.setenv("ARGS", "complete_journey")
    assert data_command([]) == 0
    shown = capsys.readouterr().out
    for text in (
        "dunnhumby",
        "https://www.dunnhumby.com/source-files/",
        "transaction_data",
        str(tmp_path / "complete_journey"),
    ):
        assert text in shown


def test_an_unknown_data_set_gets_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo does not fetch all of them."""
    monkeypatch.setenv("ARGS", "open-bandit")
    with pytest.raises(
        Problem, match=r"no data set 'open-bandit'; there are: online_retail, open_bandit, complete_journey"
    ):
        data_command([])


def test_every_data_set_names_publisher_and_licence_and_can_be_had() -> None:
    """Each is fetched over TLS with a checksum, or a person is told what to do."""
    for data_set in DATA_SETS.values():
        assert data_set.publisher and "https://" in data_set.licence
        assert bool(data_set.downloads) != bool(data_set.by_hand)
        for offered in data_set.downloads:
            assert offered.url.startswith("https://") and len(bytes.fromhex(offered.sha256)) == 32 and offered.steps
