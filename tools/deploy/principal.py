"""The service principal that the jobs run as: who it is, what it lacks, and a job that it runs like those of the DAGs."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketry.access import Grants
from basketry.databricks.bundle_paths import scripts_folder, wheel_path
from basketry.jobs import Job
from basketry.jobs.maintenance import NOOP
from basketry.tables import JOB_RUNS
from basketry_airflow.checkout import edition_of, wheel_of
from basketry_airflow.compute import load_compute
from tools.deploy.finding import Finding, first_line
from tools.deploy.target import NOBODY
from tools.deploy.workspace import Site, api_path

if TYPE_CHECKING:
    from databricks.sdk.service.iam import ServicePrincipal
    from databricks.sdk.service.jobs import Run

CREATES_CLUSTERS = "allow-cluster-create"
"""The entitlement without which a cluster can only be started by a policy."""

PATIENCE_SECONDS = 1800.0
"""How long a run may take, start of a cluster included."""

CAUSES = (
    (r"cluster.*(not authorized|permission|policy)|(not authorized|permission).*cluster", "{entitle}"),
    (r"serverless", "choose a profile with a cluster in include/jobs.yaml, or ask for serverless compute"),
    (
        r"No module named|edition",
        "make deploy TARGET={target} from this checkout; a running cluster is to be restarted",
    ),
    (
        r"PERMISSION_DENIED|INSUFFICIENT_PERMISSIONS|does not have",
        "make deploy TARGET={target} gives the group its rights",
    ),
)
"""What is to be done, by what a run says when it fails."""


def check_principal(site: Site, grants: Grants, clusters: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """Look at the jobs' service principal; changes nothing.

    Args:
        site: The workspace and the target.
        grants: Names the group that it must be in.
        clusters: The clusters of the profiles, as the Jobs API wants them.
    """
    wanted = site.target.service_principal
    what, file = f"service principal {wanted}", f"include/targets/{site.target.name}.yaml"
    if wanted == NOBODY:
        fix = f"databricks service-principals create --display-name basketry, and its application id into {file}"
        yield Finding(what, "the target names nobody yet", fix)
        return
    principal = _find(site)
    if principal is None:
        fix = f"databricks service-principals list names them: correct {file}, or assign it to the workspace"
        yield Finding(what, "the workspace has no service principal of that application id", fix)
        return
    groups = {group.display: str(group.value) for group in principal.groups or []}
    inside = "" if grants.pipeline in groups else f"it is not in the group {grants.pipeline}"
    yield Finding(what, inside, f"databricks account groups patch, which adds the member {principal.id} to the group")
    if any("policy_id" not in cluster for cluster in clusters):
        held = _entitlements(site, principal, groups.values())
        lacks = "" if CREATES_CLUSTERS in held else f"it lacks the entitlement {CREATES_CLUSTERS}"
        yield Finding(f"{what} starts clusters", lacks, _entitle(site, str(principal.id)))


def _find(site: Site) -> ServicePrincipal | None:
    found = site.client.service_principals.list(filter=f'applicationId eq "{site.target.service_principal}"')
    return next(iter(found), None)


def _entitlements(site: Site, principal: ServicePrincipal, groups: Sequence[str] | Any) -> set[str]:
    """Return what the principal may do by itself and by the groups that it is in."""
    held = {str(one.value) for one in principal.entitlements or []}
    for group in groups:
        held |= {str(one.value) for one in site.client.groups.get(group).entitlements or []}
    return held


def _entitle(site: Site, number: str) -> str:
    added = {"op": "add", "path": "entitlements", "value": [{"value": CREATES_CLUSTERS}]}
    body = json.dumps({"Operations": [added]})
    return (
        f"databricks service-principals patch {number} --json '{body}', or a policy_id under new_cluster in each profile of"
        " include/compute"
    )


def try_principal(site: Site, checkout: Path, *, polling: float | None = None) -> Iterator[Finding]:
    """Run the job that does nothing as the service principal, by the same factory as the DAGs: once so, once writing a row.

    Args:
        site: The workspace and the target.
        checkout: The checkout that was deployed.
        polling: Seconds between two looks at a run; the profile's, when None.
    """
    who = f"service principal {site.target.service_principal}"
    starts, writes = f"a job of {who} starts", f"a job of {who} writes a row into {JOB_RUNS.full_name}"
    if not is_deployed(site, checkout):
        later = f"this checkout is not deployed: make deploy TARGET={site.target.name}, then make deploy-check again"
        yield from (Finding(what, untried=later) for what in (starts, writes))
        return
    started = run_as_principal(site, checkout, NOOP, starts, ["--dry-run"], caller="deploy-check", polling=polling)
    yield started
    if started.wrong:
        yield Finding(writes, untried="no job starts")
    else:
        yield run_as_principal(site, checkout, NOOP, writes, ["--write"], caller="deploy-check", polling=polling)


def is_deployed(site: Site, checkout: Path) -> bool:
    """Return whether this very checkout is in the workspace: its wheel, whose name holds the edition, is there."""
    return site.status(api_path(wheel_path(site.target.root, wheel_of(checkout)))) is not None


def run_as_principal(
    site: Site,
    checkout: Path,
    job: Job[..., Any],
    what: str,
    options: Sequence[str],
    *,
    caller: str,
    polling: float | None = None,
) -> Finding:
    """Run a job for the target's retailer as the service principal, by the same factory as the DAGs.

    Args:
        site: The workspace and the target.
        checkout: The checkout that was deployed.
        job: The job.
        what: What the finding calls it.
        options: What the job is told beside what every job is told.
        caller: Stands in tags and in ops.job_runs for the DAG.
        polling: Seconds between two looks at the run; the profile's, when None.

    Returns:
        Whether it ended well, else why it did not, and the command that mends it.
    """
    target = site.target
    wheel = wheel_path(target.root, wheel_of(checkout))
    compute = load_compute(checkout / "include", job.name, cloud=target.cloud, wheel=wheel)
    tags = {"dag": caller, "task": job.name, "catalog": target.catalog, "as_of": "none"}
    words = [
        f"--catalog={target.catalog}",
        f"--run-id={caller}/{uuid.uuid4()}/{job.name}/-1/1",
        f"--unity-names={target.own_names.as_argument()}",
        f"--edition={edition_of(checkout)}",
        *options,
    ]
    submission = {
        "run_name": f"basketry {caller} {target.name}",
        "tasks": [compute.python_task(f"{scripts_folder(target.root)}/{job.name}.py", words, tags)],
        "timeout_seconds": compute.timeout_seconds,
        **compute.run,
        **({} if site.me == target.service_principal else _run_as(target.service_principal)),
    }
    return _ran(site, what, submission, compute.polling_seconds if polling is None else polling)


def _run_as(service_principal: str) -> dict[str, Any]:
    return {"run_as": {"service_principal_name": service_principal}}


def _ran(site: Site, what: str, submission: dict[str, Any], polling: float) -> Finding:
    from databricks.sdk.errors import DatabricksError, PermissionDenied

    role = "the role Service Principal User on it, which its manager gives you in the account console"
    try:
        answer: Any = site.client.api_client.do("POST", "/api/2.2/jobs/runs/submit", body=submission)
        run = _ended(site, int(answer["run_id"]), polling)
    except PermissionDenied as error:
        return Finding(what, first_line(error), f"ask for {role}")
    except (DatabricksError, TimeoutError) as error:
        return Finding(what, first_line(error), _fix(site, str(error), "make deploy-check again"))
    if run.state and run.state.result_state and run.state.result_state.value == "SUCCESS":
        return Finding(what)
    why = _reason(site, run)
    return Finding(what, why, _fix(site, why, f"databricks jobs get-run {run.run_id} shows the run"))


def _ended(site: Site, run_id: int, polling: float) -> Run:
    """Return a run once it has ended; TimeoutError when that takes too long, and then the run is cancelled."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        run = site.client.jobs.get_run(run_id)
        state = run.state.life_cycle_state if run.state else None
        if state and state.value in ("TERMINATED", "SKIPPED", "INTERNAL_ERROR"):
            return run
        if time.monotonic() > deadline:
            site.client.jobs.cancel_run(run_id)
            raise TimeoutError(f"the run {run_id} did not end within {PATIENCE_SECONDS / 60:g} minutes")
        time.sleep(polling)


def _reason(site: Site, run: Run) -> str:
    """Return why a run failed: what its task says, else what the service does."""
    said = site.client.jobs.get_run_output(int(run.tasks[0].run_id or 0)).error if run.tasks else None
    told = said or (run.state.state_message if run.state else None) or "it failed without a word"
    return told.splitlines()[0].rstrip(".")


def _fix(site: Site, why: str, otherwise: str) -> str:
    principal = _find(site)
    words = {"target": site.target.name, "entitle": _entitle(site, str(principal.id if principal else "<id>"))}
    for pattern, fix in CAUSES:
        if re.search(pattern, why, re.IGNORECASE | re.DOTALL):
            return fix.format(**words)
    return otherwise
