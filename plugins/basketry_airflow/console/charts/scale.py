"""From values to places, with round numbers at the grid's lines."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 1000.0
"""Units across a stretched drawing: a tenth of a per cent each."""


@dataclass(frozen=True)
class Scale:
    """Values from low to high on `height` pixels, the low end at the bottom; the grid's lines at `ticks`."""

    low: float
    high: float
    height: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return round(self.height * (1 - (value - self.low) / (self.high - self.low)), 1)


def scale(values: Iterable[float | None], height: float, *, from_zero: bool = True, lines: int = 4) -> Scale:
    """A scale that holds every value, from zero unless told otherwise."""
    known = [float(value) for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1.0
    step = nice_step((high - low) / lines)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(round(place * step, 10) for place in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], height, ticks)


def nice_step(rough: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten that is at least `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)


def spread(places: int) -> list[float]:
    """`places` positions across the width, in per cent, with half a step of room at both ends."""
    return [round(100 * (place + 0.5) / places, 3) for place in range(places)]
