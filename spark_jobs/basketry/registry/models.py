"""The models that a catalog may have, each declared once: forms, pages, gates, trainings and checks follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from basketry import tables
from basketry.jobs import Job
from basketry.jobs.forecast import FORECAST, TRAIN_FORECAST
from basketry.jobs.offers import RECOMMEND, TRAIN_OFFER_POLICY, TRAIN_RECOMMENDATIONS
from basketry.jobs.propensity import SCORE_PROPENSITY, TRAIN_PROPENSITY
from basketry.jobs.rfm import RFM
from basketry.tables import Table


@dataclass(frozen=True)
class TensorOutput:
    """Predictions that are an array.

    Attributes:
        dtype: The type of its numbers, as numpy calls it.
        shape: Its shape; -1 stands for the number of rows.
    """

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """A kind of model.

    Attributes:
        name: The kind: in the name of the registered model, of its gate in `include/gates/`, and in forms.
        label: What pages call it.
        training: The job that makes versions.
        training_options: With which flags it does.
        scoring: The job by which it scores a day; None: the stream of offers takes up its champion with the next events.
        serving: The module that makes a model of a version's plain values, for MLflow too.
        outputs: What it predicts there: the MLflow type of each column by its name, or an array. Unity Catalog registers no
            model that does not say it.
        first_trained_by: The DAG that trains the first version.
        makes: The tables whose rows name the version that made them: they are of another than the champion after a promotion,
            until the scoring job has run again.
    """

    name: str
    label: str
    training: Job[..., Any]
    training_options: Mapping[str, bool] = field(default_factory=dict)
    scoring: Job[..., Any] | None
    serving: str
    outputs: Mapping[str, str] | TensorOutput
    first_trained_by: str = "bootstrap"
    makes: tuple[Table, ...]

    @property
    def training_command(self) -> str:
        """The training as people run it: the job with its flags."""
        flags = (f"--{name}" for name, is_set in self.training_options.items() if is_set)
        return " ".join((self.training.name, *flags))


PROPENSITY_MODEL = ModelSpec(
    name="propensity",
    label="Propensity",
    training=TRAIN_PROPENSITY,
    scoring=SCORE_PROPENSITY,
    serving="basketry.domains.propensity.serving",
    outputs=TensorOutput("float64", (-1, 2)),  # probabilities of not buying and of buying
    makes=(tables.PROPENSITY_SCORES,),
)

RFM_MODEL = ModelSpec(
    name="rfm",
    label="RFM",
    training=RFM,
    training_options={"fit": True},
    scoring=RFM,
    serving="basketry.domains.rfm.serving",
    outputs=TensorOutput("int64", (-1,)),  # numbers of clusters
    makes=(tables.RFM_SEGMENTS, tables.RFM_PROFILES),
)

FORECAST_MODEL = ModelSpec(
    name="forecast",
    label="Forecast",
    training=TRAIN_FORECAST,
    scoring=FORECAST,
    serving="basketry.domains.forecast.serving",
    outputs={"product_id": "string", "revenue_7d": "double", "revenue_28d": "double", "revenue_91d": "double"},
    makes=(tables.PRODUCT_FORECASTS, tables.PRODUCT_DECISIONS),
)

RECOMMENDATIONS_MODEL = ModelSpec(
    name="recommendations",
    label="Recommendations",
    training=TRAIN_RECOMMENDATIONS,
    scoring=RECOMMEND,
    serving="basketry.domains.offers.serving",
    outputs={"customer_id": "string", "product_id": "string"},
    first_trained_by="weekly_offers",
    makes=(tables.OFFER_RECOMMENDATIONS,),
)

OFFER_POLICY_MODEL = ModelSpec(
    name="offer_policy",
    label="Offer policy",
    training=TRAIN_OFFER_POLICY,
    scoring=None,
    serving="basketry.domains.offers.serving",
    outputs={"expected_response": "double"},
    first_trained_by="weekly_offers",
    makes=(tables.OFFER_DECISIONS,),
)

MODELS: Mapping[str, ModelSpec] = {
    spec.name: spec for spec in (PROPENSITY_MODEL, RFM_MODEL, FORECAST_MODEL, RECOMMENDATIONS_MODEL, OFFER_POLICY_MODEL)
}
"""Every kind of model by its name, in the order of forms."""

LOADERS: Mapping[str, str] = {name: spec.serving for name, spec in MODELS.items()}
"""The module that makes a model of a version's plain values, by kind."""
