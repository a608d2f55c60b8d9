"""Who was champion when, according to the verdicts of ops.promotions, for models of every kind. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from basketry.errors import BadInputError

_ROLLBACK = "rollback"


class Promotion(Protocol):
    """A verdict that decided who scores: a row of ops.promotions with the day (UTC) it was decided on."""

    verdict: str
    champion_before: str | None
    champion_after: str
    decided_on: date


def former_champions(history: Sequence[Promotion]) -> list[str]:
    """List champions, the newest first, without those that were rolled back and never promoted again."""
    champions: dict[str, None] = {}
    withdrawn: set[str] = set()
    for promotion in reversed(history):
        if promotion.champion_after not in withdrawn:
            champions.setdefault(promotion.champion_after)
        if (
            promotion.verdict == _ROLLBACK
            and promotion.champion_before is not None
            and promotion.champion_before not in champions
        ):
            withdrawn.add(promotion.champion_before)
    return list(champions)


def champions_until(history: Sequence[Promotion], name: str, dates: Sequence[date]) -> Mapping[date, str]:
    """Return the champion at the end of each as-of date (UTC); the first there ever was for dates before it.

    Args:
        history: The promotions of one model, oldest first.
        name: The registered model, for the message.
        dates: As-of dates.

    Raises:
        BadInputError: No version ever was champion.
    """
    if not history:
        raise BadInputError(f"ops.promotions has no champion of {name} on any day: score with --model champion.")
    champions = {}
    for day in dates:
        earlier = [promotion for promotion in history if promotion.decided_on < day + timedelta(days=1)]
        champions[day] = str((earlier[-1] if earlier else history[0]).champion_after)
    return champions
