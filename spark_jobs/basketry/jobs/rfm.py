"""The job of segments: customers valued by recency, frequency and spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, DatedArguments, Job, StoredResult
from basketry.jobs.libraries import MLFLOW
from basketry.tables import RFM_PROFILES


@dataclass(frozen=True, kw_only=True)
class RfmArguments(DatedArguments):
    """The arguments of the job that learns segments or assigns them."""

    fit: Annotated[bool, Argument(help="learn scores, clusters and expectations; assigns nothing")] = False
    model: Annotated[
        str, Argument(help="what assigns: champion, a version, or as-then: the champion on --as-of", title="Model")
    ] = "champion"


RFM = Job(
    name="rfm",
    description="Values every customer as of a day by recency, frequency and spend, and gives segments; with --fit learns"
    " them first.",
    arguments=RfmArguments,
    entry="basketry.domains.rfm.job:run",
    libraries=(MLFLOW,),
    locks=("rfm {fit}",),
    result=StoredResult(table=RFM_PROFILES, inputs="basketry.domains.rfm.score:INPUTS"),
)
