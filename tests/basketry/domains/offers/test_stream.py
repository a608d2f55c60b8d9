"""The stream on real tables: once each, whatever is cut off when, and the same tables from any batches."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from basketry.domains.offers.messages import FEED
from basketry.domains.offers.records import Records, to_messages
from basketry.errors import BadInputError
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.local_lake import LocalLake
from basketry.lake.opening import open_lake
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
    Table,
)
from tests.kit.jobs import run_job
from tests.kit.offers import another, count_openings, deliver, fill, opened, rows, world
from tools.demo.offer_shoppers import Showings, merge_records, select_records

pytestmark = [pytest.mark.usefixtures("registry_home"), pytest.mark.slow]


def message(identity: str, kind: str = "view", at: str = "2026-01-01T12:00:00Z", **other: str) -> str:
    """A message of s001 about P0001, with changes; a field that is empty is left out."""
    fields = {"event_id": identity, "event_type": kind, "occurred_at": at, "customer_id": "s001", "product_id": "P0001"}
    return json.dumps({name: value for name, value in (fields | other).items() if value})


DIRT = {
    "line:not_json": '{"event_id": "half", "event_ty',
    "event_type:unknown_value": message("d1", "dance"),
    "product_id:unknown": message("d2", product_id="Q"),
    "occurred_at:in_the_future": message("d3", at="2036-01-01T12:00:00Z"),
    "occurred_at:too_old": message("d4", at="2016-01-01T12:00:00Z"),
    "occurred_at:not_a_time": message("d5", at="noon"),
    "occurred_at:missing": message("d6", at=""),
    "offer_id:never_made": message("d7", "offer_click", offer_id="none/1"),
    "revenue:not_an_amount": message("d8", "offer_purchase", offer_id="none/1", revenue="much"),
}
"""A message for each reason for which one is set aside."""
MADE = (OFFER_EVENTS, OFFER_DECISIONS, OFFER_RESPONSES, OFFER_PERFORMANCE_MINUTE, OFFER_WINDOWS, OFFER_TRAINING)


def two_days(lake: Lakehouse) -> Records:
    """Activity of two days, and the responses to what this lake's own engine would decide on it."""
    of = world()
    activity = merge_records(of.activity(0), of.activity(1))
    engine = opened(lake).engine
    return merge_records(
        activity, of.responses(Showings.from_outcome(activity, engine.process(activity, frozenset(), {})))
    )


def deliver_all(lake: Lakehouse, records: Records, files: int = 6) -> int:
    """In files, with dirt in the fourth, a repeated file at the end and a new field; returns the number of messages."""
    pieces = np.array_split(np.arange(len(records)), files)
    count = 0
    for number, places in enumerate(pieces):
        piece = select_records(records, places)
        lines = to_messages(piece)
        if number == 3:
            lines += [*DIRT.values(), "", lines[0]]
            lines.append(
                to_messages(select_records(records, np.array([1])))[0].replace('"event_id": "', '"event_id": "late-')
            )
        if number == 4:
            lines = [one.replace("{", '{"app_version": "2", ', 1) for one in lines]
        count += sum(bool(one) for one in lines)
        deliver(lake, f"events-{number}.jsonl", lines, float(piece.at.max()) + 60)
    deliver(lake, "events-9.jsonl", to_messages(select_records(records, pieces[2])), float(records.at.max()) + 120)
    return count + len(pieces[2])


def tables(lake: Lakehouse) -> dict[str, pd.DataFrame]:
    """All that the stream makes, without the names of batches."""
    found = {table.name: rows(lake, table, *({"batch"} & set(table.column_names))) for table in MADE}
    return found | {"quarantine": rows(lake, QUARANTINE)}


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name in one:
        assert_frame_equal(one[name].map(_plain), other[name].map(_plain), obj=name)


def _plain(value: object) -> object:
    return repr(value) if isinstance(value, np.ndarray | list) else value


class CutOffError(Exception):
    """The driver dies here."""


def cut_off(monkeypatch: pytest.MonkeyPatch, before: Table, number: int) -> None:
    """Die before a batch's write of a table."""
    write = LocalLake.append_once

    def dying(self: LocalLake, table: Table, rows: object, *key: Any, **other: bool) -> None:
        if table == before and key[1] == number:
            raise CutOffError
        write(self, table, rows, *key, **other)

    monkeypatch.setattr(LocalLake, "append_once", dying)


