"""Forgets people on request: masks or removes them wherever personal data may lie, then deletes the old files.

Delivered rows keep their place and lose all that is said of the person (bronze, quarantine, silver), rows made for marketing
go (gold), export files are written again. Order lines keep the customer's number, which then leads to nobody: sums stay.
The digests are stored first, so that no load brings anybody back meanwhile; the person's own rows come last, so that a run
that was killed finds them again; the request's file is deleted at the very end. No predicate names personal data, because
Delta keeps predicates in its log.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from basketry.config.forget_requests import load_forget_request, request_path
from basketry.contracts import Contract, load_contracts
from basketry.domains.privacy.landing import files_with, search_pattern
from basketry.domains.privacy.search import RowKey, Subject, Traces, bronze_table_of, find_traces
from basketry.errors import BadInputError
from basketry.jobs.privacy import ForgetArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.retail.suppression import CUSTOMER_ID, THEIRS, give_keys, new_digester, number_columns, stored_digests
from basketry.tables import CUSTOMERS, FILES, FORGOTTEN, HANDOVERS, OFFER_EVENTS, QUARANTINE, TABLES, Table


class RewriteExport(Protocol):
    """Writes the files of an audience's day again from what is stored now."""

    def __call__(self, lake: Lakehouse, as_of: date, *, dry_run: bool) -> bool:
        """Write the files if there are any, unless dry_run; returns whether there are any."""


def run(lake: Lakehouse, arguments: ForgetArguments, rewrite_export: RewriteExport) -> JobReport:
    """Forget the customers of --request-id, whose numbers are in the request's file; with --dry-run only count.

    Args:
        lake: The tables of the catalog.
        arguments: Arguments of the script.
        rewrite_export: Writes files again; of the domain that hands audiences over.

    Raises:
        BadInputError: There is no such request, a customer is unknown, or --requested-at is no instant.
    """
    requested_at = _parse_instant(arguments.requested_at)
    path = request_path(lake.settings, lake.catalog, arguments.request_id)
    if not path.exists() and _is_done(lake, arguments.request_id):
        line = f"request {arguments.request_id} was carried out before, and its file is deleted"
        return JobReport(rows_in=0, rows_out=0, summary=(line,), dry_run=arguments.dry_run)
    customers = load_forget_request(path)
    contracts = list(load_contracts(lake.catalog, lake.settings.include).values())
    traces = find_traces(lake, contracts, new_digester(lake), _subjects(lake, customers))
    _check_known(lake.catalog, traces)
    landing = _landing_files(lake, contracts, traces)
    erasure = _Erasure(lake, traces, contracts, rewrite_export, dry_run=arguments.dry_run)
    if arguments.dry_run:
        erasure.erase()
    else:
        give_keys(lake)
        _audit(lake, erasure, arguments, requested_at)
        erasure.erase()
        _audit(lake, erasure, arguments, requested_at)
        path.unlink()
    return _report(erasure, landing, dry_run=arguments.dry_run)


def _report(erasure: _Erasure, landing: Sequence[str], *, dry_run: bool) -> JobReport:
    rows = sum(erasure.rows.values())
    lines = [f"{table}: {count:,} rows" for table, count in sorted(erasure.rows.items())]
    lines += [f"export of {day}: written again" for day in sorted(erasure.exports)]
    lines += [f"still holds them, delete it: {name}" for name in landing]
    household, others = erasure.traces.household, erasure.traces.others
    if household:
        lines.append(f"left alone, look at them: {household:,} delivered rows share a telephone number or an address")
    if others:
        lines.append(f"left alone: {others:,} other customers share a mailbox, or name and telephone number or address")
    details = {"rows": dict(erasure.rows), "landing": list(landing), "household": household, "others": others}
    return JobReport(
        rows_in=rows, rows_out=0 if dry_run else rows, summary=tuple(lines), details=details, dry_run=dry_run
    )


def _parse_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadInputError(f"--requested-at is '{text}'; write it as 2026-01-31T09:30:00+00:00.") from None
    if instant.tzinfo is None:
        raise BadInputError(f"--requested-at is '{text}', without a time zone: add +00:00 for UTC.")
    return instant


