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


@dataclass(frozen=True)
class Target:
    """One place to deploy to. host, profile: empty where the environment decides. secrets: names, never values."""

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
    """Every target there is."""
    return sorted(path.stem for path in (include / "targets").glob("*.yaml"))


def load_target(name: str, include: Path) -> Target:
    """Read a target; Problem names the file, the line and what to write there."""
    known = target_names(include)
    if name not in known:
        hint = did_you_mean(name, known) if name else f"use one of: {', '.join(known)}."
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
        secrets=tuple(one.string("secret") for one in secrets),
    )


def _text(entries: dict[str, Node], key: str) -> str:
    return entries[key].string(key) if key in entries else ""


def _folder(node: Node) -> str:
    text = node.string("folder").rstrip("/")
    return text if _FOLDER.match(text) else node.fail(f"'{text}' is no folder below /Workspace: write one.")
