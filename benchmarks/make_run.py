"""A first `make run`, which shows all that the product does, against that of the commit before there was more than sales.

Both in homes of their own, with packages, Java and jars there, one after the other; what each job of both took. Then today's
again with nothing new, and a day later; and what the DAG runs of the first spent without a job.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from deltalake import DeltaTable

from benchmarks.dag_overhead import overhead
from benchmarks.measure import Figure, environment_with, timed

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = "50bfe4c"
"""The commit whose `make run` showed two of the five things: sales and offers."""
END = date(2026, 11, 27)
HEADING = "first figures"
OURS_ALONE = (
    "BASKETRY_NOW",  # Airflow's own clock cannot be set
    "BASKETRY_HOME",
    "BASKETRY_CACHE",
    "BASKETRY_INCLUDE",
    "PYTHONPATH",
    "SPARK_CONF_DIR",
    "JAVA_HOME",
    "VIRTUAL_ENV",
)


@dataclass(frozen=True)
class Clone:
    """A clone that is set up: a `make` of it has nothing to fetch.

    Attributes:
        folder: Where it is.
        ports: Of its Airflow and its MLflow.
    """

    folder: Path
    ports: tuple[int, int]

    @classmethod
    def of(cls, commit: str, folder: Path, ports: tuple[int, int]) -> Clone:
        """Clone this checkout at a commit, and set the clone up."""
        timed(["git", "clone", "--quiet", str(CHECKOUT), str(folder)], environment_with())
        timed(["git", "-C", str(folder), "checkout", "--quiet", commit], environment_with())
        clone = cls(folder, ports)
        clone.make("setup")
        return clone

    def environment(self, end: date) -> dict[str, str]:
        """Return the environment of its commands."""
        airflow, mlflow = map(str, self.ports)
        changed = environment_with(
            BASKETRY_AIRFLOW_PORT=airflow, BASKETRY_MLFLOW_PORT=mlflow, BASKETRY_DEMO_END=end.isoformat()
        )
        return {name: value for name, value in changed.items() if name not in OURS_ALONE}

    def make(self, target: str, end: date = END) -> float:
        """Run a command; returns its seconds."""
        return timed(["make", "--no-print-directory", "-C", str(self.folder), target], self.environment(end)).seconds

    def first_run(self) -> tuple[float, float]:
        """Return the seconds of `make run`, and those until its first figures; all of them where it prints none."""
        command = ["make", "--no-print-directory", "-C", str(self.folder), "run"]
        start, until_figures, pipe = time.monotonic(), 0.0, subprocess.PIPE
        with subprocess.Popen(command, env=self.environment(END), stdout=pipe, text=True) as process:  # noqa: S603
            for line in process.stdout or ():
                if line.startswith(HEADING):
                    until_figures = time.monotonic() - start
        seconds = time.monotonic() - start
        if process.returncode:
            raise RuntimeError(f"make run of {self.folder} ended with {process.returncode}.")
        return seconds, until_figures or seconds


def jobs(before: Path, now: Path) -> list[Figure]:
    """Return, for every job that both runs had, the seconds of all its runs; and print those that only today has."""
    reference, today = job_seconds(before), job_seconds(now)
    for name in sorted(today.keys() - reference.keys()):
        print(f"  {name}: {sum(today[name]):.0f} s in {len(today[name])} runs, which {REFERENCE} did not have")
    return [
        Figure(
            what=f"{name}: seconds of its jobs in today's `make run` / in that of {REFERENCE}",
            measured=f"{sum(today[name]):.0f} s in {len(today[name])} against {sum(seconds):.0f} s in {len(seconds)}",
            ratio=sum(today[name]) / sum(seconds),
            goal=None,
            note="beside other jobs, as the DAGs run them",
        )
        for name, seconds in sorted(reference.items())
        if name in today
    ]


def job_seconds(home: Path) -> dict[str, list[float]]:
    """Return what each run of each job took, as its own lake notes it."""
    seconds: dict[str, list[float]] = {}
    runs = DeltaTable(str(home / "lake" / "demo" / "ops" / "job_runs")).to_pyarrow_table(columns=["job", "seconds"])
    for run in runs.to_pylist():
        seconds.setdefault(run["job"], []).append(run["seconds"])
    return seconds


def make_run(folder: Path) -> list[Figure]:
    """Measure both first runs, and today's second and next day's."""
    before = Clone.of(REFERENCE, folder / "before", (18481, 18451))
    now = Clone.of("HEAD", folder / "now", (18480, 18450))
    try:
        reference, _ = before.first_run()
        before.make("down")
        first, until_figures = now.first_run()
        shares = [*jobs(before.folder / ".basketry", now.folder / ".basketry"), *overhead(now.folder / ".basketry")]
        again, later = now.make("run"), now.make("run", END + timedelta(days=1))
    finally:
        before.make("down")
        now.make("down")
    against = f"{reference:.0f} s"
    return [
        Figure(
            what=f"first `make run`, which shows all five results / that of {REFERENCE}, which showed two",
            measured=f"{first:.0f} s against {against}",
            ratio=first / reference,
            goal=1.5,
            note="packages and Java there; one pair",
        ),
        Figure(
            what=f"seconds until the first figures / of the whole run of {REFERENCE}",
            measured=f"{until_figures:.0f} s against {against}",
            ratio=until_figures / reference,
            goal=1 / 3,
        ),
        Figure(
            what="a second `make run`, with nothing new / 5 seconds",
            measured=f"{again:.0f} s",
            ratio=again / 5,
            goal=1.0,
        ),
        Figure(
            what="`make run` a day later / the first",
            measured=f"{later:.0f} s against {first:.0f} s",
            ratio=later / first,
            goal=1 / 3,
        ),
        *shares,
    ]
