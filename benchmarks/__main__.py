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
from benchmarks.console import console
from benchmarks.daily_cost import daily_cost
from benchmarks.delivery_checks import delivery_checks
from benchmarks.every_day import every_day
from benchmarks.features import features
from benchmarks.first_models import first_models
from benchmarks.forecast import forecast
from benchmarks.imports import imports
from benchmarks.jvm import jvm
from benchmarks.measure import Figure
from benchmarks.mutants import mutants
from benchmarks.offers import offers
from benchmarks.scoring import scoring
from benchmarks.segments import segments
from benchmarks.shared_cluster import shared_cluster
from benchmarks.where_time_goes import where_time_goes

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "performance.md"
CASES: dict[str, Callable[[Path], list[Figure]]] = {
    **FOUNDATION,
    "delivery_checks": delivery_checks,
    "features": features,
    "scoring": scoring,
    "segments": segments,
    "forecast": forecast,
    "audience": audience,
    "console": console,
    "offers": offers,
    "shared_cluster": shared_cluster,
    "daily_cost": daily_cost,
    "first_models": first_models,
    "every_day": every_day,
    "mutants": mutants,
    "imports": imports,
    "jvm": jvm,
    "where_time_goes": where_time_goes,
}
HEAD = """# Performance

Measured by `make bench` on {machine}. Each figure is a ratio of whole processes that run alternately (median of pairs),
because single times on a shared machine mean little. A goal that is not met stays in the table.
`make bench ARGS="startup features"` measures these cases again and leaves the other lines as they are.

| case | what | measured | ratio | goal | | note |
|---|---|---|---|---|---|---|
"""


def machine() -> str:
    """Describe the machine in words: cores, memory, system, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def main(names: list[str]) -> int:
    """Run the named cases (all without names); returns the number of goals missed."""
    lines = earlier_lines()
    missed = 0
    for name in names or CASES:
        folder = Path(tempfile.mkdtemp(prefix=f"basketry-bench-{name}-"))
        try:
            print(f"{name} …", flush=True)
            figures = CASES[name](folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        lines[name] = [f"| {name} {figure.row()}" for figure in figures]
        print("\n".join(lines[name]), flush=True)
        missed += sum(figure.is_missed for figure in figures)
        write_page(lines)
    print(f"written: {PAGE.relative_to(CHECKOUT)}")
    return missed


def earlier_lines() -> dict[str, list[str]]:
    """Read the lines of the page, by case."""
    lines: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines() if PAGE.exists() else []:
        case = line.removeprefix("| ").partition(" ")[0]
        if line.startswith("| ") and case in CASES:
            lines.setdefault(case, []).append(line)
    return lines


def write_page(lines: dict[str, list[str]]) -> None:
    """Write the page with these lines, in the order of the cases."""
    rows = [line for name in CASES for line in lines.get(name, [])]
    missing = ", ".join(name for name in CASES if name not in lines)
    end = f"\nNot measured yet: {missing}.\n" if missing else ""
    PAGE.write_text(HEAD.format(machine=machine()) + "\n".join(rows) + "\n" + end)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
