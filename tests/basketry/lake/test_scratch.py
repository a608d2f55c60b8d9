"""What a killed job left of its scratch files is deleted at the next start, and nothing of one that lives."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from basketry.lake.scratch import swept_scratch

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Spark's folder of a home."""
    folder = tmp_path / "tmp"
    monkeypatch.setenv("SPARK_LOCAL_DIRS", str(folder))
    return folder


def left_over(folder: Path, name: str) -> Path:
    """Scratch files with a delivered row."""
    rows = folder / name / "0c"
    rows.mkdir(parents=True)
    (rows / "rdd_10_0").write_text("Zebedee Quimby")
    return folder / name


def test_what_nobody_holds_is_deleted(scratch: Path) -> None:
    """Blocks of rows and what Python handed over; a link is not followed, other folders are not ours."""
    elsewhere = left_over(scratch.parent / "elsewhere", "blockmgr-1")
    other = left_over(scratch, "notes")
    leftovers = [left_over(scratch, name) for name in ("blockmgr-1", "spark-2")]
    (scratch / "blockmgr-link").symlink_to(elsewhere)
    with swept_scratch():
        assert not any(leftover.exists() for leftover in leftovers)
    assert other.exists() and (elsewhere / "0c" / "rdd_10_0").exists()


def test_what_a_living_job_holds_stays_until_it_is_killed(scratch: Path) -> None:
    """A lock of the kernel is released by kill -9 too."""
    blocks = left_over(scratch, "blockmgr-1")
    command = [sys.executable, "-c", HOLDER, str(blocks / ".held")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with swept_scratch():
            assert blocks.exists()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with swept_scratch():
        assert not blocks.exists()


def test_nothing_is_deleted_while_another_job_starts(scratch: Path) -> None:
    """It has folders already that it cannot hold yet."""
    scratch.mkdir()
    with (scratch / ".starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_SH)
        blocks = left_over(scratch, "blockmgr-1")
        with swept_scratch():
            assert blocks.exists()


@pytest.mark.slow
def test_a_session_holds_its_own_folders(scratch: Path) -> None:
    """A real job: nobody who starts meanwhile deletes its blocks; once it is killed, the next start does."""
    script = (
        "import sys; from basketry.lake.session import spark_session\n"
        "rows = spark_session('test').range(1000).localCheckpoint()\n"
        "print('ready', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as job:
        assert job.stdout is not None and job.stdout.readline() == "ready\n"
        own = {path for prefix in ("blockmgr-*", "spark-*") for path in scratch.glob(prefix)}
        with swept_scratch():
            assert own and all(path.exists() for path in own)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    with swept_scratch():
        assert not any(path.exists() for path in own)
