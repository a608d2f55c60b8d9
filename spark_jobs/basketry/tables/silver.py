"""The silver tables, one per entity, and the bronze table of a feed."""

from __future__ import annotations

from collections.abc import Iterable

from basketry.tables.declare import (
    MONEY,
    UNITS,
    Column,
    SignRule,
    Table,
    Vocabulary,
    enumerated,
    optional,
    personal,
    required,
)

LINEAGE = (
    required("_file_checksum", "string", "the SHA-256 of the delivered file that this version of the row came from"),
    required("_row_number", "bigint", "the record number in that file; the header is 1"),
    required(
        "_delivered_at", "timestamp", "when that file was delivered, which decides which of two versions is newer"
    ),
    optional(
        "_ordering_time",
        "timestamp",
        "the time that decides between files delivered at the same time, see ops.files; a missing one is the earliest",
    ),
)


HOMEOWNER = Vocabulary((("homeowner", ("home owner", "owner")), ("renter", ("tenant",)), ("unknown", ())))


def _silver(
    *,
    name: str,
    meaning: str,
    key: tuple[str, ...],
    columns: tuple[Column, ...],
    clustered_by: tuple[str, ...] = (),
    signs: tuple[SignRule, ...] = (),
) -> Table:
    return Table(
        schema="silver",
        name=name,
        meaning=meaning,
        columns=(*columns, *LINEAGE),
        key=key,
        tracks_changes=True,
        clustered_by=clustered_by,
        signs=signs,
    )


CUSTOMERS = _silver(
    name="customers",
    meaning="a customer as last known (personal data lives here and in gold.marketing_audience)",
    key=("customer_id",),
    columns=(
        required("customer_id", "string", "the customer"),
        personal("name", "the full name"),
        personal("email", "the e-mail address as delivered"),
        personal("phone", "the telephone number as delivered"),
        personal("street", "the street address"),
        # What follows identifies nobody alone, and nearly everybody together: others see gold.customer_bands.
        personal("city", "the city"),
        personal("state", "the state or province; a two-letter code in the US"),
        personal("postal_code", "the ZIP code or postal code"),
        personal("country", "the country"),
        optional("joined_on", "date", "the first day as a customer", pii=True),
        personal("age_band", "the age band, e.g. 35-44"),
        personal("marital_status", "the marital status"),
        personal("income_band", "the household income band"),
        enumerated("homeowner", HOMEOWNER, nullable=True, pii=True),
        personal("household_composition", "the adults and children of the household"),
        personal("household_size", "the number of persons in the household, e.g. 5+"),
        personal("children", "the number of children in the household, e.g. 3+"),
    ),
)

PRODUCTS = _silver(
    name="products",
    meaning="a product: what it is, where it is in the product tree, what it costs, whether it is available",
    key=("product_id",),
    columns=(
        required("product_id", "string", "the product"),
        optional("name", "string", "the name shown to people"),
        optional("brand", "string", "the brand"),
        optional("manufacturer", "string", "the manufacturer"),
        optional("department", "string", "the top level of the product tree"),
        optional("category", "string", "the level of the product tree on which is scored, forecast and offered"),
        optional("subcategory", "string", "the level of the product tree below category"),
        optional("size", "string", "the pack size as delivered"),
        optional("list_price", MONEY, "the price of a unit before any discount"),
        optional("unit_cost", MONEY, "what a unit costs the retailer"),
        optional("units_available", "bigint", "the number of units that can be sold now"),
    ),
)

KINDS = Vocabulary(
    (
        ("sale", ("sales",)),
        ("return", ("returns", "refund", "refunds")),
        ("adjustment", ("adjustments",)),
        ("fee", ("fees",)),
    )
)
STATUSES = Vocabulary((("paid", ()), ("shipped", ()), ("returned", ()), ("cancelled", ("canceled",))))
LINE_KINDS, ORDER_STATUSES = KINDS.words, STATUSES.words

_DISCOUNTED = "on sales >= 0 (below it is a surcharge), <= 0 on returns"
DISCOUNTS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")

# A sale's discounts and what was paid may have either sign: there are surcharges, and vouchers on a line of nothing.
_SALE = SignRule(
    column="line_kind", word="sale", positive=True, columns=("quantity", "list_amount"), otherwise="return"
)
# Not the other way round: a return of more than nothing is a till's way to write returns or takes one back, and the
# contract alone knows which.
_RETURN = SignRule(
    column="line_kind", word="return", positive=False, columns=("quantity", "list_amount", *DISCOUNTS, "net_amount")
)

ORDER_LINES = _silver(
    name="order_lines",
    meaning="a line of an order; returns are lines of their own with negative quantity and amounts",
    key=("order_id", "line_id"),
    columns=(
        required("order_id", "string", "the order, basket or invoice"),
        required("line_id", "string", "the line within the order"),
        optional("customer_id", "string", "the customer, if known"),
        optional("product_id", "string", "the product; missing on fees and adjustments"),
        optional("store_id", "string", "the store"),
        required("ordered_at", "timestamp", "when it was ordered (UTC)"),
        required("order_date", "date", "the business day of the order, local to the retailer"),
        enumerated("line_kind", KINDS),
        enumerated("status", STATUSES),
        required("quantity", UNITS, "the number of units, >= 0 on sales, <= 0 on returns"),
        required("list_amount", MONEY, "the amount before any discount, >= 0 on sales, <= 0 on returns"),
        required("instore_discount", MONEY, f"the loyalty discount in the store, {_DISCOUNTED}"),
        required("campaign_coupon_discount", MONEY, f"the coupon of the retailer's own campaign, {_DISCOUNTED}"),
        required("manuf_coupon_discount", MONEY, f"the manufacturer's coupon, {_DISCOUNTED}"),
        required(
            "manuf_coupon_match_discount", MONEY, f"the retailer's match of a manufacturer's coupon, {_DISCOUNTED}"
        ),
        required("net_amount", MONEY, "what was paid: list amount less all discounts; <= 0 on returns"),
    ),
    clustered_by=("order_date", "customer_id"),
    signs=(_SALE, _RETURN),
)

