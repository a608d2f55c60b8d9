"""databricks.yml and resources/: what the Databricks CLI deploys, made from the same declarations as everything else.

A bundle removes from the workspace what is no longer declared in it. So nothing that holds data is in it: schemas, volumes,
models, experiments and secret scopes are made by tools.deploy, and grants on Unity Catalog are written there alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from basketry.access import load_grants
from basketry.config.edition import edition
from basketry.config.run_settings import SECRET_SCOPE, settings_argument
from basketry.config.unity_names import UnityNames
from basketry.databricks.bundle_paths import offers_job_name, root_path
from basketry.jobs.offers import OFFERS
from basketry.metrics import load_metrics
from basketry.metrics.dashboards import dashboards
from basketry.metrics.genie import genie_space, placed_space
from basketry.metrics.samples import open_cubes
from basketry_airflow.compute import Compute, load_compute
from tools.deploy.target import Target, load_target, target_names

Document = dict[str, Any]
NAME = "basketry"
CLI_VERSION = (1, 13, 0)
"""The oldest CLI: its schema is the one that the bundle is held against, and its engine deploys Genie spaces."""

WHEELS = "dist/bundle"
"""Where `python -m tools.wheel` puts the one wheel."""

STREAM = "offers_stream"
"""The key of the job of offers; the CLI wants keys that no other resource has, of whatever kind, and `offers` is a dashboard."""

CATALOG, RETAILER, WAREHOUSE = "${var.catalog}", "${var.retailer}", "${var.warehouse_id}"
LAYERS = ("gold", "ops")
"""Those whose metric views the Genie space names."""

RUN = "offers/databricks-{{job.run_id}}/offers/-1/{{task.execution_count}}"
"""The run's id in the form of a DAG's, which the platform fills in."""

HEADER = """\
# Made by `python -m tools.generate_dashboards` from include/; a change by hand is lost, and a test finds it.
# `make deploy TARGET=dev` is `databricks bundle deploy` and what no bundle does: docs/databricks.md.
"""


def deployed_values(checkout: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the variables that no file knows: what a DAG's task would tell the job of offers.

    Args:
        checkout: The checkout that is deployed.
        environment: The variables of who deploys.

    Raises:
        BadInputError: A secret is no reference.
    """
    return {"edition": edition(checkout), "settings": settings_argument(environment, (SECRET_SCOPE, *OFFERS.reads))}


class _NamesOfTheTarget(UnityNames):
    """Variables where a name depends on the target: the space is written once for all of them."""

    def parts(self, layer: str, name: str) -> tuple[str, str, str]:
        """Return what a target's variables make the three parts of."""
        return CATALOG, f"${{var.{layer}}}", f"${{var.{layer}_prefix}}{name}"


def bundle_files(checkout: Path) -> dict[str, str]:
    """Return every file of the bundle by its path in the checkout.

    Args:
        checkout: The folder with include/.

    Raises:
        BadInputError: A file of include/ is wrong; names file and line.
        Problem: A target's file is.
    """
    include = checkout / "include"
    metrics = load_metrics(include)
    boards = {cube.name: _dashboard(cube.name) for cube in open_cubes(metrics)}
    space = {"genie_spaces": {NAME: _genie(placed_space(genie_space(metrics), _NamesOfTheTarget(catalog=NAME)))}}
    targets = [load_target(name, include) for name in target_names(include)]
    placed = {
        _placed_dashboard(target, name): target.own_names.placed(json.dumps(board, indent=2, ensure_ascii=False) + "\n")
        for target in targets
        if _has_own_dashboards(target)
        for name, board in dashboards(metrics).items()
    }
    return {
        "databricks.yml": _yaml(_root(targets, list(boards), include)),
        **placed,
        "resources/dashboards.yml": _yaml({"resources": {"dashboards": boards}}),
        "resources/jobs.yml": _yaml({"resources": {"jobs": {STREAM: _offers(_compute(include, "aws"))}}}),
        # JSON is YAML, too, and one that keeps the lines of a query as they are.
        "resources/genie_spaces.json": json.dumps({"resources": space}, indent=2, ensure_ascii=False) + "\n",
    }


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)
    return HEADER + text


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice: the CLI reads no anchors across files, and people none at all."""

    def ignore_aliases(self, data: Any) -> bool:
        """Every value is written where it stands."""
        return True


def _root(targets: Sequence[Target], boards: Sequence[str], include: Path) -> Document:
    minimum = ".".join(map(str, CLI_VERSION))
    return {
        "bundle": {"name": NAME, "engine": "direct", "databricks_cli_version": f">= {minimum}"},
        "include": ["resources/*.yml", "resources/*.json"],
        # The scripts alone: the library comes by the wheel, and a second copy beside the scripts could differ from it.
        "sync": {"paths": ["spark_jobs"], "exclude": ["spark_jobs/basketry/**"]},
        "artifacts": {
            "library": {
                "type": "whl",
                "build": "${var.python} -m tools.wheel",
                "files": [{"source": f"./{WHEELS}/*.whl"}],
            }
        },
        "variables": {
            "python": {"description": "The Python that builds the wheel.", "default": ".venv/bin/python"},
            "retailer": {"description": "The retailer, as jobs call it: --catalog."},
            "unity_names": {
                "description": "Where the retailer lies in Unity Catalog, as jobs are told: --unity-names."
            },
            "catalog": {"description": "The Unity Catalog catalog of the retailer's tables."},
            **{layer: {"description": f"The schema of the layer {layer}."} for layer in LAYERS},
            **{f"{layer}_prefix": _prefix(layer) for layer in LAYERS},
            "edition": {"description": "The edition of the checkout, as jobs are told: --edition.", "default": ""},
            "settings": {
                "description": "The run settings of who deploys, as jobs are told: --settings.",
                "default": "",
            },
            "warehouse_id": {"description": "The SQL warehouse of dashboards and Genie space, found by its name."},
            "dashboard_readers": {"description": "Who may see the dashboards.", "type": "complex"},
            "genie_users": {"description": "Who may ask the Genie space.", "type": "complex"},
        },
        "targets": {target.name: _target(target, boards, include) for target in targets},
    }


def _prefix(layer: str) -> Document:
    return {"description": f"Begins the names of the tables of {layer}, where one schema holds all.", "default": ""}


def _has_own_dashboards(target: Target) -> bool:
    """Whether the queries of include/dashboards miss the target's schemas; a catalog can be given beside them."""
    return bool(target.own_names.schema_prefix or target.own_names.one_schema)


