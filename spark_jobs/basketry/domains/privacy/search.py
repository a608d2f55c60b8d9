"""Where people are who are to be forgotten: their rows in silver, bronze and quarantine, whatever stands in them.

Each row that may say something about a person becomes one of `_COLUMNS`. Rows with a customer number of the request are
theirs; what these say about them (e-mail address, name with telephone number or postal address) leads to further ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.access.identities import LIKELY, OWN, SHARED, DeliveredPerson, Digester
from basketry.contracts import Contract
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.suppression import CUSTOMER_ID, ForgottenPeople, as_person, delivered_person
from basketry.tables import CUSTOMERS, OFFER_EVENTS, QUARANTINE, Table, bronze_table

SILVER_ROWS, BRONZE_ROWS, QUARANTINE_ROWS = "silver", "bronze", "quarantine"
_COLUMNS = ("source", "feed", "checksum", "row_number", "person")
_MOST_ROUNDS = 5
_NO_REASONS = "CAST(array() AS array<string>)"

RowKey = tuple[str, str, int]
"""Feed, checksum of the file, and number of a row."""


@dataclass(kw_only=True)
class Subject:
    """Somebody who is to be forgotten.

    Attributes:
        customer_id: The customer number.
        own: Digests of the number and of what is likely theirs.
        shared: Digests of what their household shares.
        persons: What the rows say that are theirs.
    """

    customer_id: str
    own: set[str]
    shared: set[str] = field(default_factory=set)
    persons: list[DeliveredPerson] = field(default_factory=list)


@dataclass(kw_only=True)
class Traces:
    """What was found.

    Attributes:
        subjects: Everybody who is to be forgotten.
        bronze: Their rows in bronze.
        quarantine: Their rows in quarantine.
        household: The number of rows without another customer's number that share a telephone number or an address.
        others: The number of other customers with the same mailbox, or with name and telephone number or address.
    """

    subjects: Sequence[Subject]
    bronze: set[RowKey] = field(default_factory=set)
    quarantine: set[RowKey] = field(default_factory=set)
    household: int = 0
    others: int = 0


def find_traces(
    lake: Lakehouse, contracts: Sequence[Contract], digester: Digester, subjects: Sequence[Subject]
) -> Traces:
    """Find all rows of these people, again until no row says anything new about them."""
    traces = Traces(subjects=subjects)
    with lake.cached(reduce(DataFrame.unionByName, _rows(lake, contracts))) as rows:
        for _ in range(_MOST_ROUNDS):
            before = sum(len(subject.own) for subject in subjects)
            for subject in subjects:
                subject.persons.clear()
            traces = _search(lake, rows, digester, subjects)
            if sum(len(subject.own) for subject in subjects) == before:
                break
    return traces


def bronze_table_of(contract: Contract) -> Table:
    """Return the bronze table of a contract's feed."""
    return bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))


def _rows(lake: Lakehouse, contracts: Sequence[Contract]) -> Iterator[DataFrame]:
    nowhere = [F.lit("").alias("feed"), F.lit("").alias("checksum"), F.lit(0).cast("bigint").alias("row_number")]
    texts = F.array_compact(F.array("email", "phone")).alias("texts")
    person = F.struct(CUSTOMER_ID, "name", "street", "postal_code", texts, F.lit(False).alias("is_broken"))
    yield lake.read_or_empty(CUSTOMERS).select(F.lit(SILVER_ROWS).alias("source"), *nowhere, person.alias("person"))
    for contract in contracts:
        if lake.exists(bronze_table_of(contract)):
            delivered = lake.read(bronze_table_of(contract))
            keys = {"checksum": F.col("_file_checksum"), "row_number": F.col("_row_number")}
            columns = [F.col(f"`{column.name}`") for column in contract.delivered]
            lineage = [value.alias(f"_key_{name}") for name, value in keys.items()]
            reasons = F.expr(_NO_REASONS).alias("_faulty")
            yield _of_feed(delivered.select(*columns, "_extra", *lineage, reasons), contract, BRONZE_ROWS)
        if lake.exists(QUARANTINE):
            yield _of_feed(_quarantined(lake, contract), contract, QUARANTINE_ROWS)
    if lake.exists(QUARANTINE):
        yield _of_offers(lake)


