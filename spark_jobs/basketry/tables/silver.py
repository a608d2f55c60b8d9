"""Silver tables, one an entity, and the bronze table of a feed."""

from __future__ import annotations

from collections.abc import Iterable

from basketry.tables.declare import MONEY, UNITS, Column, Signs, Table, Words, one_of, person, required

LINEAGE = (
    required("_file_checksum", "string", "sha256 of the delivered file that this version of the row came from"),
    required("_row_number", "bigint", "record number in that file; the header is 1"),
    required("_delivered_at", "timestamp", "when that file was delivered: decides which of two versions is newer"),
    Column(
        "_ordering_time", "timestamp", "decides between files delivered at one time, see ops.files; missing is earliest"
    ),
)


HOMEOWNER = Words((("homeowner", ("home owner", "owner")), ("renter", ("tenant",)), ("unknown", ())))


def _silver(
    name: str,
    meaning: str,
    key: tuple[str, ...],
    *columns: Column,
    clustered_by: tuple[str, ...] = (),
    signs: tuple[Signs, ...] = (),
) -> Table:
    columns = columns + LINEAGE
    return Table("silver", name, meaning, columns, key, tracks_changes=True, clustered_by=clustered_by, signs=signs)


CUSTOMERS = _silver(
    "customers",
    "a customer as last known (personal data lives here and in gold.marketing_audience)",
    ("customer_id",),
    required("customer_id", "string", "customer"),
    person("name", "full name"),
    person("email", "e-mail address as delivered"),
    person("phone", "telephone number as delivered"),
    person("street", "street address"),
    Column("city", "string", "city"),
    Column("state", "string", "state or province, two-letter code in the US"),
    person("postal_code", "ZIP or postal code"),
    Column("country", "string", "country"),
    Column("joined_on", "date", "first day as a customer"),
    Column("age_band", "string", "age band, e.g. 35-44"),
    Column("marital_status", "string", "marital status"),
    Column("income_band", "string", "household income band"),
    one_of("homeowner", HOMEOWNER, nullable=True),
    Column("household_composition", "string", "adults and children"),
    Column("household_size", "string", "persons in the household, e.g. 5+"),
    Column("children", "string", "children in the household, e.g. 3+"),
)

PRODUCTS = _silver(
    "products",
    "a product: what it is, where it stands in the tree, what it costs, whether it can be had",
    ("product_id",),
    required("product_id", "string", "product"),
    Column("name", "string", "name shown to people"),
    Column("brand", "string", "brand"),
    Column("manufacturer", "string", "manufacturer"),
    Column("department", "string", "top of the product tree"),
    Column("category", "string", "what is scored, forecast and offered together"),
    Column("subcategory", "string", "finer than category"),
    Column("size", "string", "pack size as delivered"),
    Column("list_price", MONEY, "price of one unit before any discount"),
    Column("unit_cost", MONEY, "what one unit costs the retailer"),
    Column("units_available", "bigint", "units that can be sold now"),
)

KINDS = Words(
    (
        ("sale", ("sales",)),
        ("return", ("returns", "refund", "refunds")),
        ("adjustment", ("adjustments",)),
        ("fee", ("fees",)),
    )
)
STATUSES = Words((("paid", ()), ("shipped", ()), ("returned", ()), ("cancelled", ("canceled",))))
LINE_KINDS, ORDER_STATUSES = KINDS.words, STATUSES.words

_DISCOUNTED = "on sales >= 0 (below it is a surcharge), <= 0 on returns"
DISCOUNTS = ("instore_discount", "campaign_coupon_discount", "manuf_coupon_discount", "manuf_coupon_match_discount")

# A sale's discounts and what was paid may have either sign: there are surcharges, and vouchers on a line of nothing.
_SALE = Signs("line_kind", "sale", True, ("quantity", "list_amount"), otherwise="return")
# Not the other way round: a return of more than nothing is a till's way to write returns or takes one back, and the
# contract alone knows which.
_RETURN = Signs("line_kind", "return", False, ("quantity", "list_amount", *DISCOUNTS, "net_amount"))

