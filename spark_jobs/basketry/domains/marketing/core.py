"""Who may be contacted and what they buy: DataFrames in, DataFrames out.

    customers ── contact_points ── placed ─┬─ with_consent ── reachable ── audience
    opt-outs ── closed channels ───────────┘                                 │
    order lines, products ── bought ─┬─ by product ──────────────── audience by product
                                     ├─ by category ─────────────── audience by category
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
from basketry.domains.marketing import places
from basketry.domains.marketing.withdrawals import KEYS
from basketry.retail.order_lines import UNCATEGORISED, amount, counted, named, scaled
from basketry.tables import CHANNELS, MONEY, UNITS

_VALIDATED = ("email", "phone", "mailbox", "number", "country_code")
_PLACE = ("country_code", "state_code", "zip_state", "zip_zone")

NO_MASTER_ROW = "orders but no master row"
NO_CONTACT = "neither phone nor e-mail delivered"
INVALID = "no valid phone or e-mail"
WITHDRAWN = "every channel withdrawn"
NO_ZONE = "phone but no time zone, and no e-mail"
REASONS = (NO_MASTER_ROW, NO_CONTACT, INVALID, WITHDRAWN, NO_ZONE)
"""Why a customer is not in the audience; the first that holds is counted."""


def contact_points(customers: DataFrame, country: str) -> DataFrame:
    """Rows of silver.customers with what can be used of their contact data.

    country: ISO 3166 code for rows that name none. Adds email and phone (normalised, null where invalid), had_contact
    (something was delivered), mailbox and number (what customers share, see `withdrawals`), country_code, state_code, zip
    (five digits in the US), is_short_zip (a zero was added).
    """
    texts = [F.nullif(F.trim(channel), F.lit("")).alias(f"said_{channel}") for channel in CHANNELS]
    rows = customers.select("customer_id", "name", *texts, "state", "postal_code", "country")
    schema = StructType([*rows.schema.fields, *(StructField(name, StringType()) for name in _VALIDATED)])
    rows = rows.mapInArrow(_validator(country), schema)
    american = F.col("country_code") == places.UNITED_STATES
    had = F.col("said_phone").isNotNull() | F.col("said_email").isNotNull()
    abroad = F.nullif(F.trim("postal_code"), F.lit(""))
    columns = {
        "had_contact": had,
        "state_code": F.nullif(F.upper(F.trim("state")), F.lit("")),
        "zip": F.when(american, zip_code(F.col("postal_code"))).otherwise(abroad),
        "is_short_zip": american & _short(F.col("postal_code")),
    }
    return rows.withColumns(columns).drop("said_phone", "said_email", "postal_code", "country")


def _validator(country: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def validated(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches with e-mail, phone and country code in the form that may be used, or null."""
        for batch in batches:
            code = country_code(batch.column("country"), country)
            mail_text, phone_text = batch.column("said_email"), batch.column("said_phone")
            email, phone = contacts.valid_emails(mail_text), contacts.valid_phones(phone_text, code)
            shared = (contacts.mailboxes(email), contacts.numbers(phone, phone_text, code, country))
            columns = [*batch.columns, email, phone, *shared, code]
            yield pa.RecordBatch.from_arrays(columns, [*batch.schema.names, *_VALIDATED])

    return validated


def zip_code(text: Column) -> Column:
    """The five digits of a ZIP or ZIP+4, with leading zeros that a spreadsheet dropped; null for anything else."""
    digits = F.regexp_replace(text, "[^0-9]", "")
    is_short, is_long = _matches(text, "[0-9]{3,5}"), _matches(text, "[0-9]{7,9}|[0-9]{3,5}-[0-9]{4}")
    return F.when(is_short, F.lpad(digits, 5, "0")).when(is_long, F.substring(F.lpad(digits, 9, "0"), 1, 5))


def _short(text: Column) -> Column:
    return F.coalesce(_matches(text, "[0-9]{3,4}|[0-9]{7,8}|[0-9]{3,4}-[0-9]{4}"), F.lit(False))


