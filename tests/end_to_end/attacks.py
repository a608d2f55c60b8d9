"""Finds what a running instance's Airflow started, to kill it at work."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil


def spark_submit(home: Path, job: str, besides: Collection[int] = (), seconds: float = 240) -> psutil.Process:
    """The spark-submit of a job that works in this home; waited for. besides: process ids of others."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for process in psutil.process_iter():
            if process.pid not in besides and _submits(process, home, job):
                return process
        time.sleep(0.2)
    raise AssertionError(f"no task submitted the job {job} within {seconds:.0f} s")


def _submits(process: psutil.Process, home: Path, job: str) -> bool:
    try:
        words = process.cmdline() if process.name() == "java" else []
        return (
            any(word.endswith(f"/spark_jobs/{job}.py") for word in words)
            and "org.apache.spark.launcher.Main" not in words  # which only makes the command
            and process.environ().get("BASKETRY_HOME") == str(home)
            # Whatever Java starts looks like Java itself for a moment, until it is what was started.
            and (process.parent() or process).name() != "java"
        )
    except psutil.Error:
        return False


def whole_task(spark: psutil.Process) -> list[psutil.Process]:
    """All processes of the task that submitted it: supervisor, runner, spark-submit and what that started."""
    runner = spark.parent()
    assert runner is not None
    supervisor = runner.parent()
    assert supervisor is not None
    return [supervisor, runner, spark, *spark.children(recursive=True)]


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill each by `kill -9`, as far as it still lives."""
    for process in processes:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
