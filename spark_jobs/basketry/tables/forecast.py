"""Gold tables of forecasts and decisions: what is known of a product, what it will earn, what to do, what came true."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Table, optional, required

_AS_OF = required("as_of", "date", "the last day looked at")
_DEPARTMENT = required("department", "string", "the department; '' on the total")
_MODEL = required("model_version", "string", "the version of the registered model that made the forecast, or fallback")
_BOUNDS = tuple(
    optional(f"{end}_{level}", "double", f"the {end} end of the {level} % interval; null without a forecast")
    for level in (50, 90)
    for end in ("low", "high")
)

PRODUCT_FEATURES = Table(
    schema="gold",
    name="product_features",
    meaning="what is known of a product that was ever ordered, or of a category, as of a day; cancelled sales do not count",
    columns=(
        _AS_OF,
        required("level", "string", "product or category"),
        required("product_id", "string", "the product; '' on a category"),
        required("department", "string", "the department"),
        required("category", "string", "the category"),
        *(
            required(f"revenue_{days}d", MONEY, f"what was paid for sales of the last {days} days")
            for days in (7, 28, 91, 365)
        ),
        required("revenue_before_28d", MONEY, "the same for the 28 days before the last 28"),
        *(
            required(f"orders_{days}d", "bigint", f"the number of distinct orders of the last {days} days")
            for days in (28, 91)
        ),
        *(required(f"units_{days}d", UNITS, f"the number of units sold in the last {days} days") for days in (28, 91)),
        optional("price_28d", "double", "what was paid per unit in the last 28 days; null if nothing was paid"),
        optional("price_91d", "double", "the same for the last 91 days"),
        optional(
            "discount_depth_91d", "double", "the share of the list amount that discounts took off in the last 91 days"
        ),
        optional(
            "return_rate_91d",
            "double",
            "the units returned per unit sold in the last 91 days; null if nothing was sold",
        ),
        required("returns_91d", MONEY, "the amounts paid back in the last 91 days, as a positive number"),
        optional("average_rating", "double", "the mean rating of all reviews so far"),
        required("ratings", "bigint", "the number of reviews so far"),
        optional(
            "trend_28d", "double", "the revenue of the last 28 days over that of the 28 before; null if that was 0"
        ),
        optional(
            "seasonality_28d",
            "double",
            "a year ago: the revenue of the next 28 days over that of its average 28 days; null with less than a year of history",
        ),
        optional("first_sold_on", "date", "the day of the first sale; null if there was none"),
        optional("last_sold_on", "date", "the day of the last sale"),
        optional(
            "units_available", "bigint", "the stock as last delivered, also for an earlier as-of date; null if unknown"
        ),
    ),
    key=("as_of", "level", "department", "category", "product_id"),
    partitioned_by=("as_of",),
)

PRODUCT_FORECASTS = Table(
    schema="gold",
    name="product_forecasts",
    meaning="the expected revenue of a product, department or catalog in a period after a day; the levels add up",
    columns=(
        _AS_OF,
        required("level", "string", "product, department or total"),
        _DEPARTMENT,
        required("category", "string", "the category of the product; '' above"),
        required("product_id", "string", "the product; '' above"),
        required("first_day", "int", "the first day of the period; 1 is the day after as_of"),
        required("last_day", "int", "the last day of the period; 7, 28 and 91 from day 1 are the horizons"),
        optional("revenue", "double", "the expected revenue; null if there is too little history"),
        *_BOUNDS,
        required("demand_class", "string", "smooth, erratic, intermittent, lumpy or new; '' above products"),
        required("method", "string", "the method of the class; reconciled above products"),
        required("basis", "string", "model, category_share, dormant or too_little_history"),
        _MODEL,
    ),
    key=("as_of", "level", "department", "product_id", "first_day", "last_day"),
    partitioned_by=("as_of",),
)

FORECAST_ACCURACY = Table(
    schema="gold",
    name="forecast_accuracy",
    meaning="a past forecast for a horizon that is over, beside what was sold",
    columns=(
        _AS_OF,
        required("horizon_days", "int", "7, 28 or 91"),
        required("level", "string", "product, department or total"),
        _DEPARTMENT,
        required("category", "string", "the category of the product; '' above"),
        required("product_id", "string", "the product; '' above"),
        required("demand_class", "string", "the class of the product; '' above"),
        required("predicted", "double", "the forecast revenue"),
        required("low_90", "double", "the low end of the 90 % interval"),
        required("high_90", "double", "the high end of the 90 % interval"),
        required("observed", "double", "the revenue that was realised, as known when the forecast was evaluated"),
        _MODEL,
    ),
    key=("as_of", "horizon_days", "level", "department", "product_id"),
    partitioned_by=("as_of",),
)

FORECAST_OUTCOMES = Table(
    schema="gold",
    name="forecast_outcomes",
    meaning="how good the product forecasts of a day turned out to be, by horizon and demand class",
    columns=(
        _AS_OF,
        required("horizon_days", "int", "7, 28 or 91"),
        required("horizon", "string", "the same as text: days_7, days_28 or days_91"),
        required("demand_class", "string", "the demand class, or '' for all products"),
        required("products", "bigint", "the number of products forecast"),
        optional("wape", "double", "the sum of absolute errors over the realised revenue; null if there was none"),
        required("rmse", "double", "the root mean squared error"),
        optional("bias", "double", "the sum of errors over the realised revenue; above 0 the forecast was too high"),
        required("coverage_90", "double", "the share of products whose revenue lay within the 90 % interval"),
        _MODEL,
    ),
    key=("as_of", "horizon_days", "demand_class", "model_version"),
)

PRICE_RESPONSE = Table(
    schema="gold",
    name="price_response",
    meaning="how the units sold followed the price paid, if the price moved enough to tell",
    columns=(
        _AS_OF,
        required("level", "string", "product or category"),
        required("category", "string", "the category"),
        required("product_id", "string", "the product; '' on a category"),
        required("weeks", "bigint", "the number of weeks, with a sale and a price, from which it was learned"),
        required("price_spread", "double", "the standard deviation of the logarithm of the price"),
        required("elasticity", "double", "the change of units in per cent when the price rises by one per cent"),
        required("standard_error", "double", "the standard error of the elasticity"),
    ),
    key=("as_of", "level", "category", "product_id"),
    partitioned_by=("as_of",),
)

PRODUCT_DECISIONS = Table(
    schema="gold",
    name="product_decisions",
    meaning="what to do about a product in the next 28 days, which rule says so, and because of which numbers",
    columns=(
        _AS_OF,
        required("product_id", "string", "the product"),
        optional("product", "string", "its name"),
        required("department", "string", "the department"),
        required("category", "string", "the category"),
        optional("predicted_revenue", "double", "the expected revenue of the next 28 days"),
        optional("low_90", "double", "the low end of its 90 % interval"),
        optional("high_90", "double", "the high end of its 90 % interval"),
        optional("bucket", "string", "High, Medium or Low; null if there is too little history"),
        required("action", "string", "increase_inventory, hold, optimise_price, discount, promote, delist, or none"),
        required("rule", "string", "the rule that fired; '' if there is too little history"),
        required("reason", "string", "the rule's words and the numbers that fired it"),
        required("measured", "map<string,double>", "the measures that the rules look at, as far as they are known"),
        optional(
            "expected_worth",
            "double",
            "what the action is expected to bring in 28 days; null if it cannot be estimated",
        ),
        _MODEL,
    ),
    key=("as_of", "product_id"),
    partitioned_by=("as_of",),
)

FORECAST: tuple[Table, ...] = (
    PRODUCT_FEATURES,
    PRODUCT_FORECASTS,
    FORECAST_ACCURACY,
    FORECAST_OUTCOMES,
    PRICE_RESPONSE,
    PRODUCT_DECISIONS,
)
