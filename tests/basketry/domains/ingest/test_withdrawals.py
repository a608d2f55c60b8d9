"""Withdrawals are loaded whatever cannot be read in them: only a row that names nobody is set aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from basketry.contracts import load_contract
from basketry.domains.ingest import core
from basketry.tables import ALL_CHANNELS, OPT_OUTS, QUARANTINE, Table
from tests.kit.contracts import head
from tests.kit.deliveries import Shop
from tests.kit.lake import fill

pytestmark = pytest.mark.slow

CONTRACT = (
    head("opt_outs", "Who does not want to hear from us.")
    + """\
      - {property: filePatterns, value: ["*.csv"]}
      - {property: format, value: csv}
      - {property: maxRejectedShare, value: 0.5}
    properties:
      - {name: id, logicalType: string, required: true}
      - {name: said, logicalType: string}
      - {name: channel, logicalType: string, required: true}
      - {name: day, logicalType: date, required: true}
  - name: opt_outs
    physicalType: table
    logicalType: object
    properties:
      - {name: customer_id, transformLogic: id}
      - {name: channel%s}
      - {name: opted_out_on, transformLogic: day}
    quality:
      - {name: only_out, type: custom, engine: basketry, severity: reject, description: who agrees, implementation: "said = 'out'"}
      - name: not_so_old
        type: custom
        engine: basketry
        severity: reject
        description: a slip of the pen
        implementation: "opted_out_on > to_date('2001-01-01', 'yyyy-MM-dd')"
      - name: our_words
        type: custom
        engine: basketry
        severity: reject
        description: the words that we wrote down
        implementation: "channel in ('phone', 'all')"
"""
)
PLAIN, MAPPED = "", ", customProperties: [{property: valueMap, value: {telephone: phone, phone: phone}}]"
ROWS = (
    "id,said,channel,day\n"
    "A,out,phone,2026-01-20\n"  # 2
    "B,out,all,20.01.2026\n"
    "C,out,phone,\n"
    "D,out,carrier pigeon,2026-01-20\n"  # 5
    "E,out,,2026-01-20\n"
    "F,out, Telephone ,1999-12-31\n"
    ",out,phone,2026-01-20\n"  # 8
    "H,in,phone,2026-01-20\n"
)
DAY = date(2026, 1, 20)


@pytest.fixture
def no_more(shop: Shop) -> Shop:
    """A shop with a feed of withdrawals."""
    shop.contract_path("opt_outs").write_text(CONTRACT % PLAIN)
    shop.path("opt_outs_1.csv", "opt_outs").write_text(ROWS)
    return shop


def silver(shop: Shop) -> dict[str, tuple[str, date | None]]:
    """Channel and day by customer."""
    return {row.customer_id: (row.channel, row.opted_out_on) for row in shop.lake.read(OPT_OUTS).collect()}


@pytest.mark.parametrize("mapping", [PLAIN, MAPPED])
def test_a_withdrawal_counts_whatever_cannot_be_read_in_it(no_more: Shop, mapping: str) -> None:
    """A day that is none, no day, a word that nobody knows, no word: loaded and warned of, whatever the contract requires.

    What names nobody, and what the contract tells apart as no withdrawal, is set aside.
    """
    no_more.contract_path("opt_outs").write_text(CONTRACT % mapping)
    report = no_more.ingest(feed="opt_outs")
    everything = (ALL_CHANNELS, DAY)
    assert silver(no_more) == {
        "A": ("phone", DAY),
        "B": (ALL_CHANNELS, None),
        "C": ("phone", None),
        "D": everything,
        "E": everything,
        "F": ("phone", date(1999, 12, 31)),
    }
    assert no_more.quarantine() == {8: ("open", ["id:missing"]), 9: ("open", ["only_out"])}
    (file,) = report.details["files"]
    assert (file["good"], file["quarantined"], file["warned"]) == (6, 2, 5)
    warnings = {"day:not_a_date", "day:missing", "channel:unknown_value", "channel:missing", "not_so_old"}
    assert warnings <= set(file["reasons"])


def test_no_day_at_all_is_enough(no_more: Shop) -> None:
    """A contract may leave the day out: some lists hold numbers of customers alone."""
    text = (CONTRACT % PLAIN).partition("    quality:")[0]
    lines = [line for line in text.splitlines() if "opted_out_on" not in line and "name: day" not in line]
    no_more.contract_path("opt_outs").write_text("\n".join(lines))
    no_more.path("opt_outs_1.csv", "opt_outs").write_text("id,said,channel\nA,out,phone\n")
    no_more.ingest(feed="opt_outs")
    assert silver(no_more) == {"A": ("phone", None)}


def earlier(table: Table) -> Table:
    """The table as an earlier release declared it: the day may never be missing."""
    columns = tuple(replace(column, nullable=False) for column in table.columns)
    return replace(table, columns=columns)


def test_quarantine_of_an_earlier_release_is_replayed_into_its_lake(no_more: Shop) -> None:
    """Rows that lay there for their day go to a table whose day could not be missing; the ledger tells of warnings."""
    lake = no_more.lake
    lake._create(earlier(OPT_OUTS))
    lake._upgraded.clear()
    no_more.ingest("opt_outs_1.csv", feed="opt_outs")
    lost = lake.read(QUARANTINE).collect()[0].asDict() | {
        "row_number": 20,
        "reasons": ["day:not_a_date"],
        "content": '{"id":"Z","said":"out","channel":"all","day":"soon"}',
        "delivered_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    fill(no_more.settings.home / "lake", "shop", QUARANTINE, [lost])
    report = no_more.replay("opt_outs")
    assert report.details["passed"] == 1
    assert silver(no_more)["Z"] == (ALL_CHANNELS, None)


def test_every_other_entity_is_as_strict_as_before(shop: Shop) -> None:
    """A review without a day that can be read is set aside."""
    contract = load_contract("shop", "reviews", shop.include)
    assert not core.is_warning("day:not_a_date", contract) and not core.is_warning("rating_in_range", contract)
