"""Gold and ops tables of the propensity models and of every model's promotion."""

from __future__ import annotations

import re
from collections.abc import Iterable

from basketry.errors import BadInputError
from basketry.tables.declare import Table, optional, required

_AS_OF = required("as_of", "date", "the last day looked at")
_CUSTOMER = required("customer_id", "string", "the customer")
_MODEL = required("model_version", "string", "the version of the registered model that scored")

PROPENSITY_SCORES = Table(
    schema="gold",
    name="propensity_scores",
    meaning="the probability that a customer buys a category in the 30 days after a day",
    columns=(
        _AS_OF,
        _CUSTOMER,
        required("category", "string", "the category"),
        required("probability", "double", "the calibrated probability, 0 to 1"),
        required("decile", "int", "the decile within the category on that day: 1 = the most likely tenth"),
        required("category_rank", "int", "the rank among the customer's categories: 1 = the likeliest"),
        _MODEL,
        required("is_stale", "boolean", "whether the features behind the score were restated after it was made"),
    ),
    key=("as_of", "customer_id", "category"),
    partitioned_by=("as_of",),
)

_NOT_A_NAME = re.compile(r"[^a-z0-9]+")


def propensity_wide_column(category: str) -> str:
    """Return the column of gold.propensity_wide that holds a category's probability."""
    return f"p_{_NOT_A_NAME.sub('_', category.lower()).strip('_') or 'unnamed'}"


def propensity_wide(categories: Iterable[str]) -> Table:
    """Declare gold.propensity_wide with a column for each category.

    Raises:
        BadInputError: if two categories would share a column.
    """
    columns: dict[str, str] = {}
    for category in categories:
        other = columns.setdefault(propensity_wide_column(category), category)
        if other != category:
            raise BadInputError(
                f"the categories '{other}' and '{category}' would share the column {propensity_wide_column(category)} of"
                " gold.propensity_wide: rename one of them."
            )
    probabilities = (
        optional(name, "double", f"the probability of buying {category}") for name, category in columns.items()
    )
    return Table(
        schema="gold",
        name="propensity_wide",
        meaning="a customer's probabilities, a column for each category; null where the category was not scored that day",
        columns=(_AS_OF, _CUSTOMER, *probabilities, _MODEL),
        key=("as_of", "customer_id"),
        partitioned_by=("as_of",),
    )


PROPENSITY_DRIFT = Table(
    schema="ops",
    name="propensity_drift",
    meaning="how far a model's inputs on a day are from those it was trained on",
    columns=(
        _AS_OF,
        _MODEL,
        required("feature", "string", "the input of the model"),
        required("population_stability_index", "double", "the sum over ten training deciles of (p - q) ln(p / q)"),
        required("verdict", "string", "ok, warning or refused"),
    ),
    key=("as_of", "model_version", "feature"),
)

PROPENSITY_OUTCOMES = Table(
    schema="gold",
    name="propensity_outcomes",
    meaning="how good the scores of a day turned out to be, 30 days later",
    columns=(
        _AS_OF,
        _MODEL,
        required("category", "string", "the category, or '' for the mean over all"),
        required("audience", "string", "all; repeat: those who bought the category before; explore: those who did not"),
        required("customers", "bigint", "the number of customers scored"),
        required("buyers", "bigint", "how many of them bought the category in the 30 days after"),
        optional(
            "average_precision",
            "double",
            "the average precision of the scores against the outcomes; null without buyers",
        ),
        optional("roc_auc", "double", "the area under the ROC curve; null if all or none bought"),
        required("log_loss", "double", "the mean negative log likelihood"),
        required(
            "expected_calibration_error",
            "double",
            "the mean gap between predicted and observed over ten equal-count bins",
        ),
        optional("lift_top_decile", "double", "the buyers per customer in the top tenth, over those among all"),
        required("mean_predicted", "double", "the mean probability"),
        required("mean_observed", "double", "the share of customers who bought"),
    ),
    key=("as_of", "model_version", "category", "audience"),
)

PROMOTIONS = Table(
    schema="ops",
    name="promotions",
    meaning="a verdict about a model version: who may score, decided by what, by whom and why",
    columns=(
        required("model", "string", "the registered model"),
        required(
            "number", "bigint", "the number of the verdict about the model, from 1: two verdicts cannot have the same"
        ),
        required("version", "string", "the version that was judged, or rolled back to"),
        optional("champion_before", "string", "the version that scored until then"),
        optional("champion_after", "string", "the version that scores from then on"),
        required("verdict", "string", "promote, provisional, refuse, override (of the gate by a person) or rollback"),
        required("decided_by", "string", "the gate, or the user who answered"),
        required("decided_at", "timestamp", "when the run that decided began (UTC)"),
        required("reason", "string", "the reason in one sentence"),
        required("checks", "string", "every metric with its threshold, JSON"),
        required("run_id", "string", "the run that decided"),
        optional("artifacts", "string", "SHA-256 over the files of the version that scores from then on"),
    ),
    key=("model", "number"),
)

PROPENSITY: tuple[Table, ...] = (PROPENSITY_SCORES, PROPENSITY_DRIFT, PROPENSITY_OUTCOMES, PROMOTIONS)
