"""Applies the grants file. Where tables are local folders there is nothing to grant: every read goes through the file."""

from __future__ import annotations

from functools import partial

from basketry.access.loader import load_grants
from basketry.access.model import Grants
from basketry.access.unity import Applied, applied_rows
from basketry.jobs.privacy import GrantsArguments
from basketry.lake.lakehouse import Lakehouse
from basketry.lake.report import JobReport
from basketry.lake.unity_lake import UnityLake
from basketry.metrics import load_metrics
from basketry.metrics.metric_views import tables_by_view
from basketry.tables import APPLIED_GRANTS


def run(lake: Lakehouse, arguments: GrantsArguments) -> JobReport:
    """Plan the grants, and apply them unless --dry-run."""
    grants = load_grants(lake.catalog, lake.settings.include)
    if isinstance(lake, UnityLake):
        return _apply(lake, grants, arguments)
    teams = {"teams": sorted(grants.teams)}
    return JobReport(rows_in=0, rows_out=0, summary=tuple(_summary(grants)), dry_run=arguments.dry_run, details=teams)


def _apply(lake: UnityLake, grants: Grants, arguments: GrantsArguments) -> JobReport:
    from databricks.sdk import WorkspaceClient

    from basketry.access import unity

    client = WorkspaceClient()
    rows = lake.read(APPLIED_GRANTS).collect() if lake.exists(APPLIED_GRANTS) else []
    views = tables_by_view(load_metrics(lake.settings.include))
    applied = unity.read_applied(row.asDict() for row in rows)
    plan = unity.plan_grants(client, grants, lake.names, applied, views)
    steps = 0
    if not arguments.dry_run:
        revoke = arguments.revoke_by_hand
        steps = unity.apply_grants(client, plan, lake.spark.sql, partial(_remember, lake), revoke_by_hand=revoke)
    details = {"planned": list(plan.lines()), "by_hand": [str(change) for change in plan.drift]}
    return JobReport(
        rows_in=len(grants.tables), rows_out=steps, summary=plan.lines(), details=details, dry_run=arguments.dry_run
    )


def _remember(lake: Lakehouse, applied: Applied) -> None:
    rows = [tuple(row[name] for name in APPLIED_GRANTS.column_names) for row in applied_rows(applied)]
    lake.record(APPLIED_GRANTS, rows, where="true")


def _summary(grants: Grants) -> list[str]:
    lines = ["tables are local folders: nothing to grant, reads are resolved by the file"]
    for name, team in grants.teams.items():
        lines.append(f"{name}: {len(grants.readable(name))} of {len(grants.tables)} tables, personal data {team.pii}")
    return lines
