"""What every DAG has: an owner, an impact tier, retries by cause, limits of time, an alert, a runbook."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from basketry.errors import BadInputError
from basketry_airflow.alerts import FailureAlert
from basketry_airflow.as_of import as_of
from basketry_airflow.checkout import checkout_of
from basketry_airflow.retry import FIRST_DELAY, JobRetryPolicy

TIERS = {
    1: "decisions are made on it today: wake somebody",
    2: "a day late is noticed: look within the working day",
    3: "nobody waits for it: look when convenient",
}


def dag_defaults(
    *,
    tier: int,
    owner: str,
    runbook: str,
    doc: str | None,
    topics: tuple[str, ...] = (),
    runs_at_once: int = 1,
    task_limit: timedelta = timedelta(hours=2),
    run_limit: timedelta = timedelta(hours=6),
) -> dict[str, Any]:
    """Return the keyword arguments of a DAG that somebody answers for.

    Args:
        tier: The impact tier, one of TIERS.
        owner: The team that answers for the DAG.
        runbook: The path of its page in the repository, which `doc` must link.
        doc: The docstring of the DAG's module.
        topics: Further tags to search by.
        runs_at_once: Above 1 only where two runs may write the same tables at the same time.
        task_limit: How long a task may take.
        run_limit: How long a run may take.
    """
    if tier not in TIERS:
        raise BadInputError(f"impact tier {tier} does not exist; choose one of: {', '.join(map(str, TIERS))}.")
    if not doc or f"({runbook})" not in doc:
        raise BadInputError(f"the docstring of the DAG does not link its runbook: write [runbook]({runbook}) in it.")
    return {
        "doc_md": _page(doc, checkout_of(sys._getframe(1).f_code.co_filename) / runbook),
        "tags": [f"tier:{tier}", f"owner:{owner}", *topics],
        # No start date: a DAG that is switched on waits for its next hour, where one of the past would run at once.
        "catchup": False,
        "max_active_runs": runs_at_once,
        "dagrun_timeout": run_limit,
        "user_defined_macros": {"as_of": as_of},
        "on_failure_callback": FailureAlert(tier=tier, owner=owner, runbook=runbook, only_reason="timed_out"),
        "default_args": {
            "owner": owner,
            "retries": 3,
            "retry_delay": FIRST_DELAY,
            "retry_policy": JobRetryPolicy(),
            "execution_timeout": task_limit,
            "max_active_tis_per_dag": runs_at_once,  # max_active_runs does not count the runs of a backfill
            "on_failure_callback": FailureAlert(tier=tier, owner=owner, runbook=runbook),
        },
    }


def _page(doc: str, path: Path) -> str:
    # Airflow's UI cannot follow a path of the repository: whoever opens the DAG reads the runbook right there.
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return f"{doc.strip()}\n\n{text}".rstrip() + "\n"
