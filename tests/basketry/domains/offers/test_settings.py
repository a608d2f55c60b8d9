"""include/offers.yaml: every mistake is told with its line, before anything is decided."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from basketry.config.settings import CHECKOUT
from basketry.domains.offers.settings import load_settings
from basketry.errors import ContractError

SHIPPED = (CHECKOUT / "include" / "offers.yaml").read_text()


def edited(folder: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    (folder / "offers.yaml").write_text(SHIPPED.replace(old, new, 1))
    return folder


def test_what_is_shipped_can_be_read() -> None:
    """Offers in their order, dates as dates."""
    found = load_settings(CHECKOUT / "include")
    assert [offer.id for offer in found.offers] == ["staples-10", "everything-5"]
    assert found.offers[0].first == date(2025, 1, 1) and found.offers[1].categories == ()
    assert 0 < found.policy.floor < 1 and found.at_most >= 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("at_most: 2", "at_most: 0", "at_most is 0; make it at least 1"),
        ("control_share: 0.1", "control_share: 1.5", "write a share from 0 to below 1"),
        ("  floor:", "  flour:", "did you mean 'floor'"),
        ("half_life_days: 21", "half_life_days: 0", "make it more than 0"),
        ('from: "2025-01-01"', 'from: "soon"', "write a day as 2026-01-31"),
        ('to: "2030-12-31"', 'to: "2024-12-31"', "before it begins"),
        ("id: everything-5", "id: staples-10", "written twice"),
        ("    budget: 250000", "    budget: -1", "make it more than 0"),
        ("  a_day: 6", "  a_day: many", "a_day is text; make it a whole number"),
        ("seed: 7", "", "has no 'seed'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """One sentence that names the file, the line and what to do."""
    with pytest.raises(ContractError, match=r"offers\.yaml:\d+: ") as caught:
        load_settings(edited(tmp_path, old, new))
    assert message in str(caught.value)
