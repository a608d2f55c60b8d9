"""The jobs that ask a gate about a challenger and carry its verdict out. Neither needs Spark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, Job, JobArguments
from basketry.jobs.libraries import MLFLOW


@dataclass(frozen=True, kw_only=True)
class JudgeArguments(JobArguments):
    """The arguments of the job that asks a gate."""

    model: Annotated[str, Argument(help="which kind of model, by its gate in include/gates, e.g. propensity")]


@dataclass(frozen=True, kw_only=True)
class PromoteArguments(JobArguments):
    """The arguments of the job that promotes, refuses, overrides or rolls back."""

    model: Annotated[str, Argument(help="which kind of model, e.g. propensity", title="Model")]
    challenger: Annotated[
        str | None, Argument(help="the version that was judged; by default the one that is challenger")
    ] = None
    expected_champion: Annotated[
        str | None, Argument(help="the champion it was judged against; by default what the gate noted")
    ] = None
    verdict: Annotated[
        str | None,
        Argument(
            help="what the gate said, which is the default, or the answer where it asks",
            choices=("promote", "provisional", "refuse"),
        ),
    ] = None
    override: Annotated[
        bool, Argument(help="make it the champion against the gate; needs --decided-by and --reason")
    ] = False
    rollback_to: Annotated[
        str | None,
        Argument(
            help="instead of a verdict: previous, or a version",
            metavar="VERSION",
            title="Back to",
            limits={"pattern": r"^(previous|[1-9][0-9]*)$"},
        ),
    ] = None
    decided_by: Annotated[str, Argument(help="gate, or the user who decided")] = "gate"
    decided_at: Annotated[
        str | None, Argument(help="when the deciding run began, 2026-01-31T09:30:00+00:00; by default now")
    ] = None
    reason: Annotated[str | None, Argument(help="one sentence; kept in ops.promotions; by default the gate's")] = None


JUDGE = Job(
    name="judge",
    description="Asks the gate about the version that is challenger, and keeps the verdict with its run. Moves nothing.",
    arguments=JudgeArguments,
    entry="basketry.registry.judge_job:run",
    libraries=(MLFLOW,),
    needs_spark=False,
)

PROMOTE = Job(
    name="promote",
    description="Carries out what the gate said of a challenger, or rolls back; two promotions at once cannot both win.",
    arguments=PromoteArguments,
    entry="basketry.registry.promotion_job:run",
    libraries=(MLFLOW,),
    needs_spark=False,
)
