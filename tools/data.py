"""`make data`: the public data sets that some tests read, fetched from their publishers; what may not be fetched is explained."""

from __future__ import annotations

import csv
import gzip
import http.client
import os
import shlex
import shutil
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from basketry.config.settings import Settings
from basketry.files.inspection import checksum_of
from tools.problem import Problem, disk_full

PART = ".part"
PIECE = 1 << 20
SECONDS = 60
"""For which a server may say nothing."""

Step = Callable[[Path, Path], None]


def unpack_workbook(archive: Path, target: Path) -> None:
    """Take the one workbook out of an archive."""
    with zipfile.ZipFile(archive) as packed:
        (name,) = [name for name in packed.namelist() if name.endswith(".xlsx")]
        with packed.open(name) as member, target.open("wb") as workbook:
            shutil.copyfileobj(member, workbook)


def write_rows(workbook: Path, target: Path) -> None:
    """Write the workbook's rows as compressed CSV, as ingest reads them."""
    from basketry.contracts import load_contract
    from basketry.files import read_batches

    contract = load_contract("online_retail", "order_lines")
    columns = [(column.name, column.header) for column in contract.delivered]
    with gzip.open(target, "wt", encoding="utf-8", newline="", compresslevel=6) as packed:
        rows = csv.writer(packed, lineterminator="\n")
        rows.writerow(header for _, header in columns)
        for batch in read_batches(workbook, contract):
            rows.writerows(zip(*(batch[name].to_pylist() for name, _ in columns), strict=True))


def pack(source: Path, target: Path) -> None:
    """Compress a file."""
    with source.open("rb") as plain, gzip.open(target, "wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed)


@dataclass(frozen=True, kw_only=True)
class Download:
    """One file as its publisher offers it.

    Attributes:
        url: Where it is.
        sha256: What the whole file must be.
        steps: The files to make of it, each from the one before, with what makes them.
    """

    url: str
    sha256: str
    steps: tuple[tuple[str, Step], ...]


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set.

    Attributes:
        name: Its folder in BASKETRY_DATA.
        publisher: Its title and who publishes it.
        licence: Under which licence, and where that is stated.
        downloads: Its files; none where a person has to accept terms.
        by_hand: What a person does then.
    """

    name: str
    publisher: str
    licence: str
    downloads: tuple[Download, ...] = ()
    by_hand: str = ""

    @property
    def advice(self) -> str:
        """What to do where it is missing."""
        return "make data fetches it" if self.downloads else "make data says how to get it"


OBP = "https://raw.githubusercontent.com/st-tech/zr-obp/8cbd5fa4558b7ad2ba4781546d6604e4cc3e07c4/obd"
"""The publisher's repository at its last commit."""
BANDIT_LOGS = {
    "bts/men": "db6d1f7ed2d591ba521533e45286d4c1fba7fe57a8ad2e80342210335f43c527",
    "bts/women": "e5d1b49a39b608585a2f3014a3f54970430cd37a495c1b73fceb85cdf428a5b8",
    "random/men": "ede6d08c6877f99cd3770f7d09e26c738e6aa6de4445ccccfb1356ba5d06b1eb",
    "random/women": "e65f3bd3beb17664fa69cc129bf7bf852a775f8ffa630506e505fc905315bb34",
}
ONLINE_RETAIL = DataSet(
    name="online_retail",
    publisher="Online Retail, UCI Machine Learning Repository no. 352",
    licence="CC BY 4.0 (https://archive.ics.uci.edu/dataset/352/online+retail)",
    downloads=(
        Download(
            url="https://archive.ics.uci.edu/static/public/352/online+retail.zip",
            # Of the archive as several who fetched it independently have published it.
            sha256="f5385cbb54bbebf7196389109c6b0621faab0c304e3702548165e71c84aede8b",
            steps=(("Online Retail.xlsx", unpack_workbook), ("OnlineRetail.csv.gz", write_rows)),
        ),
    ),
)
OPEN_BANDIT = DataSet(
    name="open_bandit",
    publisher="Open Bandit Dataset (small version), ZOZO Research",
    licence="CC BY 4.0 (https://huggingface.co/datasets/zozonext/open-bandit); the repository it comes from is under Apache-2.0",
    downloads=tuple(
        Download(
            url=f"{OBP}/{log}/{log.partition('/')[2]}.csv",
            sha256=sha256,
            steps=((f"{log.replace('/', '_')}.csv.gz", pack),),
        )
        for log, sha256 in BANDIT_LOGS.items()
    ),
)
COMPLETE_JOURNEY = DataSet(
    name="complete_journey",
    publisher="The Complete Journey, dunnhumby Source Files",
    licence="dunnhumby's terms, which a person accepts before the download: https://www.dunnhumby.com/source-files/",
    by_hand=(
        "Download it there and put its CSV files (transaction_data, product, hh_demographic, campaign_desc, campaign_table,"
        " coupon, coupon_redempt) into {folder}; `make run DATA=complete_journey` loads them. Tests that read samples of"
        " them (transaction_data_sample_*, transactions_2017_sample, household_summary) stay skipped: nobody publishes these."
    ),
)
DATA_SETS = {data_set.name: data_set for data_set in (ONLINE_RETAIL, OPEN_BANDIT, COMPLETE_JOURNEY)}


def data_command(arguments: list[str]) -> int:
    """Fetch every data set that may be fetched, or those that ARGS names, and say how to get the others.

    Raises:
        Problem: A name is no data set's, or something could not be fetched.
    """
    names = [*arguments, *shlex.split(os.environ.get("ARGS", ""))]
    unknown = [name for name in names if name not in DATA_SETS]
    if unknown:
        raise Problem(f"there is no data set '{unknown[0]}'; there are: {', '.join(DATA_SETS)}.")
    root = Settings.from_environment().data
    for name in names or DATA_SETS:
        provide(DATA_SETS[name], root, print)
    return 0


def provide(data_set: DataSet, root: Path, say: Callable[[str], None]) -> None:
    """Fetch the files of a data set that are not in its folder yet, or say what a person does.

    Raises:
        Problem: A file could not be fetched, or is not the published one.
    """
    folder = root / data_set.name
    say(f"{data_set.publisher}\n    licence: {data_set.licence}")
    if data_set.by_hand:
        say(f"    {data_set.by_hand.format(folder=folder)}")
    for download in data_set.downloads:
        names = [name for name, _ in download.steps]
        if all((folder / name).is_file() for name in names):
            say(f"    {folder / names[-1]} is there already")
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"{folder} cannot be made ({error.strerror}): set BASKETRY_DATA to a folder of yours."
            ) from None
        try:
            _make(download, folder, say)
        finally:
            with suppress(OSError):  # it is empty where nothing could be fetched; else it stays
                folder.rmdir()