def test_the_same_tables_from_any_batches_cut_off_anywhere(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once; file by file and cut off between tables; read again under a new checkpoint: the same rows, each once."""
    fill(lake)
    whole, pieces = another(lake, tmp_path / "whole"), another(lake, tmp_path / "pieces", megabytes_at_once="0.000001")
    records = two_days(whole)
    count = deliver_all(whole, records)
    assert deliver_all(pieces, records) == count

    report = run_job(whole, "offers")
    expected = tables(whole)
    ledger = rows(whole, OFFER_BATCHES)
    assert report.details["records"] == ledger.records.sum() == count
    parts = ["good", "late", "repeated", "duplicates", "quarantined"]
    assert (ledger[parts].sum(axis=1) == ledger.records).all()
    assert ledger.quarantined.sum() == len(expected["quarantine"]) >= len(DIRT)
    assert ledger.late.sum() == 1

    times = count_openings(monkeypatch)
    for number, table in enumerate((OFFER_DECISIONS, OFFER_STATE)):
        with monkeypatch.context() as patched:
            cut_off(patched, table, number + 1)
            with pytest.raises(Exception, match="CutOffError"):
                run_job(pieces, "offers")
    last = run_job(pieces, "offers")
    same(expected, tables(pieces))
    batches = rows(pieces, OFFER_BATCHES)
    batches = batches.set_index(batches.batch.str.rpartition(":")[2].astype(int)).sort_index()
    assert list(batches.index) == list(range(7)) and batches.records.sum() == count
    # Batch 2 was cut off before its memory was stored, so it is of the last run, which says what the tables say of it.
    assert last.rows_in == last.details["records"] == batches.records.loc[2:].sum()
    assert last.details["shown"] == batches.shown.loc[2:].sum()
    # Batch 0 opened everything, batch 1 of the same run did not; each batch that was cut off was opened again.
    assert times == {"opened": 3}

    checkpoint = whole.settings.checkpoint_folder("demo", "offers")
    checkpoint.rename(checkpoint.with_name("lost"))
    run_job(whole, "offers")
    same(expected, tables(whole))

    # What was learned on the way can leave a second slot empty that was answered: such a response is set aside as well.
    assert {reason for found in expected["quarantine"].reasons for reason in found} == set(DIRT)
    decided = expected["offer_decisions"]
    activity = {name for name, kind in zip(records.ids, records.kinds, strict=True) if kind in ("view", "cart")}
    assert set(decided[decided.slot == 1].decision_id) == activity
    assert not decided.duplicated(["decision_id", "slot"]).any()
    assert "app_version" in "".join(expected["offer_events"].content)
    check_totals(expected)


def check_totals(made: dict[str, pd.DataFrame]) -> None:
    """Minutes, windows and training agree with the rows to the last one."""
    decided, responses, minutes = made["offer_decisions"], made["offer_responses"], made["offer_performance_minute"]
    assert len(responses) > 5
    assert minutes.shown.sum() == decided.product_id.notna().sum()
    assert minutes.clicked.sum() == (responses.response == "click").sum()
    assert minutes.bought.sum() == (responses.response == "purchase").sum()
    assert minutes.revenue.sum() == responses.revenue.sum()
    windows = made["offer_windows"]
    [until] = windows.until.unique()
    for length in (60, 1440):
        since = until - pd.Timedelta(minutes=length)
        inside = decided[decided.product_id.notna() & (decided.decided_at > since) & (decided.decided_at <= until)]
        assert windows[windows.window_minutes == length].shown.sum() == len(inside)
    assert windows.shown.sum() > 0
    settled = pd.Timestamp(until).floor("h") - pd.Timedelta(hours=2)
    first = decided[(decided.slot == 1) & (decided.decided_at < settled)]
    assert set(made["offer_training"].decision_id) == set(first.decision_id)
    clicked = set(responses[responses.response == "click"].offer_id)
    training = made["offer_training"]
    assert training.clicked.sum() == sum(f"{name}/1" in clicked for name in training.decision_id)


def test_nothing_waits_and_nothing_is_written(lake: Lakehouse) -> None:
    """An empty folder is no error; the next run neither."""
    fill(lake)
    for _ in range(2):
        report = run_job(lake, "offers")
        assert report.rows_in == 0
    assert not lake.exists(OFFER_DECISIONS) and not lake.exists(OFFER_BATCHES)


def hostile_files(lake: Lakehouse, secret: Path) -> dict[str, str]:
    """What is refused, by name, with how its refusal begins; pipes, links to folders and to nothing are not even listed.

    Args:
        lake: The lake.
        secret: A folder outside the landing folder.
    """
    folder = lake.settings.landing_folder("demo", FEED)
    folder.mkdir(parents=True, exist_ok=True)
    secret.mkdir()
    (secret / "secret.jsonl").write_text(f"SECRET\n{message('stolen')}\n")
    (folder / "link.jsonl").symlink_to(secret / "secret.jsonl")
    (folder / "nowhere.jsonl").symlink_to(secret / "gone.jsonl")
    (folder / "day").symlink_to(secret)
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "bomb.jsonl.gz").write_bytes(
        gzip.compress(f"{message('bomb')}\n".encode() + (b" " * 999_999 + b"\n") * 70)
    )
    (folder / "torn.jsonl.gz").write_bytes(gzip.compress(f"{message('torn')}\n".encode())[:-9])
    (folder / "endless.jsonl").write_text(f"{message('before')}\n" + "{" * (17 << 20) + f"\n{message('after')}\n")
    (folder / "many.jsonl").write_text("0\n" * 1_000_001)
    return {
        "link.jsonl": "this is a link, or lies behind one; ",
        "bomb.jsonl.gz": "the gzip unpacks to more than 64 MB; ",
        "torn.jsonl.gz": "the gzip content is cut off or damaged; ",
        "endless.jsonl": "the line is longer than 16 MB; ",
        "many.jsonl": "the file has more than 1,000,000 lines; ",
    }


def test_a_file_that_may_not_be_read_is_refused_alone(lake: Lakehouse, tmp_path: Path) -> None:
    """Links, a pipe, a gzip bomb, an endless line: one row in quarantine says why; files beside them and after are decided."""
    fill(lake)
    deliver(lake, "first.jsonl", [message("e1"), "", message("e2")], 1767268800)
    refusals = hostile_files(lake, tmp_path / "outside")
    landing = lake.settings.landing_folder("demo", FEED)
    packed = landing / "at 12:00.jsonl.gz"
    packed.write_bytes(gzip.compress(f"\ufeff{message('e3')}\r\n{message('e4')}".encode()))
    os.utime(packed, (1767268800, 1767268800))
    assert run_job(lake, "offers").rows_in == 4 + len(refusals)
    assert sorted(rows(lake, OFFER_EVENTS).event_id) == ["e1", "e2", "e3", "e4"]
    assert sorted(rows(lake, OFFER_EVENTS).row_number) == [1, 1, 2, 2]
    aside = rows(lake, QUARANTINE)
    assert {tuple(reasons) for reasons in aside.reasons} == {("file:refused",)} and set(aside.row_number) == {1}
    told = dict(zip(aside.file_name, aside.content, strict=True))
    assert set(told) == set(refusals)
    for name, start in refusals.items():
        assert start in told[name] and "SECRET" not in told[name]

    deliver(lake, "next.jsonl", [message("e5")], 1767268860)
    assert run_job(lake, "offers").rows_in == 1
    assert len(rows(lake, QUARANTINE)) == len(refusals)


def test_what_cannot_be_done_is_said_in_one_sentence(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """No products yet; a dry run; a run without an end on serverless compute; an address that is none."""
    with pytest.raises(BadInputError, match="silver.products of catalog demo does not exist yet"):
        run_job(lake, "offers")
    with pytest.raises(BadInputError, match="no dry run"):
        run_job(lake, "offers", dry_run=True)
    with monkeypatch.context() as serverless:
        serverless.setenv("DATABRICKS_RUNTIME_VERSION", "client.5.0")
        with pytest.raises(BadInputError, match="does not take --continuous on serverless compute: leave it out"):
            run_job(lake, "offers", continuous=True)
    fill(lake)
    elsewhere = open_lake(lake.spark, "demo", replace(lake.settings, offer_events="http://broker/topic"))
    with pytest.raises(BadInputError, match="BASKETRY_OFFER_EVENTS"):
        run_job(elsewhere, "offers")
