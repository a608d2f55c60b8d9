"""Loading files: once, whole, repeatable, whatever the order; rows in = good + quarantined + duplicate."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from basketry.domains.ingest import job
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FILES, QUARANTINE, REVIEWS
from tests.kit.deliveries import FIRST, SECOND, Shop

pytestmark = pytest.mark.slow


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


@pytest.mark.parametrize("step", ["replace", "merge", "record_files"])
def test_a_load_killed_at_any_write_is_healed_by_the_next_try(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Whichever commit is the last that got through, repeating the load ends as an undisturbed one."""
    shop.deliver("2026-01-05", FIRST)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        target: object = job if step == "record_files" else Lakehouse
        broken.setattr(target, step, die)
        with pytest.raises(KeyboardInterrupt):
            shop.ingest()
    shop.ingest()
    assert (shop.silver(), shop.bronze(), len(shop.quarantine())) == ({"a": 4}, 4, 2)
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 4, 1, 2, 1)}


def test_a_file_with_too_many_bad_rows_is_refused_whole(shop: Shop) -> None:
    """Nothing of it is loaded, the ledger says why, and the corrected file loads."""
    shop.contract(most=4)
    shop.deliver("2026-01-05", "id,product,stars,day\na,p,5,2026-01-01\nb,p,5,2026-01-01\nc,p,1,2026-01-01\n")
    shop.deliver("2026-01-11", SECOND)
    with pytest.raises(
        BadInputError, match=r"reviews_2026-01-05.csv: 66.7% of its rows are bad \(most: rating_in_range\)"
    ):
        shop.ingest()
    assert shop.silver().keys() == {"a", "d"}  # those of the other file
    ledger = shop.ledger()
    assert ledger["reviews_2026-01-05.csv"] == ("refused", 3, 1, 2, 0)
    assert ledger["reviews_2026-01-11.csv"][0] == "loaded"
    shop.contract(version="1.1.0", most=5)
    shop.ingest()
    assert shop.silver() == {"a": 1, "b": 5, "c": 1, "d": 3}
    assert {counts[0] for counts in shop.ledger().values()} == {"loaded"}


def test_replayed_rows_that_now_pass_leave_quarantine(shop: Shop) -> None:
    """A corrected contract lets the row through; the ledger still adds up; a newer row is not overwritten."""
    shop.contract(most=4)
    shop.deliver("2026-01-05", FIRST.replace("a,p1,5", "a,p1,3").replace("b,p1,9", "b,p1,5"))
    shop.ingest()
    shop.contract(version="1.1.0", most=5)
    shop.replay(dry_run=True)
    assert shop.silver() == {"a": 4}
    for _ in range(2):
        shop.replay()
        assert shop.silver() == {"a": 4, "b": 5}
        assert shop.quarantine() == {
            3: ("replayed", ["rating_in_range"]),
            4: ("open", ["day:not_a_date", "stars:not_an_integer"]),
        }
        assert shop.ledger() == {"reviews_2026-01-05.csv": ("loaded", 4, 2, 1, 1)}


def test_a_symlink_out_of_the_landing_folder_is_refused(shop: Shop, tmp_path: Path) -> None:
    """A file is read only where it was delivered; the ledger says that one was refused."""
    outside = tmp_path / "secret.csv"
    outside.write_text(FIRST)
    link = shop.deliver("2026-01-05", "")
    link.unlink()
    os.symlink(outside, link)
    with pytest.raises(BadInputError, match="reviews_2026-01-05.csv"):
        shop.ingest()
    assert shop.ledger() == {"reviews_2026-01-05.csv": ("refused", 0, 0, 0, 0)}
    assert not shop.lake.exists(REVIEWS)


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
