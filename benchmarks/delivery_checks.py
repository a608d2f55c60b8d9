"""What it costs that a delivered file cannot hurt: each file is copied and digested for its check and again for its reading."""

from __future__ import annotations

import statistics
import time
from datetime import date
from pathlib import Path

from basketry.files.private_copy import private_copy
from benchmarks.cases import job
from benchmarks.measure import Figure

PAIRS = 3
COPIES = 2
"""One for the check, one for the task that reads."""


def delivery_checks(folder: Path) -> list[Figure]:
    """Measure the processor time of the copies of the demo's files against that of their ingest."""
    from tools.demo import deliver

    landing = folder / "landing" / "demo"
    manifest = deliver(landing, date(2026, 11, 20))
    files = [path for path in sorted(landing.glob("*/*")) if path.is_file() and path.parent.name != "offer_events"]
    copies, loads = [], []
    for number in range(PAIRS):
        home = folder / f"home{number}"
        home.mkdir()
        (home / "landing").symlink_to(folder / "landing")
        start = time.process_time()
        for path in files * COPIES:
            with private_copy(path):
                pass
        copies.append(time.process_time() - start)
        loads.append(job("ingest", "--feed=*", home=home, catalog="demo").cpu_seconds)
    copying, loading = statistics.median(copies), statistics.median(loads)
    return [
        Figure(
            what="processor time of private copies of the demo's files / of their ingest",
            measured=f"{copying:.2f} s against {loading:.1f} s for {sum(file.rows for file in manifest.files):,} rows",
            ratio=statistics.median(copy / load for copy, load in zip(copies, loads, strict=True)),
            goal=0.05,
        )
    ]
