"""include/forecast.yaml is read strictly."""

from __future__ import annotations

from pathlib import Path

from basketry.domains.forecast.candidates import ALL, BASELINES
from basketry.domains.forecast.settings import load_settings
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

SETTINGS = shipped("forecast.yaml", load_settings)


def test_the_shipped_file_names_every_method() -> None:
    """All baselines compete, so that none is beaten by being left out."""
    found = load_settings(INCLUDE)
    assert set(found.candidates) == set(ALL) > set(BASELINES)
    assert found.booster.parameters["objective"] == "tweedie"


@mistakes(
    SETTINGS,
    ("active_weeks: 26", "activ_weeks: 26", "unknown key 'activ_weeks'…"),
    ("weeks: 117", "weeks: 4", "weeks is 4; make it at least 8."),
    ("- croston_sba", "- crostons", "unknown a candidate 'crostons'; did you mean 'croston_sba'?"),
    ("objective: tweedie", "objective: tweedy", "…did you mean 'tweedie'?"),
    ("feature_fraction: 0.6", "feature_fraction: 6", "…make it at most 1…"),
    ("learning_rate: 0.05", "learning_rate: 0", "…more than 0."),
    ("seed: 7", "seed: seven", "seed is text…"),
)
def test_a_mistake_is_told_with_file_and_line(mistake: Mistake, tmp_path: Path) -> None:
    """One sentence with the nearest right word."""
    mistake.check(tmp_path)
