"""The jobs of privacy: people are forgotten, and grants are what include/grants says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.config.forget_requests import REQUEST_ID
from basketry.jobs.declare import Argument, Job, JobArguments
from basketry.jobs.libraries import CALAMINE, CALLS


@dataclass(frozen=True, kw_only=True)
class ForgetArguments(JobArguments):
    """The arguments of the job that forgets customers: their numbers are in the request's file, see `config.forget_requests`."""

    request_id: Annotated[
        str,
        Argument(
            help="the request's number at the retailer, whose file says who is forgotten; kept in ops.forgotten",
            title="Request",
            description="The request's number. Its customer numbers were written before, by make forget or into the volume of"
            " requests: this form is kept, so no number belongs here.",
            limits={"pattern": REQUEST_ID},
        ),
    ]
    decided_by: Annotated[str, Argument(help="the user who started it; kept in ops.forgotten")]
    requested_at: Annotated[str, Argument(help="when the run began, 2026-01-31T09:30:00+00:00")]


@dataclass(frozen=True, kw_only=True)
class GrantsArguments(JobArguments):
    """The arguments of the job that makes grants what the files say."""

    revoke_by_hand: Annotated[
        bool, Argument(help="also revoke what somebody granted by hand", title="Revoke grants by hand")
    ] = False


FORGET = Job(
    name="forget",
    description="Forgets customers on request: masks or removes their personal data in every table and deletes the old files.",
    arguments=ForgetArguments,
    entry="basketry.domains.privacy.forget:run",
    libraries=(CALAMINE, *CALLS),
    needs={"rewrite_export": "basketry.domains.marketing.export:rewrite_export"},
    # A run that read a person's data before they were forgotten would write it again afterwards.
    locks=("audience *", "export_audience *", "ingest *"),
)

APPLY_GRANTS = Job(
    name="apply_grants",
    description="Makes Unity Catalog's grants what include/grants says; --dry-run shows the plan and what was granted by hand.",
    arguments=GrantsArguments,
    entry="basketry.domains.privacy.grants_job:run",
)
