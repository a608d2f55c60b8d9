"""Gold tables of forecasts and decisions: what is known of a product, what it will earn, what to do, what came true."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Column, Table, required

_AS_OF = required("as_of", "date", "last day looked at")
_DEPARTMENT = required("department", "string", "department; '' on the total")
_MODEL = required("model_version", "string", "version of the registered model that forecast, or fallback")
_BOUNDS = tuple(
    Column(f"{end}_{level}", "double", f"{end} end of the {level} % interval; null without a forecast")
    for level in (50, 90)
    for end in ("low", "high")
)

PRODUCT_FEATURES = Table(
    "gold",
    "product_features",
    "what is known of a product that was ever ordered, and of a category, as of a day; only sales that were not cancelled count",
    (
        _AS_OF,
        required("level", "string", "product or category"),
        required("product_id", "string", "product; '' on a category"),
        required("department", "string", "department"),
        required("category", "string", "category"),
        *(required(f"revenue_{days}d", MONEY, f"paid for sales of the last {days} days") for days in (7, 28, 91, 365)),
        required("revenue_before_28d", MONEY, "the same of the 28 days before the last 28"),
        *(required(f"orders_{days}d", "bigint", f"distinct orders of the last {days} days") for days in (28, 91)),
        *(required(f"units_{days}d", UNITS, f"units sold in the last {days} days") for days in (28, 91)),
        Column("price_28d", "double", "paid per unit in the last 28 days; null where nothing was paid"),
        Column("price_91d", "double", "the same of the last 91 days"),
        Column("discount_depth_91d", "double", "share of the list amount that discounts took, last 91 days"),
        Column("return_rate_91d", "double", "units returned per unit sold, last 91 days; null where nothing was sold"),
        required("returns_91d", MONEY, "amounts paid back in the last 91 days, as a positive number"),
        Column("average_rating", "double", "mean rating of all reviews so far"),
        required("ratings", "bigint", "reviews so far"),
        Column("trend_28d", "double", "revenue of the last 28 days over that of the 28 before; null where that was 0"),
        Column(
            "seasonality_28d",
            "double",
            "a year ago: the next 28 days over the average 28 days of that year; null with less than a year of history",
        ),
        Column("first_sold_on", "date", "day of the first sale; null where there was none"),
        Column("last_sold_on", "date", "day of the last sale"),
        Column(
            "units_available", "bigint", "stock as last delivered, also for an earlier as-of date; null where unknown"
        ),
    ),
    ("as_of", "level", "department", "category", "product_id"),
    partitioned_by=("as_of",),
)

PRODUCT_FORECASTS = Table(
    "gold",
    "product_forecasts",
    "expected revenue of a product, a department or the catalog in a period after a day; the levels add up",
    (
        _AS_OF,
        required("level", "string", "product, department or total"),
        _DEPARTMENT,
        required("category", "string", "category of the product; '' above"),
        required("product_id", "string", "product; '' above"),
        required("first_day", "int", "first day of the period, 1 is the day after as_of"),
        required("last_day", "int", "last day of the period; 7, 28 and 91 from day 1 are the horizons"),
        Column("revenue", "double", "expected revenue; null where there is too little history"),
        *_BOUNDS,
        required("demand_class", "string", "smooth, erratic, intermittent, lumpy or new; '' above products"),
        required("method", "string", "the method of the class; reconciled above products"),
        required("basis", "string", "model, category_share, dormant or too_little_history"),
        _MODEL,
    ),
    ("as_of", "level", "department", "product_id", "first_day", "last_day"),
    partitioned_by=("as_of",),
)

FORECAST_ACCURACY = Table(
    "gold",
    "forecast_accuracy",
    "a past forecast of a horizon that is over, beside what was sold",
    (
        _AS_OF,
        required("horizon_days", "int", "7, 28 or 91"),
        required("level", "string", "product, department or total"),
        _DEPARTMENT,
        required("category", "string", "category of the product; '' above"),
        required("product_id", "string", "product; '' above"),
        required("demand_class", "string", "class of the product; '' above"),
        required("predicted", "double", "forecast revenue"),
        required("low_90", "double", "low end of the 90 % interval"),
        required("high_90", "double", "high end of the 90 % interval"),
        required("observed", "double", "revenue that came, as known when it was judged"),
        _MODEL,
    ),
    ("as_of", "horizon_days", "level", "department", "product_id"),
    partitioned_by=("as_of",),
)

FORECAST_OUTCOMES = Table(
    "gold",
    "forecast_outcomes",
    "what came true of a day's product forecasts, by horizon and demand class",
    (
        _AS_OF,
        required("horizon_days", "int", "7, 28 or 91"),
        required("horizon", "string", "the same as text: days_7, days_28 or days_91"),
        required("demand_class", "string", "class, or '' for all products"),
        required("products", "bigint", "products forecast"),
        Column("wape", "double", "sum of absolute errors over what came; null where nothing came"),
        required("rmse", "double", "root mean squared error"),
        Column("bias", "double", "sum of errors over what came, above 0 too much"),
        required("coverage_90", "double", "share of products whose revenue lay within the 90 % interval"),
        _MODEL,
    ),
    ("as_of", "horizon_days", "demand_class", "model_version"),
)

PRICE_RESPONSE = Table(
    "gold",
    "price_response",
    "how units sold followed the price paid, where it moved enough to tell",
    (
        _AS_OF,
        required("level", "string", "product or category"),
        required("category", "string", "category"),
        required("product_id", "string", "product; '' on a category"),
        required("weeks", "bigint", "weeks with a sale and a price that it was learned from"),
        required("price_spread", "double", "standard deviation of the logarithm of the price"),
        required("elasticity", "double", "change of units in per cent when the price rises by one per cent"),
        required("standard_error", "double", "of the elasticity"),
    ),
    ("as_of", "level", "category", "product_id"),
    partitioned_by=("as_of",),
)

PRODUCT_DECISIONS = Table(
    "gold",
    "product_decisions",
    "what to do about a product in the next 28 days, which rule says so, and by which numbers",
    (
        _AS_OF,
        required("product_id", "string", "product"),
        Column("product", "string", "its name"),
        required("department", "string", "department"),
        required("category", "string", "category"),
        Column("predicted_revenue", "double", "expected revenue of the next 28 days"),
        Column("low_90", "double", "low end of its 90 % interval"),
        Column("high_90", "double", "high end of its 90 % interval"),
        Column("bucket", "string", "High, Medium or Low; null where there is too little history"),
        required("action", "string", "increase_inventory, hold, optimise_price, discount, promote, delist, or none"),
        required("rule", "string", "the rule that fired; '' where there is too little history"),
        required("reason", "string", "the rule's words and the numbers that fired it"),
        required("measured", "map<string,double>", "the measures that the rules look at, those that are known"),
        Column(
            "expected_worth", "double", "what the action is expected to bring in 28 days; null where it cannot be told"
        ),
        _MODEL,
    ),
    ("as_of", "product_id"),
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
