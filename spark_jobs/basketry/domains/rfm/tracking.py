"""Everything between RFM models and MLflow: what a fit leaves behind, and how a version is loaded again.

A version carries what assigning needs beside the clusters: the edges of the scores, the window, the fitted expectations.
The grid of names is not learned: it is read from include/rfm.yaml whenever customers are assigned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from basketry.domains.rfm.holdout import Expectations
from basketry.domains.rfm.lifetime import PurchaseModel, SpendModel
from basketry.domains.rfm.values import VALUES, Scoring
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions
from basketry.registry.models import RFM_MODEL
from basketry.retail.clustering.measures import Integers

_REQUIREMENTS = ("scikit-learn", "pandas", "numpy", "scipy")


@dataclass(frozen=True, kw_only=True)
class RfmVersion:
    """A version, loaded or about to be stored.

    Attributes:
        number: Its number in the registry; empty when it is not stored yet.
        trained_as_of: The last day whose purchases it has seen.
        window_days: How many days of purchases the values look at.
        scoring: What turns values into scores.
        expectations: The fitted lifetime models.
        pipeline: Bins and clusters.
    """

    number: str
    trained_as_of: date
    window_days: int
    scoring: Scoring
    expectations: Expectations
    pipeline: Any

    def clusters_of(self, values: pd.DataFrame) -> Integers:
        """Return the cluster of each row of columns VALUES."""
        doubles = values[list(VALUES)].astype(np.float64)
        return np.asarray(self.pipeline.predict(doubles), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class RfmRecord(tracking.TrainingRecord):
    """What a training leaves behind, and the version itself.

    Attributes:
        version: The fitted version.
    """

    version: RfmVersion


def register_rfm_version(lake: Lakehouse, record: RfmRecord) -> str:
    """Log the record, register the model, make it the challenger and return the number of its version."""
    return tracking.register_challenger(lake, RFM_MODEL, record, lambda: _log_model(record.version))


def _log_model(version: RfmVersion) -> str:
    columns = dict.fromkeys(VALUES, "double")
    return tracking.log_state(RFM_MODEL, rfm_state(version), columns, _REQUIREMENTS)


def rfm_state(version: RfmVersion) -> dict[str, Any]:
    """Return a version that was fitted as plain values, for `rfm_version`."""
    from basketry.domains.rfm.plain import pipeline_state

    return {
        "as_of": version.trained_as_of.isoformat(),
        "window_days": version.window_days,
        "scoring": asdict(version.scoring),
        "expectations": asdict(version.expectations),
        "pipeline": pipeline_state(version.pipeline),
    }


def rfm_version(number: str, state: Mapping[str, Any]) -> RfmVersion:
    """Restore the version that `rfm_state` was called on.

    Raises:
        KeyError: The state is of another kind.
    """
    from basketry.domains.rfm.plain import PlainClusters

    scoring, ahead = state["scoring"], state["expectations"]
    expectations = Expectations(
        ahead["days"],
        PurchaseModel(**ahead["purchases"]) if ahead["purchases"] else None,
        SpendModel(**ahead["spend"]) if ahead["spend"] else None,
        tuple(ahead["shown"]),
    )
    edges = {name: tuple(values) for name, values in scoring["edges"].items()}
    return RfmVersion(
        number=number,
        trained_as_of=date.fromisoformat(state["as_of"]),
        window_days=state["window_days"],
        scoring=Scoring(edges, scoring["caps"]),
        expectations=expectations,
        pipeline=PlainClusters(state["pipeline"]),
    )


LOADER: versions.ModelLoader[RfmVersion] = versions.ModelLoader(RFM_MODEL, rfm_version)
