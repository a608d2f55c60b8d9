"""include/targets/<target>.yaml: which workspace, and under which names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basketry.config.catalogs import catalog_names
from basketry.config.documents import Node, did_you_mean, read_document
from basketry.errors import BadInputError
from tools.problem import Problem

CLOUDS = ("aws", "azure", "gcp")
_NEEDED = ("description", "cloud", "catalog", "folder", "warehouse", "secret_scope")
_KNOWN = (*_NEEDED, "host", "profile", "secrets")
_FOLDER = re.compile(r"/Workspace/[\w.@ /-]*\w\Z")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A workspace to deploy to, and the names used there.

    Attributes:
        name: The name of its file.
        cloud: One of CLOUDS.
        host: The address of the workspace; empty where the environment decides.
        profile: A profile of the Databricks CLI; empty where the environment decides.
        catalog: The catalog in Unity Catalog.
        folder: The workspace folder that holds scripts and library.
        warehouse: The name of the SQL warehouse.
        secret_scope: The scope of the jobs' secrets.
        secrets: Names of the secrets, never values.
    """

    name: str
    cloud: str
    host: str
    profile: str
    catalog: str
    folder: str
    warehouse: str
    secret_scope: str
    secrets: tuple[str, ...]


def target_names(include: Path) -> list[str]:
    """List every target there is."""
    return sorted(path.stem for path in (include / "targets").glob("*.yaml"))


def load_target(name: str, include: Path) -> Target:
    """Read a target.

    Raises:
        Problem: Names the file, the line and what to write there.
    """
    names = target_names(include)
    if name not in names:
        hint = did_you_mean(name, names) if name else f"use one of: {', '.join(names)}."
        raise Problem(f"there is no target '{name}' in include/targets: say make deploy TARGET=…; {hint}")
    try:
        return _target(name, include)
    except BadInputError as error:
        raise Problem(error.message) from None


def _target(name: str, include: Path) -> Target:
    root = read_document(include / "targets" / f"{name}.yaml", f"targets/{name}.yaml")
    entries = root.mapping("the target", _KNOWN, _NEEDED)
    secrets = entries["secrets"].items("secrets") if "secrets" in entries else []
    return Target(
        name=name,
        cloud=entries["cloud"].choice("cloud", CLOUDS),
        host=_text(entries, "host").rstrip("/"),
        profile=_text(entries, "profile"),
        catalog=entries["catalog"].choice("catalog", catalog_names(include)),
        folder=_folder(entries["folder"]),
        warehouse=entries["warehouse"].string("warehouse"),
        secret_scope=entries["secret_scope"].string("secret_scope"),
        secrets=tuple(secret.string("secret") for secret in secrets),
    )


def _text(entries: dict[str, Node], key: str) -> str:
    return entries[key].string(key) if key in entries else ""


def _folder(node: Node) -> str:
    text = node.string("folder").rstrip("/")
    return text if _FOLDER.match(text) else node.fail(f"'{text}' is no folder below /Workspace: write one.")
