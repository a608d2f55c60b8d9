"""Forgets people on request: masks or removes them wherever personal data may lie, then deletes the old files.

Delivered rows keep their place and lose what identifies (bronze, quarantine, silver), rows made for marketing go (gold),
export files are written again. Order lines keep the customer's number, which then leads to nobody: sums stay as they are.
The digest is kept first, so that no load brings anybody back meanwhile; the person's own rows come last, so that a run
that was killed finds them again. No predicate names personal data, because Delta keeps predicates in its log.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import reduce
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract, load_contracts
from basketry.errors import BadInputError
from basketry.files.blanks import stripped
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import CUSTOMER, digest
from basketry.retail.text_columns import identifier
from basketry.tables import CUSTOMERS, FORGOTTEN, HANDOVERS, QUARANTINE, TABLES, Table, bronze_table

_DIGITS_OF_A_PHONE = 7
_KEY = ("file_checksum", "row_number")


class RewriteExport(Protocol):
    """Writes the files of an audience's day again from what is stored now; says whether there are any."""

    def __call__(self, lake: Lakehouse, as_of: date, *, dry_run: bool) -> bool:
        """Write nothing when dry_run."""


def run(lake: Lakehouse, arguments: argparse.Namespace, rewrite_export: RewriteExport) -> JobReport:
    """Forget --customers (ids, commas between); with --dry-run only count.

    Args:
        lake: The tables of the catalog.
        arguments: Those of the script.
        rewrite_export: Of the domain that hands audiences over.

    Raises:
        BadInputError: A customer whom nobody knows, or no moment of the request.
    """
    named = map(stripped, arguments.customers.split(","))
    customers = tuple(dict.fromkeys(part for part in named if part))
    at = _instant(arguments.requested_at)
    contracts = [one for one in load_contracts(lake.catalog, lake.settings.include).values() if _personal(one)]
    work = _Erasure(lake, customers, contracts, rewrite_export, dry_run=arguments.dry_run)
    work.check_known()
    if not arguments.dry_run:
        _audit(lake, work, arguments, at)
    work.erase()
    if not arguments.dry_run:
        _audit(lake, work, arguments, at)
    rows = sum(work.rows.values())
    lines = [f"{table}: {count:,} rows" for table, count in sorted(work.rows.items())]
    lines += [f"export of {day}: written again" for day in sorted(work.exports)]
    lines += [f"still holds them, delete it: {name}" for name in work.landing]
    details = {"rows": dict(work.rows), "landing": list(work.landing)}
    return JobReport(rows, 0 if arguments.dry_run else rows, tuple(lines), details=details, dry_run=arguments.dry_run)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--requested-at is '{text}'; write it as 2026-01-31T09:30:00+00:00.") from None
    if found.tzinfo is None:
        raise BadInputError(f"--requested-at is '{text}', without a time zone: add +00:00 for UTC.")
    return found


def _personal(contract: Contract) -> bool:
    return any(column.pii for column in contract.delivered) and any(
        column.name == CUSTOMER for column in contract.mapped
    )


def _audit(lake: Lakehouse, work: _Erasure, arguments: argparse.Namespace, at: datetime) -> None:
    for customer in work.customers:
        line = (
            digest(lake.catalog, customer),
            arguments.request_id,
            at,
            arguments.decided_by,
            dict(work.rows),
            dict(work.exports),
        )
        lake.record(FORGOTTEN, [line], where=f"customer_digest = '{line[0]}'")