def _matches(text: Column, pattern: str) -> Column:
    return F.trim(text).rlike(f"^(?:{pattern})$")


def with_zip(points: DataFrame, zip_time_zones: DataFrame) -> DataFrame:
    """Adds zip_state and zip_zone from rows of silver.zip_time_zones; null for an unknown ZIP.

    A ZIP whose leading zero was added counts only where the address's state is its own, or none is given.
    """
    known = zip_time_zones.select("zip", F.col("state").alias("zip_state"), F.col("time_zone").alias("zip_zone"))
    rows = points.join(F.broadcast(known), "zip", "left")
    wrong = (F.col("country_code") != places.UNITED_STATES) | (
        F.col("is_short_zip") & F.col("state_code").isNotNull() & (F.col("state_code") != F.col("zip_state"))
    )
    doubtful = F.coalesce(wrong, F.lit(False))
    kept = {name: F.when(~doubtful, F.col(name)) for name in ("zip_state", "zip_zone")}
    return rows.withColumns(kept).drop("is_short_zip")


def distinct_places(points: DataFrame) -> DataFrame:
    """The few combinations of country, state and what a ZIP says, that call windows are worked out for."""
    return points.select(*_PLACE).distinct()


def placed(points: DataFrame, known: DataFrame) -> DataFrame:
    """Adds time_zone, time_zone_from and call_windows. known: a row for each of `distinct_places`, with those columns."""
    known = known.withColumnsRenamed({name: f"known_{name}" for name in _PLACE})
    same = [F.col(name).eqNullSafe(F.col(f"known_{name}")) for name in _PLACE]
    return points.join(F.broadcast(known), same, "left").drop(*(f"known_{name}" for name in _PLACE))


def reachable(points: DataFrame) -> DataFrame:
    """Adds consent and `dropped` (one of REASONS, null for the audience), and empties phone and email that may not be used."""
    phone = F.col("phone").isNotNull() & ~F.col("no_phone")
    email = F.col("email").isNotNull() & ~F.col("no_email")
    callable_ = phone & (F.col("time_zone_from") != places.NOWHERE)
    dropped = (
        F.when(~F.col("had_contact"), NO_CONTACT)
        .when(F.col("phone").isNull() & F.col("email").isNull(), INVALID)
        .when(~phone & ~email, WITHDRAWN)
        .when(~callable_ & ~email, NO_ZONE)
    )
    consent = F.when(F.col("no_phone"), "phone withdrawn").when(F.col("no_email"), "email withdrawn")
    rows = points.withColumns({"dropped": dropped, "consent": F.coalesce(consent, F.lit("every channel"))})
    rows = rows.withColumns({"phone": F.when(callable_, F.col("phone")), "email": F.when(email, F.col("email"))})
    used_up = ("no_phone", "no_email", "had_contact", *KEYS.values(), *_PLACE)
    return rows.drop(*used_up)


def bought(order_lines: DataFrame, products: DataFrame, as_of: date) -> DataFrame:
    """One row a customer, order and product: units, spent and paid (1/10,000), day, sale (1 or 0), name and category.

    Spread by customer, so that everything counted from it needs no further shuffle.
    """
    known = F.col("customer_id").isNotNull() & F.col("product_id").isNotNull()
    counts = counted() & known & (F.col("order_date") <= F.lit(as_of))
    sale = F.col("line_kind") == "sale"
    lines = order_lines.where(counts).select(
        "customer_id",
        "order_id",
        "product_id",
        F.when(sale, F.col("order_date")).alias("day"),
        scaled(F.when(sale, F.col("quantity"))).alias("units"),
        scaled(F.col("net_amount")).alias("spent"),
        scaled(F.when(sale, F.col("net_amount"))).alias("paid"),
        sale.cast("int").alias("sale"),
    )
    rows = _orders(lines.repartition("customer_id"), "product_id", first="day")
    names = products.select("product_id", F.col("name").alias("product"), named("category"))
    return rows.join(F.broadcast(names), "product_id", "left").fillna(UNCATEGORISED, ["category"])


