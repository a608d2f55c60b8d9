"""Signs that nobody sees: no part of a value when they stand around it, and no part of an id at all."""

from __future__ import annotations

import unicodedata

import pytest

from basketry.files.blanks import BLANKS, INVISIBLE, strip_blanks
from basketry.tables import bronze_table
from tests.kit.deliveries import Till

pytestmark = pytest.mark.slow


def test_every_space_of_unicode_is_a_blank() -> None:
    """And what Python's own strip takes, a tab, a byte order mark and whatever has no width; letters and NUL are none."""
    spaces = {
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) in ("Zs", "Zl", "Zp") or chr(code).isspace()
    }
    assert spaces | {"\t", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"} <= set(BLANKS)
    assert all(unicodedata.category(sign) in ("Zs", "Zl", "Zp", "Cc", "Cf") for sign in BLANKS)
    assert "\0" not in BLANKS
    assert strip_blanks("\ufeff\u00a0 a b\u200b\t") == "a b"


@pytest.mark.parametrize("sign", ["\u00a0", "\u202f", "\u200b", "\u2060", "\ufeff", "\t"])
def test_what_only_looks_equal_is_equal(till: Till, sign: str) -> None:
    """Around an id and a category, within a header; an id of nothing else is missing; bronze keeps what was delivered."""
    till.lines_contract(line="sku")
    lines = (f"O1{sign},A,1,1,2026-01-31", f"{sign},B,1,1,2026-01-31", f"O1,A{sign},1{sign},2,{sign}2026-01-31")
    path = till.csv("reviews_1.csv", *lines)
    path.write_text(path.read_text().replace("nr,", f"{sign}nr{sign},", 1))
    till.ingest()
    assert till.lines() == [("O1", "A", "1", "2")]
    assert till.reasons() == [["nr:missing"]]
    bronze = bronze_table("reviews", ((name, False) for name in ("nr", "sku", "qty", "amt", "day")))
    assert {row.nr for row in till.lake.read(bronze).collect()} == {f"O1{sign}", sign, "O1"}


def test_within_an_id_only_what_can_be_seen_stays(till: Till) -> None:
    """A sign without width within an id goes, wherever it stands; a space that leaves a gap makes another id."""
    till.lines_contract(line="sku")
    till.csv("reviews_1.csv", *(f"O1,{sku},1,1,2026-01-31" for sku in ("A1", f"A{INVISIBLE[1]}1", "A\u00a01", "A 1")))
    till.ingest()
    assert {product for _, product, *_ in till.lines()} == {"A1", "A\u00a01", "A 1"}
