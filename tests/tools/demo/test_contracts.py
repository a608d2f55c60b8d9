"""What the simulator delivers and what the demo catalog's contracts expect are the same."""

from __future__ import annotations

import fnmatch
import re
from datetime import date

import pytest

from basketry.contracts import load_contract, load_contracts
from tools.demo.defects import KINDS
from tools.demo.feeds import FEEDS, Feed

STRUCTURE = {"row:too_many_fields", "row:too_few_fields", "row:not_json"}
FEED_IDS = [feed.name for feed in FEEDS]


def test_every_feed_has_a_contract_and_every_contract_a_feed() -> None:
    """The catalog demo is exactly the simulator's feeds, each the entity of its name."""
    contracts = load_contracts("demo")
    assert set(contracts) == {feed.name for feed in FEEDS}
    assert all(contract.entity.name == feed for feed, contract in contracts.items())


@pytest.mark.parametrize("feed", FEEDS, ids=FEED_IDS)
def test_contract_describes_the_delivered_file(feed: Feed) -> None:
    """Headers in order, delimiter, encoding and file name, with its day of delivery, are as delivered."""
    contract = load_contract("demo", feed.name)
    assert tuple(column.header for column in contract.delivered) == feed.columns
    if feed.suffix.startswith("csv"):
        assert (contract.file.delimiter, contract.file.encoding) == (feed.delimiter, feed.encoding)
    name = feed.file_name(date(2026, 11, 20))
    assert any(fnmatch.fnmatch(name, pattern) for pattern in contract.file.patterns)
    assert contract.delivered_at is not None
    found = re.search(contract.delivered_at.from_file_name, name)
    assert found and found.group(1) == "2026-11-20"


@pytest.mark.parametrize("feed", FEEDS, ids=FEED_IDS)
def test_every_promised_reason_is_one_that_the_contract_can_give(feed: Feed) -> None:
    """A defect's reason is a rule of severity reject, a structure, or a code of a column of the contract."""
    contract = load_contract("demo", feed.name)
    rules = {rule.name for rule in contract.rules if rule.severity == "reject"}
    columns = {column.name for column in contract.delivered} | {column.name for column in contract.mapped}
    for kind in KINDS.get(feed.name, ()):
        for reason in kind.reasons:
            assert reason in rules | STRUCTURE or reason.split(":")[0] in columns, (kind.name, reason)


def test_a_column_of_a_person_is_marked() -> None:
    """All but the number of a customer: what they are called, where they live, and what tells them apart together."""
    contract = load_contract("demo", "customers")
    marked = {column.header for column in contract.delivered if column.pii}
    assert marked == {column.header for column in contract.delivered} - {"Customer No"}
