"""Forgets people on request: masks or removes them wherever personal data may lie, then deletes the old files.

Delivered rows keep their place and lose what identifies (bronze, quarantine, silver), rows made for marketing go (gold),
export files are written again. Order lines keep the customer's number, which then leads to nobody: sums stay as they are.
The digest is stored first, so that no load brings anybody back meanwhile; the person's own rows come last, so that a run
that was killed finds them again. No predicate names personal data, because Delta keeps predicates in its log.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import reduce
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract, load_contracts
from basketry.errors import BadInputError
from basketry.files.blanks import strip_blanks
from basketry.jobs.privacy import ForgetArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import CUSTOMER_ID, customer_digest
from basketry.retail.text_columns import clean_identifier
from basketry.tables import CUSTOMERS, FORGOTTEN, HANDOVERS, QUARANTINE, TABLES, Table, bronze_table

_DIGITS_OF_A_PHONE = 7
_KEY = ("file_checksum", "row_number")
_BRONZE_KEY = ("_file_checksum", "_row_number")

_RowKey = tuple[str, str, int]
"""Feed, checksum of the file, and number of a row."""


class RewriteExport(Protocol):
    """Writes the files of an audience's day again from what is stored now."""

    def __call__(self, lake: Lakehouse, as_of: date, *, dry_run: bool) -> bool:
        """Write the files if there are any, unless dry_run; returns whether there are any."""


def run(lake: Lakehouse, arguments: ForgetArguments, rewrite_export: RewriteExport) -> JobReport:
    """Forget --customers (customer ids with commas between); with --dry-run only count.

    Args:
        lake: The tables of the catalog.
        arguments: Arguments of the script.
        rewrite_export: Writes files again; of the domain that hands audiences over.

    Raises:
        BadInputError: A customer is unknown, or --requested-at is no instant.
    """
    ids = map(strip_blanks, arguments.customers.split(","))
    customers = tuple(dict.fromkeys(customer for customer in ids if customer))
    requested_at = _parse_instant(arguments.requested_at)
    contracts = load_contracts(lake.catalog, lake.settings.include).values()
    erasure = _Erasure(
        lake,
        customers,
        [contract for contract in contracts if _is_personal(contract)],
        rewrite_export,
        dry_run=arguments.dry_run,
    )
    erasure.check_known()
    if not arguments.dry_run:
        _audit(lake, erasure, arguments, requested_at)
    erasure.erase()
    if not arguments.dry_run:
        _audit(lake, erasure, arguments, requested_at)
    rows = sum(erasure.rows.values())
    lines = [f"{table}: {count:,} rows" for table, count in sorted(erasure.rows.items())]
    lines += [f"export of {day}: written again" for day in sorted(erasure.exports)]
    lines += [f"still holds them, delete it: {name}" for name in erasure.landing]
    details = {"rows": dict(erasure.rows), "landing": list(erasure.landing)}
    return JobReport(
        rows_in=rows,
        rows_out=0 if arguments.dry_run else rows,
        summary=tuple(lines),
        details=details,
        dry_run=arguments.dry_run,
    )


def _parse_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--requested-at is '{text}'; write it as 2026-01-31T09:30:00+00:00.") from None
    if instant.tzinfo is None:
        raise BadInputError(f"--requested-at is '{text}', without a time zone: add +00:00 for UTC.")
    return instant


def _is_personal(contract: Contract) -> bool:
    has_pii = any(column.pii for column in contract.delivered)
    return has_pii and any(column.name == CUSTOMER_ID for column in contract.mapped)


def _audit(lake: Lakehouse, erasure: _Erasure, arguments: ForgetArguments, requested_at: datetime) -> None:
    """Record the request and what was done for it, one row per customer."""
    for customer in erasure.customers:
        row = (
            customer_digest(lake.catalog, customer),
            arguments.request_id,
            requested_at,
            arguments.decided_by,
            dict(erasure.rows),
            dict(erasure.exports),
        )
        lake.record(FORGOTTEN, [row], where=f"customer_digest = '{row[0]}'")


