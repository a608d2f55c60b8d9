"""First models as of many days of a year, held against their gates: whether a newcomer's calendar day decides.

One demo of three years for each seed; of its last year every day of a lattice, and days on which shops are strange, get a
propensity model, every fourth also the other models. BASKETRY_BENCH_LAKES names a folder to keep lakes and registries in:
a measurement that was stopped goes on there with what is missing. BASKETRY_BENCH_SEEDS, such as 7, measures these alone.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from basketry.gates import Check, Verdict
from basketry.gates.formatting import format_number
from basketry.gates.model import ABSOLUTE, PASSED, REFUSE
from basketry.registry.models import FORECAST_MODEL, MODELS, PROPENSITY_MODEL, RECOMMENDATIONS_MODEL, RFM_MODEL
from benchmarks.cases import CHECKOUT, HERE, submit
from benchmarks.daily_cost import registry_of
from benchmarks.measure import Figure
from benchmarks.retailers import CATALOG

END = date(2026, 11, 28)
WEEKS = 156
SEEDS = (7, 11)
LATTICE_DAYS, LATTICE_OFFSETS = 30, (0, 7, 14, 22)
"""Training dates stand thirty days apart, so days of one lattice share the features of each other's."""
STRANGE_DAYS = (date(2025, 12, 24), date(2025, 12, 31), date(2026, 3, 31), date(2026, 6, 30))
"""Christmas Eve, and ends of quarters."""
SOMETIMES = (RFM_MODEL.name, FORECAST_MODEL.name, RECOMMENDATIONS_MODEL.name)
EVERY = 4
BATCH = 13
"""Trainings of one Spark session; a measurement that is stopped loses at most so many."""


def as_of_days() -> tuple[date, ...]:
    """Return the fifty-two days, the first of them first."""
    starts = (END - timedelta(days=offset + LATTICE_DAYS * step) for offset in LATTICE_OFFSETS for step in range(12))
    return tuple(sorted({*starts, *STRANGE_DAYS}))


def days_of(model: str) -> tuple[date, ...]:
    """Return the days as of which a model is trained."""
    return as_of_days() if model == PROPENSITY_MODEL.name else as_of_days()[::EVERY]


@dataclass(frozen=True)
class JudgedModel:
    """A first model and what its gate says of it."""

    model: str
    seed: int
    as_of: date
    verdict: Verdict


def every_day(folder: Path) -> list[Figure]:
    """Train and judge everything that is missing; report each model's refusals and the margins of its gate."""
    lakes = Path(os.environ.get("BASKETRY_BENCH_LAKES") or folder).absolute()
    judged = [judgement for seed in _seeds() for judgement in _judged(lakes / f"seed-{seed}", seed)]
    models = (PROPENSITY_MODEL.name, *SOMETIMES)
    return [figure for model in models for figure in figures(model, [each for each in judged if each.model == model])]


def _seeds() -> tuple[int, ...]:
    chosen = os.environ.get("BASKETRY_BENCH_SEEDS")
    return tuple(int(text) for text in chosen.split(",")) if chosen else SEEDS


def _judged(home: Path, seed: int) -> list[JudgedModel]:
    if not (home / "complete").exists():
        _make(home, seed)
    with registry_of(home) as address:
        os.environ["MLFLOW_TRACKING_URI"] = address
        for model in (PROPENSITY_MODEL.name, *SOMETIMES):
            _train_missing(home, model, address)
        return [judgement for model in (PROPENSITY_MODEL.name, *SOMETIMES) for judgement in _verdicts(model, seed)]


