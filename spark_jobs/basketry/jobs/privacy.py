"""The jobs of privacy: people are forgotten, and grants are what include/grants says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from basketry.jobs.declare import Argument, Job, JobArguments

CUSTOMERS = r"^[A-Za-z0-9_-]+( *, *[A-Za-z0-9_-]+)*$"
"""Ids with commas between: no blank inside one and no @, so that a name or an address is refused before it is stored."""


@dataclass(frozen=True, kw_only=True)
class ForgetArguments(JobArguments):
    """The arguments of the job that forgets customers."""

    customers: Annotated[
        str,
        Argument(
            help="customer ids, with commas between; never names or addresses",
            title="Customers",
            description="Customer numbers, commas between. Never names, e-mail addresses or telephone numbers: the form is"
            " kept.",
            limits={"pattern": CUSTOMERS, "maxLength": 2000},
        ),
    ]
    request_id: Annotated[
        str,
        Argument(
            help="the request's number at the retailer; kept in ops.forgotten",
            title="Request",
            limits={"pattern": r"^[A-Za-z0-9._-]{1,60}$"},
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
