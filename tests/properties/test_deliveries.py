"""Any contract and any files for it: no row vanishes, and the order of deliveries leaves no trace."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from deltalake import DeltaTable
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from basketry.config.settings import Settings
from basketry.contracts import load_contract
from basketry.domains.ingest import job
from basketry.files import inspect_file, read_batches
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.opening import open_lake
from basketry.lake.report import JobReport
from basketry.tables import FILES, QUARANTINE, bronze_table
from tests.properties import SAME_EACH_TIME
from tests.properties.deliveries import CATALOG, FEED, Delivery, Feed, deliveries, feeds, newest

pytestmark = pytest.mark.slow

FEW = settings(SAME_EACH_TIME, max_examples=2, phases=[Phase.generate])
"""Each is seven runs of the job; `make faults` tries more."""
MANY = settings(SAME_EACH_TIME, max_examples=40, phases=[Phase.generate])


class Shop:
    """A home with the contract, an empty lake and an empty landing folder."""

    def __init__(self, spark: SparkSession | None, home: Path, feed: Feed) -> None:
        """Write what a person would."""
        self.feed = feed
        include = home / "include"
        places = {"BASKETRY_HOME": str(home), "BASKETRY_INCLUDE": str(include), "BASKETRY_RUNTIME": "local"}
        for path, text in (
            ("catalogs/shop.yaml", feed.catalog()),
            ("contracts/shop/things.odcs.yaml", feed.contract()),
        ):
            (include / path).parent.mkdir(parents=True, exist_ok=True)
            (include / path).write_text(text, encoding="utf-8")
        self.settings = Settings.from_environment(places)
        self.contract = load_contract(CATALOG, FEED, include)
        self._lake = open_lake(spark, CATALOG, self.settings) if spark else None

    @property
    def lake(self) -> Lakehouse:
        """The tables."""
        assert self._lake is not None
        return self._lake

    def deliver(self, delivery: Delivery, suffix: str = "") -> Path:
        """Put the file into the landing folder under a name that says its day."""
        name = (
            f"things_{delivery.day}_{delivery.checksum[:8]}{suffix}.{self.feed.kind}{'.gz' if self.feed.zipped else ''}"
        )
        path = self.settings.landing_folder(CATALOG, FEED) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.content)
        at = 1_500_000_000 + int(delivery.checksum[:7], 16)
        os.utime(path, (at, at))  # of two files of one day the one with the greater checksum is written later
        return path

    def ingest(self, *, force: bool = False) -> JobReport:
        """Load what is there and was not loaded."""
        said = {"feed": FEED, "files": "*", "force": force, "refusals_only": False, "dry_run": False, "run_id": "r"}
        return job.run(self.lake, argparse.Namespace(**said, delivered_by=None))

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of all tables, in the order of their keys."""
        delivered = bronze_table(FEED, ((column.name, column.pii) for column in self.contract.delivered))
        return {
            table.name: sorted(
                DeltaTable(self.lake.path(table)).to_pyarrow_table().to_pylist(),
                key=lambda row: tuple(str(row[name]) for name in table.key),
            )
            for table in (delivered, self.contract.entity, QUARANTINE, FILES)
            if self.lake.exists(table)
        }

    def midnight(self, delivery: Delivery) -> datetime:
        """When the file counts as delivered."""
        return datetime.combine(delivery.day, datetime.min.time(), ZoneInfo(self.feed.zone)).astimezone(UTC)