ORDER_LINES = _silver(
    "order_lines",
    "a line of an order; returns are lines of their own with negative quantity and amounts",
    ("order_id", "line_id"),
    required("order_id", "string", "order, basket or invoice"),
    required("line_id", "string", "line within the order"),
    Column("customer_id", "string", "customer, where known"),
    Column("product_id", "string", "product; missing on fees and adjustments"),
    Column("store_id", "string", "store"),
    required("ordered_at", "timestamp", "when ordered (UTC)"),
    required("order_date", "date", "business day of the order, local to the retailer"),
    one_of("line_kind", KINDS),
    one_of("status", STATUSES),
    required("quantity", UNITS, "units, >= 0 on sales, <= 0 on returns"),
    required("list_amount", MONEY, "amount before any discount, >= 0 on sales, <= 0 on returns"),
    required("instore_discount", MONEY, f"loyalty discount in the store, {_DISCOUNTED}"),
    required("campaign_coupon_discount", MONEY, f"coupon of the retailer's own campaign, {_DISCOUNTED}"),
    required("manuf_coupon_discount", MONEY, f"manufacturer's coupon, {_DISCOUNTED}"),
    required("manuf_coupon_match_discount", MONEY, f"the retailer's match of a manufacturer's coupon, {_DISCOUNTED}"),
    required("net_amount", MONEY, "what was paid: list amount less all discounts; <= 0 on returns"),
    clustered_by=("order_date", "customer_id"),
    signs=(_SALE, _RETURN),
)

EVENT_TYPES = Words(
    (
        ("view", ("views", "viewed", "click", "clicks")),
        ("cart", ("carts", "add to cart", "addtocart")),
        ("purchase", ("purchases", "purchased")),
    )
)

EVENTS = _silver(
    "events",
    "a view, cart or purchase in the shop or app",
    ("event_id",),
    required("event_id", "string", "event"),
    required("occurred_at", "timestamp", "when (UTC)"),
    required("event_date", "date", "local business day"),
    one_of("event_type", EVENT_TYPES),
    Column("customer_id", "string", "customer, where known"),
    Column("session_id", "string", "visit"),
    Column("product_id", "string", "product"),
    Column("price", MONEY, "price shown"),
    clustered_by=("event_date", "customer_id"),
)

CAMPAIGNS = _silver(
    "campaigns",
    "a campaign and the days it runs",
    ("campaign_id",),
    required("campaign_id", "string", "campaign"),
    Column("campaign_type", "string", "kind of campaign"),
    required("start_date", "date", "first day"),
    required("end_date", "date", "last day"),
)

CAMPAIGN_MEMBERS = _silver(
    "campaign_members",
    "a customer who received a campaign",
    ("campaign_id", "customer_id"),
    required("campaign_id", "string", "campaign"),
    required("customer_id", "string", "customer"),
)

COUPONS = _silver(
    "coupons",
    "a coupon of a campaign and a product it is good for",
    ("coupon_id", "campaign_id", "product_id"),
    required("coupon_id", "string", "coupon"),
    required("campaign_id", "string", "campaign"),
    required("product_id", "string", "product"),
)

REDEMPTIONS = _silver(
    "redemptions",
    "a coupon redeemed by a customer",
    ("customer_id", "coupon_id", "campaign_id", "redeemed_on"),
    required("customer_id", "string", "customer"),
    required("coupon_id", "string", "coupon"),
    required("campaign_id", "string", "campaign"),
    required("redeemed_on", "date", "day of the redemption"),
)

RATING_BOUNDS = (1, 5)

REVIEWS = _silver(
    "reviews",
    "a customer's rating of a product",
    ("review_id",),
    required("review_id", "string", "review"),
    required("product_id", "string", "product"),
    Column("customer_id", "string", "customer"),
    Column("rating", "int", "1 (worst) to 5 (best)", nullable=False, bounds=RATING_BOUNDS),
    required("reviewed_on", "date", "local business day"),
)

OPT_OUTS = _silver(
    "opt_outs",
    "a customer's withdrawal of consent to a channel",
    ("customer_id", "channel"),
    required("customer_id", "string", "customer"),
    required("channel", "string", "phone, email or all; a word that is not understood means all"),
    Column("opted_out_on", "date", "day of the withdrawal, where one could be read: it counts whatever its day"),
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
"""The business day of an entity's row, for entities whose rows belong to a day: what an ingest reports as touched."""

BRONZE_LINEAGE = (*LINEAGE, required("_file_name", "string", "name of the delivered file"))


def bronze_table(feed: str, delivered: Iterable[tuple[str, bool]]) -> Table:
    """The bronze table of a feed. delivered: (column name, is it personal data) of each delivered column, all text."""
    columns = tuple(Column(name, "string", "as delivered", pii=pii) for name, pii in delivered)
    extra = Column(
        "_extra", "string", "columns the contract does not know, JSON", pii=any(column.pii for column in columns)
    )
    native = Column(
        "_native", "array<string>", "columns whose value is a number in the file itself, not text; missing: none"
    )
    meaning = f"a delivered row of the feed {feed}, verbatim"
    return Table("bronze", feed, meaning, (*BRONZE_LINEAGE, *columns, extra, native), ("_file_checksum", "_row_number"))


def entity(name: str) -> Table:
    """The silver table of that name; KeyError when there is none."""
    return next(table for table in SILVER if table.name == name)
