"""The as-of dates of a training and the horizon of its labels; separate from what trains, whose libraries load for seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from basketry.jobs.propensity import HORIZON

if TYPE_CHECKING:
    from basketry.domains.propensity.settings import PropensitySettings

__all__ = ["HORIZON", "SplitDates", "split_dates"]


@dataclass(frozen=True)
class SplitDates:
    """As-of dates of each split, in time order."""

    train: tuple[date, ...]
    validation: date
    test: date

    @property
    def as_of(self) -> date:
        """The last day of the test labels."""
        return self.test + timedelta(days=HORIZON)

    @property
    def all(self) -> tuple[date, ...]:
        """Every as-of date, the oldest first."""
        return (*self.train, self.validation, self.test)


def split_dates(as_of: date, settings: PropensitySettings) -> SplitDates:
    """Return the splits of a training as of that day: the test labels end on it, all others before the next split."""
    test, validation, newest = (as_of - timedelta(days=HORIZON * number) for number in (1, 2, 3))
    train = [newest - timedelta(days=settings.training.step_days * number) for number in range(settings.training.dates)]
    return SplitDates(tuple(sorted(train)), validation, test)
