"""Tables of the marketing campaign: who may be contacted when, by what they buy; and what was forgotten on request."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Column, Table, person, required

CHANNELS = ("phone", "email")
"""How a customer can be reached; an opt-out names one of them, or `all`."""

_AS_OF = required("as_of", "date", "last day looked at")
_CUSTOMER = required("customer_id", "string", "customer")
_CONTACT = (
    person("name", "full name"),
    person("email", "e-mail address, valid in form and normalised; null where it may not be used"),
    person("phone", "telephone number, E.164; null where it may not be called"),
)
_BOUGHT = (
    required("orders", "bigint", "orders with a sale of it"),
    required("units", UNITS, "units sold"),
    required("spent", MONEY, "paid for it, less what was paid back"),
    required("last_purchase", "date", "last day it was bought"),
    required("recency_days", "int", "days from then to as_of"),
    required(
        "rank",
        "bigint",
        "among its buyers in the audience by spent, then last purchase: 1 = the best; equals share a rank",
    ),
)
_CLUSTERED = tuple(
    column
    for mix in ("category", "product")
    for column in (
        Column(
            f"{mix}_cluster", "int", f"cluster by {mix} mix, the same number from week to week; null without purchases"
        ),
        Column(f"{mix}_cluster_name", "string", "its name: what its customers buy more than others"),
    )
)

ZIP_TIME_ZONES = Table(
    "silver",
    "zip_time_zones",
    "a ZIP code of the United States and where it lies, from the data of the zipcodes package",
    (
        required("zip", "string", "five digits"),
        required("state", "string", "two-letter code"),
        Column("time_zone", "string", "IANA time zone; null for military post"),
        required("source", "string", "package and version the row came from"),
    ),
    ("zip",),
)

MARKETING_AUDIENCE = Table(
    "gold",
    "marketing_audience",
    "a customer who may be contacted in the seven days after a day",
    (
        _AS_OF,
        _CUSTOMER,
        *_CONTACT,
        Column("state", "string", "state of the address as delivered"),
        person("zip", "five-digit ZIP of the address, or the postal code as delivered outside the US"),
        Column("time_zone", "string", "IANA time zone; several, with commas between, where one of them must hold"),
        required(
            "time_zone_from", "string", "zip, state, state with several zones, zip and state disagree, country, or none"
        ),
        required(
            "call_windows",
            "array<struct<day:date,starts_at:timestamp,ends_at:timestamp>>",
            "for each of the next 7 days when a call may be made (UTC), legal in every time zone named; null bounds: not at all",
        ),
        required("orders", "bigint", "orders with a sale"),
        required("spent", MONEY, "paid, less what was paid back"),
        Column("first_purchase", "date", "day of the first sale"),
        Column("last_purchase", "date", "day of the last sale"),
        Column("average_basket", MONEY, "paid per order, before what was paid back"),
        Column("favourite_category", "string", "category with the most spent"),
        Column("favourite_product", "string", "name of the product with the most spent"),
        *_CLUSTERED,
        required("consent", "string", "every channel, phone withdrawn, or email withdrawn"),
    ),
    ("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

AUDIENCE_BY_CATEGORY = Table(
    "gold",
    "marketing_audience_by_category",
    "a contactable customer and a category he bought",
    (_AS_OF, required("category", "string", "category"), _CUSTOMER, *_CONTACT, *_BOUGHT),
    ("as_of", "category", "customer_id"),
    partitioned_by=("as_of",),
)

AUDIENCE_BY_PRODUCT = Table(
    "gold",
    "marketing_audience_by_product",
    "a contactable customer and a product he bought",
    (
        _AS_OF,
        required("product_id", "string", "product"),
        Column("product", "string", "its name"),
        required("category", "string", "its category"),
        _CUSTOMER,
        *_CONTACT,
        *_BOUGHT,
    ),
    ("as_of", "product_id", "customer_id"),
    partitioned_by=("as_of",),
)

MARKETING_CLUSTERS = Table(
    "gold",
    "marketing_clusters",
    "a cluster of the audience's customers by what they buy; no personal data",
    (
        _AS_OF,
        required("mix", "string", "category or product: the shares of what make it"),
        required("cluster", "int", "its number, the same from week to week"),
        required("name", "string", "what its customers buy more than others"),
        required("customers", "bigint", "customers of the audience in it"),
        required("spent", MONEY, "their spending"),
        required("centroid", "map<string,double>", "centre, in the scaled shares it was fitted on"),
        required("over_index", "map<string,double>", "share in the cluster over the share among all, where above 1"),
        required("from_run", "string", "refitted, or kept from the run as of the day named"),
    ),
    ("as_of", "mix", "cluster"),
    partitioned_by=("as_of",),
)

HANDOVERS = Table(
    "gold",
    "marketing_handovers",
    "a customer handed over to the dialler or the mailing: at most one a calendar week",
    (
        _AS_OF,
        required("week_start", "date", "Monday of the week of the contact"),
        _CUSTOMER,
        required("channel", "string", "phone or email"),
        Column("starts_at", "timestamp", "begin of the call window (UTC)"),
        Column("ends_at", "timestamp", "its end"),
        required("file", "string", "name of the file, without its suffix"),
    ),
    ("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

FORGOTTEN = Table(
    "ops",
    "forgotten",
    "a person removed or masked on request: an audit line without personal data",
    (
        required(
            "customer_digest",
            "string",
            "sha256 of catalog and customer id: keeps a later delivery from bringing him back",
        ),
        required("request_id", "string", "the request, as the retailer numbers it"),
        required("requested_at", "timestamp", "when the run that forgot began (UTC)"),
        required("decided_by", "string", "user who started it"),
        required("rows", "map<string,bigint>", "rows removed or masked by table"),
        required("files", "map<string,bigint>", "files of the export rewritten without him"),
    ),
    ("customer_digest",),
)

MARKETING: tuple[Table, ...] = (
    ZIP_TIME_ZONES,
    MARKETING_AUDIENCE,
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    MARKETING_CLUSTERS,
    HANDOVERS,
    FORGOTTEN,
)
