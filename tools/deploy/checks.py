"""Whether a workspace is ready, as far as reading tells; `trials` tries, `principal` looks at who runs the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from basketry.access import Grants
from basketry.config.unity_names import quote
from basketry.errors import BadInputError
from tools.deploy.containers import schemas_of_others
from tools.deploy.finding import Finding, first_line
from tools.deploy.permissions import WRITING
from tools.deploy.principal import check_principal
from tools.deploy.workspace import EXPERIMENTS, Site

ADMINS = "admins"
"""The group of the workspace's administrators, who may write everywhere."""

OF_THE_WORKSPACE = "WorkspaceGroup"
"""What SCIM calls a group that the account does not know; one of the account is a `Group`."""


def check_workspace(site: Site, grants: Grants, include: Path) -> Iterator[Finding]:
    """Check everything that reading tells; changes nothing."""
    target, me, unity_catalog = site.target, site.me, site.target.own_names.catalog
    yield Finding(f"login as {me}")
    yield _cloud(site)
    yield _exists(
        f"catalog {unity_catalog}",
        lambda: list(site.client.schemas.list(unity_catalog)),
        f"databricks catalogs create {unity_catalog}, or GRANT USE CATALOG ON CATALOG {quote(unity_catalog)} TO `{me}`",
    )
    for schema, owner in schemas_of_others(site):
        fix = f"give {target.catalog} below unity in include/targets/{target.name}.yaml a schema_prefix or another catalog"
        yield Finding(f"schema {schema}", f"it belongs to the target '{owner}'", fix)
    wrong = "" if site.warehouse_id else "there is no SQL warehouse of that name that you may use"
    fix = (
        f"databricks warehouses create --name {target.warehouse} --cluster-size 2X-Small --warehouse-type PRO"
        " --enable-serverless-compute"
    )
    yield Finding(f"warehouse {target.warehouse}", wrong, fix)
    yield from _groups(site, grants)
    clusters = list(_clusters(site, include))
    yield from (finding for finding, _ in clusters)
    yield from check_principal(site, grants, [cluster for _, cluster in clusters if cluster])
    for path in dict.fromkeys((site.folder, EXPERIMENTS)):
        yield _writers(site, path, me)


def _writers(site: Site, path: str, me: str) -> Finding:
    """Find who but the deployer may write in a folder, or would inherit it once the folder is made: jobs run what lies there."""
    from databricks.sdk.errors import PermissionDenied

    what, existing = f"who but the deployer may write in {path}", path
    info = site.status(existing)
    while info is None:
        existing = existing.rpartition("/")[0] or "/"
        info = site.status(existing)
    fix = (
        f"databricks permissions set directories {info.object_id}, or a folder in include/targets/{site.target.name}.yaml"
        " that is theirs alone"
    )
    try:
        entries = site.client.permissions.get("directories", str(info.object_id)).access_control_list or []
    except PermissionDenied:
        return Finding(what, f"you may not see who may write in {existing}", f"ask for CAN_MANAGE on {path}")
    others = [
        f"{principal} by {level}"
        for entry in entries
        for permission in entry.all_permissions or []
        if (level := permission.permission_level.value if permission.permission_level else "") in WRITING
        and (principal := entry.group_name or entry.user_name or str(entry.service_principal_name))
        not in (me, ADMINS, site.target.deployers)
    ]
    return Finding(what, ", ".join(others), fix if others else "")


def _exists(what: str, ask: Callable[[], object], fix: str) -> Finding:
    from databricks.sdk.errors import NotFound, PermissionDenied

    try:
        ask()
    except (NotFound, PermissionDenied) as error:
        return Finding(what, first_line(error), fix)
    return Finding(what)


def _cloud(site: Site) -> Finding:
    config = site.client.config
    cloud, target = config.environment.cloud.value.lower(), site.target
    what = f"workspace {config.host}"
    file = f"include/targets/{target.name}.yaml"
    if cloud != target.cloud:
        return Finding(
            what, f"it is on {cloud} and the target says {target.cloud}", f"set cloud in {file}, or log in elsewhere"
        )
    if target.host and str(config.host).rstrip("/") != target.host:
        return Finding(what, f"the target is {target.host}", f"databricks auth login --host {target.host}")
    return Finding(what)


def _groups(site: Site, grants: Grants) -> Iterator[Finding]:
    """Look for the groups: those of the account, since Unity Catalog grants nothing to a group of one workspace."""
    kinds = {
        group.display_name: group.meta.resource_type if group.meta else None
        for group in site.client.groups.list(attributes="displayName,meta")
    }
    for name in (grants.pipeline, *(team.principal for team in grants.teams.values() if team.reads)):
        fix = f"databricks account groups create --display-name {name}, then assign it to the workspace"
        if name not in kinds:
            yield Finding(f"group {name}", "the workspace has no group of that name", fix)
        elif kinds[name] == OF_THE_WORKSPACE:
            wrong = "it is a group of this workspace alone, to which Unity Catalog grants nothing"
            yield Finding(f"group {name}", wrong, f"delete it there; {fix}")
        else:
            yield Finding(f"group {name}")


def _clusters(site: Site, include: Path) -> Iterator[tuple[Finding, dict[str, Any]]]:
    """Check every profile; with each comes the cluster that it asks for, empty where it asks for none or is wrong."""
    from basketry_airflow.compute import profile_names
    from basketry_airflow.payload import check_profile

    offers: dict[str, set[str | None]] = {}
    for name in profile_names(include):
        file = f"include/compute/{name}.yaml"
        try:
            cluster = check_profile(include, name, site.target.cloud)
        except BadInputError as error:
            yield Finding(f"compute profile {name}", error.message.rstrip("."), f"mend {file}"), {}
            continue
        if cluster and not offers:  # a workspace that has serverless compute alone may not even be asked
            nodes, versions = site.client.clusters.list_node_types(), site.client.clusters.spark_versions()
            offers["node_type_id"] = {one.node_type_id for one in nodes.node_types or []}
            offers["spark_version"] = {one.key for one in versions.versions or []}
        finding = _offered(f"compute profile {name}", cluster, offers, file)
        yield finding, {} if finding.wrong else cluster


def _offered(what: str, cluster: dict[str, Any], offers: dict[str, set[str | None]], file: str) -> Finding:
    for key, offered in offers.items():
        wanted = cluster.get(key)
        if wanted is not None and wanted not in offered:
            ask = "list-node-types" if key == "node_type_id" else "spark-versions"
            wrong = f"the workspace offers no {key} {wanted}"
            return Finding(what, wrong, f"choose one of databricks clusters {ask} in {file}")
    return Finding(what)


def check_secrets(site: Site) -> Iterator[Finding]:
    """Check whether a person has put in the secrets that jobs read."""
    from databricks.sdk.errors import NotFound

    scope = site.target.secret_scope
    try:
        names = {secret.key for secret in site.client.secrets.list_secrets(scope)} if site.target.secrets else set()
    except NotFound:
        names = set()
    for name in site.target.secrets:
        wrong = "" if name in names else "it has no value yet"
        yield Finding(f"secret {scope}/{name}", wrong, f"databricks secrets put-secret {scope} {name}")
