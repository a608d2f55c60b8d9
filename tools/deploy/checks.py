"""Whether a workspace is ready: first what reading tells, then each permission tried on something made for it alone."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from basketry.access import Grants
from basketry.access.unity import GrantChange, apply_change, privileges_on
from basketry.errors import BadInputError
from tools.deploy.workspace import Site


@dataclass(frozen=True)
class Finding:
    """One line of a check.

    Attributes:
        what: What was looked at.
        wrong: What is wrong; empty when nothing is.
        fix: The command that mends it.
    """

    what: str
    wrong: str = ""
    fix: str = ""

    def __str__(self) -> str:
        """Return the line for people."""
        return f"{self.what}: {self.wrong}; {self.fix}" if self.wrong else f"{self.what}: ok"


def check_workspace(site: Site, grants: Grants, include: Path) -> Iterator[Finding]:
    """Check everything that reading tells; changes nothing."""
    target = site.target
    me = str(site.client.current_user.me().user_name)
    yield Finding(f"login as {me}")
    yield _cloud(site)
    yield _exists(
        f"catalog {target.catalog}",
        lambda: list(site.client.schemas.list(target.catalog)),
        f"databricks catalogs create {target.catalog}, or GRANT USE CATALOG ON CATALOG {target.catalog} TO `{me}`",
    )
    wrong = "" if site.warehouse_id else "there is no SQL warehouse of that name that you may use"
    fix = f"databricks warehouses create --name {target.warehouse} --cluster-size 2X-Small --enable-serverless-compute"
    yield Finding(f"warehouse {target.warehouse}", wrong, fix)
    yield from _groups(site, grants)
    yield from _compute(site, include)


def _exists(what: str, ask: Callable[[], object], fix: str) -> Finding:
    from databricks.sdk.errors import NotFound, PermissionDenied

    try:
        ask()
    except (NotFound, PermissionDenied) as error:
        return Finding(what, _first_line(error), fix)
    return Finding(what)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".")


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
    names = {group.display_name for group in site.client.groups.list(attributes="displayName")}
    for name in (grants.pipeline, *(team.principal for team in grants.teams.values())):
        wrong = "" if name in names else "the workspace has no group of that name"
        yield Finding(f"group {name}", wrong, f"databricks groups create --display-name {name}")


def _compute(site: Site, include: Path) -> Iterator[Finding]:
    from basketry_airflow.compute import profile_names
    from basketry_airflow.payload import check_profile

    nodes = {one.node_type_id for one in site.client.clusters.list_node_types().node_types or []}
    runtimes = {one.key for one in site.client.clusters.spark_versions().versions or []}
    for name in profile_names(include):
        file = f"include/compute/{name}.yaml"
        try:
            cluster = check_profile(include, name, site.target.cloud)
        except BadInputError as error:
            yield Finding(f"compute profile {name}", error.message.rstrip("."), f"mend {file}")
            continue
        yield _offered(f"compute profile {name}", cluster, {"node_type_id": nodes, "spark_version": runtimes}, file)


def _offered(what: str, cluster: dict[str, object], offers: dict[str, set[str | None]], file: str) -> Finding:
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


def try_permissions(site: Site, grants: Grants) -> Iterator[Finding]:
    """Try every permission that a deployment needs, on things that are removed again."""
    me = str(site.client.current_user.me().user_name)
    name = f"basketry_check_{secrets.token_hex(4)}"
    yield from _try_unity(site, grants, name, me)
    for trial in (_try_file, _try_experiment, _try_scope, _try_warehouse, _try_runs):
        yield trial(site, name)


def _try(what: str, fix: str, *actions: Callable[[], object]) -> Finding:
    """Do all the actions; the first one that fails is the finding, and the later ones are still done, since they clean up."""
    from databricks.sdk.errors import DatabricksError

    wrong = ""
    for action in actions:
        try:
            action()
        except DatabricksError as error:
            wrong = wrong or _first_line(error)
    return Finding(what, wrong, fix)


def _try_unity(site: Site, grants: Grants, name: str, me: str) -> Iterator[Finding]:
    from databricks.sdk.errors import DatabricksError
    from databricks.sdk.service.catalog import VolumeType

    client, catalog = site.client, site.target.catalog
    schema = f"{catalog}.{name}"
    may = f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG {catalog} TO `{me}`"
    made = _try(f"create a schema in {catalog}", may, lambda: client.schemas.create(name, catalog))
    yield made
    if made.wrong:
        return
    try:
        yield _try(
            "create a volume",
            may,
            lambda: client.volumes.create(catalog, name, "probe", VolumeType.MANAGED),
            lambda: client.volumes.delete(f"{schema}.probe"),
        )
        yield _try(
            "create a registered model",
            may,
            lambda: client.registered_models.create(catalog_name=catalog, schema_name=name, name="probe"),
            lambda: client.registered_models.delete(f"{schema}.probe"),
        )
        change = GrantChange(
            securable=("SCHEMA", schema), principal=grants.pipeline, privilege="USE_SCHEMA", grant=True
        )
        yield _try("grant on a schema", may, lambda: apply_change(client, change))
        on_catalog = GrantChange(
            securable=("CATALOG", catalog), principal=grants.pipeline, privilege="USE_CATALOG", grant=True
        )
        manage = f"GRANT MANAGE ON CATALOG {catalog} TO `{me}`"
        yield _may_grant(site, on_catalog, manage)
    finally:
        try:
            client.schemas.delete(schema)
        except DatabricksError as error:
            yield Finding(f"remove schema {schema}", _first_line(error), f"databricks schemas delete {schema}")


def _may_grant(site: Site, change: GrantChange, fix: str) -> Finding:
    """Grant it, and revoke it again unless it was there before."""
    there = privileges_on(site.client, change.securable).get(change.principal, frozenset())
    if change.privilege in there:
        return _try("grant on the catalog", fix, lambda: apply_change(site.client, change))
    undo = GrantChange(securable=change.securable, principal=change.principal, privilege=change.privilege, grant=False)
    return _try(
        "grant on the catalog", fix, lambda: apply_change(site.client, change), lambda: apply_change(site.client, undo)
    )


def _try_file(site: Site, name: str) -> Finding:
    from databricks.sdk.service.workspace import ImportFormat

    parent = site.folder if site.folder in site.objects else site.folder.rpartition("/")[0]
    path, workspace = f"{parent}/{name}.txt", site.client.workspace
    return _try(
        f"write a file in {parent}",
        f"ask for CAN_EDIT on {parent}: databricks workspace update-permissions directories",
        lambda: workspace.upload(path, b"probe", format=ImportFormat.RAW),
        lambda: workspace.delete(path),
    )


def _try_experiment(site: Site, name: str) -> Finding:
    made: list[str] = []
    path = f"{(site.folder if site.folder in site.objects else site.folder.rpartition('/')[0])}/{name}"
    return _try(
        "create an MLflow experiment",
        "ask for the entitlement to use MLflow and CAN_EDIT on the folder",
        lambda: made.append(str(site.client.experiments.create_experiment(path).experiment_id)),
        lambda: [site.client.experiments.delete_experiment(experiment_id) for experiment_id in made],
    )


def _try_scope(site: Site, name: str) -> Finding:
    return _try(
        "create a secret scope",
        "ask a workspace admin: databricks secrets create-scope " + site.target.secret_scope,
        lambda: site.client.secrets.create_scope(name),
        lambda: site.client.secrets.delete_scope(name),
    )


def _try_warehouse(site: Site, name: str) -> Finding:
    fix = f"ask for CAN_USE on the warehouse {site.target.warehouse}"
    return _try("run a statement on the warehouse", fix, lambda: run_statement(site, "SELECT 1"))


def _try_runs(site: Site, name: str) -> Finding:
    fix = "ask for the entitlement to create clusters or to use serverless compute"
    return _try("see runs of jobs", fix, lambda: next(iter(site.client.jobs.list_runs(limit=1)), None))


def run_statement(site: Site, sql: str) -> None:
    """Run one statement on the target's warehouse to its end; DatabricksError when it fails."""
    from databricks.sdk.errors import DatabricksError

    answer = site.client.statement_execution.execute_statement(sql, str(site.warehouse_id), wait_timeout="50s")
    state = answer.status.state.value if answer.status and answer.status.state else "UNKNOWN"
    if state != "SUCCEEDED":
        message = answer.status.error.message if answer.status and answer.status.error else state
        raise DatabricksError(f"the warehouse answered: {message}")
