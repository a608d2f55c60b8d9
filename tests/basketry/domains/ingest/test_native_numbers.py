"""Numbers that are numbers in the file itself: the contract's signs for text have no say in them."""

from __future__ import annotations

import pytest

from tests.kit.deliveries import COMMA, Till

pytestmark = pytest.mark.slow

DAY = "2026-01-31"


def test_a_number_is_the_same_from_text_cell_and_json(till: Till) -> None:
    """Text has the contract's signs, in a cell and a JSON string as well; a number has none, however JSON writes it."""
    till.lines_contract(*COMMA)
    till.csv("reviews_1.csv", f"C;1;1,234;12,00;{DAY}", f"C;2;2;1.255,00;{DAY}", f"C;3;1;12,50;{DAY}", sign=";")
    cells = [
        ("X", "1", 1.234, 12, DAY),
        ("X", "2", 2, "1.255,00", DAY),
        ("X", "3", "1", 12.5, DAY),
        ("X", "4", "1.234", 0.125, DAY),
    ]
    till.workbook("reviews_2.xlsx", *cells)
    objects = [
        f'{{"nr":"J","sku":"1","qty":1.234,"amt":12.00,"day":"{DAY}"}}',
        f'{{"nr":"J","sku":"2","qty":2,"amt":"1.255,00","day":"{DAY}"}}',
        f'{{"nr":"J","sku":"3","qty":1e0,"amt":1.25e1,"day":"{DAY}"}}',
        f'{{"nr":"J","sku":"4","qty":"1.234","amt":0.125,"day":"{DAY}"}}',
    ]
    till.jsonl("reviews_3.jsonl", *objects)
    till.ingest()
    three = [("1", "1.234", "12"), ("2", "2", "1255"), ("3", "1", "12.5")]
    text = ("4", "1234", "0.125")
    assert till.lines() == [(order, *line) for order in "CJX" for line in (*three, *([text] if order != "C" else []))]


def test_a_replayed_row_keeps_its_numbers(till: Till) -> None:
    """What is a number in the file stays one in quarantine and in bronze, whatever else is wrong with its row."""
    till.lines_contract(*COMMA)
    till.workbook("reviews_1.xlsx", ("X", "1", 1.234, 12.5, "31.01.2026"), ("X", "2", "1.234", "12,5", "31.01.2026"))
    till.ingest()
    assert till.reasons() == [["day:not_a_date"]] * 2
    till.lines_contract(*COMMA, formats=("dd.MM.yyyy",), version="1.1.0")
    till.replay()
    assert till.lines() == [("X", "1", "1.234", "12.5"), ("X", "2", "1234", "12.5")]
