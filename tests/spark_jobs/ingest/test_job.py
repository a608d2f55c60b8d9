"""Loading files: once, whole, repeatable, whatever the order; rows in = good + quarantined + duplicate."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from basketry.contracts import load_contract
from basketry.errors import BadInputError
from basketry.ingest import job, replay
from basketry.lakehouse import Lakehouse
from basketry.report import JobReport
from basketry.settings import Settings
from basketry.tables import FILES, QUARANTINE, REVIEWS, bronze_table

CATALOG = "catalog: shop\ndescription: A shop for tests.\ntime_zone: Europe/Paris\ncurrency: EUR\ncountry: FR\n"
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: shop.reviews
name: reviews
version: {version}
status: active
tenant: shop
description: {{purpose: Reviews as the shop exports them.}}
schema:
  - name: delivered
    physicalType: file
    logicalType: object
    customProperties:
      - {{property: filePatterns, value: ["reviews_*.csv"]}}
      - {{property: format, value: csv}}
      - {{property: maxRejectedShare, value: 0.5}}
      - {{property: deliveredAt, value: {{fromFileName: 'reviews_(\\d{{4}}-\\d{{2}}-\\d{{2}})', format: yyyy-MM-dd}}}}
    properties:
      - {{name: id, logicalType: string, required: true}}
      - {{name: product, logicalType: string, required: true}}
      - {{name: stars, logicalType: integer, required: true}}
      - {{name: day, logicalType: date, required: true, logicalTypeOptions: {{format: yyyy-MM-dd}}}}
  - name: reviews
    physicalType: table
    logicalType: object
    properties:
      - {{name: review_id, logicalType: string, transformLogic: id}}
      - {{name: product_id, logicalType: string, transformLogic: product}}
      - {{name: rating, logicalType: integer, transformLogic: stars}}
      - {{name: reviewed_on, logicalType: date, transformLogic: day}}
    quality:
      - name: rating_in_range
        type: custom
        engine: basketry
        implementation: "rating between 1 and {most}"
        severity: reject
        description: A rating is one to five stars.
"""
FIRST = "id,product,stars,day\na,p1,5,2026-01-01\nb,p1,9,2026-01-02\nc,p2,x,nonsense\na,p1,4,2026-01-03\n"
SECOND = "id,product,stars,day\na,p1,1,2026-01-09\nd,p3,3,2026-01-10\n"


class Shop:
    """A catalog of one feed with its landing folder."""

    def __init__(self, spark: SparkSession, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the contract; the lake is empty."""
        self.include = home / "include"
        monkeypatch.setenv("BASKETRY_HOME", str(home))
        monkeypatch.setenv("BASKETRY_INCLUDE", str(self.include))
        self.settings = Settings.from_environment()
        self.lake = Lakehouse(spark, "shop", self.settings)
        self.contract()
        (self.include / "catalogs").mkdir(parents=True)
        (self.include / "catalogs" / "shop.yaml").write_text(CATALOG)

    def contract(self, *, version: str = "1.0.0", most: int = 5) -> None:
        """Write the contract; most: the highest rating it accepts."""
        folder = self.include / "contracts" / "shop"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "reviews.odcs.yaml").write_text(CONTRACT.format(version=version, most=most))

    def deliver(self, day: str, text: str, suffix: str = "") -> Path:
        """Put a file into the landing folder."""
        path = self.settings.landing_folder("shop", "reviews") / f"reviews_{day}{suffix}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def ingest(self, files: str = "*", **given: object) -> JobReport:
        """Run the job."""
        arguments = {
            "feed": "reviews",
            "files": files,
            "force": False,
            "refusals_only": False,
            "dry_run": False,
            "run_id": "r1",
            "delivered_by": None,
        }
        return job.run(self.lake, argparse.Namespace(**{**arguments, **given}))

    def replay(self, *, dry_run: bool = False) -> object:
        """Run the replay."""
        return replay.run(self.lake, argparse.Namespace(feed="reviews", dry_run=dry_run, run_id="r2"))

    def silver(self) -> dict[str, int]:
        """Ratings by review."""
        return {row.review_id: row.rating for row in self.lake.read(REVIEWS).collect()}

    def quarantine(self) -> dict[int, tuple[str, list[str]]]:
        """State and reasons by row number."""
        return {row.row_number: (row.state, sorted(row.reasons)) for row in self.lake.read(QUARANTINE).collect()}

    def ledger(self) -> dict[str, tuple[str, int, int, int, int]]:
        """Status, rows read, good, quarantined and duplicate by file name."""
        return {
            row.file_name: (row.status, row.rows_read, row.rows_good, row.rows_quarantined, row.rows_duplicate)
            for row in self.lake.read(FILES).collect()
        }

    def bronze(self) -> int:
        """Rows as delivered."""
        contract = load_contract("shop", "reviews", self.include)
        return self.lake.read(bronze_table("reviews", ((c.name, c.pii) for c in contract.delivered))).count()


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An empty shop."""
    return Shop(spark, tmp_path, monkeypatch)


def test_every_row_of_a_file_ends_in_one_place(shop: Shop) -> None:
    """Good rows reach silver, bad ones quarantine with all reasons, all are in bronze, and the ledger adds up."""
    shop.deliver("2026-01-05", FIRST)
    shop.ingest(delivered_by="Anna")
    assert shop.silver() == {"a": 4}
    assert shop.quarantine() == {
        3: ("open", ["rating_in_range"]),
        4: ("open", ["day:not_a_date", "stars:not_an_integer"]),
    }
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 4, 1, 2, 1)}
    assert shop.bronze() == 4
    row = shop.lake.read(FILES).head()
    assert row is not None
    assert (row.delivered_by, str(row.touched_from), str(row.touched_to)) == ("Anna", "2026-01-03", "2026-01-03")
    assert row.reasons == {"rating_in_range": 1, "day:not_a_date": 1, "stars:not_an_integer": 1}


