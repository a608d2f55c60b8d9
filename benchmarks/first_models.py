"""First models of demos that end on different days, each held against its gate as Airflow would hold it.

    python -m benchmarks.first_models --home /lakes/2026-11-28_7 --home … [--models propensity]

A home whose lake exists already (landing/demo with its manifest, and lake/demo) is used as it is; another is made: demo,
ingest, features. Prints a Markdown table: what each model's gate says of it, and the numbers behind each absolute limit.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from basketry.gates import Check, Verdict
from basketry.gates.formatting import format_interval, format_number
from basketry.gates.model import ABSOLUTE, REFUSE
from benchmarks.cases import HERE, submit
from benchmarks.daily_cost import registry_of
from benchmarks.measure import Figure
from benchmarks.retailers import CATALOG

ENDS = (date(2025, 12, 27), date(2026, 10, 31), date(2026, 11, 14), date(2026, 11, 28))
SEEDS = (7, 11)
TRAININGS: Mapping[str, Sequence[str]] = {
    "propensity": ("train_propensity",),
    "rfm": ("rfm", "--fit"),
    "forecast": ("train_forecast",),
}
HEADER = """| demo ends | seed | model | verdict | numbers with an absolute limit |
|---|---|---|---|---|"""


@dataclass(frozen=True)
class DemoInstance:
    """A demo of its own in a home of its own."""

    home: Path
    end: date
    seed: int

    @classmethod
    def prepared(cls, home: Path) -> DemoInstance:
        """Read the one that is in the home already, by its manifest."""
        from tools.demo import read_manifest

        manifest = read_manifest(home / "landing" / CATALOG)
        return cls(home, date.fromisoformat(manifest.end), manifest.seed)

    @property
    def ready(self) -> bool:
        """Whether its features are stored already."""
        return (self.home / "lake" / CATALOG / "gold" / "customer_features").exists()


@dataclass(frozen=True)
class FirstModel:
    """A first model of an instance and what its gate says about it."""

    instance: DemoInstance
    model: str
    decision: Verdict

    def row(self) -> str:
        """Return the line as Markdown."""
        limits = "; ".join(_describe(check) for check in self.decision.checks if check.condition == ABSOLUTE)
        verdict = self.decision.verdict if self.decision.verdict != REFUSE else f"**{REFUSE}**"
        return f"| {self.instance.end} | {self.instance.seed} | {self.model} | {verdict} | {limits} |"


def _describe(check: Check) -> str:
    ends = format_interval(check.low, check.high, signed=check.reference is not None)
    judged = (
        ""
        if not ends
        else f" ({ends})"
        if check.reference is None
        else f" (chance {format_number(check.reference)}, excess {ends})"
    )
    return f"{check.metric} {format_number(check.value)}{judged}, {check.limit}"


def first_models(folder: Path) -> list[Figure]:
    """Train every model for every end and seed, and count how many first models their gates refuse."""
    instances = [DemoInstance(folder / f"{end}_{seed}", end, seed) for end in ENDS for seed in SEEDS]
    cells = []
    for instance in instances:
        cells += list(evaluate_models(instance, tuple(TRAININGS)))
        shutil.rmtree(instance.home)
    print("\n".join([HEADER, *(cell.row() for cell in cells)]), flush=True)
    return [_figure(model, [cell for cell in cells if cell.model == model]) for model in TRAININGS]


def _figure(model: str, cells: Sequence[FirstModel]) -> Figure:
    refused = sum(cell.decision.verdict == REFUSE for cell in cells)
    what = f"{model}: first models that their gate refuses / all, demos of {len(ENDS)} ends and {len(SEEDS)} seeds"
    return Figure(what=what, measured=f"{refused} of {len(cells)}", ratio=refused / len(cells), goal=0.0)


def evaluate_models(instance: DemoInstance, models: Sequence[str]) -> Iterator[FirstModel]:
    """Train each of the models in the instance, made first where it is not ready, and hold it against its gate."""
    if not instance.ready:
        make(instance)
    with registry_of(instance.home) as address:
        for model in models:
            name, *given = TRAININGS[model]
            _run(instance, [[name, f"--as-of={instance.end}", *given]], MLFLOW_TRACKING_URI=address)
            yield FirstModel(instance, model, verdict_of(model, address))


def make(instance: DemoInstance) -> None:
    """Deliver the demo, load it, and store the features that a training as of its last day reads."""
    from tools.demo import deliver

    deliver(instance.home / "landing" / CATALOG, instance.end, seed=instance.seed)
    as_of = f"--as-of={instance.end}"
    backlog = ["features", as_of, "--training", "--only-missing", "--choose-categories"]
    _run(instance, [["ingest", "--feed=*"], backlog, ["features", as_of]])


def _run(instance: DemoInstance, jobs: Sequence[Sequence[str]], **changes: str) -> None:
    shared = (f"--catalog={CATALOG}", f"--run-id=first_models-{instance.end}-{instance.seed}")
    commands = [[name, *shared, *given] for name, *given in jobs]
    submit(HERE / "one_session.py", json.dumps(commands), home=instance.home, **changes)


def verdict_of(model: str, address: str) -> Verdict:
    """Evaluate the challenger by its gate, as a first model."""
    from basketry import registry
    from basketry.gates import evaluate_gate, load_gate

    os.environ["MLFLOW_TRACKING_URI"] = address
    name = registry.registered_name(CATALOG, model)
    version = registry.alias_version(name, registry.CHALLENGER)
    return evaluate_gate(load_gate(model), registry.version_run(name, str(version)).metrics, has_champion=False)


def main(arguments: Sequence[str]) -> int:
    """Print the rows of the named homes as they come, then the whole table in order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", action="append", required=True, type=Path, help="of a prepared demo; repeatable")
    parser.add_argument("--models", default=",".join(TRAININGS), help="which to train, with commas between")
    wanted = parser.parse_args(arguments)
    cells = []
    for instance in sorted(
        (DemoInstance.prepared(home.absolute()) for home in wanted.home), key=lambda one: (one.end, one.seed)
    ):
        for cell in evaluate_models(instance, wanted.models.split(",")):
            print(cell.row(), flush=True)
            cells.append(cell)
    print("\n".join(["", HEADER, *(cell.row() for cell in cells)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
