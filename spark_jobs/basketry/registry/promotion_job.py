"""The job promote: carry a verdict out, note the run, and tell where a person went against the gate. Without Spark."""

from __future__ import annotations

import dataclasses
import time

from basketry.config.alerting import raise_alert
from basketry.config.clock import now
from basketry.config.settings import Settings
from basketry.jobs.promotion import PromoteArguments
from basketry.registry.ledger import OVERRIDE, PromotionDecision
from basketry.registry.promotion import describe, promote
from basketry.registry.promotion_request import PromotionRequest
from basketry.tables import PROMOTIONS
from basketry.warehouse.job_runs import JobRun, record_job_run
from basketry.warehouse.rows import RowStore

JOB = "promote"
"""The job, as ops.job_runs calls it."""


def run(rows: RowStore, arguments: PromoteArguments) -> PromotionDecision:
    """Promote, refuse, override or roll back as the arguments say; decided now, where they do not say when."""
    fields = {field.name for field in dataclasses.fields(PromotionRequest)}
    values = {name: value for name, value in vars(arguments).items() if name in fields}
    request = PromotionRequest(**{**values, "decided_at": arguments.decided_at or now().isoformat()})
    return promote_and_record(rows, request, Settings.of_run(arguments.settings))


def promote_and_record(
    rows: RowStore, request: PromotionRequest, settings: Settings | None = None
) -> PromotionDecision:
    """Do what `promote` does, print it, and note it in ops.job_runs unless it was a dry run.

    Args:
        rows: The tables of the catalog.
        request: Who is to become the champion.
        settings: Of the run; of this process, where None.
    """
    start = time.monotonic()
    decision = promote(rows, request)
    print(f"{JOB}: {describe(decision)}")
    seconds = time.monotonic() - start
    print(
        f"{JOB}: {0 if request.dry_run else 1} row written in {seconds:.1f} s{' (dry run)' if request.dry_run else ''}"
    )
    if request.dry_run:
        return decision
    if decision.verdict == OVERRIDE:
        raise_alert(_override_alert(decision))
    details = {"number": decision.number, "verdict": decision.verdict, "champion_before": decision.champion_before}
    run = JobRun(rows_out=1, seconds=seconds, model_version=decision.champion_after, details=details)
    values = {"catalog": rows.catalog, **dataclasses.asdict(request)}
    record_job_run(rows, JOB, values, run, outputs=[PROMOTIONS.full_name], settings=settings)
    return decision


def _override_alert(decision: PromotionDecision) -> dict[str, object]:
    return {
        "text": f"{decision.decided_by} made version {decision.version} of {decision.model} the champion against its gate.",
        "model": decision.model,
        "version": decision.version,
        "champion_before": decision.champion_before,
        "number": decision.number,
        "reason": decision.reason,
        "runbook": "docs/runbooks/gate.md",
    }