def _make(download: Download, folder: Path, say: Callable[[str], None]) -> None:
    """Fetch a file, and make of it what the folder shall hold."""
    original = fetch(download, folder / f".{download.sha256[:12]}{PART}", say)
    source = original
    for name, step in download.steps:
        with _whole(folder / name) as unfinished:
            step(source, unfinished)
        source = folder / name
        say(f"    {source}")
    original.unlink()
    say(f"    sha256 of the original: {download.sha256}, as published")


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Give a file beside the target, which takes the target's name once it is complete."""
    unfinished = target.with_name(f".{target.stem}{PART}{target.suffix}")
    try:
        yield unfinished
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def fetch(download: Download, part: Path, say: Callable[[str], None]) -> Path:
    """Fetch a file into `part`, going on where an earlier try was cut off; returns it once its checksum is right.

    Raises:
        Problem: The server cannot be reached, cuts off, or sends another file, which is removed.
    """
    if not part.is_file() or checksum_of(part) != download.sha256:
        say(f"    fetching {download.url}")
        _receive(download.url, part)
    checksum = checksum_of(part)
    if checksum != download.sha256:
        part.unlink()
        raise Problem(
            f"what {download.url} sends has the sha256 {checksum} instead of {download.sha256} and was removed:"
            " run make data again; if it stays so, the publisher has changed the file."
        )
    return part


def _receive(url: str, part: Path) -> None:
    """Append what is missing of the file, or fetch all of it where the server cannot go on in the middle."""
    start = part.stat().st_size if part.is_file() else 0
    with _answer(url, start) as response:
        goes_on = response.status == http.client.PARTIAL_CONTENT
        length = response.headers.get("Content-Length")
        try:
            with part.open("ab" if goes_on else "wb") as file:
                while piece := response.read(PIECE):
                    file.write(piece)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, OSError) and disk_full(error):
                raise
            raise _cut_off(url, part) from None
    if length is not None and part.stat().st_size < int(length) + (start if goes_on else 0):
        raise _cut_off(url, part)


def _answer(url: str, start: int) -> http.client.HTTPResponse:
    """Ask for a file from a byte on, or for all of it where there is nothing from there on."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 addresses of this file
        return response
    except urllib.error.HTTPError as error:
        if start and error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _answer(url, 0)
        raise Problem(f"{url} answers {error.code} {error.reason}: try later, or put the file there by hand.") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise Problem(f"{url} cannot be reached ({reason}): connect to the network and run make data again.") from None


def _cut_off(url: str, part: Path) -> Problem:
    return Problem(
        f"{url} was cut off after {part.stat().st_size:,} bytes: run make data again, it goes on from there."
    )
