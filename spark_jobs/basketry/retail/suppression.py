"""People who asked to be forgotten: known by a digest alone, so that no later delivery brings them back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FORGOTTEN

CUSTOMER = "customer_id"


def digest(catalog: str, customer_id: str) -> str:
    """What ops.forgotten calls a customer: sha256 of catalog and id, in hexadecimal."""
    return hashlib.sha256(f"{catalog}/{customer_id}".encode()).hexdigest()


def digests(lake: Lakehouse) -> frozenset[str]:
    """The digests of everybody who is to stay forgotten."""
    if not lake.exists(FORGOTTEN):
        return frozenset()
    return frozenset(row[0] for row in lake.read(FORGOTTEN).select("customer_digest").collect())


def masked(judged: DataFrame, contract: Contract, known: Collection[str]) -> DataFrame:
    """Judged rows (see ingest.core.judge) with the personal data of forgotten customers taken out, raw and mapped.

    known: from `digests`. The rows stay, so that every row of a file is still accounted for.
    """
    people = [column.name for column in contract.delivered if column.pii]
    if not known or not people or CUSTOMER not in (column.name for column in contract.mapped):
        return judged
    who = F.sha2(F.concat(F.lit(f"{contract.catalog}/"), F.col(f"_entity.{CUSTOMER}")), 256)
    is_forgotten = F.coalesce(who.isin(*sorted(known)), F.lit(False))
    entity = [name for name in contract.entity.pii_columns if name in {column.name for column in contract.mapped}]
    columns = {"_raw": _without(F.col("_raw"), [*people, "_extra"]), "_entity": _without(F.col("_entity"), entity)}
    return judged.withColumns(
        {name: F.when(is_forgotten, without).otherwise(F.col(name)) for name, without in columns.items()}
    )


def _without(struct: Column, names: list[str]) -> Column:
    for name in names:
        struct = struct.withField(f"`{name}`", F.lit(None).cast("string"))
    return struct
