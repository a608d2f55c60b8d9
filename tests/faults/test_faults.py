"""Jobs that are killed at any moment, or that find the disk full or the lake read-only.

The retry ends with the very rows of a run that nobody disturbed.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.disturb import Kill, PlanOutcome, run_plan
from tests.faults.lake import contents, lost
from tests.faults.plan import CATALOG, END, jobs, prepared

KILLS = int(os.environ.get("KILLS") or 4)
FULL = KILLS > 50
SEED = int(os.environ.get("KILL_SEED") or 11)
A_COLD_JOB_IS_SLOWER = 1.3

pytestmark = [pytest.mark.full, pytest.mark.timeout(4 * 3600 if FULL else 1800)]


@dataclass(frozen=True)
class UndisturbedRun:
    """A run of the plan that nobody disturbed: what it took, and what its lake says."""

    outcome: PlanOutcome
    says: dict[str, list[str]]
    bytes: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> UndisturbedRun:
    """The plan, undisturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    outcome = run_plan(home, prepared(home, full=FULL))
    assert len(outcome.ended) == len(jobs(full=FULL)), outcome.output[-4000:]
    lake = home / "lake"
    size = sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())
    return UndisturbedRun(outcome, contents(lake / CATALOG), size)


def check_equal(undisturbed: UndisturbedRun, lake: Path) -> str:
    """Fails unless every table equals its undisturbed twin, row for row; what was compared, in words."""
    differing = lost(undisturbed.says, contents(lake / CATALOG))
    rows = sum(map(len, undisturbed.says.values()))
    assert not differing, f"(missing, too many) by table: {differing}"
    assert rows > 1000
    return f"{len(undisturbed.says)} tables, {rows:,} rows equal, none lost"


def moments(outcome: PlanOutcome) -> list[Kill]:
    """The kills: as many of each job as can be, each at any moment of the job's time with equal chance."""
    draw = random.Random(SEED)
    order = list(outcome.ended)
    draw.shuffle(order)
    chosen = [order[number % len(order)] for number in range(KILLS)]
    return [Kill(job, draw.uniform(0, A_COLD_JOB_IS_SLOWER * outcome.seconds(job))) for job in chosen]


def test_whatever_is_killed_ends_as_if_it_had_not_been(undisturbed: UndisturbedRun, tmp_path: Path) -> None:
    """`kill -9` of a job and all its processes, then Airflow's retry; most kills hit a job at work."""
    outcome = run_plan(tmp_path, prepared(tmp_path, full=FULL), moments(undisturbed.outcome))
    assert outcome.failed is None, outcome.output[-4000:]
    print(f"\n{KILLS} kills, {len(outcome.killed)} hit a job at work; {check_equal(undisturbed, tmp_path / 'lake')}")
    assert len(outcome.killed) >= 0.5 * KILLS


def test_two_runs_at_once_end_as_one_after_the_other(undisturbed: UndisturbedRun, tmp_path: Path) -> None:
    """The same files are loaded twice at once, two feeds side by side, and a backfill of the day before races the sales."""
    plan = prepared(tmp_path, full=FULL)
    products, customers, order_lines, sales = json.loads(plan.read_text())[:4]
    backfill = {
        **sales,
        "arguments": [text.replace(str(END), str(END - timedelta(days=1))) for text in sales["arguments"]],
    }
    plans = {"daily": [products, customers, order_lines, sales], "other": [products, order_lines, backfill]}
    for name, chosen in plans.items():
        (tmp_path / name).write_text(json.dumps(chosen))
    with ThreadPoolExecutor(len(plans)) as pool:
        courses = list(pool.map(lambda name: run_plan(tmp_path, tmp_path / name), plans))
    assert [(outcome.failed, len(outcome.ended)) for outcome in courses] == [(None, 4), (None, 3)], courses
    assert any("waiting: another run works on" in outcome.output for outcome in courses)
    raced, alone = of_these_jobs(contents(tmp_path / "lake" / CATALOG)), of_these_jobs(undisturbed.says)
    assert lost(alone, raced) == {}
    assert {"silver/order_lines", "gold/sales_day", "ops/files", "ops/quarantine"} <= raced.keys()


def of_these_jobs(says: dict[str, list[str]]) -> dict[str, list[str]]:
    """What loads and sales wrote, without what they note about their own runs."""
    ours = re.compile(r"(bronze|silver)/(?!offer_|zip_)|gold/sales_|ops/(files|quarantine)$")
    return {
        name: [row for row in rows if "'offer_events'" not in row] for name, rows in says.items() if ours.match(name)
    }


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a test fill a disk of its own")
def test_a_read_only_lake_and_a_full_disk_heal_once_there_is_room(undisturbed: UndisturbedRun, tmp_path: Path) -> None:
    """Nothing can be written; then there is room for two thirds of it; then there is enough."""
    plan, lake = prepared(tmp_path, full=FULL), tmp_path / "lake"
    lake.mkdir()
    with own_disk(lake, undisturbed.bytes * 2 // 3) as inside:
        subprocess.run([*inside, "mount", "-o", "remount,ro", str(lake)], check=True)
        refused = run_plan(tmp_path, plan, prefix=inside)
        assert refused.failed == 0 and not refused.ended
        subprocess.run([*inside, "mount", "-o", "remount,rw", str(lake)], check=True)
        full = run_plan(tmp_path, plan, prefix=inside)
        assert full.failed is not None and full.ended, "two thirds of the room were enough"
        assert "No space left on device" in full.output
        subprocess.run([*inside, "mount", "-o", "remount,size=4g", str(lake)], check=True)
        healed = run_plan(tmp_path, plan, first=full.failed, prefix=inside)
        assert healed.failed is None, healed.output[-4000:]
        subprocess.run([*inside, "cp", "-a", str(lake), str(tmp_path / "copy")], check=True)
    print(f"\nread-only, then full during job {full.failed}; {check_equal(undisturbed, tmp_path / 'copy')}")


@contextmanager
def own_disk(folder: Path, size: int) -> Iterator[list[str]]:
    """A disk of so many bytes on the folder, that only commands see which are started with the given words."""
    unshare = shutil.which("unshare")
    assert unshare, "unshare (util-linux) is missing"
    holder = subprocess.Popen(
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", "echo ready; exec sleep 3600"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "ready\n", "this system allows no namespaces"
        inside = ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", str(holder.pid)]
        subprocess.run([*inside, "mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
        yield inside
    finally:
        holder.kill()
        holder.wait()
