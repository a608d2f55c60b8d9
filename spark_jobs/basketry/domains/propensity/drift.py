"""How far a version's inputs on a day are from those it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame

from basketry.domains.propensity.settings import PropensitySettings
from basketry.domains.propensity.tracking import Version
from basketry.learning.drift import population_stability_index

OK, WARNING, REFUSED = "ok", "warning", "refused"
_SCHEMA = "as_of date, feature string, population_stability_index double"
SAMPLE_ROWS = 50_000
"""Customers x categories a day that are looked at: enough for an index to the second digit."""


@dataclass(frozen=True)
class Drift:
    """One watched input of a version on a day."""

    as_of: date
    version: str
    feature: str
    index: float
    verdict: str

    @property
    def row(self) -> tuple[date, str, str, float, str]:
        """As a row of ops.propensity_drift."""
        return self.as_of, self.version, self.feature, self.index, self.verdict


def measured(rows: DataFrame, version: Version, settings: PropensitySettings) -> list[Drift]:
    """Every watched input on every day of the rows, worst first. rows: as_of and the version's inputs."""
    profile = dict(version.profile)

    def indices(day: pd.DataFrame) -> pd.DataFrame:
        """A row for each feature of one day."""
        found = [(name, population_stability_index(before, day[name])) for name, before in profile.items()]
        table = pd.DataFrame(found, columns=["feature", "population_stability_index"])
        return table.assign(as_of=day["as_of"].iloc[0])[["as_of", "feature", "population_stability_index"]]

    found = rows.select("as_of", *profile).groupBy("as_of").applyInPandas(indices, _SCHEMA).collect()
    drifts = [Drift(day, version.number, name, index, _verdict(index, settings)) for day, name, index in found]
    return sorted(drifts, key=lambda one: (-one.index, one.as_of, one.feature))


def _verdict(index: float, settings: PropensitySettings) -> str:
    if index >= settings.drift_refusal:
        return REFUSED
    return WARNING if index >= settings.drift_warning else OK


def told(drifts: Sequence[Drift], verdict: str) -> str:
    """The drifts of that verdict for people, the worst three by name; empty when there is none."""
    found = [one for one in drifts if one.verdict == verdict]
    named = ", ".join(f"{one.feature} {one.index:.2f} on {one.as_of}" for one in found[:3])
    return f"{named} and {len(found) - 3} more" if len(found) > 3 else named
