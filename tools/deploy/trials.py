"""Each permission that a deployment needs, tried on something that is made for it alone and removed again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

from basketry.access import Grants
from basketry.access.unity import GrantChange, apply_change, privileges_on
from basketry.config.unity_names import quote
from tools.deploy.finding import Finding, first_line
from tools.deploy.statements import run_statement
from tools.deploy.workspace import Site


def try_permissions(site: Site, grants: Grants) -> Iterator[Finding]:
    """Try every permission that a deployment needs, on things that are removed again."""
    name = f"basketry_check_{secrets.token_hex(4)}"
    yield from _try_unity(site, grants, name)
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
            wrong = wrong or first_line(error)
    return Finding(what, wrong, fix)


def _try_unity(site: Site, grants: Grants, name: str) -> Iterator[Finding]:
    from databricks.sdk.errors import DatabricksError
    from databricks.sdk.service.catalog import VolumeType

    client, catalog = site.client, site.target.own_names.catalog
    schema = f"{catalog}.{name}"
    may = f"GRANT USE CATALOG, CREATE SCHEMA ON CATALOG {quote(catalog)} TO `{site.me}`"
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
        change = GrantChange(
            securable=("SCHEMA", schema), principal=grants.pipeline, privilege="USE_SCHEMA", grant=True
        )
        yield _try("grant on a schema", may, lambda: apply_change(client, change))
        on_catalog = GrantChange(
            securable=("CATALOG", catalog), principal=grants.pipeline, privilege="USE_CATALOG", grant=True
        )
        manage = f"GRANT MANAGE ON CATALOG {quote(catalog)} TO `{site.me}`"
        yield _may_grant(site, on_catalog, manage)
    finally:
        try:
            client.schemas.delete(schema)
        except DatabricksError as error:
            yield Finding(f"remove schema {schema}", first_line(error), f"databricks schemas delete {schema}")


def _may_grant(site: Site, change: GrantChange, fix: str) -> Finding:
    """Grant it, and revoke it again unless it was there before."""
    there = privileges_on(site.client, change.securable).get(change.principal, frozenset())
    if change.privilege in there:
        return _try("grant on the catalog", fix, lambda: apply_change(site.client, change))
    undo = GrantChange(securable=change.securable, principal=change.principal, privilege=change.privilege, grant=False)
    return _try(
        "grant on the catalog", fix, lambda: apply_change(site.client, change), lambda: apply_change(site.client, undo)
    )


def _parent(site: Site) -> str:
    """Return the target's folder, or where it will be made; empty for the root."""
    return site.folder if site.status(site.folder) else site.folder.rpartition("/")[0]


def _try_file(site: Site, name: str) -> Finding:
    from databricks.sdk.service.workspace import ImportFormat

    path, workspace = f"{_parent(site)}/{name}.txt", site.client.workspace
    return _try(
        f"write a file in {_parent(site) or '/'}",
        f"ask for CAN_EDIT on {_parent(site) or '/'}: databricks workspace update-permissions directories",
        lambda: workspace.upload(path, b"probe", format=ImportFormat.RAW),
        lambda: workspace.delete(path),
    )


def _try_experiment(site: Site, name: str) -> Finding:
    made: list[str] = []
    path = f"{_parent(site)}/{name}"
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
