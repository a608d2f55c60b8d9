"""Who may be contacted and what they buy: DataFrames in, DataFrames out.

::

    customers ── contact_points ── assign_slots ─┬─ with_withdrawals ── with_reachability ── audience
    opt-outs ── closed channels ─────────────────┘                                              │
    order lines, products ── purchases ─┬─ by product ────────────────────────── audience by product
                                        ├─ by category ───────────────────────── audience by category
                                        └─ totals

What counts as bought: order lines of kind sale that are not cancelled, up to and including the as-of date, of known
customers. What was paid back (lines of kind return) lowers `spent` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from basketry.access import contacts
from basketry.access.countries import country_code
from basketry.domains.marketing import locations
from basketry.domains.marketing.withdrawals import KEYS
from basketry.retail.order_lines import UNCATEGORISED, category_or_default, is_counted, to_decimal, to_units
from basketry.tables import CHANNELS, MONEY, UNITS

_VALIDATED = ("email", "phone", "mailbox", "number", "country_code")
_ADDRESS = ("country_code", "state_code", "zip_state", "zip_zone")

NO_MASTER_ROW = "orders but no master row"
NO_CONTACT = "neither phone nor e-mail delivered"
INVALID = "no valid phone or e-mail"
WITHDRAWN = "every channel withdrawn"
NO_ZONE = "phone but no time zone, and no e-mail"
REASONS = (NO_MASTER_ROW, NO_CONTACT, INVALID, WITHDRAWN, NO_ZONE)
"""Why a customer is not in the audience; the first that holds is counted."""


def contact_points(customers: DataFrame, country: str) -> DataFrame:
    """Find what can be used of the customers' contact data.

    Args:
        customers: Rows of silver.customers.
        country: ISO 3166 code for rows that name none.

    Returns:
        The rows with email and phone (normalised, null where invalid), had_contact (something was delivered), mailbox and
        number (what customers share, see `withdrawals`), country_code, state_code, zip (five digits in the US) and
        is_short_zip (a zero was added).
    """
    texts = [F.nullif(F.trim(channel), F.lit("")).alias(f"delivered_{channel}") for channel in CHANNELS]
    rows = customers.select("customer_id", "name", *texts, "state", "postal_code", "country")
    schema = StructType([*rows.schema.fields, *(StructField(name, StringType()) for name in _VALIDATED)])
    rows = rows.mapInArrow(_validator(country), schema)
    american = F.col("country_code") == locations.UNITED_STATES
    had_contact = F.col("delivered_phone").isNotNull() | F.col("delivered_email").isNotNull()
    foreign_code = F.nullif(F.trim("postal_code"), F.lit(""))
    columns = {
        "had_contact": had_contact,
        "state_code": F.nullif(F.upper(F.trim("state")), F.lit("")),
        "zip": F.when(american, zip_code(F.col("postal_code"))).otherwise(foreign_code),
        "is_short_zip": american & _is_short_zip(F.col("postal_code")),
    }
    return rows.withColumns(columns).drop("delivered_phone", "delivered_email", "postal_code", "country")


def _validator(country: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def validate(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Add e-mail, phone and country code in the form that may be used, or null."""
        for batch in batches:
            code = country_code(batch.column("country"), country)
            mail_text, phone_text = batch.column("delivered_email"), batch.column("delivered_phone")
            email, phone = contacts.valid_emails(mail_text), contacts.valid_phones(phone_text, code)
            shared = (contacts.mailbox_keys(email), contacts.number_keys(phone, phone_text, code, country))
            columns = [*batch.columns, email, phone, *shared, code]
            yield pa.RecordBatch.from_arrays(columns, [*batch.schema.names, *_VALIDATED])

    return validate


def zip_code(text: Column) -> Column:
    """Return the five digits of a ZIP or ZIP+4, with leading zeros that a spreadsheet dropped; null for anything else."""
    digits = F.regexp_replace(text, "[^0-9]", "")
    is_short, is_long = _matches(text, "[0-9]{3,5}"), _matches(text, "[0-9]{7,9}|[0-9]{3,5}-[0-9]{4}")
    return F.when(is_short, F.lpad(digits, 5, "0")).when(is_long, F.substring(F.lpad(digits, 9, "0"), 1, 5))


def _is_short_zip(text: Column) -> Column:
    return F.coalesce(_matches(text, "[0-9]{3,4}|[0-9]{7,8}|[0-9]{3,4}-[0-9]{4}"), F.lit(False))


def _matches(text: Column, pattern: str) -> Column:
    return F.trim(text).rlike(f"^(?:{pattern})$")


