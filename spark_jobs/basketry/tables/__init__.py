"""Every table, declared once: columns, types, key, PII tags and one line of meaning.

Writers enforce these declarations; documentation, grants and the privacy test are derived from them. Money is an exact
decimal, so that a sum does not depend on the order of its rows. `order_date` and its like are the retailer's local
business day; `…_at` columns are UTC instants.
"""

from __future__ import annotations

from basketry.tables.declare import GAPS, LARGEST, MONEY, SCHEMAS, UNITS, Column, Signs, Table, Words, plain
from basketry.tables.features import (
    CATEGORY_FEATURES,
    CUSTOMER_CATEGORY_FEATURES,
    CUSTOMER_FEATURES,
    FEATURE_DATES,
    FEATURES,
    SCORED_CATEGORIES,
)
from basketry.tables.forecast import (
    FORECAST,
    FORECAST_ACCURACY,
    FORECAST_OUTCOMES,
    PRICE_RESPONSE,
    PRODUCT_DECISIONS,
    PRODUCT_FEATURES,
    PRODUCT_FORECASTS,
)
from basketry.tables.freshness import DEADLINES, Deadline, deadline_of
from basketry.tables.marketing import (
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    CHANNELS,
    FORGOTTEN,
    HANDOVERS,
    MARKETING,
    MARKETING_AUDIENCE,
    MARKETING_CLUSTERS,
    ZIP_TIME_ZONES,
)
from basketry.tables.offers import (
    OFFER_BATCHES,
    OFFER_DECISIONS,
    OFFER_EVENTS,
    OFFER_PERFORMANCE_MINUTE,
    OFFER_POPULAR,
    OFFER_RECOMMENDATIONS,
    OFFER_RESPONSES,
    OFFER_STATE,
    OFFER_TRAINING,
    OFFER_WINDOWS,
    OFFERS,
)
from basketry.tables.ops import FILES, JOB_RUNS, OPS, QUARANTINE
from basketry.tables.propensity import (
    PROMOTIONS,
    PROPENSITY,
    PROPENSITY_DRIFT,
    PROPENSITY_OUTCOMES,
    PROPENSITY_SCORES,
    propensity_wide,
    wide_column,
)
from basketry.tables.rfm import GONE, NEW, RFM, RFM_MIGRATION, RFM_PROFILES, RFM_SEGMENTS, VIEWS
from basketry.tables.sales import GRAINS, SALES, SALES_ROLLUP, SALES_TABLES
from basketry.tables.silver import (
    BRONZE_LINEAGE,
    CAMPAIGN_MEMBERS,
    CAMPAIGNS,
    COUPONS,
    CUSTOMERS,
    DISCOUNTS,
    ENTITY_DATE,
    EVENT_TYPES,
    EVENTS,
    HOMEOWNER,
    LINE_KINDS,
    LINEAGE,
    OPT_OUTS,
    ORDER_LINES,
    ORDER_STATUSES,
    PRODUCTS,
    RATING_BOUNDS,
    REDEMPTIONS,
    REVIEWS,
    SILVER,
    bronze_table,
    entity,
)
from basketry.tables.withdrawals import ALL_CHANNELS, LENIENT, Lenient

TABLES: tuple[Table, ...] = (
    *SILVER, *OPS, *SALES_TABLES, *FEATURES, SCORED_CATEGORIES, FEATURE_DATES, *PROPENSITY, *RFM, *FORECAST, *MARKETING,
    *OFFERS,
)  # fmt: skip

__all__ = [
    "ALL_CHANNELS", "AUDIENCE_BY_CATEGORY", "AUDIENCE_BY_PRODUCT", "BRONZE_LINEAGE", "CAMPAIGNS", "CAMPAIGN_MEMBERS",
    "CATEGORY_FEATURES", "CHANNELS", "COUPONS", "CUSTOMERS", "CUSTOMER_CATEGORY_FEATURES", "CUSTOMER_FEATURES",
    "DEADLINES", "DISCOUNTS", "ENTITY_DATE", "EVENTS", "EVENT_TYPES", "FEATURES", "FEATURE_DATES", "FILES", "FORECAST",
    "FORECAST_ACCURACY", "FORECAST_OUTCOMES", "FORGOTTEN", "GAPS", "GONE", "GRAINS", "HANDOVERS", "HOMEOWNER", "JOB_RUNS",
    "LARGEST", "LENIENT", "LINEAGE", "LINE_KINDS", "MARKETING", "MARKETING_AUDIENCE", "MARKETING_CLUSTERS", "MONEY",
    "NEW", "OFFERS", "OFFER_BATCHES", "OFFER_DECISIONS", "OFFER_EVENTS", "OFFER_PERFORMANCE_MINUTE", "OFFER_POPULAR",
    "OFFER_RECOMMENDATIONS", "OFFER_RESPONSES", "OFFER_STATE", "OFFER_TRAINING", "OFFER_WINDOWS", "OPS", "OPT_OUTS",
    "ORDER_LINES", "ORDER_STATUSES", "PRICE_RESPONSE", "PRODUCTS", "PRODUCT_DECISIONS", "PRODUCT_FEATURES",
    "PRODUCT_FORECASTS", "PROMOTIONS", "PROPENSITY", "PROPENSITY_DRIFT", "PROPENSITY_OUTCOMES", "PROPENSITY_SCORES",
    "QUARANTINE", "RATING_BOUNDS", "REDEMPTIONS", "REVIEWS", "RFM", "RFM_MIGRATION", "RFM_PROFILES", "RFM_SEGMENTS",
    "SALES", "SALES_ROLLUP", "SALES_TABLES", "SCHEMAS", "SCORED_CATEGORIES", "SILVER", "TABLES", "UNITS", "VIEWS",
    "ZIP_TIME_ZONES", "Column", "Deadline", "Lenient", "Signs", "Table", "Words", "bronze_table", "deadline_of", "entity",
    "plain", "propensity_wide", "wide_column",
]  # fmt: skip
