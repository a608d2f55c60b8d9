"""People who asked to be forgotten: known by a digest alone, so that no later delivery brings them back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import FORGOTTEN

CUSTOMER_ID = "customer_id"


def customer_digest(catalog: str, customer_id: str) -> str:
    """Return what ops.forgotten calls a customer: sha256 of catalog and id, in hexadecimal."""
    return hashlib.sha256(f"{catalog}/{customer_id}".encode()).hexdigest()


def forgotten_digests(lake: Lakehouse) -> frozenset[str]:
    """Return the digests of everybody who is to stay forgotten."""
    if not lake.exists(FORGOTTEN):
        return frozenset()
    return frozenset(row[0] for row in lake.read(FORGOTTEN).select("customer_digest").collect())


def mask_forgotten(rows: DataFrame, contract: Contract, digests: Collection[str]) -> DataFrame:
    """Take the personal data of forgotten customers out of delivered rows, raw and mapped.

    The rows stay, so that every row of a file is still accounted for.

    Args:
        rows: Rows with their verdict, as ingestion has validated them.
        contract: The contract of the feed.
        digests: The customers to mask, of `forgotten_digests`.
    """
    mapped = {column.name for column in contract.mapped}
    personal = [column.name for column in contract.delivered if column.pii]
    if not digests or not personal or CUSTOMER_ID not in mapped:
        return rows
    digest = F.sha2(F.concat(F.lit(f"{contract.catalog}/"), F.col(f"_entity.{CUSTOMER_ID}")), 256)
    is_forgotten = F.coalesce(digest.isin(*sorted(digests)), F.lit(False))
    personal_mapped = [name for name in contract.entity.pii_columns if name in mapped]
    masked = {
        "_raw": _without(F.col("_raw"), [*personal, "_extra"]),
        "_entity": _without(F.col("_entity"), personal_mapped),
    }
    return rows.withColumns(
        {name: F.when(is_forgotten, column).otherwise(F.col(name)) for name, column in masked.items()}
    )


def _without(struct: Column, names: list[str]) -> Column:
    for name in names:
        struct = struct.withField(f"`{name}`", F.lit(None).cast("string"))
    return struct
