"""Things that are only there or not: folders, schemas, volumes, models, experiments, secret scopes."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from tools.deploy.deployed_resource import Existing, Resource, marker
from tools.deploy.workspace import Site, api_path

PROPERTY = "basketry_deployment"


class Folder(Resource):
    """A workspace folder. name: as the Workspace API writes it."""

    kind: ClassVar[str] = "folder"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by path."""
        info = site.objects.get(self.name)
        return Existing(str(info.object_id)) if info else None

    def create(self, site: Site) -> None:
        """Make it with its parents."""
        site.client.workspace.mkdirs(self.name)

    def delete(self, site: Site, existing: Existing) -> None:
        """Remove it; only ever an empty one, see in_use."""
        site.client.workspace.delete(self.name)
        site.objects.pop(self.name)

    def in_use(self, site: Site) -> str:
        """Name whatever stands in it."""
        inside = [path for path in site.objects if path.startswith(f"{self.name}/")]
        return f"it holds {inside[0]}" if inside else ""


class Schema(Resource):
    """A schema of Unity Catalog. name: catalog.schema."""

    kind: ClassVar[str] = "schema"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by name; its property tells whose it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.schemas.get(self.name)
        except NotFound:
            return None
        return Existing(str(info.schema_id), marked=(info.properties or {}).get(PROPERTY) == site.target.name)

    def create(self, site: Site) -> None:
        """Make it in the target's catalog."""
        catalog, name = self.name.split(".")
        site.client.schemas.create(
            name, catalog, comment=marker(site.target.name), properties={PROPERTY: site.target.name}
        )

    def delete(self, site: Site, existing: Existing) -> None:
        """Unity Catalog itself refuses one that holds anything."""
        site.client.schemas.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Name a table, which is data that no deployment made, or whatever else stays in it."""
        catalog, schema = self.name.split(".")
        client = site.client
        kinds = {
            "table": client.tables.list(catalog, schema),
            "volume": client.volumes.list(catalog, schema),
            "registered model": client.registered_models.list(catalog_name=catalog, schema_name=schema),
            "function": client.functions.list(catalog, schema),
        }
        for kind, contents in kinds.items():
            if (first := next(iter(contents), None)) is not None:
                return f"it holds the {kind} {first.name}"
        return ""


class Volume(Resource):
    """A managed volume. name: catalog.schema.volume."""

    kind: ClassVar[str] = "volume"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by name; its comment tells whose it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.volumes.read(self.name)
        except NotFound:
            return None
        return Existing(str(info.volume_id), marked=info.comment == marker(site.target.name))

    def create(self, site: Site) -> None:
        """Make a managed one: Unity Catalog chooses the storage."""
        from databricks.sdk.service.catalog import VolumeType

        site.client.volumes.create(*self.name.split("."), VolumeType.MANAGED, comment=marker(site.target.name))

    def delete(self, site: Site, existing: Existing) -> None:
        """Remove it; only ever an empty one, see in_use."""
        site.client.volumes.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Name a file that somebody delivered, or that was handed over."""
        path = "/Volumes/" + self.name.replace(".", "/")
        entry = next(iter(site.client.files.list_directory_contents(path)), None)
        return f"it holds {entry.path}" if entry else ""


class Model(Resource):
    """A registered model of Unity Catalog. name: catalog.schema.model."""

    kind: ClassVar[str] = "registered model"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by name; its comment tells whose it is, and the time at which it was made which one it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.registered_models.get(self.name)
        except NotFound:
            return None
        return Existing(str(info.created_at), marked=info.comment == marker(site.target.name))

    def create(self, site: Site) -> None:
        """Make it without any version: versions come from trainings."""
        catalog, schema, name = self.name.split(".")
        site.client.registered_models.create(
            catalog_name=catalog, schema_name=schema, name=name, comment=marker(site.target.name)
        )

    def delete(self, site: Site, existing: Existing) -> None:
        """Remove it; only ever one without versions, see in_use."""
        site.client.registered_models.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Name a version that a training made."""
        version = next(iter(site.client.model_versions.list(self.name)), None)
        return f"it holds version {version.version}" if version else ""


class Experiment(Resource):
    """An MLflow experiment. name: its workspace path."""

    kind: ClassVar[str] = "experiment"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by name; a tag tells whose it is. One in the trash counts as gone."""
        from databricks.sdk.errors import NotFound

        try:
            experiment = site.client.experiments.get_by_name(self.name).experiment
        except NotFound:
            return None
        if experiment is None or experiment.lifecycle_stage == "deleted":
            return None
        tags = {tag.key: tag.value for tag in experiment.tags or []}
        return Existing(str(experiment.experiment_id), marked=tags.get(PROPERTY) == site.target.name)

    def create(self, site: Site) -> None:
        """Make it where the jobs look for it."""
        from databricks.sdk.service.ml import ExperimentTag

        site.client.experiments.create_experiment(self.name, tags=[ExperimentTag(PROPERTY, site.target.name)])

    def delete(self, site: Site, existing: Existing) -> None:
        """Move it into the trash."""
        site.client.experiments.delete_experiment(existing.id)

    def in_use(self, site: Site) -> str:
        """Say whether trainings left runs."""
        existing = self.find(site)
        runs = site.client.experiments.search_runs(experiment_ids=[existing.id], max_results=1) if existing else ()
        return "it holds runs of trainings" if list(islice(runs, 1)) else ""


class SecretScope(Resource):
    """A scope for secrets, whose values only people put in."""

    kind: ClassVar[str] = "secret scope"

    def find(self, site: Site, known_id: str = "") -> Existing | None:
        """Find it by name: a scope has no other identity."""
        names = {scope.name for scope in site.client.secrets.list_scopes()}
        return Existing(self.name) if self.name in names else None

    def create(self, site: Site) -> None:
        """Make an empty one."""
        site.client.secrets.create_scope(self.name)

    def delete(self, site: Site, existing: Existing) -> None:
        """Remove it; only ever an empty one, see in_use."""
        site.client.secrets.delete_scope(self.name)

    def in_use(self, site: Site) -> str:
        """Name a secret that somebody put in."""
        secret = next(iter(site.client.secrets.list_secrets(self.name)), None)
        return f"it holds the secret {secret.key}" if secret else ""


def folder(path: str) -> Folder:
    """Return the folder of a path in either way of writing."""
    return Folder(api_path(path))
