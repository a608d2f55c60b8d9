"""Where the seconds of a first `make run` go, job by job: starting, planning, compiling, computing, and the commits of each.

Each job of the chain is a spark-submit of its own, as its DAG runs it, on a new demo. Seconds are of one run; they say what
to look at, and compare nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from benchmarks.cases import HERE, submit
from benchmarks.daily_cost import registry_of
from benchmarks.measure import Figure, Run
from benchmarks.retailers import CATALOG, crown

END = date(2026, 11, 28)
_AS_OF = f"--as-of={END}"
BEFORE: Sequence[Sequence[str]] = (
    ("noop",),
    ("ingest", "--feed=*"),
    ("sales", _AS_OF),
    ("features", _AS_OF, "--training", "--only-missing", "--choose-categories"),
    ("features", _AS_OF),
    ("train_propensity", _AS_OF),
    ("rfm", _AS_OF, "--fit"),
    ("train_forecast", _AS_OF),
)
"""Until there are challengers."""
AFTER: Sequence[Sequence[str]] = (
    ("score_propensity", _AS_OF),
    ("rfm", _AS_OF),
    ("forecast", _AS_OF),
    ("decide_products", _AS_OF),
    ("audience", _AS_OF),
    ("export_audience", _AS_OF),
)
"""Once they are champions."""


def where_time_goes(folder: Path) -> list[Figure]:
    """Run the chain and report each job."""
    from tools.demo import deliver

    home = folder / "home"
    deliver(home / "landing" / CATALOG, END)
    with registry_of(home) as address:
        first = [_profiled(home, words, address) for words in BEFORE]
        crown(address)
        return first + [_profiled(home, words, address) for words in AFTER]


def _profiled(home: Path, words: Sequence[str], address: str) -> Figure:
    target, commits = home / "profile.json", _commits(home)
    name, *rest = words
    submitted = submit(
        HERE / "profiled_job.py",
        *(str(target), name, f"--catalog={CATALOG}", *rest),
        home=home,
        before=None,
        MLFLOW_TRACKING_URI=address,
    )
    figure = _figure(" ".join(words), submitted, json.loads(target.read_text()), _commits(home) - commits)
    print(f"  {figure.row()}", flush=True)
    return figure


def _commits(home: Path) -> int:
    return sum(1 for _ in home.glob("lake/*/*/*/_delta_log/*.json"))


def _figure(what: str, run: Run, profile: Mapping[str, float], commits: int) -> Figure:
    parts = ", ".join(f"{name} {profile[name]:.1f}" for name in ("start", "rules", "compiling", "tasks", "collecting"))
    return Figure(
        what=f"{what}: seconds until its session is open / of the whole job",
        measured=f"{profile['start']:.1f} of {run.seconds:.1f} s",
        ratio=profile["start"] / run.seconds,
        goal=None,
        note=f"seconds of {parts} (tasks and rules of all threads); {profile['jobs']:.0f} Spark jobs, {commits} commits;"
        f" {run.cpu_seconds:.0f} CPU s",
    )
