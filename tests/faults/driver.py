"""Runs the jobs of a plan in turn in one Spark session: what a scheduler does, in one process that can be killed.

    spark-submit driver.py <plan.json> <number of the first job>

Says `begins N` and `ends N` on standard output, so that whoever kills it knows where to go on: at the job that was cut off,
as Airflow's retry does. An argument `@challenger` becomes the version which has that alias. `look_around` and `respond`
are no jobs: what simulated shoppers do before the stream of the offers runs.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from basketry import registry
from basketry.config.settings import Settings
from basketry.jobs import all_jobs
from basketry.lake.runner import job_main
from basketry.warehouse.plain_job import plain_job_main
from tools import shoppers


def main(plan: Path, first: int) -> None:
    """Run the jobs from number `first` on; the exit code is that of the first one that fails."""
    for number, job in enumerate(json.loads(plan.read_text())):
        if number < first:
            continue
        print(f"begins {number}", flush=True)
        _run(job)
        print(f"ends {number}", flush=True)


def _run(job: dict[str, Any]) -> None:
    if job["script"] in ("look_around", "respond"):
        settings = Settings.from_environment()
        landing = settings.landing_folder(job["catalog"], "offer_events")
        getattr(shoppers, job["script"])(settings.lake, landing, job["catalog"], date.fromisoformat(job["day"]))
        return
    sys.argv = [job["script"], *(_resolved(text, job) for text in job["arguments"])]
    declared = all_jobs()[job["script"]]
    (job_main if declared.needs_spark else plain_job_main)(declared)


def _resolved(text: str, job: dict[str, str]) -> str:
    if text != "@challenger":
        return text
    name = registry.registered_name(job["catalog"], job["model"])
    return str(registry.alias_version(name, registry.CHALLENGER))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