def check(shop: Shop, tables: dict[str, list[dict[str, Any]]], files: Sequence[Delivery]) -> None:
    """Every table holds what the files' maker says: each row once, with every reason, in silver the newest of each key."""
    keys = len(shop.feed.entity.key)
    latest = {delivery.checksum: delivery for delivery in sorted(files, key=lambda delivery: delivery.day)}
    ledger = {row["file_checksum"]: row for row in tables["files"]}
    counts = ("rows_read", "rows_good", "rows_quarantined", "rows_duplicate", "rows_warned")
    assert {name: tuple(row[count] for count in counts) for name, row in ledger.items()} == {
        name: delivery.counts(keys) for name, delivery in latest.items()
    }
    assert {name: dict(row["reasons"]) for name, row in ledger.items()} == {
        name: delivery.reasons() for name, delivery in latest.items()
    }
    assert {name: row["delivered_at"] for name, row in ledger.items()} == {
        name: shop.midnight(delivery) for name, delivery in latest.items()
    }
    total = [sum(row[count] for row in ledger.values()) for count in counts[:4]]
    assert total[0] == sum(total[1:]) == len(tables[FEED])
    bad = {
        (name, line.number): sorted(line.reasons)
        for name, delivery in latest.items()
        for line in delivery.lines
        if line.reasons
    }
    assert {
        (row["file_checksum"], row["row_number"]): sorted(row["reasons"]) for row in tables.get("quarantine", [])
    } == bad
    entity = shop.feed.entity
    silver = {tuple(row[name] for name in entity.key): row for row in tables[entity.name]}
    expected = newest(files, shop.feed)
    assert len(silver) == len(tables[entity.name])
    assert {key: {name: row[name] for name in expected.get(key, {})} for key, row in silver.items()} == expected


@MANY
@given(data=st.data())
def test_a_row_read_is_a_row_delivered(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """The reader finds each row where it stands, verbatim, with its defect, and nothing else."""
    feed = data.draw(feeds())
    shop = Shop(None, tmp_path_factory.mktemp("read"), feed)
    for delivery in data.draw(deliveries(feed)):
        path = shop.deliver(delivery)
        assert inspect_file(path, shop.contract).checksum == delivery.checksum
        rows = [row for batch in read_batches(path, shop.contract, 7) for row in batch.to_pylist()]
        assert [(row["_row_number"], row["_defects"]) for row in rows] == [
            (line.number, [line.defect] if line.defect else []) for line in delivery.lines
        ]
        for row, line in zip(rows, delivery.lines, strict=True):
            if not line.defect:
                texts = [row[f"d_{field.name}"] for field in feed.fields]
                assert [text or "n/a" for text in texts] == [
                    cell.text if text else "n/a" for cell, text in zip(line.cells, texts, strict=True)
                ]
                assert all(text or not cell.text.strip(" n/a") for cell, text in zip(line.cells, texts, strict=True))


@FEW
@given(data=st.data())
def test_every_row_ends_in_one_place_whatever_the_order(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """All at once, again, by force, or one file after another in any order: the same rows, all accounted for."""
    load_in_any_order(spark, tmp_path_factory, data)


@pytest.mark.full
@settings(FEW, max_examples=12)
@given(data=st.data())
def test_every_row_of_many_deliveries_ends_in_one_place(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """The same of other contracts and files."""
    load_in_any_order(spark, tmp_path_factory, data)


def load_in_any_order(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Draw a contract and files for it; load them at once, again, by force, and in another order by turns."""
    feed = data.draw(feeds())
    files = data.draw(deliveries(feed))
    at_once = Shop(spark, tmp_path_factory.mktemp("at_once"), feed)
    for delivery in files:
        at_once.deliver(delivery)
    assert at_once.ingest().rows_in == sum(len(one.lines) for one in files[:-1])
    tables = at_once.tables()
    check(at_once, tables, files)
    at_once.deliver(files[0], "_copy")
    assert at_once.ingest().rows_in == 0
    at_once.ingest(force=True)
    assert _without_names(at_once.tables()) == _without_names(tables)
    by_turns = Shop(spark, tmp_path_factory.mktemp("by_turns"), feed)
    order = data.draw(st.permutations(files))
    for part in (order[:1], order[1:3], order[3:]):
        for delivery in part:
            by_turns.deliver(delivery)
        by_turns.ingest()
    assert _without_names(by_turns.tables()) == _without_names(tables)


RUNS_OWN = {"_file_name": "", "file_name": "", "rows_older": 0}
"""What differs between loading at once and by turns: copies' names, and what silver held when a file was loaded."""


def _without_names(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [row | RUNS_OWN for row in rows] for name, rows in tables.items()}
