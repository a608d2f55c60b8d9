"""include/propensity.yaml: the shipped one loads, a mistake in one is named with its line."""

from __future__ import annotations

from pathlib import Path

from basketry.domains.propensity.settings import load_settings
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

SETTINGS = shipped("propensity.yaml", load_settings)


def test_the_shipped_settings_load() -> None:
    """And they keep the order of the limits."""
    settings = load_settings(INCLUDE)
    assert settings.training.dates >= 1 and 0 < settings.drift.warning < settings.drift.refusal


@mistakes(
    SETTINGS,
    ("trials:", "trails:", "unknown key 'trails' in tuning; did you mean 'trials'?"),
    ("seed: 7", "", "2: the document has no 'seed'; add it."),
    ("dates: 8", "dates: 0", "dates is 0; make it at least 1."),
    ("dates: 8", "dates: six", "dates is text; make it a whole number."),
    ("warning: 0.2", "warning: 2", "12: refusal is below warning…"),
    ("tuning:", "tuning:\n  seconds: 60", "tuning is no longer limited by time; remove 'seconds'…"),
)
def test_a_mistake_is_named(mistake: Mistake, tmp_path: Path) -> None:
    """With file and line, and the nearest right word."""
    mistake.check(tmp_path)