def _make(home: Path, seed: int) -> None:
    """Deliver three years, load them, and store the features that any of the trainings reads."""
    from basketry.domains.propensity.dates import split_dates
    from basketry.domains.propensity.settings import load_settings
    from tools.demo import deliver

    deliver(home / "landing" / CATALOG, END, seed=seed, weeks=WEEKS)
    splits = [split_dates(day, load_settings(CHECKOUT / "include")) for day in as_of_days()]
    dates = sorted({day for split in splits for day in split.all})
    chosen_as_of = min(split.test for split in splits)
    backlog = ["features", f"--as-of={END}", f"--dates={','.join(map(str, dates))}", "--choose-categories"]
    _run(home, [["ingest", "--feed=*"], [*backlog, f"--categories-as-of={chosen_as_of}"]])
    (home / "complete").touch()


def _train_missing(home: Path, model: str, address: str) -> None:
    spec = MODELS[model]
    missing = [day for day in days_of(model) if day not in {day for day, _ in _trained(model)}]
    for first in range(0, len(missing), BATCH):
        options = [f"--{name}" for name, is_set in spec.training_options.items() if is_set]
        batch = missing[first : first + BATCH]
        _run(home, [[spec.training.name, f"--as-of={day}", *options] for day in batch], MLFLOW_TRACKING_URI=address)
        print(f"  {home.name} {model}: {first + len(batch)} of {len(missing)} trained", flush=True)


def _run(home: Path, jobs: Sequence[Sequence[str]], **changes: str) -> None:
    shared = (f"--catalog={CATALOG}", "--run-id=every-day")
    submit(
        HERE / "one_session.py",
        json.dumps([[name, *shared, *rest] for name, *rest in jobs]),
        home=home,
        before=None,
        **changes,
    )


def _trained(model: str) -> Iterator[tuple[date, Mapping[str, float]]]:
    """Yield the day and the metrics of every version of a model."""
    from basketry import registry

    name = registry.registered_name(CATALOG, model)
    newest = registry.alias_version(name, registry.CHALLENGER)
    for number in range(1, int(newest or 0) + 1):
        run = registry.version_run(name, str(number))
        yield date.fromisoformat(run.tags["basketry.as_of"]), run.metrics


def _verdicts(model: str, seed: int) -> Iterator[JudgedModel]:
    from basketry.gates import evaluate_gate, load_gate

    gate = load_gate(model)
    for day, metrics in dict(_trained(model)).items():
        yield JudgedModel(model, seed, day, evaluate_gate(gate, metrics, has_champion=False))


def figures(model: str, judged: Sequence[JudgedModel]) -> list[Figure]:
    """Return the share that is refused, with the days; then how the numbers with an absolute limit lie about it."""
    if not judged:
        return []
    refused = [each for each in judged if each.verdict.verdict == REFUSE]
    days = ", ".join(f"{each.as_of} (seed {each.seed})" for each in refused)
    share = Figure(
        what=f"{model}: first models that their gate refuses / all, as of {len(days_of(model))} days of a year",
        measured=f"{len(refused)} of {len(judged)}",
        ratio=len(refused) / len(judged),
        goal=0.0,
        note=f"refused: {days}" if refused else "",
    )
    limits = dict.fromkeys(
        check.metric for each in judged for check in each.verdict.checks if check.condition == ABSOLUTE
    )
    return [share, *(_margin(model, metric, judged, share.ratio) for metric in limits)]


def _margin(model: str, metric: str, judged: Sequence[JudgedModel], refused: float) -> Figure:
    checks = [check for each in judged for check in each.verdict.checks if _limits(check, metric)]
    values = sorted(check.value for check in checks if check.value is not None)
    spread = " / ".join(format_number(value) for value in (values[0], statistics.median(values), values[-1]))
    beyond = sum(check.outcome != PASSED for check in checks)
    return Figure(
        what=f"{model}: {metric}, limit {checks[0].limit}: beyond it / all",
        measured=f"{beyond} of {len(checks)}",
        ratio=beyond / len(checks),
        goal=0.0,
        note=f"smallest / median / largest {spread}",
    )


def _limits(check: Check, metric: str) -> bool:
    return check.metric == metric and check.condition == ABSOLUTE
