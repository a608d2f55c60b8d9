"""Everything between propensity models and MLflow: what a training leaves behind, and how a version is loaded again.

A version carries what scoring needs beside the model itself: the definitions of its inputs, the categories it was
trained on, and where its inputs lay. MLflow and what estimators need are imported when they are used: it takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pandas as pd

from basketry.domains.propensity.inputs import InputDefinition
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import tracking, versions
from basketry.learning.drift import Distribution
from basketry.learning.evaluation import Floats
from basketry.registry.models import PROPENSITY_MODEL

_REQUIREMENTS = ("scikit-learn", "lightgbm", "pandas", "numpy", "scipy")


@dataclass(frozen=True, kw_only=True)
class PropensityVersion:
    """A version, loaded or about to be stored.

    Attributes:
        number: Its number in the registry; empty when it is not stored yet.
        trained_as_of: The last day whose purchases it may have seen.
        estimator: The calibrated estimator.
        definition: Its inputs.
        categories: The categories it was trained on.
        profile: Where watched inputs lay in the training rows.
    """

    number: str
    trained_as_of: date
    estimator: Any
    definition: InputDefinition
    categories: tuple[str, ...]
    profile: Mapping[str, Distribution]

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the probability of a purchase for each row.

        Raises:
            ValueError: One of the version's inputs is missing.
        """
        missing = sorted({"category", *self.definition.names} - set(rows.columns))
        if missing:
            raise ValueError(f"the inputs {', '.join(missing)} are missing")
        probabilities: Floats = self.estimator.predict_proba(rows)[:, 1]
        return probabilities


@dataclass(frozen=True, kw_only=True)
class PropensityRecord(tracking.TrainingRecord):
    """What a training leaves behind, and the version itself.

    Attributes:
        version: The trained version.
    """

    version: PropensityVersion


def register_propensity_version(lake: Lakehouse, record: PropensityRecord) -> str:
    """Log the record, register the model, make it the challenger and return the number of its version."""
    return tracking.register_challenger(lake, PROPENSITY_MODEL, record, lambda: _log_model(record.version))


def _log_model(version: PropensityVersion) -> str:
    columns = {"category": "string"} | dict.fromkeys(version.definition.names, "double")
    return tracking.log_state(PROPENSITY_MODEL, propensity_state(version), columns, _REQUIREMENTS)


def propensity_state(version: PropensityVersion) -> dict[str, Any]:
    """Return a version as plain values, for `propensity_version`."""
    from basketry.domains.propensity.plain import estimator_state

    return {
        "as_of": version.trained_as_of.isoformat(),
        "inputs": dict(version.definition.expressions),
        "categories": list(version.categories),
        "profile": {feature: asdict(distribution) for feature, distribution in version.profile.items()},
        "estimator": estimator_state(version.estimator),
    }


def propensity_version(number: str, state: Mapping[str, Any]) -> PropensityVersion:
    """Restore the version that `propensity_state` was called on.

    Raises:
        KeyError: The state is of another kind.
    """
    from basketry.domains.propensity.plain import estimator_from_state

    profile = {
        feature: Distribution(tuple(stored["edges"]), tuple(stored["shares"]))
        for feature, stored in state["profile"].items()
    }
    return PropensityVersion(
        number=number,
        trained_as_of=date.fromisoformat(state["as_of"]),
        estimator=estimator_from_state(state["estimator"]),
        definition=InputDefinition(state["inputs"]),
        categories=tuple(state["categories"]),
        profile=profile,
    )


LOADER: versions.ModelLoader[PropensityVersion] = versions.ModelLoader(PROPENSITY_MODEL, propensity_version)