EVENT_TYPES = Vocabulary(
    (
        ("view", ("views", "viewed", "click", "clicks")),
        ("cart", ("carts", "add to cart", "addtocart")),
        ("purchase", ("purchases", "purchased")),
    )
)

EVENTS = _silver(
    name="events",
    meaning="a view, cart or purchase in the shop or app",
    key=("event_id",),
    columns=(
        required("event_id", "string", "the event"),
        required("occurred_at", "timestamp", "when it happened (UTC)"),
        required("event_date", "date", "the local business day"),
        enumerated("event_type", EVENT_TYPES),
        optional("customer_id", "string", "the customer, if known"),
        optional("session_id", "string", "the visit to the shop"),
        optional("product_id", "string", "the product"),
        optional("price", MONEY, "the price shown"),
    ),
    clustered_by=("event_date", "customer_id"),
)

CAMPAIGNS = _silver(
    name="campaigns",
    meaning="a campaign and the days on which it runs",
    key=("campaign_id",),
    columns=(
        required("campaign_id", "string", "the campaign"),
        optional("campaign_type", "string", "the kind of campaign"),
        required("start_date", "date", "the first day"),
        required("end_date", "date", "the last day"),
    ),
)

CAMPAIGN_MEMBERS = _silver(
    name="campaign_members",
    meaning="a customer who received a campaign",
    key=("campaign_id", "customer_id"),
    columns=(required("campaign_id", "string", "the campaign"), required("customer_id", "string", "the customer")),
)

COUPONS = _silver(
    name="coupons",
    meaning="a coupon of a campaign and a product for which it is good",
    key=("coupon_id", "campaign_id", "product_id"),
    columns=(
        required("coupon_id", "string", "the coupon"),
        required("campaign_id", "string", "the campaign"),
        required("product_id", "string", "the product"),
    ),
)

REDEMPTIONS = _silver(
    name="redemptions",
    meaning="a coupon redeemed by a customer",
    key=("customer_id", "coupon_id", "campaign_id", "redeemed_on"),
    columns=(
        required("customer_id", "string", "the customer"),
        required("coupon_id", "string", "the coupon"),
        required("campaign_id", "string", "the campaign"),
        required("redeemed_on", "date", "the day of the redemption"),
    ),
)

RATING_BOUNDS = (1, 5)

REVIEWS = _silver(
    name="reviews",
    meaning="a customer's rating of a product",
    key=("review_id",),
    columns=(
        required("review_id", "string", "the review"),
        required("product_id", "string", "the product"),
        optional("customer_id", "string", "the customer"),
        required("rating", "int", "the rating, from 1 (worst) to 5 (best)", bounds=RATING_BOUNDS),
        required("reviewed_on", "date", "the local business day"),
    ),
)

OPT_OUTS = _silver(
    name="opt_outs",
    meaning="a customer's withdrawal of consent to a channel",
    key=("customer_id", "channel"),
    columns=(
        required("customer_id", "string", "the customer"),
        required("channel", "string", "phone, email or all; a word that is not understood means all"),
        optional(
            "opted_out_on",
            "date",
            "the day of the withdrawal, if one could be read: the withdrawal counts whatever its day",
        ),
    ),
)

SILVER: tuple[Table, ...] = (
    CUSTOMERS,
    PRODUCTS,
    ORDER_LINES,
    EVENTS,
    CAMPAIGNS,
    CAMPAIGN_MEMBERS,
    COUPONS,
    REDEMPTIONS,
    REVIEWS,
    OPT_OUTS,
)

ENTITY_DATE = {
    "order_lines": "order_date",
    "events": "event_date",
    "redemptions": "redeemed_on",
    "reviews": "reviewed_on",
    "opt_outs": "opted_out_on",
}
"""The column that holds the business day of a row, for entities whose rows have one."""

BRONZE_LINEAGE = (*LINEAGE, required("_file_name", "string", "the name of the delivered file"))


def bronze_table(feed: str, delivered: Iterable[tuple[str, bool]]) -> Table:
    """Declare the bronze table of a feed, whose delivered columns are all text.

    Args:
        feed: the name of the feed.
        delivered: the name of each delivered column, and whether it holds personal data.
    """
    columns = tuple(optional(name, "string", "the text as delivered", pii=pii) for name, pii in delivered)
    # Nobody knows what an undeclared column holds: it is personal until a contract says what it is.
    extra = optional("_extra", "string", "the columns that the contract does not know, as JSON", pii=True)
    native_meaning = "the columns whose value is a number in the file itself, not text; missing: there is none"
    native = optional("_native", "array<string>", native_meaning)
    return Table(
        schema="bronze",
        name=feed,
        meaning=f"a delivered row of the feed {feed}, verbatim",
        columns=(*BRONZE_LINEAGE, *columns, extra, native),
        key=("_file_checksum", "_row_number"),
    )


def silver_table(name: str) -> Table:
    """Return the silver table of an entity, which must be there."""
    return next(table for table in SILVER if table.name == name)