def _placed_dashboard(target: Target, name: str) -> str:
    return f"resources/{target.name}/{name}.lvdash.json"


def _target(target: Target, boards: Sequence[str], include: Path) -> Document:
    grants = load_grants(target.catalog, include)
    teams = [team.principal for team in grants.teams.values() if team.reads]
    named = {key: value for key, value in (("host", target.host), ("profile", target.profile)) if value}
    compute = _compute(include, target.cloud)
    cluster = compute.task_fields({"dag": OFFERS.name, "catalog": RETAILER}).get("new_cluster")
    clusters = [{"job_cluster_key": OFFERS.name, "new_cluster": cluster}]
    resources: Document = {"jobs": {STREAM: {"job_clusters": clusters}}} if cluster else {}
    if _has_own_dashboards(target):
        resources["dashboards"] = {name: {"file_path": _placed_dashboard(target, name)} for name in boards}
    return {
        **({"mode": "production"} if target.name == "prod" else {}),
        "workspace": {**named, "root_path": root_path(target.folder, target.name)},
        "presets": {"name_prefix": ""},  # a prefix would also rename what tables, models and people call them
        "run_as": {"service_principal_name": target.service_principal},
        # Scripts and wheel are read by the jobs. Who deploys may write by the folder around the root, and nobody else.
        "permissions": [
            *([{"group_name": target.deployers, "level": "CAN_MANAGE"}] if target.deployers else []),
            {"group_name": grants.pipeline, "level": "CAN_VIEW"},
        ],
        "variables": {
            "retailer": target.catalog,
            **_name_variables(target.own_names),
            "warehouse_id": {"lookup": {"warehouse": target.warehouse}},
            "dashboard_readers": {"default": _permissions(teams, "CAN_READ")},
            "genie_users": {"default": _permissions(teams, "CAN_RUN")},
        },
        **({"resources": resources} if resources else {}),
    }


def _name_variables(names: UnityNames) -> dict[str, str]:
    """Return what `_NamesOfTheTarget` leaves open."""
    prefixes = {f"{layer}_prefix": f"{layer}_" for layer in LAYERS} if names.one_schema else {}
    schemas = {layer: names.schema_name(layer) for layer in LAYERS}
    return {"unity_names": names.as_argument(), "catalog": names.catalog, **schemas, **prefixes}


def _permissions(groups: list[str], level: str) -> list[Document]:
    return [{"group_name": group, "level": level} for group in groups]


def _dashboard(name: str) -> Document:
    return {
        "display_name": name,
        "file_path": f"../include/dashboards/{name}.lvdash.json",
        "warehouse_id": WAREHOUSE,
        "dataset_catalog": CATALOG,
        "dataset_schema": "${var.gold}",
        "embed_credentials": False,  # else every reader would read with the publisher's rights
        "permissions": "${var.dashboard_readers}",
    }


def _genie(space: Document) -> Document:
    return {
        "title": f"Basketry {RETAILER}",
        "description": "Questions about the metrics of include/metrics.yaml; tables with personal data are left out.",
        "warehouse_id": WAREHOUSE,
        "permissions": "${var.genie_users}",
        "serialized_space": space,
    }


def _compute(include: Path, cloud: str) -> Compute:
    return load_compute(include, OFFERS.name, cloud=cloud, wheel=f"../{WHEELS}/*.whl")


def _offers(compute: Compute) -> Document:
    """Return the job that decides offers as they come: on a cluster it never ends, on serverless it starts again at once."""
    serverless = "environments" in compute.run
    told = [f"--{name.replace('_', '-')}=${{var.{name}}}" for name in ("unity_names", "edition", "settings")]
    words = [f"--catalog={RETAILER}", *told, f"--run-id={RUN}"]
    if not serverless:
        words.append("--continuous")
    task = compute.python_task(f"../spark_jobs/{OFFERS.name}.py", words, {})
    if task.pop("new_cluster", None):
        task["job_cluster_key"] = OFFERS.name
    return {
        "name": offers_job_name(RETAILER),
        "description": OFFERS.description,
        "continuous": {"pause_status": "UNPAUSED"},
        "tags": {**compute.tags, "dag": OFFERS.name, "catalog": RETAILER},
        **compute.run,
        "tasks": [task],
    }
