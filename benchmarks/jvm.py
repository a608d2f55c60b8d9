"""What the JVM's settings cost and bring: each setting in turn, over jobs that start, load and compute, at two sizes.

The setting that jobs start with is chosen from these figures, see jvm_options in tools/spark.py.
BASKETRY_BENCH_JOBS, such as sales,features, measures these jobs alone.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deltalake import write_deltalake

from benchmarks.cases import job
from benchmarks.measure import Figure, Run
from benchmarks.retailers import CATALOG, DAY, EVENING, START, TRACKED, Retailer, grown_lines, read_lines
from tools.spark import FIRST_COMPILER, write_conf

ROUNDS = 2
"""Of the smaller retailer; of the larger each is measured once."""
SIZES = (1, 10)
HUGE_METHODS = "-XX:-DontCompileHugeMethods"
SERIAL, PARALLEL = "-XX:+UseSerialGC", "-XX:+UseParallelGC"


@dataclass(frozen=True)
class Setting:
    """A way to start the JVM of a job.

    Attributes:
        changes: Words of today's options by what takes their place.
        conf: Further settings of Spark.
    """

    changes: Mapping[str, str]
    conf: Mapping[str, str]


def _setting(conf: Mapping[str, str] | None = None, **changes: str) -> Setting:
    names = {"compiler": FIRST_COMPILER, "huge": HUGE_METHODS, "collector": SERIAL, "archive": "-XX:SharedArchiveFile"}
    return Setting({names[name]: words for name, words in changes.items()}, conf or {})


SETTINGS: Mapping[str, Setting] = {
    "first compiler": _setting(compiler=FIRST_COMPILER),
    "both": _setting(compiler=""),
    "both, no archive": _setting(compiler="", archive=""),
    "both, parallel collector": _setting(compiler="", collector=PARALLEL),
    "both, huge methods interpreted": _setting(compiler="", huge=""),
    "both, huge methods not generated": _setting({"spark.sql.codegen.hugeMethodLimit": "8000"}, compiler="", huge=""),
}
JOBS: Mapping[str, Sequence[str]] = {
    "noop": (),
    "ingest": ("--feed=order_lines",),
    "sales": (f"--as-of={DAY}", "--full"),
    "features": (EVENING, "--choose-categories"),
}
LARGE = ("sales", "features")
"""What is measured of the larger retailer: the jobs that compute."""


def jvm(folder: Path) -> list[Figure]:
    """Measure every setting on every job, and report each against the first."""
    figures: list[Figure] = []
    small = _retailer(folder / "1")
    for times in SIZES:
        retailer = small if times == 1 else grown_lines(small, folder / str(times), times)
        runs = _measured(
            folder, retailer, _jobs(LARGE if times > 1 else tuple(JOBS)), rounds=1 if times > 1 else ROUNDS
        )
        figures += [
            _figure(retailer, name, setting, runs)
            for name in dict.fromkeys(key[1] for key in runs)
            for setting in SETTINGS
        ]
    return figures


def _retailer(home: Path) -> Retailer:
    """Make a lake of the demo's order lines and products, whose newest day is still to be delivered."""
    from tools.demo import deliver

    retailer = Retailer(home, "", home / "day" / f"order_lines_{DAY}.csv.gz")
    deliver(home / "landing" / CATALOG, DAY, start=START)
    for file in sorted(retailer.landing.glob("*.csv.gz")):
        table = retailer.lake / "silver" / "order_lines"
        write_deltalake(table, read_lines(file), mode="append", configuration=TRACKED)
    for feed in ("products", "reviews"):
        job("ingest", f"--feed={feed}", home=home, catalog=CATALOG)
    return retailer


def _jobs(names: Sequence[str]) -> list[str]:
    chosen = os.environ.get("BASKETRY_BENCH_JOBS")
    return [name for name in names if not chosen or name in chosen.split(",")]


def _measured(folder: Path, retailer: Retailer, jobs: Sequence[str], rounds: int) -> dict[tuple[str, str], list[Run]]:
    """Run each job with each setting in turn, round by round, from the same lake."""
    runs: dict[tuple[str, str], list[Run]] = {}
    for name in jobs:
        for _ in range(rounds):
            for setting in SETTINGS:
                run = _run(folder, retailer, name, setting)
                runs.setdefault((setting, name), []).append(run)
                print(f"  {retailer.home.name:>3} {name:<10} {setting:<34} {_described(run)}", flush=True)
    return runs


def _described(run: Run) -> str:
    return f"{run.seconds:6.1f} s {run.cpu_seconds:6.1f} CPU s {run.peak_mib:6.0f} MiB"


def _run(folder: Path, retailer: Retailer, name: str, setting: str) -> Run:
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(retailer.home, copy)
    if name == "ingest":  # a first load
        shutil.rmtree(copy / "lake")
    try:
        return job(name, *JOBS[name], home=copy, catalog=CATALOG, SPARK_CONF_DIR=str(settings_folder(folder, setting)))
    finally:
        shutil.rmtree(copy)


def settings_folder(folder: Path, setting: str) -> Path:
    """Write today's settings of Spark with the setting's changes; returns their folder."""
    here = Path(os.environ["SPARK_CONF_DIR"]) / "spark-defaults.conf"
    values = dict(line.split(" ", 1) for line in here.read_text().splitlines())
    options = values["spark.driver.extraJavaOptions"].split()
    if FIRST_COMPILER not in options:
        options.insert(0, FIRST_COMPILER)
    changes = SETTINGS[setting].changes
    changed = [next((new for old, new in changes.items() if word.startswith(old)), word) for word in options]
    values["spark.driver.extraJavaOptions"] = " ".join(word for word in changed if word)
    target = folder / "conf" / setting.replace(" ", "_").replace(",", "")
    write_conf(target, {**values, **SETTINGS[setting].conf})
    return target


def _figure(retailer: Retailer, name: str, setting: str, runs: Mapping[tuple[str, str], Sequence[Run]]) -> Figure:
    ours, first = runs[setting, name], runs[next(iter(SETTINGS)), name]
    seconds, reference = (statistics.median(run.seconds for run in both) for both in (ours, first))
    cpu, cpu_reference = (statistics.median(run.cpu_seconds for run in both) for both in (ours, first))
    return Figure(
        what=f"{name}, {retailer.lines / 1e6:.2g} million lines: {setting} / {next(iter(SETTINGS))}",
        measured=f"{seconds:.1f} s against {reference:.1f} s",
        ratio=seconds / reference,
        goal=None,
        note=f"CPU {cpu:.0f} against {cpu_reference:.0f} s",
    )
