"""`make bench`: measures every figure of docs/performance.md in one run and writes the page."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.audience import audience
from benchmarks.cases import CASES as FOUNDATION
from benchmarks.features import features
from benchmarks.measure import Figure

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "performance.md"
CASES: dict[str, Callable[[Path], list[Figure]]] = {**FOUNDATION, "features": features, "audience": audience}
HEAD = """# Performance

Measured by `make bench` on {machine}. Each figure is a ratio of whole processes run in turn in one go (median of pairs),
because single times on a shared machine mean little. A goal that is not met stays in the table.

| what | measured | ratio | goal | | note |
|---|---|---|---|---|---|
"""


def machine() -> str:
    """The machine in words: cores, memory, system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def main(names: list[str]) -> int:
    """Run the named cases (all without names); returns the number of goals missed."""
    chosen: dict[str, Callable[[Path], list[Figure]]] = {name: CASES[name] for name in names or CASES}
    figures: list[Figure] = []
    for name, case in chosen.items():
        folder = Path(tempfile.mkdtemp(prefix=f"basketry-bench-{name}-"))
        try:
            print(f"{name} …", flush=True)
            found = case(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        figures += found
        print("\n".join(figure.row() for figure in found), flush=True)
    skipped = ", ".join(name for name in CASES if name not in chosen)
    rows = "\n".join(figure.row() for figure in figures)
    PAGE.write_text(
        HEAD.format(machine=machine()) + rows + "\n" + (f"\nNot measured in this run: {skipped}.\n" if skipped else "")
    )
    print(f"written: {PAGE.relative_to(CHECKOUT)}")
    return sum(figure.ratio > figure.goal for figure in figures)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
