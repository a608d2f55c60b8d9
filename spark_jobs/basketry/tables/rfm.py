"""Gold tables of the RFM segments."""

from __future__ import annotations

from basketry.tables.declare import MONEY, Column, Table, required

VIEWS = ("named", "cluster")
"""The two ways in which the same customers are segmented: by the grid of names, and by clusters."""

NEW, GONE = "(new)", "(gone)"
"""Where a customer comes from who had no segment before, and where one goes who has none any more."""

_AS_OF = required("as_of", "date", "last day looked at")
_VIEW = required("view", "string", f"one of: {', '.join(VIEWS)}")
_MODEL = required("model_version", "string", "version of the registered model rfm that assigned")

RFM_SEGMENTS = Table(
    "gold",
    "rfm_segments",
    "a customer's value and segments as of a day; who bought nothing in the window has no row",
    (
        _AS_OF,
        required("customer_id", "string", "customer"),
        required("recency_days", "int", "days from the last purchase to as_of"),
        required("frequency", "int", "distinct dates with a purchase in the window"),
        required("monetary", MONEY, "mean spend per purchase date, returns netted"),
        required("monetary_total", MONEY, "spend on the purchase dates in the window"),
        required("r", "int", "recency score: 5 = bought lately, 1 = long ago"),
        required("f", "int", "frequency score: 5 = most often"),
        required("m", "int", "monetary score: 5 = spends most per date"),
        required("segment", "string", "named segment, by include/rfm.yaml"),
        Column("previous_segment", "string", "the named segment before this one; null when there was none"),
        required("segment_since", "date", "as-of date from which the customer is in it"),
        required("cluster", "int", "cluster; its number survives a refit"),
        Column("previous_cluster", "int", "the cluster before this one; null when there was none"),
        required("cluster_since", "date", "as-of date from which the customer is in it"),
        Column("expected_purchases_90d", "double", "expected purchase dates in the next 90 days; null where not shown"),
        Column("expected_spend_90d", "double", "expected spend in the next 90 days; null where not shown"),
        _MODEL,
    ),
    ("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

RFM_PROFILES = Table(
    "gold",
    "rfm_profiles",
    "what a segment is as of a day, and what its customers did in the 90 days after",
    (
        _AS_OF,
        _VIEW,
        required("segment", "string", "named segment, or the number of the cluster"),
        required("mostly", "string", "the named segment that most of its customers have"),
        required("customers", "bigint", "customers in it"),
        required("share_of_customers", "double", "of all customers with a segment that day"),
        required("revenue", MONEY, "their spend in the window"),
        required("share_of_revenue", "double", "of the spend of all of them"),
        required("recency_days", "double", "mean days since the last purchase"),
        required("frequency", "double", "mean purchase dates in the window"),
        required("monetary", "double", "mean of their mean spend per purchase date"),
        Column("expected_purchases_90d", "double", "mean expected purchase dates; null where not shown"),
        Column("expected_spend_90d", "double", "mean expected spend; null where not shown"),
        Column("repurchase_rate_90d", "double", "share who bought in the 90 days after; null until they are over"),
        Column("spend_90d", "double", "mean spend in the 90 days after; null until they are over"),
        required("treatment", "string", "what to do with them, by include/rfm.yaml"),
        _MODEL,
    ),
    ("as_of", "view", "segment"),
    partitioned_by=("as_of",),
)

RFM_MIGRATION = Table(
    "gold",
    "rfm_migration",
    "who moved from which segment to which since an earlier as-of date; rows of a from_segment add up to its customers",
    (
        _AS_OF,
        required("days", "int", "the earlier date is the newest stored one at least so many days before"),
        required("previous_as_of", "date", "the earlier date"),
        _VIEW,
        required("from_segment", "string", f"segment on the earlier date, {NEW} for none"),
        required("to_segment", "string", f"segment on as_of, {GONE} for none"),
        required("customers", "bigint", "customers who took this path, also those who stayed"),
        required("revenue_before", MONEY, "their spend in the window as of the earlier date"),
        required("revenue_after", MONEY, "their spend in the window as of as_of"),
    ),
    ("as_of", "days", "view", "from_segment", "to_segment"),
    partitioned_by=("as_of",),
)

RFM: tuple[Table, ...] = (RFM_SEGMENTS, RFM_PROFILES, RFM_MIGRATION)
