"""When people shop: weekdays, seasons and the holidays of the United States."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np

from tools.demo.assortment import CATEGORIES
from tools.demo.world import Floats

WEEKDAY_FACTORS = (0.86, 0.80, 0.84, 0.92, 1.12, 1.36, 1.10)
"""Monday to Sunday, mean 1."""

_BUSY_DAYS_BEFORE = {
    "thanksgiving": (9, 0.45),
    "christmas": (12, 0.35),
    "july4": (4, 0.25),
    "superbowl": (3, 0.12),
    "easter": (5, 0.18),
    "memorial": (3, 0.15),
    "labor": (3, 0.12),
    "halloween": (6, 0.05),
    "valentine": (3, 0.05),
}
_QUIET_DAYS = {"thanksgiving": 0.35, "christmas": 0.0, "easter": 0.4, "july4": 0.7}
_OCCASION_LIFT = 1.1


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def easter(year: int) -> date:
    """Compute Easter Sunday of a year. Source: the anonymous Gregorian computus (Nature, 20 April 1876)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    month_shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * month_shift + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int) -> dict[str, date]:
    """Return the holidays of a year that move grocery demand, by name."""
    last_of_may = date(year, 5, 31)
    return {
        "superbowl": _nth_weekday(year, 2, 6, 2),
        "valentine": date(year, 2, 14),
        "easter": easter(year),
        "memorial": last_of_may - timedelta(days=last_of_may.weekday()),
        "july4": date(year, 7, 4),
        "labor": _nth_weekday(year, 9, 0, 1),
        "halloween": date(year, 10, 31),
        "thanksgiving": _nth_weekday(year, 11, 3, 4),
        "christmas": date(year, 12, 25),
    }


def _closeness(name: str, day: date) -> float:
    """Return how close a day is before a holiday: 0 far from it or after it, rising to 1 on its eve."""
    days_before, _ = _BUSY_DAYS_BEFORE[name]
    ahead = (holidays(day.year)[name] - day).days
    return 1 - (ahead - 1) / days_before if 0 < ahead <= days_before else 0.0


def demand(day: date) -> float:
    """Return how many shoppers come on a day, relative to an ordinary day; 0 when the stores are closed."""
    names = holidays(day.year)
    factor = WEEKDAY_FACTORS[day.weekday()]
    for name, (_, lift) in _BUSY_DAYS_BEFORE.items():
        factor *= 1 + lift * _closeness(name, day)
        if names[name] == day:
            factor *= _QUIET_DAYS.get(name, 1.0)
    return factor


def weekend_share(day: date) -> float:
    """Return 1 on Saturday and Sunday, else 0: for shoppers who keep to the weekend."""
    return float(day.weekday() >= 5)


def category_factors(day: date) -> Floats:
    """Return how much each category is wanted on a day, relative to its year's mean: one number per category."""
    month = day.month + (day.day - 1) / 31
    factors = [1 + c.swing * np.cos((month - c.peak_month) * np.pi / 6) for c in CATEGORIES]
    lifts = [sum(_closeness(name, day) for name in c.occasions.split(",") if name) for c in CATEGORIES]
    return np.asarray(factors) * (1 + _OCCASION_LIFT * np.asarray(lifts))
