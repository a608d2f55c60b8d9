"""Which former champion may score when the champion is gone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from basketry.registry.promotion_history import former_champions


def _moves(*told: tuple[str, str | None, str]) -> list[Any]:
    return [
        SimpleNamespace(verdict=verdict, champion_before=before, champion_after=after)
        for verdict, before, after in told
    ]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        (_moves(), []),
        (_moves(("promote", None, "1"), ("promote", "1", "2")), ["2", "1"]),
        (_moves(("promote", None, "1"), ("promote", "1", "2"), ("rollback", "2", "1")), ["1"]),
        (
            _moves(("promote", None, "1"), ("promote", "1", "2"), ("rollback", "2", "1"), ("promote", "1", "3")),
            ["3", "1"],
        ),
        (
            _moves(("promote", None, "1"), ("promote", "1", "2"), ("rollback", "2", "1"), ("promote", "1", "2")),
            ["2", "1"],
        ),
    ],
)
def test_what_was_rolled_back_is_no_good_champion(moves: list[Any], expected: list[str]) -> None:
    """The newest first; a version that people returned from comes back only by a promotion of its own."""
    assert former_champions(moves) == expected
