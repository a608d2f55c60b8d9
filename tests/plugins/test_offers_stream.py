"""The DAG `offers` on Databricks: it starts nothing, and tells how the job of the bundle is doing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from basketry.errors import BadInputError
from basketry_airflow.offers_stream import OffersBehindError, WatchOffers, offers_stream
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.bundle import put_offers_job

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksEmulator]:
    """A workspace whose job runs, looked at at noon."""
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    monkeypatch.setenv("BASKETRY_NOW", NOW.isoformat())
    with DatabricksEmulator(tmp_path / "nothing", tmp_path / "home") as running:
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", running.connection)
        put_offers_job(running, "demo")
        yield running


def at(emulator: DatabricksEmulator, path: str, minutes: int) -> None:
    """A file that was written so many minutes before noon."""
    file = emulator.home / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    seconds = (NOW - timedelta(minutes=minutes)).timestamp()
    os.utime(file, (seconds, seconds))


def watched() -> dict[str, Any]:
    """What the task tells."""
    task = WatchOffers(task_id="offers", catalog="demo")
    return task.execute({})  # type: ignore[typeddict-item]


def test_the_runtime_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locally the stream itself is the task; its name is the same."""
    monkeypatch.setenv("BASKETRY_RUNTIME", "local")
    assert type(offers_stream()).__name__ == "SparkSubmitOperator"
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    task = offers_stream()
    assert isinstance(task, WatchOffers) and task.task_id == "offers"


def test_nothing_waits(emulator: DatabricksEmulator) -> None:
    """Also before the first file came, when no folder is there."""
    assert watched() == {"files": 0, "minutes": 0.0, "ended": ""}
    at(emulator, "landing/demo/offer_events/a.jsonl", 50)
    at(emulator, "checkpoints/demo/offers/commits/0", 40)
    assert watched() == {"files": 0, "minutes": 0.0, "ended": "2026-03-10 11:20:00+00:00"}
    assert len(emulator.runs) == 0


def test_what_waits_is_told(emulator: DatabricksEmulator) -> None:
    """Files that came after the last batch, and how long the oldest of them waits."""
    at(emulator, "checkpoints/demo/offers/commits/0", 30)
    at(emulator, "checkpoints/demo/offers/commits/1", 20)
    for name, minutes in (("a", 25), ("b", 10), ("c", 5), ("_half", 19)):
        at(emulator, f"landing/demo/offer_events/{name}.jsonl", minutes)
    assert watched() == {"files": 2, "minutes": 10.0, "ended": "2026-03-10 11:40:00+00:00"}


def test_somebody_is_told_when_it_does_not_keep_up(emulator: DatabricksEmulator) -> None:
    """A file waits for longer than a lost cluster takes to come back; or nothing runs at all."""
    at(emulator, "landing/demo/offer_events/a.jsonl", 16)
    with pytest.raises(OffersBehindError, match="does not keep up: 1 files wait, the oldest for 16 minutes"):
        watched()
    (emulator.home / "landing/demo/offer_events/a.jsonl").unlink()
    emulator.named_jobs.running.clear()
    with pytest.raises(OffersBehindError, match="no run of the job is active: 0 files wait"):
        watched()


def test_no_job_or_a_paused_one_is_for_a_person(emulator: DatabricksEmulator) -> None:
    """Trying again would not help."""
    (job,) = emulator.named_jobs.jobs.values()
    job["settings"]["continuous"] = {"pause_status": "PAUSED"}
    with pytest.raises(BadInputError, match="the job 'basketry offers demo' is paused: resume it"):
        watched()
    emulator.named_jobs.jobs.clear()
    with pytest.raises(BadInputError, match="no job 'basketry offers demo' that this login may see: make deploy"):
        watched()


def test_with_kafka_no_folder_is_looked_into(emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is in the topic then; whether the job runs is still told."""
    monkeypatch.setenv("BASKETRY_OFFER_EVENTS", "kafka://localhost:9092/events")
    at(emulator, "landing/demo/offer_events/a.jsonl", 60)
    assert watched()["files"] == 0