def test_a_loaded_file_is_skipped_by_content_whatever_its_name(shop: Shop) -> None:
    """The same bytes under another name change nothing; --force loads them again to the same end."""
    shop.deliver("2026-01-05", FIRST)
    shop.ingest()
    versions = {table.name: shop.lake.version(table) for table in (REVIEWS, QUARANTINE, FILES)}
    shop.deliver("2026-01-05", FIRST, suffix="_copy")
    shop.ingest()
    assert {table.name: shop.lake.version(table) for table in (REVIEWS, QUARANTINE, FILES)} == versions
    shop.ingest(files="reviews_2026-01-05.csv", force=True)
    assert (shop.silver(), len(shop.quarantine()), shop.bronze()) == ({"a": 4}, 2, 4)
    assert len(shop.ledger()) == 1


def test_a_dry_run_counts_the_same_and_writes_nothing(shop: Shop) -> None:
    """The report of a dry run is the report of the run."""
    shop.deliver("2026-01-05", FIRST)
    rehearsed = shop.ingest(dry_run=True)
    assert not any(shop.settings.home.glob("lake/**/*.parquet"))
    assert rehearsed.summary == shop.ingest().summary  # type: ignore[attr-defined]


@pytest.mark.parametrize("order", [("2026-01-05", "2026-01-11"), ("2026-01-11", "2026-01-05")])
def test_a_correction_wins_whenever_it_arrives(shop: Shop, order: tuple[str, str]) -> None:
    """A newer delivery updates; an older one that arrives late does not overwrite it."""
    texts = {"2026-01-05": FIRST, "2026-01-11": SECOND}
    for day in order:
        shop.deliver(day, texts[day])
        shop.ingest()
    assert shop.silver() == {"a": 1, "d": 3}
    assert {name: counts[1:] for name, counts in shop.ledger().items()} == {
        "reviews_2026-01-05.csv": (4, 1, 2, 1),
        "reviews_2026-01-11.csv": (2, 2, 0, 0),
    }


def test_files_of_one_load_are_resolved_like_files_of_several(shop: Shop) -> None:
    """Two files in one run end as two runs would."""
    shop.deliver("2026-01-05", FIRST)
    shop.deliver("2026-01-11", SECOND)
    shop.ingest()
    assert shop.silver() == {"a": 1, "d": 3}


