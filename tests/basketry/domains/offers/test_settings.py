"""include/offers.yaml: every mistake is told with its line, before anything is decided."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from basketry.domains.offers.settings import load_settings
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

SETTINGS = shipped("offers.yaml", load_settings)


def test_what_is_shipped_can_be_read() -> None:
    """Offers in their order, dates as dates."""
    found = load_settings(INCLUDE)
    assert [offer.id for offer in found.offers] == ["staples-10", "everything-5"]
    assert found.offers[0].first == date(2025, 1, 1) and found.offers[1].categories == ()
    assert 0 < found.policy.floor < 1 and found.at_most >= 1


@mistakes(
    SETTINGS,
    ("at_most: 2", "at_most: 0", "at_most is 0; make it at least 1."),
    ("control_share: 0.1", "control_share: 1.5", "…write a share from 0 to below 1."),
    ("  floor:", "  flour:", "…did you mean 'floor'?"),
    ("half_life_days: 21", "half_life_days: 0", "…make it more than 0."),
    ('discount: 0.05\n    from: "2025-01-01"', 'discount: 0.05\n    from: "soon"', "…write a day as 2026-01-31."),
    ('to: "2030-12-31"\n    budget: 1000000', 'to: "2024-12-31"\n    budget: 1000000', "…before it begins…"),
    ("id: everything-5", "id: staples-10", "35: …written twice…"),
    ("    budget: 250000", "    budget: -1", "…make it more than 0."),
    ("  a_day: 6", "  a_day: many", "a_day is text; make it a whole number."),
    ("seed: 7", "", "2: …has no 'seed'…"),
)
def test_a_mistake_is_told_with_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """One sentence that names the file, the line and what to do."""
    mistake.check(tmp_path)
