"""What a task computes, against counting row by row; no Spark."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from basketry.features import kernel, partition, sorting
from basketry.tables import CUSTOMER_FEATURES, FEATURES, Table
from tests.basketry.features.samples import FIRST, batch, by_key, computed, counted, expected, shop
from tests.kit.rows import Row, order_line

CATEGORIES = ("Milk 'n more", "Tea", "Uncategorised", "Nobody's")
AS_OFS = tuple(FIRST + timedelta(days=days) for days in (2, 89, 364, 365, 396, 397, 460))


def _expected(rows: Sequence[Row], as_ofs: Sequence[date], table: Table) -> dict[tuple[Any, ...], Row]:
    keys = [name for name in table.key if name != "as_of"]
    found = {(as_of, *key): row for as_of in as_ofs for key, row in expected(rows, as_of, keys).items()}
    return {key: row for key, row in found.items() if len(keys) == 1 or key[2] in CATEGORIES}


def _assert_equal(rows: Sequence[Row], as_ofs: Sequence[date], buckets: int = 1) -> None:
    made = computed(rows, as_ofs, CATEGORIES, buckets)
    for table in FEATURES:
        found, wanted = by_key(made[table.name], table), _expected(rows, as_ofs, table)
        assert found.keys() == wanted.keys()
        for key, row in wanted.items():
            assert found[key] == pytest.approx(row, rel=1e-12, abs=1e-12), key


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The lines of the shop that count."""
    return counted(*shop())


def test_every_measure_of_every_level_and_date(rows: list[Row]) -> None:
    """All stored measures of all three levels, seven dates in one pass, are what counting row by row gives."""
    _assert_equal(rows, AS_OFS)


def test_pieces_buckets_and_long_codes_change_nothing(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with lines spread over three tasks, a few keys at a time, and codes too long to be packed for sorting."""
    monkeypatch.setattr(kernel, "_MAX_CELLS", 20)
    monkeypatch.setattr(sorting, "_bit_width", lambda values: 32)
    _assert_equal(rows, AS_OFS[2:5], buckets=3)


def test_what_comes_later_changes_nothing(rows: list[Row]) -> None:
    """Adding, changing or dropping lines after an as-of date leaves every feature as of that date as it is."""
    as_of, chance = AS_OFS[3], random.Random(1)
    before = [row for row in rows if row["order_date"] <= as_of]
    after = [{**row, "list_amount": row["list_amount"] * 3} for row in rows if row["order_date"] > as_of]
    later = [
        order_line(f"N{n}", "1", as_of + timedelta(days=1 + n % 3), f"C{n}", product=f"P{n % 27}") for n in range(40)
    ]
    later = [{**row, "category": "Tea"} for row in later]
    mixed = [*before, *after, *later]
    chance.shuffle(mixed)
    alone, among = computed(before, [as_of], CATEGORIES), computed(mixed, [as_of], CATEGORIES)
    for table in FEATURES:
        assert by_key(alone[table.name], table) == by_key(among[table.name], table)


def test_many_dates_at_once_are_each_date_alone(rows: list[Row]) -> None:
    """Forty consecutive dates in one pass give what forty passes give."""
    dates = [FIRST + timedelta(days=340 + number) for number in range(40)]
    together = computed(rows, dates, CATEGORIES)
    for day in dates[::13]:
        alone = computed(rows, [day], CATEGORIES)
        for table in FEATURES:
            assert by_key(alone[table.name], table).items() <= by_key(together[table.name], table).items()


def test_days_since_a_discount() -> None:
    """Days since the last discount; never more than the window where something was bought without; 0 without a line."""
    rows = [order_line("O1", "1", "2024-01-01", instore_discount="1"), order_line("O2", "1", "2024-03-01", "C2")]
    rows += [order_line("O3", "1", "2024-01-01", "C3", instore_discount="1"), order_line("O4", "1", "2024-02-01", "C3")]
    made = computed(counted(rows, []), [date(2024, 4, 1)], ["Tea"])
    features = {row["customer_id"]: row for row in made[CUSTOMER_FEATURES.name]}
    assert [features[who]["days_since_instore_discount_30d"] for who in ("C1", "C2", "C3")] == [91, 29, 29]
    assert [features[who]["days_since_instore_discount_90d"] for who in ("C1", "C2", "C3")] == [91, 89, 89]
    assert [features[who]["days_since_instore_discount_ly30d"] for who in ("C1", "C2", "C3")] == [0, 0, 0]


def test_sums_are_exact() -> None:
    """Amounts far apart add up to the last ten-thousandth."""
    rows = [order_line("O1", str(number), "2024-01-01", list_amount="0.0001") for number in range(3)]
    rows.append(order_line("O1", "3", "2024-01-01", list_amount="700000000000"))
    made = computed(counted(rows, []), [date(2024, 1, 1)], ["Tea"])
    assert made[CUSTOMER_FEATURES.name][0]["amount_list_30d"] == 700000000000.0003


def test_orders_by_category(rows: list[Row]) -> None:
    """An order counts once for each category that it has a line of, up to the day."""
    day = AS_OFS[2]
    packed = [lines.select(["batch"]) for lines in partition.pack_lines([batch(rows)], 1)]
    (baskets,) = partition.baskets_of_lines(packed, (day - date(1970, 1, 1)).days)
    orders: dict[str, set[str]] = {}
    for row in rows:
        if row["order_date"] <= day:
            orders.setdefault(row["category"], set()).add(row["order_id"])
    assert {row["category"]: row["baskets"] for row in baskets.to_pylist()} == {
        name: len(of) for name, of in orders.items()
    }


def test_nothing_gives_nothing() -> None:
    """No lines, no known customer, or no scored category: no rows and no error."""
    assert not list(partition.pack_lines([batch([])], 1))
    empty = pa.record_batch({"batch": pa.array([], pa.binary())})
    assert not list(partition.customer_features([empty], [0], ["Tea"], 0)) and not list(
        partition.category_features([], [0], 0)
    )
    nobody = counted([order_line("O1", "1", "2024-01-01", None)], [])
    assert set(computed(nobody, [date(2024, 1, 1)], [])) == {"category_features"}