def with_zip_zones(points: DataFrame, zip_time_zones: DataFrame) -> DataFrame:
    """Add zip_state and zip_zone from rows of silver.zip_time_zones; null for an unknown ZIP.

    A ZIP whose leading zero was added counts only where the address's state is its own, or no state is delivered.
    """
    zips = zip_time_zones.select("zip", F.col("state").alias("zip_state"), F.col("time_zone").alias("zip_zone"))
    rows = points.join(F.broadcast(zips), "zip", "left")
    contradicted = (F.col("country_code") != locations.UNITED_STATES) | (
        F.col("is_short_zip") & F.col("state_code").isNotNull() & (F.col("state_code") != F.col("zip_state"))
    )
    doubtful = F.coalesce(contradicted, F.lit(False))
    trusted = {name: F.when(~doubtful, F.col(name)) for name in ("zip_state", "zip_zone")}
    return rows.withColumns(trusted).drop("is_short_zip")


def distinct_addresses(points: DataFrame) -> DataFrame:
    """Return the few combinations of country, state and what a ZIP says that call windows are computed for."""
    return points.select(*_ADDRESS).distinct()


def assign_slots(points: DataFrame, slots: DataFrame) -> DataFrame:
    """Give every customer the time zone and the call windows of their address.

    Args:
        points: See `with_zip_zones`.
        slots: A row for each of `distinct_addresses` with time_zone, time_zone_from and call_windows.
    """
    slots = slots.withColumnsRenamed({name: f"slot_{name}" for name in _ADDRESS})
    same = [F.col(name).eqNullSafe(F.col(f"slot_{name}")) for name in _ADDRESS]
    return points.join(F.broadcast(slots), same, "left").drop(*(f"slot_{name}" for name in _ADDRESS))


def with_reachability(points: DataFrame) -> DataFrame:
    """Add consent and `dropped` (one of REASONS, null for the audience), and empty the phone and email that may not be used."""
    phone = F.col("phone").isNotNull() & ~F.col("no_phone")
    email = F.col("email").isNotNull() & ~F.col("no_email")
    callable_ = phone & (F.col("time_zone_from") != locations.NOWHERE)
    dropped = (
        F.when(~F.col("had_contact"), NO_CONTACT)
        .when(F.col("phone").isNull() & F.col("email").isNull(), INVALID)
        .when(~phone & ~email, WITHDRAWN)
        .when(~callable_ & ~email, NO_ZONE)
    )
    consent = F.when(F.col("no_phone"), "phone withdrawn").when(F.col("no_email"), "email withdrawn")
    rows = points.withColumns({"dropped": dropped, "consent": F.coalesce(consent, F.lit("every channel"))})
    rows = rows.withColumns({"phone": F.when(callable_, F.col("phone")), "email": F.when(email, F.col("email"))})
    return rows.drop("no_phone", "no_email", "had_contact", *KEYS.values(), *_ADDRESS)


