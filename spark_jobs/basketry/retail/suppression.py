"""People who asked to be forgotten: known by keyed digests alone, so that no later delivery brings them back.

What is in a delivered row with their customer number is taken out, and so is what is likely theirs (see
`basketry.access.identities`). A row that only shares a telephone number or an address with them is held back for a person
to look at. Rows with a number that silver knows as somebody else's are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from basketry.access.identities import LIKELY, OWN, SHARED, DeliveredPerson, Digester
from basketry.contracts import Contract
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.text_columns import clean_identifier
from basketry.tables import CUSTOMERS, FORGOTTEN

CUSTOMER_ID = "customer_id"
SECRET = "forget_key"  # noqa: S105 its name, not its value
HELD_BACK = "shares_contact_with_forgotten"
"""The reason against a row that shares a telephone number or an address with somebody forgotten."""
THEIRS = "is_of_somebody_forgotten"
"""What is said of a row of somebody forgotten: a warning, or a reason where nothing of it can be stored."""

_NUMBER = r"^[A-Za-z0-9_-]+$"
_PARTS = ("customer_id", "name", "street", "postal_code")


@dataclass(frozen=True)
class ForgottenPeople:
    """Who is forgotten.

    Attributes:
        digester: Makes digests as theirs were made.
        own: Digests of what is theirs alone.
        shared: Digests of what their households share.
    """

    digester: Digester
    own: frozenset[str]
    shared: frozenset[str]

    def fate(self, person: DeliveredPerson) -> str | None:
        """Return OWN, LIKELY or SHARED for a row that is theirs or of their household; None for every other one."""
        if not self.own.isdisjoint(self.digester.own(person)):
            return OWN
        if not self.own.isdisjoint(self.digester.likely(person)):
            return LIKELY
        return None if self.shared.isdisjoint(self.digester.shared(person)) else SHARED

    def fate_column(self, person: Column) -> Column:
        """Return `fate` of a column of `person_column`; a null one has none."""
        judge = F.udf(lambda row: None if row is None else self.fate(as_person(row)), "string")
        return judge(person)


def as_person(row: Row) -> DeliveredPerson:
    """Return a value of `person_column` as Python has it."""
    parts = {name: row[name] for name in _PARTS}
    return DeliveredPerson(**parts, texts=tuple(row.texts), is_broken=row.is_broken)


def new_digester(lake: Lakehouse) -> Digester:
    """Return what makes the digests of the catalog."""
    return Digester(lake.secret(SECRET), lake.catalog)


def forgotten_people(lake: Lakehouse) -> ForgottenPeople | None:
    """Return everybody who is to stay forgotten; None while there is nobody."""
    rows = _stored(lake)
    if not rows:
        return None
    digester = new_digester(lake)
    own, shared = set(), set()
    for row in rows:
        digest = row["customer_digest"]
        own |= {digester.of_plain_digest(digest) if row["own_digests"] is None else digest, *(row["own_digests"] or ())}
        shared |= {*(row["shared_digests"] or ())}
    return ForgottenPeople(digester, frozenset(own), frozenset(shared))


def stored_digests(lake: Lakehouse) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return what earlier runs knew of everybody, by the digest of the customer: own digests and shared ones."""
    return {
        str(row["customer_digest"]): (frozenset(row["own_digests"]), frozenset(row["shared_digests"] or ()))
        for row in _stored(lake)
        if row["own_digests"] is not None
    }


def give_keys(lake: Lakehouse) -> None:
    """Replace digests that an earlier release stored without a key, which can be tried out, and delete the old files."""
    rows = _stored(lake)
    if all(row["own_digests"] is not None for row in rows):
        return
    digester = new_digester(lake)
    for row in rows:
        if row["own_digests"] is None:
            keyed = digester.of_plain_digest(str(row["customer_digest"]))
            row |= {"customer_digest": keyed, "own_digests": [], "shared_digests": []}
    lake.record(FORGOTTEN, [tuple(row[name] for name in FORGOTTEN.column_names) for row in rows], where="true")
    lake.purge(FORGOTTEN)


def _stored(lake: Lakehouse) -> list[dict[str, Any]]:
    """Read ops.forgotten, which may be of an earlier release."""
    if not lake.exists(FORGOTTEN):
        return []
    nothing = dict.fromkeys(FORGOTTEN.column_names)
    return [{**nothing, **row.asDict()} for row in lake.read(FORGOTTEN).collect()]


def person_column(
    contract: Contract, part: Callable[[str], Column | None], delivered: Callable[[str], Column], faulty: Column
) -> Column:
    """Return what a row says about a person, as a struct; null where it can say nothing that was not expected of it.

    Args:
        contract: The contract of the feed.
        part: Makes the column of an entity's column; None for one that the feed does not fill.
        delivered: Makes the column of a delivered text, or of `_extra`.
        faulty: The reasons against the row.
    """
    personal = [column.name for column in contract.delivered if column.pii]
    others = [delivered(column.name) for column in contract.delivered if not column.pii]
    is_broken = F.exists(faulty, lambda reason: reason.startswith("row:"))
    doubtful = F.filter(F.array(*others), lambda text: text.contains("@")) if others else F.array()
    if others:
        doubtful = F.when(F.size(faulty) > 0, F.array(*others)).otherwise(doubtful)
    texts = F.concat(F.array(*map(delivered, personal), delivered("_extra")), doubtful.cast("array<string>"))
    nothing = F.lit(None).cast("string")
    parts = {name: part(name) for name in _PARTS}
    person = F.struct(
        *((nothing if column is None else column.cast("string")).alias(name) for name, column in parts.items()),
        F.array_compact(texts).alias("texts"),
        F.coalesce(is_broken, F.lit(False)).alias("is_broken"),
    )
    return person if personal else F.when(F.size(F.array_compact(texts)) > 0, person)


