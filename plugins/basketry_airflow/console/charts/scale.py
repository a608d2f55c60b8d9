"""From values to positions, with round numbers at the grid's lines."""

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
        """Return the pixels from the top."""
        return round(self.height * (1 - (value - self.low) / (self.high - self.low)), 1)


def scale(values: Iterable[float | None], height: float, *, from_zero: bool = True, lines: int = 4) -> Scale:
    """Return a scale that holds every value, from zero by default."""
    numbers = [float(value) for value in values if value is not None]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1.0
    step = nice_step((high - low) / lines)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = tuple(round(index * step, 10) for index in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], height, ticks)


def nice_step(rough: float) -> float:
    """Return the next 1, 2, 2.5 or 5 times a power of ten that is at least `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)


def spread(count: int) -> list[float]:
    """Return `count` positions across the width, in per cent, with half a step of room at both ends."""
    return [round(100 * (index + 0.5) / count, 3) for index in range(count)]
