"""Equal lines of a till: each is a line of its own, whatever is delivered again, corrected or set aside."""

from __future__ import annotations

import os

import pytest

from tests.kit.deliveries import DAY_IN_NAME, Till

pytestmark = pytest.mark.slow

MILK, BREAD = "R1,MILK,1,1.10,2026-01-31", "R1,BREAD,1,2.00,2026-01-31"
BY_VALUE = "concat(row_hash(nr, sku, qty, amt, day), '-', occurrence(nr, sku, qty, amt, day))"
BY_PLACE = "occurrence(nr)"


def test_equal_lines_count_each(till: Till) -> None:
    """The second milk is sold too; another order counts anew."""
    till.lines_contract(line=BY_VALUE)
    till.csv("reviews_1.csv", *(MILK, MILK, BREAD, MILK.replace("R1", "R2")))
    till.ingest()
    milk, bread = ("MILK", "1", "1.1"), ("BREAD", "1", "2")
    assert till.lines() == [("R1", *bread), ("R1", *milk), ("R1", *milk), ("R2", *milk)]
    assert till.files()["reviews_1.csv"].rows_duplicate == 0


def test_what_is_delivered_again_changes_nothing_and_a_correction_replaces(till: Till) -> None:
    """The n-th line of an order is one line: the same lines in other bytes are the same lines, other values replace."""
    till.lines_contract(*DAY_IN_NAME, line=BY_PLACE)
    till.csv("reviews_2026-01-31.csv", MILK, MILK, BREAD)
    till.ingest()
    before = till.lines()
    till.csv("reviews_2026-02-01.csv", *(MILK, MILK, BREAD, ""))
    till.ingest()
    assert till.lines() == before
    till.csv("reviews_2026-02-02.csv", MILK, MILK.replace("1.10", "0.90"), BREAD)
    till.ingest()
    assert [amount for *_, amount in till.lines()] == ["2", "0.9", "1.1"]


def test_a_line_set_aside_keeps_its_place_among_equals(till: Till) -> None:
    """Of three equal lines the middle one is set aside and passes later: three lines, by place and by value."""
    for line in (BY_PLACE, BY_VALUE):
        till.lines_contract(line=line)
        order = "P" if line == BY_PLACE else "V"
        rows = [text.replace("R1", order) for text in (MILK, MILK.replace("2026-01-31", "31.01.2026"), MILK)]
        path = till.csv(f"reviews_{order}.csv", *rows)
        os.utime(path, (1_770_000_000, 1_770_000_000))
        till.ingest()
        assert len([sold for sold in till.lines() if sold[0] == order]) == 2
        till.lines_contract(line=line, formats=("yyyy-MM-dd", "dd.MM.yyyy"), version="1.1.0")
        for _ in range(2):
            till.replay()
            assert [sold for sold in till.lines() if sold[0] == order] == [(order, "MILK", "1", "1.1")] * 3


def test_a_changed_id_does_not_bring_a_file_in_twice(till: Till) -> None:
    """Rows that are in silver under ids of another make are left alone when the others of their file are replayed."""
    till.lines_contract(line="row_hash(nr, sku, qty, amt, day)")
    till.csv("reviews_1.csv", MILK, BREAD, "R1,EGGS,1,3.00,31.01.2026")
    till.ingest()
    till.lines_contract(line=BY_VALUE, formats=("yyyy-MM-dd", "dd.MM.yyyy"), version="1.1.0")
    till.replay()
    assert [product for _, product, *_ in till.lines()] == ["BREAD", "EGGS", "MILK"]