class _Erasure:
    """One request: whom, where, and what was done."""

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
        """BadInputError unless every customer is known; the message names the ids that are not."""
        if not self.customers:
            raise BadInputError("--customers names nobody: give customer ids, with commas between.")
        found = {row[0] for row in self._mine(self.lake.read(CUSTOMERS)).select(CUSTOMER).collect()}
        missing = [customer for customer in self.customers if customer not in found]
        if missing:
            raise BadInputError(
                f"catalog {self.lake.catalog} knows no customer {', '.join(missing)}: check the numbers."
            )

    def erase(self) -> None:
        """Everything, the person's own row last."""
        bad = self._quarantined()
        for contract in self._contracts:
            self._bronze(contract, [row for row in bad if row[0] == contract.feed])
        self._set(QUARANTINE, {"content": "'{}'"}, self._keys(bad, _KEY, "feed"), len(bad))
        for table in self._declared("gold"):
            count = self._mine(self.lake.read(table)).count()
            if count and not self._dry_run:
                self.lake.delete(table, self._named())
                self.lake.purge(table)
            self._note(table, count)
        self._exports()
        for table in self._declared("silver"):
            nothing = dict.fromkeys(table.pii_columns, "NULL")
            self._set(table, nothing, self._named(), self._mine(self.lake.read(table)).count())

    def _declared(self, schema: str) -> Iterator[Table]:
        for table in TABLES:
            if (
                table.schema == schema
                and table.pii_columns
                and CUSTOMER in table.column_names
                and self.lake.exists(table)
            ):
                yield table

    def _named(self) -> str:
        return f"{CUSTOMER} IN ({', '.join(_quoted(customer) for customer in self.customers)})"

    def _mine(self, rows: DataFrame) -> DataFrame:
        return rows.where(F.col(CUSTOMER).isin(*self.customers))

    def _set(self, table: Table, values: dict[str, str], where: str | None, count: int) -> None:
        if where is not None and count and not self._dry_run:
            self.lake.update(table, values, where)
        # Also when nothing was left to mask: a run that was killed may have left the old files.
        if self.lake.exists(table) and not self._dry_run:
            self.lake.purge(table)
        self._note(table, count)

    def _note(self, table: Table, count: int) -> None:
        if count:
            self.rows[table.full_name] += count

    def _bronze(self, contract: Contract, bad: Sequence[tuple[str, str, int]]) -> None:
        """Mask delivered rows of the customers, and those that quarantine knows as theirs, in all their columns."""
        table = _bronze_of(contract)
        if not self.lake.exists(table):
            return
        rows = self.lake.read(table).where(self._theirs(contract))
        found = [(contract.feed, row[0], row[1]) for row in rows.select("_file_checksum", "_row_number").collect()]
        keys = sorted({*found, *bad})
        self.landing += tuple(self._landing(contract, table, keys))
        texts = [column.name for column in contract.delivered]
        broken = {name: "NULL" for name in (*texts, "_extra")}
        masked = {name: "NULL" for name in (*table.pii_columns, "_extra")}
        names = ("_file_checksum", "_row_number")
        if bad and not self._dry_run:
            self.lake.update(table, broken, self._keys(bad, names) or "false")
        self._set(table, masked, self._keys(keys, names), len(keys))

    def _theirs(self, contract: Contract) -> Column:
        mapped = next(column for column in contract.mapped if column.name == CUSTOMER)
        who = F.expr(mapped.expression).cast("string")
        who = F.concat(F.lit(mapped.id_prefix), who) if mapped.id_prefix else who
        return identifier(who).isin(*self.customers)

    def _quarantined(self) -> list[tuple[str, str, int]]:
        """Quarantined rows of any feed that name one of them by id, or hold an address or number of theirs."""
        if not self.lake.exists(QUARANTINE):
            return []
        rows, known = self.lake.read(QUARANTINE), self._identifiers()
        text = F.lower("content")
        theirs = [text.contains(one) for one in known]
        for contract in self._contracts:
            names = ", ".join(f"`{column.name}` string" for column in contract.delivered)
            fields = F.from_json("content", names)
            whose = rows.select(*_KEY, "feed", fields.alias("f")).where(F.col("feed") == contract.feed)
            mine = whose.select(*_KEY, "feed", "f.*").where(self._theirs(contract)).select("feed", *_KEY)
            yielded = mine.collect()
            theirs += [(F.col("file_checksum") == row[1]) & (F.col("row_number") == row[2]) for row in yielded]
        if not theirs:
            return []
        either = reduce(lambda one, other: one | other, theirs)
        return [(row[0], row[1], row[2]) for row in rows.where(either).select("feed", *_KEY).collect()]

    def _identifiers(self) -> list[str]:
        """Every address and number ever delivered for them: texts with an @, or with the digits of a telephone."""
        texts = list(self._texts(self._mine(self.lake.read(CUSTOMERS)), CUSTOMERS.pii_columns))
        for contract in self._contracts:
            table = _bronze_of(contract)
            if self.lake.exists(table):
                names = [column.name for column in contract.delivered if column.pii]
                texts += self._texts(self.lake.read(table).where(self._theirs(contract)), names)
        return sorted({text for text in texts if "@" in text or sum(map(str.isdigit, text)) >= _DIGITS_OF_A_PHONE})

    def _texts(self, rows: DataFrame, names: Sequence[str]) -> Iterable[str]:
        found = rows.select(*(F.col(f"`{name}`") for name in names)).distinct().collect()
        return (str(text).strip().lower() for row in found for text in row if text)

    def _keys(self, keys: Sequence[tuple[str, str, int]], names: Sequence[str], feed: str | None = None) -> str | None:
        """The rows as a SQL condition that names files and row numbers, no person."""
        if not keys:
            return None
        either = [
            f"({names[0]} = '{checksum}' AND {names[1]} = {number}" + (f" AND {feed} = '{one}')" if feed else ")")
            for one, checksum, number in keys
        ]
        return " OR ".join(either)

    def _landing(self, contract: Contract, table: Table, keys: Sequence[tuple[str, str, int]]) -> Iterator[str]:
        """Delivered files that hold them still: not ours to change."""
        checksums = {key[1] for key in keys}
        rows = self.lake.read(table).where(F.col("_file_checksum").isin(*checksums)).select("_file_name").distinct()
        folder = self.lake.settings.landing_folder(self.lake.catalog, contract.feed)
        return (f"{contract.feed}/{row[0]}" for row in sorted(rows.collect()) if (folder / row[0]).exists())

    def _exports(self) -> None:
        """Write the files of every day again on which one of them was handed over."""
        if not self.lake.exists(HANDOVERS):
            return
        for row in self._mine(self.lake.read(HANDOVERS)).select("as_of").distinct().collect():
            if self._rewrite_export(self.lake, row.as_of, dry_run=self._dry_run):
                self.exports[row.as_of.isoformat()] += 1


def _bronze_of(contract: Contract) -> Table:
    return bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
