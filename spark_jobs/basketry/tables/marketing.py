"""Tables of the marketing campaign: who may be contacted when, by what they buy; and what was forgotten on request."""

from __future__ import annotations

from basketry.tables.declare import MONEY, UNITS, Table, optional, personal, required

CHANNELS = ("phone", "email")
"""How a customer can be reached; an opt-out names one of them, or `all`."""

_AS_OF = required("as_of", "date", "the last day looked at")
_CUSTOMER = required("customer_id", "string", "the customer")
_CONTACT = (
    personal("name", "the full name"),
    personal("email", "the e-mail address, valid in form and normalised; null if it may not be used"),
    personal("phone", "the telephone number in the form E.164; null if it may not be called"),
)
_BOUGHT = (
    required("orders", "bigint", "the number of orders with a sale of it"),
    required("units", UNITS, "the units sold"),
    required("spent", MONEY, "what was paid for it, less what was paid back"),
    required("last_purchase", "date", "the last day on which it was bought"),
    required("recency_days", "int", "the days from then to as_of"),
    required(
        "rank",
        "bigint",
        "the rank among its buyers in the audience by spent, then last purchase: 1 = the best; equals share a rank",
    ),
)
_CLUSTERED = tuple(
    column
    for mix in ("category", "product")
    for column in (
        optional(
            f"{mix}_cluster",
            "int",
            f"the cluster by {mix} mix, the same number from week to week; null without purchases",
        ),
        optional(f"{mix}_cluster_name", "string", "its name: what its customers buy more than others"),
    )
)

ZIP_TIME_ZONES = Table(
    schema="silver",
    name="zip_time_zones",
    meaning="a ZIP code of the United States and where it lies, from the data of the zipcodes package",
    columns=(
        required("zip", "string", "the ZIP code, five digits"),
        required("state", "string", "the two-letter code of the state"),
        optional("time_zone", "string", "the IANA time zone; null for military post"),
        required("source", "string", "the package and version that the row came from"),
    ),
    key=("zip",),
)