def purchases(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """Sum up what was bought: one row per customer, order and product, spread by customer.

    Whatever is counted from it needs no further shuffle.

    Returns:
        Columns customer_id, order_id, product_id, units, spent and paid (1/10,000), first, day, sale (1 or 0), product and
        category.
    """
    is_identified = F.col("customer_id").isNotNull() & F.col("product_id").isNotNull()
    counts = is_counted() & is_identified & (F.col("order_date") <= F.lit(as_of))
    sale = F.col("line_kind") == "sale"
    columns = [
        F.col("customer_id"),
        F.col("order_id"),
        F.col("product_id"),
        F.when(sale, F.col("order_date")).alias("day"),
        to_units(F.when(sale, F.col("quantity"))).alias("units"),
        to_units(F.col("net_amount")).alias("spent"),
        to_units(F.when(sale, F.col("net_amount"))).alias("paid"),
        sale.cast("int").alias("sale"),
    ]
    lines = order_lines.where(counts).select(*columns)
    rows = _sum_orders(lines.repartition("customer_id"), "product_id", first="day")
    names = products.select("product_id", F.col("name").alias("product"), category_or_default("category"))
    return rows.join(F.broadcast(names), "product_id", "left").fillna(UNCATEGORISED, ["category"])


def _sums(first: str) -> list[Column]:
    sums = [F.sum(name).alias(name) for name in ("units", "spent", "paid")]
    return [*sums, F.min(first).alias("first"), F.max("day").alias("day")]


def _sum_orders(rows: DataFrame, *keys: str, first: str = "first") -> DataFrame:
    """Sum up to one row per customer, order and keys; `sale` is 1 where something was sold and not only returned."""
    return rows.groupBy("customer_id", "order_id", *keys).agg(*_sums(first), F.max("sale").alias("sale"))


def _sum_over_orders(rows: DataFrame, *keys: str) -> DataFrame:
    """Sum up the rows of orders over all orders, without what was only ever returned."""
    orders = F.sum("sale").cast("bigint").alias("orders")
    return rows.groupBy("customer_id", *keys).agg(*_sums("first"), orders).where("orders > 0")


def purchases_by_product(rows: DataFrame) -> DataFrame:
    """Sum up `purchases` to one row per customer and product."""
    return _sum_over_orders(rows, "product_id", "product", "category")


def purchases_by_category(rows: DataFrame) -> DataFrame:
    """Sum up `purchases` to one row per customer and category; an order of two of its products counts once."""
    return _sum_over_orders(_sum_orders(rows, "category"), "category")


def purchase_totals(rows: DataFrame, categories: DataFrame, products: DataFrame) -> DataFrame:
    """Sum up to one row per customer: orders, spent, first and last purchase, average basket and favourites.

    Args:
        rows: See `purchases`.
        categories: See `purchases_by_category`.
        products: See `purchases_by_product`.
    """
    columns = [
        F.col("customer_id"),
        F.col("orders"),
        _money("spent"),
        F.col("first").alias("first_purchase"),
        F.col("day").alias("last_purchase"),
        (to_decimal(F.col("paid"), MONEY) / F.col("orders")).cast(MONEY).alias("average_basket"),
    ]
    sums = _sum_over_orders(_sum_orders(rows)).select(*columns)
    return sums.join(_favourite(categories, "category"), "customer_id", "left").join(
        _favourite(products, "product", "product_id"), "customer_id", "left"
    )


def _favourite(rows: DataFrame, name: str, key: str | None = None) -> DataFrame:
    most = F.max_by(F.coalesce(F.col(name), F.col(key or name)), F.struct("spent", F.col(key or name)))
    return rows.groupBy("customer_id").agg(most.alias(f"favourite_{name}"))


def _money(name: str) -> Column:
    return to_decimal(F.col(name), MONEY).alias(name)


def audience_rows(people: DataFrame, totals: DataFrame, as_of: date) -> DataFrame:
    """Make the rows of gold.marketing_audience but for the clusters.

    Args:
        people: Customers of `with_reachability` who are not dropped.
        totals: See `purchase_totals`.
        as_of: Day of the audience.
    """
    without_orders = {"orders": F.lit(0).cast("bigint"), "spent": F.lit(0).cast(MONEY)}
    rows = people.drop("dropped").join(totals, "customer_id", "left")
    filled = {name: F.coalesce(F.col(name), zero) for name, zero in without_orders.items()}
    return rows.withColumns({**filled, "as_of": F.lit(as_of)})


def ranked_buyers(people: DataFrame, rows: DataFrame, keys: tuple[str, ...], as_of: date) -> DataFrame:
    """Rank the buyers of each category or product by what they spent on it.

    Args:
        people: Customers of `with_reachability` who are not dropped.
        rows: See `purchases_by_category` or `purchases_by_product`.
        keys: The columns of the category or product; the first of them identifies it.
        as_of: Day of the audience.
    """
    best = Window.partitionBy(keys[0]).orderBy(F.desc("spent"), F.desc("day"))
    joined = rows.join(people.select("customer_id", "name", "email", "phone"), "customer_id")
    return joined.withColumn("rank", F.rank().over(best).cast("bigint")).select(
        F.lit(as_of).alias("as_of"),
        *keys,
        "customer_id",
        "name",
        "email",
        "phone",
        "orders",
        to_decimal(F.col("units"), UNITS).alias("units"),
        _money("spent"),
        F.col("day").alias("last_purchase"),
        F.date_diff(F.lit(as_of), "day").alias("recency_days"),
        "rank",
    )


def dropped_by_reason(points: DataFrame, rows: DataFrame) -> Mapping[str, int]:
    """Count who is not in the audience, by reason; a customer with orders but no master row has a reason of their own.

    Args:
        points: See `with_reachability`.
        rows: See `purchases`.
    """
    buyers = rows.where("sale = 1").select("customer_id").distinct()
    dropped = points.where("dropped IS NOT NULL").groupBy("dropped").count().collect()
    counts = {row.dropped: int(row["count"]) for row in dropped}
    counts[NO_MASTER_ROW] = buyers.join(points, "customer_id", "left_anti").count()
    return {reason: counts[reason] for reason in REASONS if counts.get(reason)}