@pytest.mark.parametrize("step", ["replace", "merge", "record"])
def test_a_load_killed_at_any_write_is_healed_by_the_next_try(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whichever commit is the last that got through, repeating the load ends as an undisturbed one."""
    shop.deliver("2026-01-05", FIRST)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        target: object = job if step == "record" else Lakehouse
        broken.setattr(target, step, die)
        with pytest.raises(KeyboardInterrupt):
            shop.ingest()
    shop.ingest()
    assert (shop.silver(), shop.bronze(), len(shop.quarantine())) == ({"a": 4}, 4, 2)
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 4, 1, 2, 1)}


def test_a_file_with_too_many_bad_rows_is_refused_whole(shop: Shop) -> None:
    """Nothing of it is loaded, the ledger says why, and the corrected file loads."""
    shop.deliver("2026-01-05", "id,product,stars,day\na,p,9,2026-01-01\nb,p,9,2026-01-01\nc,p,1,2026-01-01\n")
    shop.deliver("2026-01-11", SECOND)
    with pytest.raises(
        BadInputError, match=r"reviews_2026-01-05.csv: 66.7% of its rows are bad \(most: rating_in_range\)"
    ):
        shop.ingest()
    assert not shop.lake.exists(REVIEWS)
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("refused", 3, 1, 2, 0)}
    shop.contract(version="1.1.0", most=9)
    shop.ingest()
    assert shop.silver() == {"a": 1, "b": 9, "c": 1, "d": 3}
    assert {counts[0] for counts in shop.ledger().values()} == {"loaded"}


def test_replayed_rows_that_now_pass_leave_quarantine(shop: Shop) -> None:
    """A corrected contract lets the row through; the ledger still adds up; a newer row is not overwritten."""
    shop.deliver("2026-01-05", FIRST)
    shop.ingest()
    shop.contract(version="1.1.0", most=10)
    shop.replay(dry_run=True)
    assert shop.silver() == {"a": 4}
    for _ in range(2):
        shop.replay()
        assert shop.silver() == {"a": 4, "b": 9}
        assert shop.quarantine() == {
            3: ("replayed", ["rating_in_range"]),
            4: ("open", ["day:not_a_date", "stars:not_an_integer"]),
        }
        assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 4, 2, 1, 1)}


def test_a_symlink_out_of_the_landing_folder_is_refused(shop: Shop, tmp_path: Path) -> None:
    """A file is read only where it was delivered."""
    outside = tmp_path / "secret.csv"
    outside.write_text(FIRST)
    link = shop.deliver("2026-01-05", "")
    link.unlink()
    os.symlink(outside, link)
    with pytest.raises(BadInputError, match="reviews_2026-01-05.csv"):
        shop.ingest()
    assert not shop.lake.exists(FILES)


def test_formula_text_is_kept_as_text(shop: Shop) -> None:
    """A cell that a spreadsheet would execute is a value like any other, and stays verbatim."""
    shop.deliver("2026-01-05", "id,product,stars,day\n=cmd|' /C calc'!A0,p,5,2026-01-01\n")
    shop.ingest()
    assert shop.silver() == {"=cmd|' /C calc'!A0": 5}


def test_an_empty_delivery_is_loaded_as_empty(shop: Shop) -> None:
    """A header alone is a delivery of no rows: it gets its line."""
    shop.deliver("2026-01-05", "id,product,stars,day\n")
    shop.ingest()
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 0, 0, 0, 0)}


def test_a_file_that_turns_out_unreadable_half_way_is_refused_in_one_sentence(shop: Shop) -> None:
    """A quote that is never closed is found while reading: nothing is loaded, and the message names file and line."""
    shop.deliver("2026-01-05", FIRST + 'e,"p1,4,2026-01-03\nf,p1,4,2026-01-03\n')
    with pytest.raises(BadInputError, match=r"reviews_2026-01-05.csv.*line 6"):
        shop.ingest()
    assert not shop.lake.exists(REVIEWS)
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("refused", 0, 0, 0, 0)}


def test_a_file_that_does_not_fit_its_contract_gets_its_line(shop: Shop) -> None:
    """Its neighbour is not loaded either; noting refusals alone says the same; mended, both load."""
    shop.deliver("2026-01-04", "id,stars,day\na,5,2026-01-01\n")
    shop.deliver("2026-01-05", FIRST)
    told = shop.ingest(refusals_only=True)
    assert told.summary[0].startswith("reviews_2026-01-04.csv: 0 rows read, refused: ")
    assert shop.ledger() == {"reviews_2026-01-04.csv": ("refused", 0, 0, 0, 0)}
    with pytest.raises(BadInputError, match=r"nothing was loaded, since reviews_2026-01-04.csv: .*product"):
        shop.ingest()
    assert not shop.lake.exists(REVIEWS)
    assert shop.ledger() == {"reviews_2026-01-04.csv": ("refused", 0, 0, 0, 0)}
    shop.deliver("2026-01-04", "id,product,stars,day\nz,p1,5,2026-01-01\n")
    shop.ingest()
    assert shop.silver() == {"a": 4, "z": 5}


def test_a_loaded_file_that_fits_no_more_keeps_its_line(shop: Shop) -> None:
    """Its rows are in silver, so the ledger must not call it refused."""
    shop.deliver("2026-01-05", FIRST)
    shop.ingest()
    before = shop.ledger()
    contract = shop.include / "contracts" / "shop" / "reviews.odcs.yaml"
    contract.write_text(contract.read_text().replace("name: stars", "name: points").replace("Logic: stars", "Logic: points"))
    with pytest.raises(BadInputError, match="points"):
        shop.ingest(force=True)
    assert shop.ledger() == before


def test_no_file_to_note_is_no_failure(shop: Shop) -> None:
    """The task that notes refusals also runs when the pattern meant nothing; finding files has said so already."""
    shop.deliver("2026-01-05", FIRST)
    assert "No file in" in shop.ingest(refusals_only=True, files="nothing*").summary[0]
    assert shop.ingest(refusals_only=True).summary == ("every file can be loaded",)
    assert not shop.lake.exists(FILES)
