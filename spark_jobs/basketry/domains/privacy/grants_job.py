"""Applies the grants file. Where tables are local folders there is nothing to grant: every read goes through the file."""

from __future__ import annotations

from functools import singledispatch

from basketry.access.loader import load_grants
from basketry.access.model import Grants
from basketry.jobs.privacy import GrantsArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.local_lake import LocalLake
from basketry.lake.report import JobReport
from basketry.lake.unity_lake import UnityLake


def run(lake: Lakehouse, arguments: GrantsArguments) -> JobReport:
    """Plan the grants, and apply them unless --dry-run."""
    return _apply(lake, load_grants(lake.catalog, lake.settings.include), arguments)


@singledispatch
def _apply(lake: Lakehouse, grants: Grants, arguments: GrantsArguments) -> JobReport:
    raise NotImplementedError(f"nobody has said what is granted where tables are a {type(lake).__name__}")


@_apply.register
def _(lake: LocalLake, grants: Grants, arguments: GrantsArguments) -> JobReport:
    teams = {"teams": sorted(grants.teams)}
    return JobReport(rows_in=0, rows_out=0, summary=tuple(_summary(grants)), dry_run=arguments.dry_run, details=teams)


@_apply.register
def _(lake: UnityLake, grants: Grants, arguments: GrantsArguments) -> JobReport:
    from databricks.sdk import WorkspaceClient

    from basketry.access import unity

    client = WorkspaceClient()
    plan = unity.plan_grants(client, grants)
    steps = 0
    if not arguments.dry_run:
        steps = unity.apply_grants(client, plan, lake.spark.sql, revoke_by_hand=arguments.revoke_by_hand)
    details = {"planned": list(plan.lines()), "by_hand": [str(change) for change in plan.drift]}
    return JobReport(
        rows_in=len(grants.tables), rows_out=steps, summary=plan.lines(), details=details, dry_run=arguments.dry_run
    )


def _summary(grants: Grants) -> list[str]:
    lines = ["tables are local folders: nothing to grant, reads are resolved by the file"]
    for name, team in grants.teams.items():
        lines.append(f"{name}: {len(grants.readable(name))} of {len(grants.tables)} tables, personal data {team.pii}")
    return lines
