"""What holds data: made if it is not there, never changed, never removed. A bundle would remove what it no longer declares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar

from basketry.config.settings import UNITY_NAMES, Settings
from basketry.config.unity_names import VOLUMES
from basketry.contracts import feed_names
from tools.deploy.target import Target
from tools.deploy.workspace import EXPERIMENTS, Site, api_path

PROPERTY = "basketry_deployment"
"""The property of a schema, or the tag of an experiment, that names the target which made it."""

STREAMS = {"offers": "offer_events"}
"""The feed of each stream: its folders must be there before the first file is."""


class Container(ABC):
    """One thing that holds data.

    Attributes:
        name: Unique among its kind.
    """

    kind: ClassVar[str]

    def __init__(self, name: str) -> None:
        """Name it."""
        self.name = name

    def __str__(self) -> str:
        """Return what people call it."""
        return f"{self.kind} {self.name}"

    @abstractmethod
    def exists(self, site: Site) -> bool:
        """Whether it is there."""

    @abstractmethod
    def make(self, site: Site) -> None:
        """Make it, empty; its parent is there."""


class Folder(Container):
    """A workspace folder. name: as the Workspace API writes it."""

    kind = "folder"

    def exists(self, site: Site) -> bool:
        """Look at its path."""
        return site.status(self.name) is not None

    def make(self, site: Site) -> None:
        """Make it with its parents."""
        site.client.workspace.mkdirs(self.name)


class Schema(Container):
    """A schema of Unity Catalog. name: catalog.schema."""

    kind = "schema"

    def exists(self, site: Site) -> bool:
        """Look for its name."""
        return self.name.rpartition(".")[2] in site.schemas

    def make(self, site: Site) -> None:
        """Make it in the target's catalog; its property says for which target."""
        catalog, name = self.name.split(".")
        comment = f"Made by Basketry's deployment '{site.target.name}'."
        site.client.schemas.create(name, catalog, comment=comment, properties={PROPERTY: site.target.name})

    def owner(self, site: Site) -> str:
        """Return the target that made it, as its property says; empty where nothing tells."""
        return str((site.client.schemas.get(self.name).properties or {}).get(PROPERTY, ""))


class Volume(Container):
    """A managed volume. name: catalog.schema.volume."""

    kind = "volume"

    def exists(self, site: Site) -> bool:
        """Look for its name."""
        from databricks.sdk.errors import NotFound

        try:
            site.client.volumes.read(self.name)
        except NotFound:
            return False
        return True

    def make(self, site: Site) -> None:
        """Make a managed one: Unity Catalog chooses the storage."""
        from databricks.sdk.service.catalog import VolumeType

        site.client.volumes.create(*self.name.split("."), VolumeType.MANAGED)


class Directory(Container):
    """A folder in a volume. name: its path below /Volumes."""

    kind = "directory"

    def exists(self, site: Site) -> bool:
        """Ask for it by path."""
        from databricks.sdk.errors import NotFound

        try:
            site.client.files.get_directory_metadata(self.name)
        except NotFound:
            return False
        return True

    def make(self, site: Site) -> None:
        """Make it with its parents."""
        site.client.files.create_directory(self.name)


class Experiment(Container):
    """An MLflow experiment. name: its workspace path."""

    kind = "experiment"

    def exists(self, site: Site) -> bool:
        """Look for its name; one in the trash counts as gone."""
        return experiment_id(site, self.name) != ""

    def make(self, site: Site) -> None:
        """Make it where the jobs look for it."""
        from databricks.sdk.service.ml import ExperimentTag

        site.client.experiments.create_experiment(self.name, tags=[ExperimentTag(PROPERTY, site.target.name)])


class SecretScope(Container):
    """A scope for secrets, whose values only people put in."""

    kind = "secret scope"

    def exists(self, site: Site) -> bool:
        """Look for its name: a scope has no other identity."""
        return self.name in {scope.name for scope in site.client.secrets.list_scopes()}

    def make(self, site: Site) -> None:
        """Make an empty one."""
        site.client.secrets.create_scope(self.name)


def experiment_id(site: Site, name: str) -> str:
    """Return the id of an experiment by its path, empty where there is none."""
    from databricks.sdk.errors import NotFound

    try:
        experiment = site.client.experiments.get_by_name(name).experiment
    except NotFound:
        return ""
    gone = experiment is None or experiment.lifecycle_stage == "deleted"
    return "" if experiment is None or gone else str(experiment.experiment_id)


def containers(target: Target, include: Path) -> tuple[Container, ...]:
    """Return everything that holds data, each after what it is in.

    Registered models are not among them: the first training makes them, and so the jobs' principal owns them.
    """
    names = target.own_names
    folders = (api_path(target.folder), EXPERIMENTS)
    return (
        *(Folder(path) for path in dict.fromkeys(folders)),
        *(Schema(f"{names.catalog}.{schema}") for schema in names.own_schemas()),
        *(Volume(names.full_name(kind, "files")) for kind in VOLUMES if kind != "landing" or not names.landing),
        *(Directory(path) for path in _directories(target, include)),
        *(Experiment(f"{EXPERIMENTS}/{target.catalog}_{model}") for model in models(include)),
        SecretScope(target.secret_scope),
    )


def schemas_of_others(site: Site) -> Iterator[tuple[str, str]]:
    """Yield schema and owner where another target made what this one names: a metastore serves all workspaces of a region."""
    from databricks.sdk.errors import NotFound, PermissionDenied

    names = site.target.own_names
    for schema in (Schema(f"{names.catalog}.{name}") for name in names.own_schemas()):
        try:
            owner = schema.owner(site)
        except (NotFound, PermissionDenied):
            continue
        if owner not in ("", site.target.name):
            yield schema.name, owner


def models(include: Path) -> list[str]:
    """List the models: those that have a gate."""
    return sorted(path.stem for path in (include / "gates").glob("*.yaml"))


def _directories(target: Target, include: Path) -> Iterator[str]:
    """Yield every folder of a volume that a job or a person looks into before anything was put there."""
    catalog, names = target.catalog, target.own_names.as_argument()
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks", UNITY_NAMES: names})
    feeds = sorted({*feed_names(catalog, include), *STREAMS.values()})
    paths: list[Path] = [settings.landing_folder(catalog, feed) for feed in feeds]
    paths += [settings.checkpoint_folder(catalog, stream) for stream in STREAMS]
    paths.append(settings.request_folder(catalog))
    yield from (str(PurePosixPath(path)) for path in paths)
