"""The jobs of sales, and the plan of what the next runs would rewrite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, DatedArguments, Job
from basketry.jobs.libraries import CALAMINE


@dataclass(frozen=True, kw_only=True)
class SalesArguments(DatedArguments):
    """The arguments of the job that rewrites sales."""

    full: Annotated[bool, Argument(help="rebuild every period as of exactly --as-of")] = False


SALES = Job(
    name="sales",
    description="Rewrites the sales of every day, week, month and year that changed since the last run.",
    arguments=SalesArguments,
    entry="basketry.domains.sales.job:run",
    locks=("sales",),
)

PLAN = Job(
    name="plan",
    description="Says which tables and dates the next runs would rewrite: files waiting to be loaded, then sales. Writes nothing.",
    arguments=DatedArguments,
    entry="basketry.domains.sales.next_runs:run",
    libraries=(CALAMINE,),
)
