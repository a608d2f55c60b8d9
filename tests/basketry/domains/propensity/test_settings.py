"""include/propensity.yaml: the shipped one loads, a mistake in one is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.domains.propensity.settings import load_settings
from basketry.errors import ContractError

SHIPPED = Path(__file__).resolve().parents[4] / "include"


def test_the_shipped_settings_load() -> None:
    """And they keep the order of the limits."""
    settings = load_settings(SHIPPED)
    assert settings.training.dates >= 1 and 0 < settings.drift.warning < settings.drift.refusal


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("trials:", "trails:", r"propensity.yaml:\d+: unknown key 'trails' in tuning; did you mean 'trials'\?"),
        ("seed: 7", "", "the document has no 'seed'; add it."),
        ("dates: 8", "dates: 0", "dates is 0; make it at least 1."),
        ("dates: 8", "dates: six", "dates is text; make it a whole number."),
        ("warning: 0.2", "warning: 2", "refusal is below warning"),
        (
            "tuning:",
            "tuning:\n  seconds: 60",
            r"propensity.yaml:\d+: tuning is no longer limited by time; remove 'seconds'",
        ),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    """With file and line, and the nearest right word."""
    text = (SHIPPED / "propensity.yaml").read_text()
    assert old in text
    (tmp_path / "propensity.yaml").write_text(text.replace(old, new))
    with pytest.raises(ContractError, match=sentence):
        load_settings(tmp_path)
