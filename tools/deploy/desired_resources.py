"""Everything that this checkout puts into a workspace, in the order in which it must be made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from string import Template
from tempfile import TemporaryDirectory

from basketry.registry import registered_name
from basketry.tables import SCHEMAS
from tools.deploy.containers import Experiment, Folder, Model, Schema, SecretScope, Volume
from tools.deploy.deployed_resource import Resource
from tools.deploy.documents import Dashboard, File, GenieSpace
from tools.deploy.target import Target
from tools.deploy.workspace import EXPERIMENTS, api_path
from tools.wheel import build_wheel

VOLUMES = ("landing", "exports")
"""Each a schema with one volume `files`, see basketry.config.settings."""


def desired_resources(target: Target, checkout: Path) -> tuple[Resource, ...]:
    """Return all resources that the target should hold."""
    folder = api_path(target.folder)
    library = tuple(_library(folder, checkout))
    return (
        *_folders(folder, library),
        *library,
        *(Schema(f"{target.catalog}.{name}") for name in (*SCHEMAS, *VOLUMES)),
        *(Volume(f"{target.catalog}.{name}.files") for name in VOLUMES),
        *(Model(registered_name(target.catalog, model)) for model in models(checkout)),
        *(Experiment(f"{EXPERIMENTS}/{target.catalog}_{model}") for model in models(checkout)),
        SecretScope(target.secret_scope),
        *_dashboards(checkout),
        *_genie_spaces(target, checkout),
    )


def _folders(folder: str, library: Sequence[Resource]) -> Iterator[Resource]:
    """Yield every folder that something is put into, each after its parent."""
    folders = {folder, EXPERIMENTS}
    for file in library:
        parents = (str(parent) for parent in PurePosixPath(file.name).parents)
        folders |= {parent for parent in parents if parent.startswith(f"{folder}/")}
    yield from (Folder(path) for path in sorted(folders))


def models(checkout: Path) -> list[str]:
    """List the models: those that have a gate."""
    return sorted(path.stem for path in (checkout / "include" / "gates").glob("*.yaml"))


def _library(folder: str, checkout: Path) -> Iterator[Resource]:
    """Yield the job scripts, and the wheel that holds the library and what it reads of include/."""
    for path in sorted((checkout / "spark_jobs").glob("*.py")):
        yield File(f"{folder}/spark_jobs/{path.name}", path.read_bytes())
    with TemporaryDirectory(prefix="basketry-wheel-") as built:
        wheel = build_wheel(checkout, Path(built))
        yield File(f"{folder}/lib/{wheel.name}", wheel.read_bytes())


def _dashboards(checkout: Path) -> Iterator[Resource]:
    for path in sorted((checkout / "include" / "dashboards").glob("*.lvdash.json")):
        yield Dashboard(path.name.removesuffix(".lvdash.json"), path.read_bytes())


def _genie_spaces(target: Target, checkout: Path) -> Iterator[Resource]:
    """Yield the Genie spaces; tables are named in full there, so `${catalog}` in a file stands for the target's."""
    for path in sorted((checkout / "include" / "genie").glob("*.json")):
        text = Template(path.read_text(encoding="utf-8")).safe_substitute(catalog=target.catalog)
        yield GenieSpace(f"Basketry {path.stem}", text.encode())