def _summed(first: str) -> list[Column]:
    sums = [F.sum(name).alias(name) for name in ("units", "spent", "paid")]
    return [*sums, F.min(first).alias("first"), F.max("day").alias("day")]


def _orders(rows: DataFrame, *keys: str, first: str = "first") -> DataFrame:
    """One row a customer, order and keys; `sale` is 1 where something was sold and not only returned."""
    return rows.groupBy("customer_id", "order_id", *keys).agg(*_summed(first), F.max("sale").alias("sale"))


def _over(rows: DataFrame, *keys: str) -> DataFrame:
    """Rows of an order summed up over orders, without what was only ever returned."""
    orders = F.sum("sale").cast("bigint").alias("orders")
    return rows.groupBy("customer_id", *keys).agg(*_summed("first"), orders).where("orders > 0")


def by_product(rows: DataFrame) -> DataFrame:
    """One row a customer and product, from `bought`."""
    return _over(rows, "product_id", "product", "category")


def by_category(rows: DataFrame) -> DataFrame:
    """One row a customer and category, from `bought`; an order of two of its products counts once."""
    return _over(_orders(rows, "category"), "category")


def totals(rows: DataFrame, categories: DataFrame, products: DataFrame) -> DataFrame:
    """One row a customer: orders, spent, first and last purchase, average basket and favourites, from what was bought."""
    sums = _over(_orders(rows)).select(
        "customer_id",
        "orders",
        _money("spent"),
        F.col("first").alias("first_purchase"),
        F.col("day").alias("last_purchase"),
        (amount(F.col("paid"), MONEY) / F.col("orders")).cast(MONEY).alias("average_basket"),
    )
    return sums.join(_favourite(categories, "category"), "customer_id", "left").join(
        _favourite(products, "product", "product_id"), "customer_id", "left"
    )


def _favourite(rows: DataFrame, name: str, key: str | None = None) -> DataFrame:
    most = F.max_by(F.coalesce(F.col(name), F.col(key or name)), F.struct("spent", F.col(key or name)))
    return rows.groupBy("customer_id").agg(most.alias(f"favourite_{name}"))


def _money(name: str) -> Column:
    return amount(F.col(name), MONEY).alias(name)


def audience(people: DataFrame, summed: DataFrame, as_of: date) -> DataFrame:
    """gold.marketing_audience but for the clusters. people: `reachable` rows that are not dropped."""
    nothing = {"orders": F.lit(0).cast("bigint"), "spent": F.lit(0).cast(MONEY)}
    rows = people.drop("dropped").join(summed, "customer_id", "left")
    filled = {name: F.coalesce(F.col(name), none) for name, none in nothing.items()}
    return rows.withColumns({**filled, "as_of": F.lit(as_of)})


def audience_by(people: DataFrame, rows: DataFrame, keys: tuple[str, ...], as_of: date) -> DataFrame:
    """The people and what they bought of each category or product, ranked among its buyers.

    rows: from `by_category` or `by_product`; keys: the columns that say of what, the first of them names it alone.
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
        amount(F.col("units"), UNITS).alias("units"),
        _money("spent"),
        F.col("day").alias("last_purchase"),
        F.date_diff(F.lit(as_of), "day").alias("recency_days"),
        "rank",
    )


def dropped_by_reason(points: DataFrame, rows_bought: DataFrame) -> Mapping[str, int]:
    """How many customers are not in the audience, by reason; one with orders but no master row has a reason of its own.

    points: from `reachable`; rows_bought: from `bought`.
    """
    buyers = rows_bought.where("sale = 1").select("customer_id").distinct()
    rows = points.where("dropped IS NOT NULL").groupBy("dropped").count().collect()
    found = {row.dropped: int(row["count"]) for row in rows}
    orphans = buyers.join(points, "customer_id", "left_anti").count()
    return {
        reason: count
        for reason in REASONS
        if (count := found.get(reason, 0) or (orphans if reason == NO_MASTER_ROW else 0))
    }
