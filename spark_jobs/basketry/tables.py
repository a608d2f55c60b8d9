"""Every table, declared once: columns, types, key, PII tags and one line of meaning.

Writers enforce these declarations; documentation, grants and the privacy test are derived from them. Money is an exact
decimal, so that a sum does not depend on the order of its rows. `order_date` and its like are the retailer's local
business day; `…_at` columns are UTC instants.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from basketry.errors import BadInputError

MONEY = "decimal(18,4)"
UNITS = "decimal(18,3)"
SCHEMAS = ("bronze", "silver", "gold", "ops")


@dataclass(frozen=True)
class Column:
    """One column: Spark type, meaning, whether it may be missing, and whether it identifies a person."""

    name: str
    type: str
    meaning: str
    nullable: bool = True
    pii: bool = False


@dataclass(frozen=True)
class Table:
    """One declared table. `key` identifies a row; `tracks_changes` turns on Delta's change data feed.

    partitioned_by: columns that keep writers of different partitions from conflicting; few distinct values each.
    """

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    tracks_changes: bool = False
    partitioned_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or not {*self.key, *self.partitioned_by} <= set(names):
            raise BadInputError(f"table {self.full_name} repeats a column or has a key or partition that is not a column.")

    @property
    def full_name(self) -> str:
        """`schema.table`, the name people use."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """Names of the columns that identify a person."""
        return tuple(column.name for column in self.columns if column.pii)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        return next(column for column in self.columns if column.name == name)


def _required(name: str, kind: str, meaning: str) -> Column:
    return Column(name, kind, meaning, nullable=False)


def _person(name: str, meaning: str) -> Column:
    return Column(name, "string", meaning, pii=True)


LINEAGE = (
    _required("_file_checksum", "string", "sha256 of the delivered file that this version of the row came from"),
    _required("_row_number", "bigint", "record number in that file; the header is 1"),
    _required("_delivered_at", "timestamp", "when that file was delivered: decides which of two versions is newer"),
)


def _silver(name: str, meaning: str, key: tuple[str, ...], *columns: Column) -> Table:
    return Table("silver", name, meaning, columns + LINEAGE, key, tracks_changes=True)


CUSTOMERS = _silver(
    "customers",
    "a customer as last known (personal data lives here and in gold.marketing_audience)",
    ("customer_id",),
    _required("customer_id", "string", "customer"),
    _person("name", "full name"),
    _person("email", "e-mail address as delivered"),
    _person("phone", "telephone number as delivered"),
    _person("street", "street address"),
    Column("city", "string", "city"),
    Column("state", "string", "state or province, two-letter code in the US"),
    _person("postal_code", "ZIP or postal code"),
    Column("country", "string", "country"),
    Column("joined_on", "date", "first day as a customer"),
    Column("age_band", "string", "age band, e.g. 35-44"),
    Column("marital_status", "string", "marital status"),
    Column("income_band", "string", "household income band"),
    Column("homeowner", "string", "homeowner, renter or unknown"),
    Column("household_composition", "string", "adults and children"),
    Column("household_size", "string", "persons in the household, e.g. 5+"),
    Column("children", "string", "children in the household, e.g. 3+"),
)

PRODUCTS = _silver(
    "products",
    "a product: what it is, where it stands in the tree, what it costs, whether it can be had",
    ("product_id",),
    _required("product_id", "string", "product"),
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

LINE_KINDS = ("sale", "return", "adjustment", "fee")
ORDER_STATUSES = ("paid", "shipped", "returned", "cancelled")

ORDER_LINES = _silver(
    "order_lines",
    "a line of an order; returns are lines of their own with negative quantity and amounts",
    ("order_id", "line_id"),
    _required("order_id", "string", "order, basket or invoice"),
    _required("line_id", "string", "line within the order"),
    Column("customer_id", "string", "customer, where known"),
    Column("product_id", "string", "product; missing on fees and adjustments"),
    Column("store_id", "string", "store"),
    _required("ordered_at", "timestamp", "when ordered (UTC)"),
    _required("order_date", "date", "business day of the order, local to the retailer"),
    _required("line_kind", "string", f"one of: {', '.join(LINE_KINDS)}"),
    _required("status", "string", f"one of: {', '.join(ORDER_STATUSES)}"),
    _required("quantity", UNITS, "units; negative on returns"),
    _required("list_amount", MONEY, "amount before any discount"),
    _required("instore_discount", MONEY, "loyalty discount in the store, >= 0 on sales"),
    _required("campaign_coupon_discount", MONEY, "coupon of the retailer's own campaign, >= 0 on sales"),
    _required("manuf_coupon_discount", MONEY, "manufacturer's coupon, >= 0 on sales"),
    _required("manuf_coupon_match_discount", MONEY, "the retailer's match of a manufacturer's coupon, >= 0 on sales"),
    _required("net_amount", MONEY, "what was paid: list amount less all discounts"),
)

EVENTS = _silver(
    "events",
    "a click, cart, purchase or offer response",
    ("event_id",),
    _required("event_id", "string", "event"),
    _required("occurred_at", "timestamp", "when (UTC)"),
    _required("event_date", "date", "local business day"),
    _required("event_type", "string", "view, cart, purchase"),
    Column("customer_id", "string", "customer, where known"),
    Column("session_id", "string", "visit"),
    Column("product_id", "string", "product"),
    Column("price", MONEY, "price shown"),
)

CAMPAIGNS = _silver(
    "campaigns",
    "a campaign and the days it runs",
    ("campaign_id",),
    _required("campaign_id", "string", "campaign"),
    Column("campaign_type", "string", "kind of campaign"),
    _required("start_date", "date", "first day"),
    _required("end_date", "date", "last day"),
)

CAMPAIGN_MEMBERS = _silver(
    "campaign_members",
    "a customer who received a campaign",
    ("campaign_id", "customer_id"),
    _required("campaign_id", "string", "campaign"),
    _required("customer_id", "string", "customer"),
)

COUPONS = _silver(
    "coupons",
    "a coupon of a campaign and a product it is good for",
    ("coupon_id", "campaign_id", "product_id"),
    _required("coupon_id", "string", "coupon"),
    _required("campaign_id", "string", "campaign"),
    _required("product_id", "string", "product"),
)

REDEMPTIONS = _silver(
    "redemptions",
    "a coupon redeemed by a customer",
    ("customer_id", "coupon_id", "campaign_id", "redeemed_on"),
    _required("customer_id", "string", "customer"),
    _required("coupon_id", "string", "coupon"),
    _required("campaign_id", "string", "campaign"),
    _required("redeemed_on", "date", "day of the redemption"),
)

REVIEWS = _silver(
    "reviews",
    "a customer's rating of a product",
    ("review_id",),
    _required("review_id", "string", "review"),
    _required("product_id", "string", "product"),
    Column("customer_id", "string", "customer"),
    _required("rating", "int", "1 (worst) to 5 (best)"),
    _required("reviewed_on", "date", "local business day"),
)

FILES = Table(
    "ops",
    "files",
    "a delivered file and what became of its rows: rows_read = rows_good + rows_quarantined + rows_duplicate",
    (
        _required("file_checksum", "string", "sha256 of the delivered bytes"),
        _required("feed", "string", "feed it was loaded as"),
        _required("file_name", "string", "name under the feed's landing folder"),
        _required("file_bytes", "bigint", "size"),
        _required("delivered_at", "timestamp", "from the file's name where the contract says how, else its modification time"),
        Column("delivered_by", "string", "who delivered it, as told in the form"),
        _required("status", "string", "loaded or refused"),
        Column("refusal", "string", "why it was refused"),
        _required("contract_version", "string", "version of the contract it was read by"),
        _required("rows_read", "bigint", "records in the file"),
        _required("rows_good", "bigint", "rows that reached silver"),
        _required("rows_quarantined", "bigint", "rows set aside"),
        _required("rows_duplicate", "bigint", "earlier copies of a key that the same file delivers again"),
        _required("rows_warned", "bigint", "good rows that broke a rule of severity warn"),
        _required("reasons", "map<string,bigint>", "rows by reason, rejections and warnings"),
        _required("unknown_columns", "array<string>", "columns that the contract does not know"),
        Column("touched_from", "date", "first business day that a row of this file changed"),
        Column("touched_to", "date", "last business day that a row of this file changed"),
        _required("run_id", "string", "the run that loaded it"),
    ),
    ("feed", "file_checksum"),
    partitioned_by=("feed",),
)

QUARANTINE = Table(
    "ops",
    "quarantine",
    "a row that broke a rule, verbatim, with every reason, until it is replayed",
    (
        _required("file_checksum", "string", "sha256 of the file"),
        _required("row_number", "bigint", "record number in the file; the header is 1"),
        _required("feed", "string", "feed"),
        _required("file_name", "string", "file"),
        _required("delivered_at", "timestamp", "delivery of the file"),
        _required("reasons", "array<string>", "every broken rule as column:code or the rule's name"),
        Column("content", "string", "the row as delivered, a JSON object by delivered column", pii=True),
        _required("state", "string", "open or replayed"),
        _required("contract_version", "string", "version of the contract that last judged it"),
    ),
    ("feed", "file_checksum", "row_number"),
    partitioned_by=("feed",),
)

JOB_RUNS = Table(
    "ops",
    "job_runs",
    "a run of a job: what it read, what it wrote, how long it took",
    (
        _required("run_id", "string", "run"),
        _required("job", "string", "job"),
        Column("as_of", "date", "as-of date"),
        _required("arguments", "string", "arguments, JSON"),
        _required("input_versions", "map<string,bigint>", "Delta version of every table read"),
        _required("rows_in", "bigint", "rows read"),
        _required("rows_out", "bigint", "rows written"),
        _required("seconds", "double", "duration"),
        Column("model_version", "string", "model that scored, where one did"),
        _required("details", "string", "the job's report, JSON, without personal data"),
    ),
    ("run_id", "job"),
)

GRAINS = ("day", "week", "month", "year")

_SALES_MEASURES = (
    _required("gross_revenue", MONEY, "list amounts of sales"),
    _required("instore_discount", MONEY, "loyalty discounts"),
    _required("campaign_coupon_discount", MONEY, "campaign coupons"),
    _required("manuf_coupon_discount", MONEY, "manufacturers' coupons"),
    _required("manuf_coupon_match_discount", MONEY, "the retailer's match of them"),
    _required("returns_amount", MONEY, "amounts paid back, as a positive number"),
    _required("net_revenue", MONEY, "gross revenue less discounts less returns"),
    _required("units_sold", UNITS, "units on sales"),
    _required("units_returned", UNITS, "units on returns, as a positive number"),
    _required("orders", "bigint", "distinct orders with a sale"),
    _required("customers", "bigint", "distinct known customers with a sale"),
    Column("average_price", MONEY, "paid per unit sold: sales after discounts / units_sold"),
    Column("average_rating", "decimal(5,4)", "mean rating of the reviews of the period"),
    _required("ratings", "bigint", "reviews in the period"),
    _required("is_partial", "boolean", "the period was still running on the as-of date of the last write"),
)


def _sales(grain: str) -> tuple[Table, Table]:
    period = (
        _required("period_start", "date", f"first day of the {grain}"),
        _required("period_end", "date", f"last day of the {grain}"),
    )
    product = Table(
        "gold",
        f"sales_{grain}",
        f"sales of a product in a {grain}; no personal data",
        (
            *period,
            _required("product_id", "string", "product"),
            Column("product", "string", "its name"),
            Column("brand", "string", "its brand"),
            Column("department", "string", "its department"),
            Column("category", "string", "its category"),
            *_SALES_MEASURES,
        ),
        ("period_start", "product_id"),
    )
    rollup = Table(
        "gold",
        f"sales_{grain}_rollup",
        f"sales of a category, a department or the whole catalog in a {grain}; orders and customers counted distinct",
        (
            *period,
            _required("level", "string", "category, department or total"),
            _required("department", "string", "department; '' on total"),
            _required("category", "string", "category; '' on department and total"),
            *_SALES_MEASURES,
        ),
        ("period_start", "level", "department", "category"),
    )
    return product, rollup


SALES = {grain: _sales(grain)[0] for grain in GRAINS}
SALES_ROLLUP = {grain: _sales(grain)[1] for grain in GRAINS}

SILVER: tuple[Table, ...] = (
    CUSTOMERS, PRODUCTS, ORDER_LINES, EVENTS, CAMPAIGNS, CAMPAIGN_MEMBERS, COUPONS, REDEMPTIONS, REVIEWS,
)  # fmt: skip
TABLES: tuple[Table, ...] = (*SILVER, FILES, QUARANTINE, JOB_RUNS, *SALES.values(), *SALES_ROLLUP.values())

ENTITY_DATE = {"order_lines": "order_date", "events": "event_date", "redemptions": "redeemed_on", "reviews": "reviewed_on"}
"""The business day of an entity's row, for entities whose rows belong to a day: what an ingest reports as touched."""

BRONZE_LINEAGE = (*LINEAGE, _required("_file_name", "string", "name of the delivered file"))


def bronze_table(feed: str, delivered: Iterable[tuple[str, bool]]) -> Table:
    """The bronze table of a feed. delivered: (column name, is it personal data) of each delivered column, all text."""
    columns = tuple(Column(name, "string", "as delivered", pii=pii) for name, pii in delivered)
    extra = Column("_extra", "string", "columns the contract does not know, JSON", pii=any(column.pii for column in columns))
    meaning = f"a delivered row of the feed {feed}, verbatim"
    return Table("bronze", feed, meaning, (*BRONZE_LINEAGE, *columns, extra), ("_file_checksum", "_row_number"))


def entity(name: str) -> Table:
    """The silver table of that name; KeyError when there is none."""
    return next(table for table in SILVER if table.name == name)
