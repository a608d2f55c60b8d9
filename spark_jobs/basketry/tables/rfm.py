"""Gold tables of the RFM segments."""

from __future__ import annotations

from basketry.tables.declare import MONEY, Table, optional, required

VIEWS = ("named", "cluster")
"""The two ways in which the same customers are segmented: by the grid of names, and by clusters."""

NEW, GONE = "(new)", "(gone)"
"""Where a customer comes from who had no segment before, and where one goes who has none any more."""

_AS_OF = required("as_of", "date", "the last day looked at")
_VIEW = required("view", "string", f"one of: {', '.join(VIEWS)}")
_MODEL = required("model_version", "string", "the version of the registered model rfm that assigned")

RFM_SEGMENTS = Table(
    schema="gold",
    name="rfm_segments",
    meaning="a customer's value and segments as of a day; a customer who bought nothing in the window has no row",
    columns=(
        _AS_OF,
        required("customer_id", "string", "the customer"),
        required("recency_days", "int", "the days from the last purchase to as_of"),
        required("frequency", "int", "the number of distinct dates with a purchase in the window"),
        required("monetary", MONEY, "the mean spend per purchase date, net of returns"),
        required("monetary_total", MONEY, "the spend on the purchase dates in the window"),
        required("r", "int", "the recency score: 5 = bought lately, 1 = long ago"),
        required("f", "int", "the frequency score: 5 = most often"),
        required("m", "int", "the monetary score: 5 = spends most per date"),
        required("segment", "string", "the named segment, by include/rfm.yaml"),
        optional("previous_segment", "string", "the named segment before this one; null if there was none"),
        required("segment_since", "date", "the as-of date from which the customer is in it"),
        required("cluster", "int", "the cluster; its number survives a refit"),
        optional("previous_cluster", "int", "the cluster before this one; null if there was none"),
        required("cluster_since", "date", "the as-of date from which the customer is in it"),
        optional(
            "expected_purchases_90d",
            "double",
            "the expected number of purchase dates in the next 90 days; null if not shown",
        ),
        optional("expected_spend_90d", "double", "the expected spend in the next 90 days; null if not shown"),
        _MODEL,
    ),
    key=("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

RFM_PROFILES = Table(
    schema="gold",
    name="rfm_profiles",
    meaning="what a segment is as of a day, and what its customers did in the 90 days after",
    columns=(
        _AS_OF,
        _VIEW,
        required("segment", "string", "the named segment, or the number of the cluster"),
        required("mostly", "string", "the named segment that most of its customers have"),
        required("customers", "bigint", "the number of customers in it"),
        required("share_of_customers", "double", "the share of all customers with a segment that day"),
        required("revenue", MONEY, "what they spent in the window"),
        required("share_of_revenue", "double", "the share of the spend of all of them"),
        required("recency_days", "double", "the mean days since the last purchase"),
        required("frequency", "double", "the mean number of purchase dates in the window"),
        required("monetary", "double", "the mean of their mean spend per purchase date"),
        optional("expected_purchases_90d", "double", "the mean expected number of purchase dates; null if not shown"),
        optional("expected_spend_90d", "double", "the mean expected spend; null if not shown"),
        optional(
            "repurchase_rate_90d", "double", "the share who bought in the 90 days after; null until they are over"
        ),
        optional("spend_90d", "double", "the mean spend in the 90 days after; null until they are over"),
        required("treatment", "string", "what to do with them, by include/rfm.yaml"),
        _MODEL,
    ),
    key=("as_of", "view", "segment"),
    partitioned_by=("as_of",),
)

RFM_MIGRATION = Table(
    schema="gold",
    name="rfm_migration",
    meaning="how many customers moved between two segments since an earlier as-of date; a from_segment adds up to its customers",
    columns=(
        _AS_OF,
        required("days", "int", "the earlier date is the newest stored one at least this many days before"),
        required("previous_as_of", "date", "the earlier date"),
        _VIEW,
        required("from_segment", "string", f"the segment on the earlier date, {NEW} for none"),
        required("to_segment", "string", f"the segment on as_of, {GONE} for none"),
        required("customers", "bigint", "the number of customers who moved like this, or who stayed"),
        required("revenue_before", MONEY, "what they spent in the window as of the earlier date"),
        required("revenue_after", MONEY, "what they spent in the window as of as_of"),
    ),
    key=("as_of", "days", "view", "from_segment", "to_segment"),
    partitioned_by=("as_of",),
)

RFM: tuple[Table, ...] = (RFM_SEGMENTS, RFM_PROFILES, RFM_MIGRATION)
