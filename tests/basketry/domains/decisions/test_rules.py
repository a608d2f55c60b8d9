"""The rules of a catalog are proven when they are read: exactly one action for whatever a product may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketry.domains.decisions.rules import ACTIONS, load_decision_rules
from basketry.errors import ContractError
from tests.kit.documents import INCLUDE, shipped
from tests.kit.mistakes import Mistake, mistakes

RULES = shipped("decisions.yaml", load_decision_rules)


def test_the_shipped_rules_hold_and_use_every_action() -> None:
    """Six actions, each by at least one rule."""
    rules = load_decision_rules(INCLUDE)
    assert {rule.action for rule in rules.rules} == set(ACTIONS)
    assert rules.measures[-1].choices == ("High", "Medium", "Low")


@mistakes(
    RULES,
    ("cover: [short], bucket: [Low]}", "cover: [excess], bucket: [Low]}", "35: …fits…"),  # overlaps, and leaves a gap
    (
        "returns: [high], bucket: [High, Medium]",
        "returns: [high], bucket: [High]",
        "35: …bucket Medium fits no rule; every one must fit exactly one rule.",
    ),
    (
        "cover: [short], bucket: [Low]",
        "bucket: [Low]",
        "35: …fits runs_out_unmissed and fading_and_poor; every one must fit exactly one rule.",
    ),
    (
        "bucket: [High, Medium]}\n    action: promote",
        "bucket: [High, Medium]}\n    action: promotte",
        "unknown action 'promotte'; did you mean 'promote'?",
    ),
    (
        "cover: [short], bucket: [High, Medium], outlook: [falling]}",
        "cover: [short], bucket: [High, Medium], outlook: [faling]}",
        "…did you mean 'falling'?",
    ),
    (
        "cover: [short], bucket: [High, Medium], outlook: [falling]}",
        "cover: [short], bucket: [High, Medium], outlok: [falling]}",
        "…did you mean 'outlook'?",
    ),
    ("from: weeks_of_stock", "from: weeks_of_stok", "…did you mean 'weeks_of_stock'?"),
    ("falling: 0.8, steady: 1.2", "falling: 1.2, steady: 0.8", "…order the bands of outlook."),
    ("rising: null", "rising: 3", "…last band of outlook…"),
    ("high_from: 0.8", "high_from: 0.3", "…high_from must be the larger…"),
    ("high_from: 0.8", "high_from: 1.5", "…a quantile is below 1."),
    ("change: 0.1 ", "change: 1.1 ", "…write a share below 1…"),
    (
        "worth: promotion\n    reason: sells well",
        "worth: promtion\n    reason: sells well",
        "…did you mean 'promotion'?",
    ),
    ("promotion_uplift: 0.15", "promotion_uplift: 0", "…more than 0."),
    ("buckets:  ", "bukets:  ", "unknown key 'bukets'…"),
)
def test_a_mistake_is_told_with_file_and_line(mistake: Mistake, tmp_path: Path) -> None:
    """Gaps, overlaps and misspelt words, each in one sentence."""
    mistake.check(tmp_path)


def test_no_rule_file_is_bad_input(tmp_path: Path) -> None:
    """A missing file is named."""
    with pytest.raises(ContractError, match=r"decisions\.yaml"):
        load_decision_rules(tmp_path)
