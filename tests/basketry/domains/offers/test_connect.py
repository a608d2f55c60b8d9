"""The stream over a real Spark Connect server: its function is pickled, and leaves there what it leaves here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basketry.domains.offers.memory import Memory
from basketry.domains.offers.messages import FEED
from basketry.lake.lakehouse import Lakehouse
from basketry.tables import (
    OFFER_BATCHES,
    OFFER_DECISIONS,
    OFFER_EVENTS,
    OFFER_PERFORMANCE_MINUTE,
    OFFER_RESPONSES,
    OFFER_STATE,
    OFFER_TRAINING,
    OFFER_WINDOWS,
    QUARANTINE,
)
from tests.basketry.domains.offers.test_stream import deliver_all, same, two_days
from tests.kit.jobs import run_job
from tests.kit.lake import stored
from tests.kit.offers import another, fill, rows, settings, shop
from tests.kit.spark_connect import connect_server

pytestmark = [pytest.mark.usefixtures("registry_home"), pytest.mark.system]

MADE = (
    OFFER_EVENTS,
    OFFER_DECISIONS,
    OFFER_RESPONSES,
    OFFER_PERFORMANCE_MINUTE,
    OFFER_WINDOWS,
    OFFER_TRAINING,
    OFFER_BATCHES,
    QUARANTINE,
)


def run_by_connect(address: str, home: Path) -> tuple[dict[str, Any], str, list[str]]:
    """What the job reports when a process that has nothing but the address runs it."""
    environment = {**os.environ, "BASKETRY_HOME": str(home), "BASKETRY_INCLUDE": str(home / "include")}
    command = [sys.executable, "-m", "tests.basketry.domains.offers.connect_client", address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-5_000:]
    details, version, summary = json.loads(done.stdout.splitlines()[-1])
    return details, version, summary


def without_checkpoint(lake: Lakehouse) -> dict[str, Any]:
    """All tables of the stream; a batch by its number alone, because every checkpoint has its own name."""
    tables = {}
    for table in MADE:
        frame = rows(lake, table)
        if "batch" in frame:
            frame["batch"] = frame["batch"].str.rpartition(":")[2]
        tables[table.name] = frame.sort_values([name for name in table.key if name in frame], ignore_index=True)
    return tables


def memory(lake: Lakehouse) -> dict[str, Any]:
    """What ops.offer_state remembers, and the number of the batch that wrote it."""
    (row,) = stored(lake, OFFER_STATE)
    of = shop()
    remembered = Memory.from_bytes(row["content"], of.categories, of.products, settings())
    return {"number": row["number"], **asdict(remembered)}


def test_a_run_by_spark_connect_leaves_the_tables_of_a_local_one(lake: Lakehouse, tmp_path: Path) -> None:
    """Row for row, and the same memory: two runs each, some files after the other, with dirt, repeats and responses."""
    fill(lake)
    here = another(lake, tmp_path / "here", megabytes_at_once="0.000001")
    records = two_days(here)
    deliver_all(here, records)
    first, second = tmp_path / "first", tmp_path / "second"
    shutil.move(here.settings.landing_folder("demo", FEED), first)
    second.mkdir()
    for file in sorted(first.iterdir())[4:]:
        shutil.move(file, second)
    there = another(lake, tmp_path / "there", megabytes_at_once="0.000001")
    reports = []
    with connect_server(tmp_path) as address:
        for delivered in (first, second):
            for home in (here, there):
                shutil.copytree(delivered, home.settings.landing_folder("demo", FEED), dirs_exist_ok=True)
            report = run_job(here, "offers")
            reports.append((report.details, report.model_version, list(report.summary)))
            assert run_by_connect(address, there.settings.home) == reports[-1]
    assert all(details["records"] > 0 for details, *_ in reports)
    expected, found = without_checkpoint(here), without_checkpoint(there)
    assert len(expected["offer_batches"]) == 7 and len(expected["offer_responses"]) > 5
    same(expected, found)
    left, right = memory(here), memory(there)
    assert left.keys() == right.keys()
    for name, value in left.items():
        np.testing.assert_equal(right[name], value, err_msg=name)