def _quarantined(lake: Lakehouse, contract: Contract) -> DataFrame:
    names = ", ".join(f"`{name}` string" for name in (*(column.name for column in contract.delivered), "_extra"))
    rows = lake.read(QUARANTINE).where(F.col("feed") == contract.feed)
    return rows.select(
        F.from_json("content", names).alias("_fields"),
        F.col("file_checksum").alias("_key_checksum"),
        F.col("row_number").alias("_key_row_number"),
        F.col("reasons").alias("_faulty"),
    ).select("_fields.*", "_key_checksum", "_key_row_number", "_faulty")


def _of_feed(rows: DataFrame, contract: Contract, source: str) -> DataFrame:
    person = delivered_person(contract, F.col("_faulty")).alias("person")
    keys = [F.col(f"_key_{name}").alias(name) for name in ("checksum", "row_number")]
    lines = rows.select(F.lit(source).alias("source"), F.lit(contract.feed).alias("feed"), *keys, person)
    return lines.where(F.col("person").isNotNull())


def _of_offers(lake: Lakehouse) -> DataFrame:
    """Return what the offers' stream set aside: messages that nobody could read, so their words are all there is."""
    nothing = F.lit(None).cast("string")
    parts = [nothing.alias(name) for name in (CUSTOMER_ID, "name", "street", "postal_code")]
    person = F.struct(*parts, F.array("content").alias("texts"), F.lit(True).alias("is_broken"))
    rows = lake.read(QUARANTINE).where((F.col("feed") == OFFER_EVENTS.name) & F.col("content").isNotNull())
    keys = (F.col("file_checksum").alias("checksum"), "row_number")
    return rows.select(F.lit(QUARANTINE_ROWS).alias("source"), "feed", *keys, person.alias("person"))


def _search(lake: Lakehouse, rows: DataFrame, digester: Digester, subjects: Sequence[Subject]) -> Traces:
    own = frozenset(digest for subject in subjects for digest in subject.own)
    shared = frozenset(digest for subject in subjects for digest in subject.shared)
    people = ForgottenPeople(digester, own, shared)
    judged = rows.withColumn("fate", people.fate_column(F.col("person"))).where("fate IS NOT NULL")
    traces = Traces(subjects=subjects)
    matching = [(row, as_person(row.person)) for row in judged.collect()]
    customers = {subject.customer_id for subject in subjects}
    others = _other_customers(lake, [person for _, person in matching], customers)
    for row, person in matching:
        if row.fate != OWN and person.customer_id in others:
            traces.others += row.fate == LIKELY and row.source == SILVER_ROWS
        elif row.fate == SHARED:
            traces.household += row.source != SILVER_ROWS
        else:
            _learn(digester, subjects, person)
            if row.source != SILVER_ROWS:
                keys = traces.bronze if row.source == BRONZE_ROWS else traces.quarantine
                keys.add((row.feed, row.checksum, row.row_number))
    return traces


def _learn(digester: Digester, subjects: Sequence[Subject], person: DeliveredPerson) -> None:
    """Add what a row says to whom it is of; a broken one says who it is of and nothing more, since its words lie anywhere."""
    own, likely = digester.own(person), digester.likely(person)
    for subject in subjects:
        if subject.own.isdisjoint(own | likely):
            continue
        subject.persons.append(person)
        if not person.is_broken:
            subject.own |= likely
            subject.shared |= digester.shared(person)


def _other_customers(lake: Lakehouse, persons: Sequence[DeliveredPerson], customers: set[str]) -> set[str]:
    """Return which of the rows' customer numbers silver knows, beside those of the request."""
    numbers = {person.customer_id for person in persons if person.customer_id} - customers
    if not numbers or not lake.exists(CUSTOMERS):
        return set()
    rows = lake.read_filtered(CUSTOMERS, [CUSTOMER_ID], {CUSTOMER_ID: numbers}, since={})
    return set(rows[CUSTOMER_ID].to_pylist())
