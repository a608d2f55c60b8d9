"""A poison row at every field of every shipped contract: none is lost, none is fatal, and no good neighbour is touched."""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.contracts import Contract, feed_names, load_contract
from basketry.domains.ingest import job
from basketry.domains.ingest.leniency import is_excused
from basketry.domains.marketing import job as marketing
from basketry.domains.offers import messages
from basketry.domains.offers.batch_tables import MicroBatch
from basketry.domains.offers.stream import day_before_first_event
from basketry.domains.sales import job as sales
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.tables import (
    FILES,
    LINEAGE,
    MARKETING_AUDIENCE,
    OPT_OUTS,
    ORDER_LINES,
    QUARANTINE,
    SALES,
    SALES_ROLLUP,
    Table,
    bronze_table,
)
from tests.faults.poison import POISON, Case, cases, written
from tests.kit.documents import copy_include
from tests.kit.offers import engine, world

pytestmark = pytest.mark.slow

TELLS_APART = {
    "demo": {
        "campaign_members": "customer_no",
        "campaigns": "campaign",
        "coupons": "coupon_upc",
        "customers": "Customer No",
        "events": "event",
        "opt_outs": "customer_no",
        "order_lines": "Order No",
        "products": "Item Code",
        "redemptions": "Customer No",
        "reviews": "review",
    },
    "complete_journey": {
        "campaign_members": "household_key",
        "campaigns": "CAMPAIGN",
        "coupons": "COUPON_UPC",
        "customers": "household_key",
        "products": "PRODUCT_ID",
        "redemptions": "household_key",
        "transactions": "BASKET_ID",
        "transactions_no_discount": "BASKET_ID",
    },
    "online_retail": {"order_lines": "InvoiceNo", "products": "StockCode"},
    "sales_project": {"customers": "customer_id", "order_lines": "order_number", "products": "product_id"},
}
"""The column of each feed's key in which good rows differ."""
UNREADABLE = ("1e30", "1e400", "NaN", "dash", "word", "sql", "formula", "quotes", "lines", "emoji", "right to left")
"""Kinds that are no number, no day and no moment."""
AS_OF = date(2026, 11, 1)  # the day of the good rows


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """What is shipped, but no file is refused for the share of its bad rows."""
    folder = copy_include(tmp_path)
    for path in (folder / "contracts").rglob("*.yaml"):
        text, count = re.subn(r"(maxRejectedShare, value: )[\d.]+", r"\g<1>1.0", path.read_text())
        assert count == 1, path
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    "catalog", [pytest.param(one, marks=pytest.mark.full if one == "complete_journey" else ()) for one in TELLS_APART]
)
def test_poison_in_every_field(spark: SparkSession, tmp_path: Path, include: Path, catalog: str) -> None:
    """Each row is good or set aside with a reason; what is made of silver is made in spite of it."""
    said = {"BASKETRY_HOME": str(tmp_path), "BASKETRY_INCLUDE": str(include), "BASKETRY_RUNTIME": "local"}
    lake = open_lake(spark, catalog, Settings.from_environment(said))
    assert set(feed_names(catalog, include)) == set(TELLS_APART[catalog])
    fates: Counter[str] = Counter()
    for feed, key in TELLS_APART[catalog].items():
        contract = load_contract(catalog, feed, include)
        rows = cases(contract, key)
        written(contract, rows, lake.settings.landing_folder(catalog, feed))
        _ingest(lake, feed)
        found = _statuses(lake, contract, rows)
        assert found["poison"] == len(POISON) * len(contract.delivered)
        print(f"{catalog}.{feed}: {len(contract.delivered)} columns, {dict(found)}")
        fates += found
    print(f"\n{catalog}: {dict(fates)}")
    _check_sales(lake)
    if catalog == "demo":
        arguments = argparse.Namespace(as_of=AS_OF, dry_run=False, run_id="a")
        # All have one mailbox and one number, and no poison beside it keeps a withdrawal from counting for each of them.
        assert marketing.run(lake, arguments).rows_out == 0
        lake.replace(OPT_OUTS, lake.read(OPT_OUTS).limit(0), where="true")
        assert marketing.run(lake, arguments).rows_out > 0 and lake.exists(MARKETING_AUDIENCE)


def _ingest(lake: Lakehouse, feed: str) -> None:
    said = {"feed": feed, "files": "*", "force": False, "refusals_only": False, "dry_run": False, "run_id": "r"}
    job.run(lake, argparse.Namespace(**said, delivered_by=None))


def _rows(lake: Lakehouse, table: Table) -> list[dict[str, Any]]:
    """All rows, read without Spark."""
    return DeltaTable(lake.path(table)).to_pyarrow_table().to_pylist() if lake.exists(table) else []


def _statuses(lake: Lakehouse, contract: Contract, rows: list[Case]) -> Counter[str]:
    """Count what became of the poison rows, after checking that every row is in one place, in bronze as it was delivered."""
    first = 1 if contract.file.kind == "jsonl" else 2
    numbers = range(first, first + len(rows))
    aside = {row["row_number"]: row["reasons"] for row in _rows(lake, QUARANTINE) if row["feed"] == contract.feed}
    (ledger,) = (row for row in _rows(lake, FILES) if row["feed"] == contract.feed)
    mine = [row for row in _rows(lake, contract.entity) if row["_file_checksum"] == ledger["file_checksum"]]
    good = {row["_row_number"] for row in mine}
    counts = tuple(ledger[f"rows_{name}"] for name in ("read", "good", "quarantined", "duplicate"))
    assert counts == (len(rows), len(good), len(aside), 0)
    assert good | set(aside) == set(numbers) and not good & set(aside) and all(aside.values())
    delivered = bronze_table(contract.feed, ((column.name, column.pii) for column in contract.delivered))
    bronze = {row["_row_number"]: row for row in _rows(lake, delivered)}
    assert set(bronze) == set(numbers)
    statuses: Counter[str] = Counter()
    for number, case in zip(numbers, rows, strict=True):
        reasons = list(aside.get(number, ()))
        if case.column is None:
            assert number in good, (case.texts, reasons)
            continue
        _check_status(contract, case, reasons, bronze[number])
        statuses["quarantined" if reasons else "good"] += 1
    _check_neighbours(
        contract, mine, [number for number, case in zip(numbers, rows, strict=True) if case.column is None]
    )
    return statuses + Counter(poison=statuses.total(), warned=ledger["rows_warned"])


