"""Gold and ops tables of the propensity models and of every model's promotion."""

from __future__ import annotations

import re
from collections.abc import Iterable

from basketry.errors import BadInputError
from basketry.tables.declare import Column, Table, required

_AS_OF = required("as_of", "date", "last day looked at")
_CUSTOMER = required("customer_id", "string", "customer")
_MODEL = required("model_version", "string", "version of the registered model that scored")

PROPENSITY_SCORES = Table(
    "gold",
    "propensity_scores",
    "the probability that a customer buys a category in the 30 days after a day",
    (
        _AS_OF,
        _CUSTOMER,
        required("category", "string", "category"),
        required("probability", "double", "calibrated probability, 0 to 1"),
        required("decile", "int", "within the category on that day: 1 = the most likely tenth"),
        required("category_rank", "int", "among the customer's categories: 1 = the likeliest"),
        _MODEL,
        required("is_stale", "boolean", "the features behind it were restated after it was scored"),
    ),
    ("as_of", "customer_id", "category"),
    partitioned_by=("as_of",),
)

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


def wide_column(category: str) -> str:
    """The column of gold.propensity_wide that holds a category's probability."""
    return f"p_{_NOT_A_NAME.sub('_', category.lower()).strip('_') or 'unnamed'}"


def propensity_wide(categories: Iterable[str]) -> Table:
    """gold.propensity_wide with a column for each category; BadInputError when two would share one."""
    columns: dict[str, str] = {}
    for category in categories:
        other = columns.setdefault(wide_column(category), category)
        if other != category:
            raise BadInputError(
                f"the categories '{other}' and '{category}' would share the column {wide_column(category)} of"
                " gold.propensity_wide: rename one of them."
            )
    probabilities = (Column(name, "double", f"probability of buying {category}") for name, category in columns.items())
    return Table(
        "gold",
        "propensity_wide",
        "a customer's probabilities, a column for each category; null where the category was not scored that day",
        (_AS_OF, _CUSTOMER, *probabilities, _MODEL),
        ("as_of", "customer_id"),
        partitioned_by=("as_of",),
    )


PROPENSITY_DRIFT = Table(
    "ops",
    "propensity_drift",
    "how far a model's inputs on a day are from those it was trained on",
    (
        _AS_OF,
        _MODEL,
        required("feature", "string", "input of the model"),
        required("population_stability_index", "double", "sum over ten training deciles of (p - q) ln(p / q)"),
        required("verdict", "string", "ok, warning or refused"),
    ),
    ("as_of", "model_version", "feature"),
)

PROPENSITY_OUTCOMES = Table(
    "gold",
    "propensity_outcomes",
    "what came true of a day's scores, 30 days later",
    (
        _AS_OF,
        _MODEL,
        required("category", "string", "category, or '' for the mean over all"),
        required("audience", "string", "all; repeat: bought the category before; explore: did not"),
        required("customers", "bigint", "customers scored"),
        required("buyers", "bigint", "of them bought the category in the 30 days after"),
        Column("average_precision", "double", "of the scores against what came true; null without buyers"),
        Column("roc_auc", "double", "area under the ROC curve; null where all or none bought"),
        required("log_loss", "double", "mean negative log likelihood"),
        required(
            "expected_calibration_error", "double", "mean gap of predicted and observed over ten equal-count bins"
        ),
        Column("lift_top_decile", "double", "buyers per customer in the top tenth, over that of all"),
        required("mean_predicted", "double", "mean probability"),
        required("mean_observed", "double", "share of customers who bought"),
    ),
    ("as_of", "model_version", "category", "audience"),
)

PROMOTIONS = Table(
    "ops",
    "promotions",
    "a verdict about a model version: who may score, decided by what, by whom and why",
    (
        required("model", "string", "registered model"),
        required("number", "bigint", "counts the model's verdicts from 1: two verdicts cannot have the same"),
        required("version", "string", "the version that was judged, or rolled back to"),
        Column("champion_before", "string", "version that scored until then"),
        Column("champion_after", "string", "version that scores from then on"),
        required("verdict", "string", "promote, provisional, refuse or rollback"),
        required("decided_by", "string", "gate, or the user who answered"),
        required("decided_at", "timestamp", "when the run that decided began (UTC)"),
        required("reason", "string", "one sentence"),
        required("checks", "string", "every metric with its threshold, JSON"),
        required("run_id", "string", "the run that decided"),
    ),
    ("model", "number"),
)

PROPENSITY: tuple[Table, ...] = (PROPENSITY_SCORES, PROPENSITY_DRIFT, PROPENSITY_OUTCOMES, PROMOTIONS)
