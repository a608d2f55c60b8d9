"""Two runs of one job at once: the second waits for the first, however that one ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from basketry.lake import runner
from basketry.lake.runner import job_main
from basketry.warehouse.locks import file_lock, job_lock
from tests.tools.runbooks import script

HOLDER = """
import sys, time
from pathlib import Path
from basketry.warehouse.locks import file_lock, job_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
FORGET = ["forget", "--catalog=demo", "--request-id=R", "--decided-by=x", "--requested-at=2026-01-31T09:30+00:00"]
SALES = ["sales", "--catalog=demo", "--as-of=2026-11-20"]


@pytest.fixture
def ran(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that were begun, without a Spark session of their own."""
    begun: list[str] = []
    monkeypatch.setattr(runner, "_run", lambda arguments, name, job, settings: begun.append(name))
    return begun


def start(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> threading.Thread:
    """Run a job from its command line, in a thread."""
    job = script(words[0], monkeypatch)
    monkeypatch.setattr(sys, "argv", words)
    thread = threading.Thread(target=job_main, args=(job,))
    thread.start()
    return thread


def test_a_job_waits_for_one_that_outlived_its_task_and_goes_on_when_it_is_killed(
    settings: Any, ran: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is begun beside it, the log says what is waited for, and kill -9 lets go like an orderly end."""
    lock = settings.home / "turns" / "demo.sales"
    orphan = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert orphan.stdout is not None and orphan.stdout.readline() == "held\n"
    retry = start(monkeypatch, SALES)
    retry.join(0.5)
    assert retry.is_alive() and ran == []
    assert capsys.readouterr().out == "waiting: another run works on 'demo sales'\n"
    orphan.kill()
    retry.join(30)
    orphan.wait()
    assert ran == ["sales"]


@pytest.mark.parametrize("words", [[*SALES[:1], "--catalog=online_retail", SALES[2]], [*SALES, "--dry-run"]])
def test_another_catalog_and_a_dry_run_wait_for_nobody(
    settings: Any, ran: list[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """Only who writes the same waits."""
    with file_lock(settings.home / "turns" / "demo.sales"):
        start(monkeypatch, words).join(30)
        assert ran == ["sales"]


def test_what_must_not_run_side_by_side_has_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backfill and the daily run of sales, a restatement and the day's features, a load and a replay of one feed."""

    def turn_of(job: str, **given: Any) -> str:
        """What a run of the job with these arguments works on."""
        (work,) = script(job, monkeypatch).work
        return str(work.format_map(given))

    day, other = date(2026, 11, 20), date(2026, 11, 19)
    assert turn_of("sales", as_of=day) == turn_of("sales", as_of=other)
    assert turn_of("features", as_of=day) == turn_of("restate_features", as_of=other)
    assert turn_of("ingest", feed="products") == turn_of("replay_quarantine", feed="products")
    assert turn_of("ingest", feed="products") != turn_of("ingest", feed="customers")
    assert turn_of("forecast", as_of=day) != turn_of("forecast", as_of=other)
    assert turn_of("rfm", as_of=day, fit=False) == turn_of("rfm", as_of=other, fit=False)


@pytest.mark.parametrize(
    ("job", "arguments"),
    [
        ("ingest", {"feed": "customers"}),
        ("replay_quarantine", {"feed": "*"}),
        ("audience", {"as_of": date(2026, 11, 20)}),
        ("export_audience", {"as_of": date(2026, 11, 20)}),
    ],
)
def test_nobody_is_forgotten_while_they_are_being_written(
    job: str, arguments: dict[str, Any], settings: Any, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has read of a person ends before they are forgotten: else it would write them again afterwards."""
    (work,) = script(job, monkeypatch).work
    with job_lock(settings.home / "turns", "demo", work.format_map(arguments)):
        request = start(monkeypatch, FORGET)
        request.join(0.5)
        assert request.is_alive() and ran == []
    request.join(30)
    assert ran == ["forget"]


@pytest.mark.parametrize(
    ("first", "second", "waits"),
    [
        ("ingest products", "ingest products", True),
        ("ingest products", "ingest customers", False),
        ("ingest products", "ingest *", True),
        ("ingest *", "ingest products", True),
        ("ingest *", "ingest *", True),
        ("sales", "features", False),
    ],
)
def test_a_part_and_the_whole_keep_each_other_out(
    tmp_path: Path, first: str, second: str, waits: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two feeds may be loaded side by side; while every feed is loaded none is, and the other way round."""

    def work() -> None:
        with job_lock(tmp_path, "demo", second):
            pass

    thread = threading.Thread(target=work)
    with job_lock(tmp_path, "demo", first):
        thread.start()
        thread.join(0.2 if waits else 30)
        assert thread.is_alive() == waits
    thread.join(30)
    assert capsys.readouterr().out.count(f"waiting: another run works on 'demo {second}'") == waits


def test_no_argument_leads_out_of_the_folder_of_turns(settings: Any) -> None:
    """A feed is a person's word until its contract is looked for, and a turn comes before that."""
    folder = settings.home / "turns"
    with job_lock(folder, "../demo", "ingest ../../etc/x"):
        names = {path.relative_to(folder).as_posix() for path in settings.home.rglob("*") if path.is_file()}
    assert names == {".demo.ingest", ".demo.ingest.etc.x"}
