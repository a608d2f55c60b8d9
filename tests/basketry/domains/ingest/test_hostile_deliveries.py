"""Hostile files through the job: each is refused with one sentence in the ledger, and the good files beside it are loaded."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest

from basketry.config.settings import EVERY_FEED
from basketry.contracts import Contract
from basketry.domains.ingest import job
from basketry.errors import BadInputError
from basketry.files import DeliveredFile, inspect_file
from basketry.tables import FILES
from tests.kit import fuzz
from tests.kit.contracts import head
from tests.kit.deliveries import CONTRACT, FIRST, Shop
from tests.kit.files import workbook
from tests.kit.hostile_files import far_cell

pytestmark = pytest.mark.slow

RATINGS = "id,product,stars,day\nk,p9,4,2026-02-01\nl,p9,3,2026-02-02\n"
SEED = 7


@pytest.fixture
def landing(shop: Shop) -> Path:
    """Where ratings are delivered, in any format; a good file of reviews lies in its own folder."""
    text = (
        CONTRACT.format(most=5)
        .replace("reviews_*.csv", "ratings_*")
        .replace("format, value: csv", "format, value: auto")
    )
    shop.contract_path("ratings").write_text(
        head("ratings", "The ratings of the shop.") + text.replace("reviews_", "ratings_")
    )
    shop.deliver("2026-01-04", FIRST)
    return shop.path("any", "ratings").parent


def refusals(shop: Shop) -> dict[str, str]:
    """The reasons of refused files, by name."""
    return {row.file_name: row.refusal for row in shop.lake.read(FILES).collect() if row.status == "refused"}


def test_a_workbook_that_kills_its_reader_stops_no_other(shop: Shop, landing: Path) -> None:
    """A workbook of 1.5 kB for which its parser wants 500 GB: reviews are loaded, the ledger says why the workbook is not."""
    far_cell(landing, "ratings_2026-02-03.xlsx", "XFD1048576")
    told = shop.ingest(feed=EVERY_FEED, refusals_only=True).summary
    assert [line.partition(",")[0] for line in told] == ["ratings_2026-02-03.xlsx: 0 rows read"]
    with pytest.raises(
        BadInputError, match=r"1 files were loaded, but not all, since ratings_2026-02-03.xlsx: the sheet"
    ):
        shop.ingest(feed=EVERY_FEED)
    assert shop.silver() == {"a": 4}
    (refusal,) = refusals(shop).values()
    assert "more than 32,000,000 cells; delete the cells far from the rows, or deliver it as CSV" in refusal


def test_links_and_forged_names_stop_no_other(shop: Shop, landing: Path, tmp_path: Path) -> None:
    """Nothing behind a link is read, and a name forges no line; the good file of the same feed is loaded as well."""
    secret = tmp_path / "ratings_secret.csv"
    secret.write_text(RATINGS.replace("p9", "SECRET"))
    (landing / "ratings_2026-02-01.csv").symlink_to(secret)
    (landing / "ratings_2026-02-02'\n\x1b[2JCRITICAL.csv").write_text(RATINGS.replace("p9", "p8"))
    (landing / "ratings_2026-02-03.csv").write_text(RATINGS)
    with pytest.raises(BadInputError, match="2 files were loaded, but not all") as refused:
        shop.ingest(feed=EVERY_FEED)
    assert refused.value.message.isprintable()
    assert shop.silver() == {"a": 4, "k": 4, "l": 3}
    told = refusals(shop)
    assert "a link to a place outside the landing folder" in told["ratings_2026-02-01.csv"]
    assert "has signs in its name that nobody sees" in told["ratings_2026-02-02'\\n\\x1b[2JCRITICAL.csv"]


def test_a_file_that_was_replaced_after_the_check_is_not_loaded(
    shop: Shop, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are neither those that were checked nor loaded under their checksum."""

    def swapped(path: Path, contract: Contract, folder: Path) -> DeliveredFile:
        checked = inspect_file(path, contract, folder)
        if contract.feed == "ratings":
            path.write_text(RATINGS.replace("k,p9", "SECRET,p9"))
        return checked

    (landing / "ratings_2026-02-03.csv").write_text(RATINGS)
    monkeypatch.setattr(job, "inspect_file", swapped)
    with pytest.raises(BadInputError, match="ratings_2026-02-03.csv: the file was changed after it was checked"):
        shop.ingest(feed=EVERY_FEED)
    assert shop.silver() == {"a": 4}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "count", [pytest.param(12, marks=pytest.mark.system), pytest.param(50, marks=pytest.mark.full)]
)
def test_mutated_files_stop_no_other(shop: Shop, landing: Path, count: int) -> None:
    """Each has its line in the ledger, loaded or refused, and what is good beside them is in silver."""
    chance = random.Random(SEED)
    rows = [line.split(",") for line in RATINGS.splitlines()]
    good = {"csv": RATINGS.encode(), "xlsx": workbook(landing.parent, "good.xlsx", rows).read_bytes()}
    for number in range(count):
        kind = ("csv", "xlsx")[number % 2]
        content = fuzz.mutant(kind, good[kind], chance)
        (landing / f"ratings_2025-{number // 28 + 1:02d}-{number % 28 + 1:02d}.{kind}").write_bytes(content)
    (landing / "ratings_2026-02-03.csv").write_text(RATINGS)
    with pytest.raises(BadInputError, match="files were loaded, but not all, since ratings_2025-"):
        shop.ingest(feed=EVERY_FEED)
    assert shop.silver().items() >= {"a": 4, "k": 4, "l": 3}.items()
    delivered = {hashlib.sha256(path.read_bytes()).hexdigest() for path in landing.iterdir()}
    lines = {row.file_checksum for row in shop.lake.read(FILES).collect() if row.feed == "ratings"}
    assert lines == delivered and len(refusals(shop)) > count / 5