class _Erasure:
    """One request: whom it is about, where they are, and what was done."""

    def __init__(
        self,
        lake: Lakehouse,
        customers: Sequence[str],
        contracts: Sequence[Contract],
        rewrite_export: RewriteExport,
        *,
        dry_run: bool,
    ) -> None:
        self.lake, self.customers, self._contracts, self._dry_run = lake, customers, contracts, dry_run
        self._rewrite_export = rewrite_export
        self.rows: Counter[str] = Counter()
        self.exports: Counter[str] = Counter()
        self.landing: tuple[str, ...] = ()

    def check_known(self) -> None:
        """Check that every customer is known.

        Raises:
            BadInputError: It names the customers who are not.
        """
        if not self.customers:
            raise BadInputError("--customers names nobody: give customer ids, with commas between.")
        known_ids = {row[0] for row in self._rows_of_customers(self.lake.read(CUSTOMERS)).select(CUSTOMER_ID).collect()}
        missing = [customer for customer in self.customers if customer not in known_ids]
        if missing:
            raise BadInputError(
                f"catalog {self.lake.catalog} knows no customer {', '.join(missing)}: check the numbers."
            )

    def erase(self) -> None:
        """Erase everything, the person's own row last."""
        quarantined = self._quarantined_rows()
        for contract in self._contracts:
            self._mask_bronze(contract, [row for row in quarantined if row[0] == contract.feed])
        is_quarantined = _predicate_of_keys(quarantined, _KEY, "feed")
        self._update_and_purge(QUARANTINE, {"content": "'{}'"}, is_quarantined, len(quarantined))
        for table in self._personal_tables("gold"):
            count = self._rows_of_customers(self.lake.read(table)).count()
            if count and not self._dry_run:
                self.lake.delete(table, self._customer_predicate())
                self.lake.purge(table)
            self._count(table, count)
        self._rewrite_exports()
        for table in self._personal_tables("silver"):
            masked = dict.fromkeys(table.pii_columns, "NULL")
            count = self._rows_of_customers(self.lake.read(table)).count()
            self._update_and_purge(table, masked, self._customer_predicate(), count)

    def _personal_tables(self, schema: str) -> Iterator[Table]:
        for table in TABLES:
            if (
                table.schema == schema
                and table.pii_columns
                and CUSTOMER_ID in table.column_names
                and self.lake.exists(table)
            ):
                yield table

    def _customer_predicate(self) -> str:
        return f"{CUSTOMER_ID} IN ({', '.join(_quoted(customer) for customer in self.customers)})"

    def _rows_of_customers(self, rows: DataFrame) -> DataFrame:
        return rows.where(F.col(CUSTOMER_ID).isin(*self.customers))

    def _update_and_purge(self, table: Table, values: dict[str, str], predicate: str | None, count: int) -> None:
        if predicate is not None and count and not self._dry_run:
            self.lake.update(table, values, predicate)
        # Also when nothing was left to mask: a run that was killed may have left the old files.
        if self.lake.exists(table) and not self._dry_run:
            self.lake.purge(table)
        self._count(table, count)

    def _count(self, table: Table, count: int) -> None:
        if count:
            self.rows[table.full_name] += count

    def _mask_bronze(self, contract: Contract, quarantined: Sequence[_RowKey]) -> None:
        """Mask delivered rows of the customers, and in all columns the rows that quarantine knows as theirs."""
        table = _bronze_table_of(contract)
        if not self.lake.exists(table):
            return
        rows = self.lake.read(table).where(self._is_of_customers(contract)).select(*_BRONZE_KEY)
        own_keys = [(contract.feed, row[0], row[1]) for row in rows.collect()]
        keys = sorted({*own_keys, *quarantined})
        self.landing += tuple(self._landing_files(contract, table, keys))
        all_columns = {name: "NULL" for name in (*(column.name for column in contract.delivered), "_extra")}
        masked = {name: "NULL" for name in (*table.pii_columns, "_extra")}
        if quarantined and not self._dry_run:
            self.lake.update(table, all_columns, _predicate_of_keys(quarantined, _BRONZE_KEY) or "false")
        self._update_and_purge(table, masked, _predicate_of_keys(keys, _BRONZE_KEY), len(keys))

    def _is_of_customers(self, contract: Contract) -> Column:
        mapped = next(column for column in contract.mapped if column.name == CUSTOMER_ID)
        customer = F.expr(mapped.expression).cast("string")
        customer = F.concat(F.lit(mapped.id_prefix), customer) if mapped.id_prefix else customer
        return clean_identifier(customer).isin(*self.customers)

    def _quarantined_rows(self) -> list[_RowKey]:
        """Find quarantined rows of any feed that name a customer by id, or hold an address or number of theirs."""
        if not self.lake.exists(QUARANTINE):
            return []
        rows, text = self.lake.read(QUARANTINE), F.lower("content")
        conditions = [text.contains(identity) for identity in self._addresses_and_numbers()]
        for contract in self._contracts:
            names = ", ".join(f"`{column.name}` string" for column in contract.delivered)
            fields = F.from_json("content", names)
            of_feed = rows.select(*_KEY, "feed", fields.alias("f")).where(F.col("feed") == contract.feed)
            of_customers = of_feed.select(*_KEY, "feed", "f.*").where(self._is_of_customers(contract))
            keys = of_customers.select("feed", *_KEY).collect()
            conditions += [(F.col("file_checksum") == key[1]) & (F.col("row_number") == key[2]) for key in keys]
        if not conditions:
            return []
        matching = rows.where(reduce(operator.or_, conditions))
        return [(row[0], row[1], row[2]) for row in matching.select("feed", *_KEY).collect()]

    def _addresses_and_numbers(self) -> list[str]:
        """Collect every text ever delivered for them with an @, or with the digits of a telephone number."""
        texts = list(_distinct_texts(self._rows_of_customers(self.lake.read(CUSTOMERS)), CUSTOMERS.pii_columns))
        for contract in self._contracts:
            table = _bronze_table_of(contract)
            if self.lake.exists(table):
                names = [column.name for column in contract.delivered if column.pii]
                texts += _distinct_texts(self.lake.read(table).where(self._is_of_customers(contract)), names)
        return sorted({text for text in texts if "@" in text or sum(map(str.isdigit, text)) >= _DIGITS_OF_A_PHONE})

    def _landing_files(self, contract: Contract, table: Table, keys: Sequence[_RowKey]) -> Iterator[str]:
        """List delivered files that still hold them: they are not ours to change."""
        checksums = {key[1] for key in keys}
        rows = self.lake.read(table).where(F.col("_file_checksum").isin(*checksums)).select("_file_name").distinct()
        folder = self.lake.settings.landing_folder(self.lake.catalog, contract.feed)
        return (f"{contract.feed}/{row[0]}" for row in sorted(rows.collect()) if (folder / row[0]).exists())

    def _rewrite_exports(self) -> None:
        """Write the files of every day again on which one of the customers was handed over."""
        if not self.lake.exists(HANDOVERS):
            return
        for row in self._rows_of_customers(self.lake.read(HANDOVERS)).select("as_of").distinct().collect():
            if self._rewrite_export(self.lake, row.as_of, dry_run=self._dry_run):
                self.exports[row.as_of.isoformat()] += 1


def _distinct_texts(rows: DataFrame, names: Sequence[str]) -> Iterable[str]:
    values = rows.select(*(F.col(f"`{name}`") for name in names)).distinct().collect()
    return (str(text).strip().lower() for row in values for text in row if text)


def _predicate_of_keys(keys: Sequence[_RowKey], names: Sequence[str], feed_column: str | None = None) -> str | None:
    """Return a SQL condition that names files and row numbers, no person; None without keys.

    Args:
        keys: The rows.
        names: Names of the columns of checksum and row number.
        feed_column: Name of the column of the feed, if the condition names it.
    """
    conditions = []
    for feed, checksum, number in keys:
        condition = f"{names[0]} = '{checksum}' AND {names[1]} = {number}"
        conditions.append(f"({condition} AND {feed_column} = '{feed}')" if feed_column else f"({condition})")
    return " OR ".join(conditions) or None


def _bronze_table_of(contract: Contract) -> Table:
    return bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
