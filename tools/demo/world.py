"""What a simulated world is made of: its days, its size and its streams of random numbers.

Every random number comes from a stream named after what it decides and the day, week or cohort it decides it for.
So a day does not depend on how many days follow it, and a later end date leaves all earlier days as they were.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from basketry.errors import BadInputError

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]

DAYS_PER_WEEK = 7
LARGEST_SCALE = 100.0


@dataclass(frozen=True)
class World:
    """The days, the seed and the size of a simulation.

    Attributes:
        start: First day.
        end: Last day.
        seed: Seed of all random numbers.
        scale: Size relative to the default.
    """

    start: date
    end: date
    seed: int
    scale: float

    def __post_init__(self) -> None:
        """Refuse a world without days, or of a size that cannot be."""
        if self.end < self.start:
            raise BadInputError(f"the demo's end {self.end} lies before its start {self.start}: give a later --end.")
        if not 0 < self.scale <= LARGEST_SCALE:
            raise BadInputError(
                f"--scale {self.scale} is not above 0 and at most {LARGEST_SCALE:g}: 1 gives 350,000 lines."
            )
        if self.seed < 0:
            raise BadInputError(f"--seed {self.seed} is negative: give a whole number of at least 0.")

    @property
    def days(self) -> tuple[date, ...]:
        """Every day, oldest first."""
        return tuple(self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1))

    def week_of(self, day: date) -> int:
        """Return the number of the week that a day is in, counted from the start, the first is 0."""
        return (day - self.start).days // DAYS_PER_WEEK

    def begins_week(self, day: date) -> bool:
        """Say whether a new week of this world begins on the day."""
        return (day - self.start).days % DAYS_PER_WEEK == 0

    def stream(self, purpose: str, key: int = 0) -> np.random.Generator:
        """Create the stream of random numbers for one purpose and one day, week or cohort."""
        return np.random.Generator(np.random.PCG64([self.seed, zlib.crc32(purpose.encode()), key]))


def first_day(end: date, weeks: int) -> date:
    """Return the Monday on or before the day that lies `weeks` whole weeks back, so that a world grows for a week unmoved.

    Raises:
        BadInputError: There are no weeks.
    """
    if weeks < 1:
        raise BadInputError(f"--weeks {weeks} is less than 1: give the number of weeks to simulate.")
    earliest = end - timedelta(days=weeks * DAYS_PER_WEEK - 1)
    return earliest - timedelta(days=earliest.weekday())
