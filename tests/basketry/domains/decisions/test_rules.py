"""The rules of a catalog are proven when they are read: exactly one action for whatever a product may be."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from basketry.domains.decisions.rules import ACTIONS, load_decision_rules
from basketry.errors import ContractError

CHECKOUT = Path(__file__).resolve().parents[4]


def include(folder: Path, old: str = "", new: str = "") -> Path:
    """A copy of the shipped rules with one change."""
    text = (CHECKOUT / "include" / "decisions.yaml").read_text()
    assert old in text
    (folder / "decisions.yaml").write_text(text.replace(old, new, 1) if old else text)
    return folder


def test_the_shipped_rules_hold_and_use_every_action() -> None:
    """Six actions, each by at least one rule."""
    rules = load_decision_rules(CHECKOUT / "include")
    assert {rule.action for rule in rules.rules} == set(ACTIONS)
    assert rules.measures[-1].choices == ("High", "Medium", "Low")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cover: [short], bucket: [Low]}", "cover: [excess], bucket: [Low]}", "fits"),  # overlaps, and leaves a gap
        ("returns: [high], bucket: [High, Medium]", "returns: [high], bucket: [High]", "bucket Medium.* fits no rule"),
        ("cover: [short], bucket: [Low]", "bucket: [Low]", "fits runs_out_unmissed and|fits .* and runs_out_unmissed"),
        ("action: promote", "action: promotte", "unknown action 'promotte'; did you mean 'promote'"),
        ("outlook: [falling]}", "outlook: [faling]}", "did you mean 'falling'"),
        ("{outlook: [", "{outlok: [", "unknown measure 'outlok' in .*did you mean 'outlook'"),
        ("from: weeks_of_stock", "from: weeks_of_stok", "did you mean 'weeks_of_stock'"),
        ("falling: 0.8, steady: 1.2", "falling: 1.2, steady: 0.8", "order the bands of outlook"),
        ("rising: null", "rising: 3", "last band of outlook"),
        ("high_from: 0.8", "high_from: 0.3", "high_from must be the larger"),
        ("high_from: 0.8", "high_from: 1.5", "a quantile is below 1"),
        ("change: 0.1 ", "change: 1.1 ", "write a share below 1"),
        ("worth: promotion", "worth: promtion", "did you mean 'promotion'"),
        ("promotion_uplift: 0.15", "promotion_uplift: 0", "more than 0"),
        ("buckets:  ", "bukets:  ", "unknown key 'bukets'"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Gaps, overlaps and misspelt words, each in one sentence."""
    old, new = (text.replace("{outlook: [", "outlook: [").replace("{outlok: [", "outlok: [") for text in (old, new))
    with pytest.raises(ContractError, match=rf"decisions\.yaml:\d+: .*({message})"):
        load_decision_rules(include(tmp_path, old, new))


def test_no_rule_file_is_bad_input(tmp_path: Path) -> None:
    """A missing file is named."""
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    with pytest.raises(ContractError, match=r"decisions\.yaml"):
        load_decision_rules(tmp_path)