def delivered_person(contract: Contract, faulty: Column) -> Column:
    """Return `person_column` of rows that have the delivered texts as columns, as bronze has them."""
    mapped = {column.name: column for column in contract.mapped}

    def part(name: str) -> Column | None:
        """Read a part as the contract maps it, from texts."""
        if name not in mapped:
            return None
        value = F.expr(mapped[name].expression).cast("string")
        if name != CUSTOMER_ID:
            return value
        prefix = mapped[name].id_prefix
        return clean_identifier(F.concat(F.lit(prefix), value) if prefix else value)

    return person_column(contract, part, lambda name: F.col(f"`{name}`"), faulty)


def number_columns(contract: Contract) -> frozenset[str]:
    """Return the delivered columns that make the customer number."""
    mapped = [column for column in contract.mapped if column.name == CUSTOMER_ID]
    words = {word for column in mapped for word in re.findall(r"\w+", column.expression)}
    return frozenset(column.name for column in contract.delivered if column.name in words)


def without_forgotten(lake: Lakehouse, rows: DataFrame, contract: Contract, *, hold: bool = True) -> DataFrame:
    """Take what is of forgotten people out of delivered rows, raw and mapped, and hold back what their household may be.

    The rows stay, so that every row of a file is still accounted for.

    Args:
        lake: The lake.
        rows: Rows with their verdict, as ingestion has validated them.
        contract: The contract of the feed.
        hold: Whether rows of the household are held back.
    """
    people = forgotten_people(lake)
    if people is None:
        return rows
    mapped = {column.name for column in contract.mapped}
    person = person_column(
        contract,
        lambda name: F.col(f"_entity.`{name}`") if name in mapped else None,
        lambda name: F.col(f"_raw.`{name}`"),
        F.col("_reasons"),
    )
    judged = _settled(lake, rows.withColumn("_fate", people.fate_column(person)), contract)
    judged = (
        judged.withColumn("_reasons", _with_text("_reasons", HELD_BACK, F.col("_fate") == SHARED)) if hold else judged
    )
    is_theirs = F.coalesce(F.col("_fate") == OWN, F.lit(False))
    masked = {"_raw": _masked_raw(contract), "_entity": _masked_entity(contract)}
    values = {name: F.when(is_theirs, column).otherwise(F.col(name)) for name, column in masked.items()}
    is_bad = F.size("_reasons") > 0
    if CUSTOMER_ID in mapped:
        number = F.col(f"_entity.{CUSTOMER_ID}")
        is_bad |= number.isNotNull() & ~number.rlike(_NUMBER)
    values["_reasons"] = _with_text("_reasons", THEIRS, is_theirs & is_bad)
    values["_warnings"] = _with_text("_warnings", THEIRS, is_theirs & ~is_bad)
    return judged.withColumns(values).drop("_fate")


def _settled(lake: Lakehouse, judged: DataFrame, contract: Contract) -> DataFrame:
    """Leave OWN and SHARED in the column `_fate`: what is likely theirs is, and what has somebody else's number is not."""
    likely, shares = F.col("_fate") == LIKELY, F.col("_fate") == SHARED
    is_others = F.lit(False)
    if any(column.name == CUSTOMER_ID for column in contract.mapped) and lake.exists(CUSTOMERS):
        others = lake.read(CUSTOMERS).select(F.col(CUSTOMER_ID).alias("_other"))
        judged = judged.join(
            others, F.when(likely | shares, F.col(f"_entity.{CUSTOMER_ID}")) == F.col("_other"), "left"
        )
        is_others = F.col("_other").isNotNull()
    fate = F.when(likely, F.when(~is_others, OWN)).when(shares, F.when(~is_others, SHARED)).otherwise(F.col("_fate"))
    return judged.withColumn("_fate", fate).drop("_other")


def _with_text(name: str, text: str, condition: Column) -> Column:
    return F.when(condition, F.array_union(name, F.array(F.lit(text)))).otherwise(F.col(name))


def _masked_raw(contract: Contract) -> Column:
    """Empty the delivered texts: of a customer's row all but the number, of others what identifies."""
    raw, numbers = F.col("_raw"), number_columns(contract)
    for column in contract.delivered:
        text = F.col(f"_raw.`{column.name}`")
        keeps_number = column.name in numbers and not column.pii
        if column.pii or (_is_of_customers(contract) and not keeps_number):
            emptied = F.lit(None).cast("string")
        else:
            is_broken = F.exists("_reasons", lambda reason: reason.startswith("row:"))
            emptied = F.when(~(is_broken | text.contains("@")), text)
        raw = raw.withField(f"`{column.name}`", emptied)
    return raw.withField("_extra", F.lit(None).cast("string"))


def _masked_entity(contract: Contract) -> Column:
    """Empty the mapped values likewise; the key stays."""
    entity = F.col("_entity")
    for column in contract.mapped:
        if column.name in contract.entity.key:
            continue
        if column.name in contract.entity.pii_columns or _is_of_customers(contract):
            entity = entity.withField(f"`{column.name}`", F.lit(None).cast(column.type))
        elif column.type == "string":
            value = F.col(f"_entity.`{column.name}`")
            entity = entity.withField(f"`{column.name}`", F.when(~value.contains("@"), value))
    return entity


def _is_of_customers(contract: Contract) -> bool:
    return contract.entity.full_name == CUSTOMERS.full_name