def _subjects(lake: Lakehouse, customers: Sequence[str]) -> list[Subject]:
    """Return who is to be forgotten, with what an earlier run for them knew: their rows may hold nothing of it any more."""
    digester, stored = new_digester(lake), stored_digests(lake)
    subjects = []
    for customer in customers:
        digest = digester.of_customer(customer)
        own, shared = stored.get(digest, ((), ()))
        subjects.append(Subject(customer_id=customer, own={digest, *own}, shared={*shared}))
    return subjects


def _is_done(lake: Lakehouse, request_id: str) -> bool:
    """Return whether a run has carried the request out: a file that is gone was deleted by the last step of one."""
    return lake.exists(FORGOTTEN) and not lake.read(FORGOTTEN).where(F.col("request_id") == request_id).isEmpty()


def _check_known(catalog: str, traces: Traces) -> None:
    """Check that every customer is known somewhere.

    Raises:
        BadInputError: It says which of the request's numbers are not, without naming one.
    """
    unknown = [str(n) for n, subject in enumerate(traces.subjects, start=1) if not subject.persons]
    if unknown:
        numbers = f"number {unknown[0]}" if len(unknown) == 1 else f"numbers {', '.join(unknown)}"
        raise BadInputError(f"catalog {catalog} knows no customer of {numbers} of the request: check its file.")


def _landing_files(lake: Lakehouse, contracts: Sequence[Contract], traces: Traces) -> list[str]:
    """List delivered files that hold them: they are not ours to change."""
    persons = [person for subject in traces.subjects for person in subject.persons]
    without_numbers = search_pattern(persons, ())
    with_numbers = search_pattern(persons, [subject.customer_id for subject in traces.subjects])
    patterns = {contract.feed: without_numbers for contract in contracts} | {OFFER_EVENTS.name: without_numbers}
    patterns |= {c.feed: with_numbers for c in contracts if any(column.pii for column in c.delivered)}
    names = []
    for feed, pattern in sorted(patterns.items()):
        folder = lake.settings.landing_folder(lake.catalog, feed)
        names += [f"{feed}/{path.relative_to(folder).as_posix()}" for path in files_with(folder, pattern)]
    # What is loaded of somebody forgotten leaves nothing to search for; the load has noted the file.
    for row in lake.read_or_empty(FILES).where(F.map_contains_key("reasons", F.lit(THEIRS))).collect():
        if (lake.settings.landing_folder(lake.catalog, row.feed) / row.file_name).exists():
            names.append(f"{row.feed}/{row.file_name}")
    return sorted(set(names))


def _audit(lake: Lakehouse, erasure: _Erasure, arguments: ForgetArguments, requested_at: datetime) -> None:
    """Record the request and what was done for it, one row per customer."""
    digester = new_digester(lake)
    for subject in erasure.traces.subjects:
        digest = digester.of_customer(subject.customer_id)
        row = (
            digest,
            arguments.request_id,
            requested_at,
            arguments.decided_by,
            dict(erasure.rows),
            dict(erasure.exports),
            sorted(subject.own - {digest}),
            sorted(subject.shared),
        )
        lake.record(FORGOTTEN, [row], where=f"customer_digest = '{digest}'")