def _check_neighbours(contract: Contract, silver: list[dict[str, Any]], numbers: list[int]) -> None:
    """The good rows differ in their key alone, however many poisoned ones stand between them."""
    but = {*(column.name for column in LINEAGE), *contract.entity.key}
    good = [row for row in silver if row["_row_number"] in set(numbers)]
    assert len(good) == len(numbers)
    assert len({tuple(value for name, value in row.items() if name not in but) for row in good}) == 1


def _check_status(contract: Contract, case: Case, reasons: list[str], bronze: dict[str, Any]) -> None:
    """What can be said of any contract: NUL is no text, words are no numbers, and what is kept is kept verbatim."""
    column = case.column
    assert column is not None
    where = (contract.feed, column.name, case.kind, reasons)
    if case.kind == "nul" and contract.file.kind != "xlsx":
        assert reasons == ["row:nul_byte"], where
        return
    text = case.texts[column.header]
    verbatim = text.encode(errors="strict").decode("latin-1") if contract.file.encoding == "latin-1" else text
    assert (bronze[column.name] or "") in (text, verbatim), where
    if is_excused(contract, column.name):  # a withdrawal counts whatever cannot be read of it
        assert reasons == [], where
        return
    if column.type != "string" and case.kind in UNREADABLE:
        assert [reason for reason in reasons if reason.startswith(f"{column.name}:not_a")], where
    if case.kind == "empty" and column.required:
        assert f"{column.name}:missing" in reasons, where


def _check_sales(lake: Lakehouse) -> None:
    """Sales are made of all that is there, and add up to what silver says."""
    sales.run(lake, argparse.Namespace(as_of=AS_OF, full=False, dry_run=False, run_id="s"))
    lines = [row for row in _rows(lake, ORDER_LINES) if row["line_kind"] == "sale" and row["status"] != "cancelled"]
    lines = [row for row in lines if row["order_date"] <= AS_OF]
    for grain in SALES:
        gold = _rows(lake, SALES[grain])
        total = [row for row in _rows(lake, SALES_ROLLUP[grain]) if row["level"] == "total"]
        for made, of in (("gross_revenue", "list_amount"), ("units_sold", "quantity")):
            assert sum(row[of] for row in lines) == sum(row[made] for row in gold) == sum(row[made] for row in total)


def test_poison_in_every_field_of_an_offer_event(spark: SparkSession) -> None:
    """Each message has one fate, the tables can be made of the good ones, and a clock gone wrong is set aside."""
    of = world()
    stream_engine = engine()
    activity = of.activity(0)
    offers = list(stream_engine.process(activity, frozenset(), {}).earlier.items())
    at = datetime.fromtimestamp(stream_engine.memory.newest, UTC).isoformat()
    lines, poisoned = [], []
    for kind, (field, poison) in product(("view", "offer_purchase"), product(messages.FIELDS, POISON.items())):
        offer, shown = offers[len(lines) % len(offers)]
        message = {"event_id": f"p{len(lines)}", "event_type": kind, "occurred_at": at, "customer_id": shown.shopper}
        message |= {"product_id": "P0001", "offer_id": offer, "revenue": "9.50", field: poison[1]}
        poisoned.append((kind, field, poison[0]))
        lines.append((len(lines) + 1, json.dumps(message)))
    columns = ("content", "'f' AS origin", "place", f"TIMESTAMP'{at}' AS delivered_at", "false AS is_refused")
    messages_frame = spark.createDataFrame(lines, "place bigint, content string").selectExpr(*columns)
    table = messages.read_messages(messages_frame, "America/New_York")
    records = messages.parse_records(table)
    assert day_before_first_event(records, 1, stream_engine.settings) >= date(2025, 12, 30)
    outcome = stream_engine.process(records, frozenset(), dict(offers))
    made = MicroBatch(
        table=table,
        records=records,
        row_numbers=np.asarray(table["place"], dtype=np.int64),
        outcome=outcome,
        shop=stream_engine.shop,
        name="b",
        popular_from="delta",
    )
    counts = made.counts(frozenset())
    fates = [counts[name] for name in ("good", "late", "repeated", "duplicates", "quarantined")]
    assert counts["records"] == len(lines) == len(made.refused()) + sum(fates[:-1]) == sum(fates)
    assert (
        len(made.events()) + len(made.refused()) >= fates[0] and len(made.decisions()) > 0 and len(made.responses()) > 0
    )
    fate = dict(zip(poisoned, outcome.fate, strict=True))
    assert {fate[kind, "occurred_at", "year 1"] for kind in ("view", "offer_purchase")} == {"occurred_at:too_old"}
    assert fate["view", "occurred_at", "year 9999"] == "occurred_at:in_the_future"
    assert {fate["offer_purchase", "revenue", text] for text in ("1e30", "1e400", "largest")} == {
        "revenue:not_an_amount"
    }
    print(f"\noffer events: {len(lines)} messages, {dict(Counter(outcome.fate))}")
