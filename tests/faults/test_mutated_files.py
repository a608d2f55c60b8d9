"""Mutated deliveries and documents under 1 GB of address space: each is read or refused, and no process dies of one."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tools.environment import CHECKOUT

GIGABYTE = 1 << 30
KINDS = ("xlsx", "csv", "jsonl", "csv.gz", "yaml")


def fuzz(kind: str, seed: int, count: int, seconds: int) -> Mapping[str, int]:
    """What came of so many files, or as many as the time allows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.kit.fuzz", kind, str(seed), str(count), str(seconds)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (GIGABYTE, GIGABYTE)),
    )
    assert done.returncode == 0, f"seed {seed}, exit {done.returncode}: {done.stderr[-3000:]}"
    print(kind, done.stdout.strip())
    fates: Mapping[str, int] = json.loads(done.stdout)
    return fates


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_some_mutated_files_are_read_or_refused(kind: str) -> None:
    """As many as a minute allows for all kinds together, in the same order each time; each workbook has a process."""
    assert fuzz(kind, seed=1, count=500, seconds=24 if kind == "xlsx" else 9)["refused"] > 0


@pytest.mark.full
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_mutated_files_of_a_kind_are_read_or_refused(kind: str) -> None:
    """Ten thousand in all."""
    fates = fuzz(kind, seed=2, count=2000, seconds=7000)
    assert sum(fates.values()) == 2000 and fates["refused"] > 0 and fates["loaded"] > 0
