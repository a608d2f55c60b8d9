"""include/targets/<target>.yaml: which workspace, and under which names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PrivateAttr, ValidationInfo

from basketry.config.documents import did_you_mean
from basketry.config.locator import load_document
from basketry.config.model import Document, Label, Text, choose, context_of, must, one_of, one_of_context
from basketry.config.unity_names import UnityNames, check_apart
from basketry.databricks.bundle_paths import root_path
from basketry.errors import BadInputError

CLOUDS = ("aws", "azure", "gcp")
_WithoutSlash = AfterValidator(lambda text: text.rstrip("/"))
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
NOBODY = "00000000-0000-0000-0000-000000000000"
"""Stands in the shipped targets for the service principal that somebody has yet to name."""

_FOLDER = re.compile(r"/Workspace/[\w.@ /-]*\w\Z")


def _check_places(places: Mapping[str, UnityNames], info: ValidationInfo) -> Mapping[str, UnityNames]:
    retailers = context_of(info)["catalogs"]
    for retailer in places:
        choose(retailer, retailers, retailer)
    own = {retailer: UnityNames(catalog=retailer) for retailer in retailers if retailer not in places}
    check_apart({**own, **places})
    return places


class Target(Document, title="the target"):
    """A workspace to deploy to, and the names used there.

    Attributes:
        description: What it is for.
        cloud: One of CLOUDS.
        catalog: The retailer that is deployed.
        folder: The workspace folder that nobody but who deploys may write: the bundle's root and experiments are in it.
        warehouse: The name of the SQL warehouse.
        service_principal: The application id of the service principal that the jobs run as.
        secret_scope: The scope of the jobs' secrets.
        unity: Where in Unity Catalog retailers lie that have no catalog of their own name.
        host: The address of the workspace; empty where the environment decides.
        profile: A profile of the Databricks CLI; empty where the environment decides.
        deployers: The group whose members deploy; empty where one login alone does.
        secrets: Names of the secrets, never values.
    """

    description: Text
    cloud: Annotated[str, one_of(CLOUDS)]
    catalog: Annotated[str, one_of_context("catalogs")]
    folder: Annotated[Text, _WithoutSlash, must(_FOLDER.match, "'{value}' is no folder below /Workspace: write one.")]
    warehouse: Text
    service_principal: Annotated[
        Text, must(_ID.match, "'{value}' is no application id: databricks service-principals list.")
    ]
    secret_scope: Text
    unity: Annotated[Mapping[str, UnityNames], AfterValidator(_check_places)] = {}
    host: Annotated[Text, _WithoutSlash] = ""
    profile: Text = ""
    deployers: Text = ""
    secrets: tuple[Annotated[Text, Label("secret")], ...] = ()
    _name: str = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Keep the name of the file, which does not stand in it."""
        self._name = context["name"]

    @property
    def name(self) -> str:
        """The name of its file."""
        return self._name

    @property
    def root(self) -> str:
        """The bundle's root in the workspace, which destroying the bundle removes."""
        return root_path(self.folder, self.name)

    @property
    def own_names(self) -> UnityNames:
        """Where the retailer lies that is deployed."""
        return self.names(self.catalog)

    def names(self, catalog: str) -> UnityNames:
        """Return where a retailer lies, and so what everything of it is called."""
        return self.unity.get(catalog) or UnityNames(catalog=catalog)


def target_names(include: Path) -> list[str]:
    """List every target there is."""
    return sorted(path.stem for path in (include / "targets").glob("*.yaml"))


def _retailers(include: Path) -> list[str]:
    return sorted(path.stem for path in (include / "catalogs").glob("*.yaml"))


def load_target(name: str, include: Path) -> Target:
    """Read a target.

    Raises:
        BadInputError: Names the file, the line and what to write there.
    """
    names = target_names(include)
    if name not in names:
        hint = did_you_mean(name, names) if name else f"use one of: {', '.join(names)}."
        raise BadInputError(f"there is no target '{name}' in include/targets: {hint}")
    path, context = include / "targets" / f"{name}.yaml", {"name": name, "catalogs": _retailers(include)}
    return load_document(Target, path, f"targets/{name}.yaml", context)
