"""How far a version's inputs on a day are from those it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from pyspark.sql import DataFrame

from basketry.domains.propensity.settings import PropensitySettings
from basketry.domains.propensity.tracking import PropensityVersion
from basketry.learning.drift import population_stability_index

OK, WARNING, REFUSED = "ok", "warning", "refused"
_SCHEMA = "as_of date, feature string, population_stability_index double"
SAMPLE_ROWS = 50_000
"""Customers x categories per day that are looked at: enough for an index to the second digit."""


@dataclass(frozen=True, kw_only=True)
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


def measure_drift(rows: DataFrame, version: PropensityVersion, settings: PropensitySettings) -> list[Drift]:
    """Return the drift of every watched input on every day of the rows, the worst first.

    Args:
        rows: as_of and the version's inputs.
        version: The version, whose profile says where its inputs lay in the training rows.
        settings: The limits of the verdicts.
    """
    profile = dict(version.profile)

    def indices(day: pd.DataFrame) -> pd.DataFrame:
        """Return one row per feature of one day."""
        by_feature = [(name, population_stability_index(before, day[name])) for name, before in profile.items()]
        table = pd.DataFrame(by_feature, columns=["feature", "population_stability_index"])
        return table.assign(as_of=day["as_of"].iloc[0])[["as_of", "feature", "population_stability_index"]]

    measured = rows.select("as_of", *profile).groupBy("as_of").applyInPandas(indices, _SCHEMA).collect()
    drifts = [
        Drift(as_of=day, version=version.number, feature=name, index=index, verdict=_verdict(index, settings))
        for day, name, index in measured
    ]
    return sorted(drifts, key=lambda drift: (-drift.index, drift.as_of, drift.feature))


def _verdict(index: float, settings: PropensitySettings) -> str:
    if index >= settings.drift.refusal:
        return REFUSED
    return WARNING if index >= settings.drift.warning else OK


def describe_drifts(drifts: Sequence[Drift], verdict: str) -> str:
    """Describe the drifts of that verdict for people, the worst three by name; empty when there is none."""
    chosen = [drift for drift in drifts if drift.verdict == verdict]
    named = ", ".join(f"{drift.feature} {drift.index:.2f} on {drift.as_of}" for drift in chosen[:3])
    return f"{named} and {len(chosen) - 3} more" if len(chosen) > 3 else named
