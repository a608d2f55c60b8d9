"""The job that moves the alias of a champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, Job, JobArguments


@dataclass(frozen=True, kw_only=True)
class PromoteArguments(JobArguments):
    """The arguments of the job that promotes, refuses or rolls back."""

    model: Annotated[str, Argument(help="which kind of model, e.g. propensity", title="Model")]
    challenger: Annotated[str | None, Argument(help="the version that was judged")] = None
    expected_champion: Annotated[
        str | None, Argument(help="the champion it was compared with; nothing when there was none")
    ] = None
    verdict: Annotated[
        str | None, Argument(help="what the gate, or who was asked, says", choices=("promote", "provisional", "refuse"))
    ] = None
    rollback_to: Annotated[
        str | None,
        Argument(
            help="instead of a verdict: previous, or a version",
            metavar="VERSION",
            limits={"pattern": r"^(previous|[1-9][0-9]*)$"},
        ),
    ] = None
    decided_by: Annotated[str, Argument(help="gate, or the user who decided")]
    decided_at: Annotated[str, Argument(help="when the deciding run began, 2026-01-31T09:30:00+00:00")]
    reason: Annotated[
        str,
        Argument(
            help="one sentence; kept in ops.promotions",
            title="Reason",
            description="Why; kept in ops.promotions.",
            limits={"minLength": 3, "maxLength": 500},
        ),
    ]


PROMOTE = Job(
    name="promote",
    description="Makes a challenger the champion, keeps a refusal, or rolls back; two promotions at once cannot both win.",
    arguments=PromoteArguments,
    entry="basketry.domains.promotion.job:run",
)
