"""include/targets/<target>.yaml: which workspace, and under which names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PrivateAttr

from basketry.config.catalogs import catalog_names
from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document
from basketry.config.model import Document, Label, Text, must, one_of, one_of_context
from basketry.errors import BadInputError
from tools.problem import Problem

CLOUDS = ("aws", "azure", "gcp")
_WithoutSlash = AfterValidator(lambda text: text.rstrip("/"))
_FOLDER = re.compile(r"/Workspace/[\w.@ /-]*\w\Z")


class Target(Document, title="the target"):
    """A workspace to deploy to, and the names used there.

    Attributes:
        description: What it is for.
        cloud: One of CLOUDS.
        catalog: The catalog in Unity Catalog.
        folder: The workspace folder that holds scripts and library.
        warehouse: The name of the SQL warehouse.
        secret_scope: The scope of the jobs' secrets.
        host: The address of the workspace; empty where the environment decides.
        profile: A profile of the Databricks CLI; empty where the environment decides.
        secrets: Names of the secrets, never values.
    """

    description: Text
    cloud: Annotated[str, one_of(CLOUDS)]
    catalog: Annotated[str, one_of_context("catalogs")]
    folder: Annotated[Text, _WithoutSlash, must(_FOLDER.match, "'{value}' is no folder below /Workspace: write one.")]
    warehouse: Text
    secret_scope: Text
    host: Annotated[Text, _WithoutSlash] = ""
    profile: Text = ""
    secrets: tuple[Annotated[Text, Label("secret")], ...] = ()
    _name: str = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Keep the name of the file, which does not stand in it."""
        self._name = context["name"]

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._name


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
    path, context = include / "targets" / f"{name}.yaml", {"name": name, "catalogs": catalog_names(include)}
    try:
        return load_document(Target, path, f"targets/{name}.yaml", context)
    except BadInputError as error:
        raise Problem(error.message) from None
