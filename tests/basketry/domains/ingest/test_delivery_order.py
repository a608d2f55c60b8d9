"""Which of several files of one day wins: what the name says, then the time noted when each was first seen, never chance."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from basketry.contracts import load_contract
from basketry.errors import BadInputError
from basketry.files import inspect_file
from basketry.tables import FILES, ORDER_LINES
from tests.kit.deliveries import DAY_IN_NAME, Till

pytestmark = pytest.mark.slow

MORNING, NOON = 1_770_000_000, 1_770_010_000


def delivered(till: Till, name: str, amount: str, at: int, orders: str = "QRST") -> Path:
    """A file of one line per order, written at that time; amounts differ, so that checksums go either way."""
    path = till.csv(name, *(f"{order},A,1,{amount}.{place},2026-01-31" for place, order in enumerate(orders)))
    os.utime(path, (at, at))
    return path


def amounts(till: Till) -> set[str]:
    """The whole units that orders cost."""
    return {amount.partition(".")[0] for _, _, _, amount in till.lines()}


@pytest.mark.parametrize(("first", "second"), itertools.permutations((("10", MORNING), ("8", NOON))))
def test_the_correction_of_a_day_wins_in_whichever_order(
    till: Till, first: tuple[str, int], second: tuple[str, int]
) -> None:
    """The later written of two files of one day; the one that comes too late says how many of its rows are older."""
    till.lines_contract(*DAY_IN_NAME)
    for number, (amount, at) in enumerate((first, second)):
        delivered(till, f"reviews_2026-01-31_{number}.csv", amount, at)
        report = till.ingest()
    assert amounts(till) == {"8"}
    last = till.files()["reviews_2026-01-31_1.csv"]
    assert last.rows_older == (4 if second[0] == "10" else 0)
    assert ("4 older than what is stored" in report.summary[-1]) == (second[0] == "10")


def test_a_time_is_noted_once(till: Till) -> None:
    """A file that is touched, copied or loaded by force again keeps the time at which its content was first seen."""
    till.lines_contract(*DAY_IN_NAME)
    path = delivered(till, "reviews_2026-01-31_a.csv", "10", MORNING)
    till.ingest()
    os.utime(path, (NOON + 1, NOON + 1))
    till.ingest(force=True)
    assert till.files()[path.name].ordering_time.timestamp() == MORNING
    delivered(till, "reviews_2026-01-31_b.csv", "8", NOON)
    till.ingest(files="*_b.csv")
    assert amounts(till) == {"8"}


def test_by_force_a_file_becomes_the_newest_of_its_day(till: Till) -> None:
    """And stays so, however often; a file that is written later wins over it again."""
    till.lines_contract(*DAY_IN_NAME)
    delivered(till, "reviews_2026-01-31_a.csv", "10", MORNING)
    delivered(till, "reviews_2026-01-31_b.csv", "8", NOON)
    till.ingest()
    for _ in range(2):
        till.ingest(files="*_a.csv", force=True)
        assert amounts(till) == {"10"}
        noted = {row.ordering_time.timestamp() for row in till.files().values()}
        assert noted == {NOON, NOON + 0.000001}
    delivered(till, "reviews_2026-01-31_c.csv", "7", NOON + 1)
    till.ingest()
    assert amounts(till) == {"7"}


def test_a_day_comes_back(till: Till) -> None:
    """What was true on a day, is corrected the day after and true again after that: D, D+1, D."""
    till.lines_contract(*DAY_IN_NAME)
    first = delivered(till, "reviews_2026-01-31.csv", "10", MORNING)
    delivered(till, "reviews_2026-02-01.csv", "8", NOON)
    till.ingest()
    again = till.path("reviews_2026-02-02.csv")
    again.write_bytes(first.read_bytes())
    os.utime(again, (MORNING, MORNING))
    till.ingest()
    assert amounts(till) == {"10"}


def test_what_nothing_settles_is_told(till: Till) -> None:
    """Two files of one day and one time that say different things: told and counted, in one load and in two."""
    till.lines_contract(*DAY_IN_NAME)
    delivered(till, "reviews_2026-01-31_a.csv", "10", NOON, orders="QR")
    delivered(till, "reviews_2026-01-31_b.csv", "8", NOON, orders="QS")
    report = till.ingest()
    assert [row.rows_contradicting for row in till.files().values()] == [1, 1]
    assert all("1 contradict another file of the same day and time" in line for line in report.summary)
    delivered(till, "reviews_2026-01-31_c.csv", "7", NOON, orders="ST")
    till.ingest()
    assert till.files()["reviews_2026-01-31_c.csv"].rows_contradicting == 1


def test_rows_of_an_earlier_release_are_older(till: Till) -> None:
    """They have no time of their own: a file of their day wins over them, and they are still read."""
    till.lines_contract(*DAY_IN_NAME)
    delivered(till, "reviews_2026-01-31_a.csv", "10", NOON)
    till.ingest()
    till.lake.update(ORDER_LINES, {"_ordering_time": "NULL"}, "true")
    till.lake.update(FILES, {"ordering_time": "NULL"}, "true")
    delivered(till, "reviews_2026-01-31_b.csv", "8", MORNING)
    till.ingest()
    assert amounts(till) == {"8"}


def test_a_slip_in_a_files_day_is_refused(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after tomorrow, where the retailer is, would beat every correction: nothing of it is written, and the fix is named."""
    monkeypatch.setenv("BASKETRY_NOW", "2026-01-31T22:30:00+00:00")  # 23:30 in Paris
    till.lines_contract(*DAY_IN_NAME)
    contract = load_contract("shop", "reviews", till.include)
    assert inspect_file(delivered(till, "reviews_2026-02-01.csv", "9", NOON), contract).names_its_day
    delivered(till, "reviews_2026-02-02.csv", "10", NOON)
    with pytest.raises(BadInputError, match=r"reviews_2026-02-02.csv: its name says .* correct the day in the name"):
        till.ingest()
    assert amounts(till) == {"9"}
    assert till.files()["reviews_2026-02-02.csv"].status == "refused"
