"""Which stored dates no longer reflect their inputs, found from what changed since the versions that they were made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from basketry.lake.change_feed import InputDependency, first_days
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import ORDER_LINES

InputVersions = Mapping[str, int]
"""The version of each input, by its full name, that stored rows reflect."""


class ChangeHistory:
    """The first day that each commit of an input touches; what several results depend on is looked up once."""

    def __init__(self, lake: Lakehouse) -> None:
        """Begin with nothing looked up."""
        self._lake = lake
        self._first_days: dict[tuple[InputDependency, int], dict[int, date] | None] = {}

    def first_days(self, dependency: InputDependency, since: int) -> Mapping[int, date] | None:
        """Return the first day by commit after a version of the input; None when that history is gone."""
        key = (dependency, since)
        if key not in self._first_days:
            self._first_days[key] = self._look_up(dependency, since)
        return self._first_days[key]

    def _look_up(self, dependency: InputDependency, since: int) -> dict[int, date] | None:
        changes = self._lake.changes(dependency.table, since)
        if changes is None:
            return None
        rows = first_days(changes, dependency, self._lake.read(ORDER_LINES))
        return {row.commit: row.day for row in rows.collect()}


def stale_dates(
    lake: Lakehouse,
    dependencies: Sequence[InputDependency],
    stored: Mapping[date, InputVersions | None],
    current: InputVersions,
    *,
    history: ChangeHistory | None = None,
) -> tuple[date, ...]:
    """Return the stored dates whose rows would no longer come out the same; all of them where the history is gone.

    Args:
        lake: Where the inputs are.
        dependencies: What the rows are made of.
        stored: The input versions that the rows of each date reflect, None where no run has noted them.
        current: The versions of the inputs today.
        history: Changes of inputs that were looked up before, for calls in a row.
    """
    history = ChangeHistory(lake) if history is None else history
    noted = {day: versions for day, versions in stored.items() if versions is not None}
    stale = set(stored) - set(noted)
    for dependency in dependencies:
        name = dependency.table.full_name
        oldest = min((versions.get(name, -1) for versions in noted.values()), default=None)
        if oldest is None or current.get(name, oldest) == oldest:
            continue
        first_touched = history.first_days(dependency, oldest)
        if first_touched is None:
            return tuple(sorted(stored))
        for day, versions in noted.items():
            version = versions.get(name, -1)
            if any(commit > version and first <= day for commit, first in first_touched.items()):
                stale.add(day)
    return tuple(sorted(stale))
