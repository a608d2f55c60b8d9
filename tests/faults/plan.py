"""What is disturbed: the jobs of a small catalog's first day, from delivered files to sales and offers; in full to scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.kit.documents import QUICK, copy_include
from tests.kit.few_rows import write_settings

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOG, END = "demo", date(2026, 11, 20)
FEEDS = ("products", "customers", "order_lines")
SPARK_CONF = "spark-conf"


@dataclass(frozen=True)
class Job:
    """One job of the plan, or a step in between (see driver.py). model: whose challenger the argument @challenger names."""

    script: str
    arguments: tuple[str, ...]
    model: str = ""


def jobs(*, full: bool) -> tuple[Job, ...]:
    """The plan. full: with everything that trains and scores, else what reaches sales and offers."""
    short = (
        *(_job("ingest", f"--feed={feed}", run=feed) for feed in FEEDS),
        _dated("sales"),
        Job("look_around", ()),
        _job("offers", run="activity"),
        Job("respond", ()),
        _job("offers", run="responses"),
    )
    if not full:
        return short
    return (
        *short,
        _dated("features"),
        _dated("rfm", "--fit", run="fit"),
        _job("judge", "--model=rfm", run="rfm"),
        _promotion("rfm"),
        _dated("rfm"),
        _dated("features", "--training", "--only-missing", "--choose-categories", run="backlog"),
        _dated("train_propensity"),
        _job("judge", "--model=propensity", run="propensity"),
        _promotion("propensity"),
        _dated("score_propensity"),
        _dated("train_forecast"),
        _job("judge", "--model=forecast", run="forecast"),
        _promotion("forecast"),
        _dated("forecast"),
        _dated("decide_products"),
        _dated("audience"),
    )


def store(home: Path) -> str:
    """Where a home's model registry is."""
    return f"sqlite:///{home / 'mlflow.db'}"


def prepared(home: Path, *, full: bool) -> Path:
    """Deliver a small retailer into the home, set up its quick settings and Spark's, write the plan; returns the plan's file."""
    from tools.demo import deliver

    deliver(home / "landing" / CATALOG, END, scale=0.05, weeks=60 if full else 12)
    copy_include(home, QUICK)
    write_settings(home / SPARK_CONF)
    own_experiments(home)
    plan = home / "plan.json"
    plan.write_text(json.dumps([vars(job) | {"catalog": CATALOG, "day": END.isoformat()} for job in jobs(full=full)]))
    return plan


def own_experiments(home: Path) -> None:
    """Make a model registry whose models are kept in the home."""
    from mlflow import MlflowClient

    client = MlflowClient(store(home), store(home))
    for model in ("rfm", "propensity", "forecast"):
        client.create_experiment(f"{CATALOG}_{model}", artifact_location=(home / "models" / model).as_uri())


def _job(script: str, *arguments: str, run: str, model: str = "") -> Job:
    return Job(script, (f"--catalog={CATALOG}", f"--run-id={script}-{run}", *arguments), model)


def _dated(script: str, *arguments: str, run: str = "day") -> Job:
    return _job(script, f"--as-of={END}", *arguments, run=run)


def _promotion(model: str) -> Job:
    return _job(
        "promote",
        *(f"--model={model}", "--challenger", "@challenger", "--override", "--decided-by=tests"),
        *("--decided-at=2026-11-21T00:00:00+00:00", "--reason=the fault suite needs a champion"),
        run=model,
        model=model,
    )