class _Erasure:
    """One request: where its people are, and what was done."""

    def __init__(
        self,
        lake: Lakehouse,
        traces: Traces,
        contracts: Sequence[Contract],
        rewrite_export: RewriteExport,
        *,
        dry_run: bool,
    ) -> None:
        self.lake, self.traces, self._contracts, self._dry_run = lake, traces, contracts, dry_run
        self._customers = [subject.customer_id for subject in traces.subjects]
        self._rewrite_export = rewrite_export
        self.rows: Counter[str] = Counter()
        self.exports: Counter[str] = Counter()

    def erase(self) -> None:
        """Erase everything, the person's own row last."""
        for contract in self._contracts:
            self._mask_bronze(contract)
        predicate = _predicate_of_keys(self.traces.quarantine, ("file_checksum", "row_number"), "feed")
        self._update_and_purge(QUARANTINE, {"content": "'{}'"}, predicate, len(self.traces.quarantine))
        for table in self._personal_tables("bronze"):
            self._mask_rows_of_customers(table, dict.fromkeys(table.pii_columns, "'{}'"))
        for table in self._personal_tables("gold"):
            count = self._rows_of_customers(self.lake.read(table)).count()
            if count and not self._dry_run:
                self.lake.delete(table, self._customer_predicate())
                self.lake.purge(table)
            self._count(table, count)
        self._rewrite_exports()
        for table in self._personal_tables("silver"):
            self._mask_rows_of_customers(table, _masked_silver(table))

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
        return f"{CUSTOMER_ID} IN ({', '.join(_quoted(customer) for customer in self._customers)})"

    def _rows_of_customers(self, rows: DataFrame) -> DataFrame:
        return rows.where(F.col(CUSTOMER_ID).isin(*self._customers))

    def _mask_rows_of_customers(self, table: Table, values: dict[str, str]) -> None:
        count = self._rows_of_customers(self.lake.read(table)).count()
        self._update_and_purge(table, values, self._customer_predicate(), count)

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

    def _mask_bronze(self, contract: Contract) -> None:
        """Mask delivered rows of the customers, and in all columns the rows that quarantine knows as theirs."""
        table = bronze_table_of(contract)
        if not self.lake.exists(table):
            return
        quarantined = {key for key in self.traces.quarantine if key[0] == contract.feed}
        keys = {key for key in self.traces.bronze if key[0] == contract.feed} | quarantined
        names = ("_file_checksum", "_row_number")
        all_columns = {name: "NULL" for name in (*(column.name for column in contract.delivered), "_extra")}
        whole_rows = _predicate_of_keys(quarantined, names)
        if whole_rows is not None and not self._dry_run:
            self.lake.update(table, all_columns, whole_rows)
        self._update_and_purge(table, _masked_bronze(contract), _predicate_of_keys(keys, names), len(keys))

    def _rewrite_exports(self) -> None:
        """Write the files of every day again on which one of the customers was handed over."""
        if not self.lake.exists(HANDOVERS):
            return
        for row in self._rows_of_customers(self.lake.read(HANDOVERS)).select("as_of").distinct().collect():
            if self._rewrite_export(self.lake, row.as_of, dry_run=self._dry_run):
                self.exports[row.as_of.isoformat()] += 1


def _masked_silver(table: Table) -> dict[str, str]:
    """Return what empties a person's row: of silver.customers all but the number, since the rest is theirs alone as well."""
    if table.full_name != CUSTOMERS.full_name:
        return dict.fromkeys(table.pii_columns, "NULL")
    columns = (column for column in table.columns if column.nullable and not column.name.startswith("_"))
    return {column.name: "NULL" for column in columns}


def _masked_bronze(contract: Contract) -> dict[str, str]:
    """Return what empties a delivered row: of a customer's all but the number, of others what identifies somebody."""
    numbers, values = number_columns(contract), {"_extra": "NULL"}
    for column in contract.delivered:
        if column.pii or (contract.entity.full_name == CUSTOMERS.full_name and column.name not in numbers):
            values[column.name] = "NULL"
        else:
            values[column.name] = f"CASE WHEN contains(`{column.name}`, '@') THEN NULL ELSE `{column.name}` END"
    return values


def _predicate_of_keys(keys: Iterable[RowKey], names: tuple[str, str], feed_column: str | None = None) -> str | None:
    """Return a SQL condition that names files and row numbers, no person; None without keys.

    Args:
        keys: The rows.
        names: Names of the columns of checksum and row number.
        feed_column: Name of the column of the feed, if the condition names it.
    """
    numbers: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for feed, checksum, number in sorted(keys):
        numbers[(feed, checksum)].append(number)
    conditions = []
    for (feed, checksum), rows in numbers.items():
        condition = f"{names[0]} = '{checksum}' AND {names[1]} IN ({', '.join(map(str, rows))})"
        conditions.append(f"({condition} AND {feed_column} = '{feed}')" if feed_column else f"({condition})")
    return " OR ".join(conditions) or None


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
