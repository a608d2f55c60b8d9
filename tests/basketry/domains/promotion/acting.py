"""The job as a gate or a person runs it, and what it leaves behind."""

from __future__ import annotations

import itertools
from argparse import Namespace

from basketry import registry
from basketry.domains.promotion import job, ledger
from basketry.domains.promotion.ledger import PromotionDecision
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from tests.basketry.domains.promotion.models import aliases

NUMBERS = itertools.count(1)
MOMENT = "2026-03-10T09:30:00+00:00"


def promote(lake: Lakehouse, kind: str, version: str | None, expected: str | None = None, **given: object) -> JobReport:
    """Run the job as a gate does."""
    arguments = {
        "model": kind,
        "challenger": version,
        "expected_champion": expected,
        "verdict": "promote",
        "rollback_to": None,
        "decided_by": "gate",
        "decided_at": MOMENT,
        "reason": "all 5 checks hold.",
        "dry_run": False,
        "run_id": f"weekly_retraining/run_{next(NUMBERS)}/gate.promote/-1/1",
    }
    return job.run(lake, Namespace(**{**arguments, **given}))


def rollback(lake: Lakehouse, model: str, to: str, **given: object) -> JobReport:
    """Run the job as model_rollback does."""
    return promote(lake, model, None, **{"verdict": None, "rollback_to": to, "decided_by": "alice", **given})


def stored_decisions(lake: Lakehouse, model: str) -> list[PromotionDecision]:
    """The model's rows of ops.promotions."""
    return ledger.load_promotion_decisions(lake, registry.registered_name("demo", model))


def pointing(model: str) -> dict[str, str]:
    """Where the model's aliases point."""
    return aliases(registry.registered_name("demo", model))