MARKETING_AUDIENCE = Table(
    schema="gold",
    name="marketing_audience",
    meaning="a customer who may be contacted in the seven days after a day",
    columns=(
        _AS_OF,
        _CUSTOMER,
        *_CONTACT,
        personal("state", "the state of the address as delivered"),
        personal("zip", "the five-digit ZIP code of the address, or the postal code as delivered outside the US"),
        optional(
            "time_zone", "string", "the IANA time zone; several, separated by commas, if one of them must be right"
        ),
        required(
            "time_zone_from", "string", "zip, state, state with several zones, zip and state disagree, country, or none"
        ),
        required(
            "call_windows",
            "array<struct<day:date,starts_at:timestamp,ends_at:timestamp>>",
            "for each of the next 7 days when a call may be made (UTC), legal in every time zone named; null bounds: not at all",
        ),
        required("orders", "bigint", "the number of orders with a sale"),
        required("spent", MONEY, "what was paid, less what was paid back"),
        optional("first_purchase", "date", "the day of the first sale"),
        optional("last_purchase", "date", "the day of the last sale"),
        optional("average_basket", MONEY, "what was paid per order, before what was paid back"),
        optional("favourite_category", "string", "the category with the most spent"),
        optional("favourite_product", "string", "the name of the product with the most spent"),
        *_CLUSTERED,
        required("consent", "string", "every channel, phone withdrawn, or email withdrawn"),
    ),
    key=("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

AUDIENCE_BY_CATEGORY = Table(
    schema="gold",
    name="marketing_audience_by_category",
    meaning="a contactable customer and a category that they bought",
    columns=(_AS_OF, required("category", "string", "the category"), _CUSTOMER, *_CONTACT, *_BOUGHT),
    key=("as_of", "category", "customer_id"),
    partitioned_by=("as_of",),
)

AUDIENCE_BY_PRODUCT = Table(
    schema="gold",
    name="marketing_audience_by_product",
    meaning="a contactable customer and a product that they bought",
    columns=(
        _AS_OF,
        required("product_id", "string", "the product"),
        optional("product", "string", "its name"),
        required("category", "string", "its category"),
        _CUSTOMER,
        *_CONTACT,
        *_BOUGHT,
    ),
    key=("as_of", "product_id", "customer_id"),
    partitioned_by=("as_of",),
)

MARKETING_CLUSTERS = Table(
    schema="gold",
    name="marketing_clusters",
    meaning="a cluster of the audience's customers by what they buy; no personal data",
    columns=(
        _AS_OF,
        required("mix", "string", "category or product: the shares of which make the mix"),
        required("cluster", "int", "its number, the same from week to week"),
        required("name", "string", "what its customers buy more than others"),
        required("customers", "bigint", "the number of customers of the audience in it"),
        required("spent", MONEY, "what they spent"),
        required("centroid", "map<string,double>", "the centre, in the scaled shares on which it was fitted"),
        required(
            "over_index",
            "map<string,double>",
            "the share in the cluster over the share among all customers, where it is above 1",
        ),
        required("from_run", "string", "refitted, or kept from the run as of the day named"),
    ),
    key=("as_of", "mix", "cluster"),
    partitioned_by=("as_of",),
)

HANDOVERS = Table(
    schema="gold",
    name="marketing_handovers",
    meaning="a customer who was handed over to the dialler or the mailing, at most once per calendar week",
    columns=(
        _AS_OF,
        required("week_start", "date", "the Monday of the week of the contact"),
        _CUSTOMER,
        required("channel", "string", "phone or email"),
        optional("starts_at", "timestamp", "the beginning of the call window (UTC)"),
        optional("ends_at", "timestamp", "its end"),
        required("file", "string", "the name of the file, without its suffix"),
    ),
    key=("as_of", "customer_id"),
    partitioned_by=("as_of",),
)

FEWEST_IN_BAND = 5
"""As many customers at least share what gold.customer_bands says of each: whoever reads it knows nobody by it."""

CUSTOMER_BANDS = Table(
    schema="gold",
    name="customer_bands",
    meaning="a customer in bands so wide that at least five customers share all of them; null where even that is too narrow",
    columns=(
        _CUSTOMER,
        optional("region", "string", "the state or province"),
        optional("joined_year", "int", "the year of the first day as a customer"),
        optional("age", "string", "the age band"),
        optional("household", "string", "the number of persons in the household"),
    ),
    key=("customer_id",),
)

FORGOTTEN = Table(
    schema="ops",
    name="forgotten",
    meaning="a person who was removed or masked on request: an audit record without personal data",
    columns=(
        required(
            "customer_digest",
            "string",
            "the keyed digest of catalog and customer id: keeps a later delivery from bringing them back",
        ),
        required("request_id", "string", "the request, as the retailer numbers it"),
        required("requested_at", "timestamp", "when the run that removed the person began (UTC)"),
        required("decided_by", "string", "the user who started it"),
        required("rows", "map<string,bigint>", "the number of rows removed or masked, by table"),
        required(
            "files",
            "map<string,bigint>",
            "the number of files of the export that were rewritten without them, by kind of file",
        ),
        optional(
            "own_digests",
            "array<string>",
            "keyed digests of e-mail addresses, and of the name with a telephone number or an address: a later row that has"
            " such a one is theirs; null in a row of an earlier release, whose customer_digest has no key either",
        ),
        optional(
            "shared_digests",
            "array<string>",
            "keyed digests of telephone numbers and addresses: a later row that has no more than such a one is held back",
        ),
    ),
    key=("customer_digest",),
)

MARKETING: tuple[Table, ...] = (
    ZIP_TIME_ZONES,
    MARKETING_AUDIENCE,
    AUDIENCE_BY_CATEGORY,
    AUDIENCE_BY_PRODUCT,
    MARKETING_CLUSTERS,
    HANDOVERS,
    CUSTOMER_BANDS,
    FORGOTTEN,
)
