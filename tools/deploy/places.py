"""Things that are only there or not: folders, schemas, volumes, models, experiments, secret scopes."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

from tools.deploy.deployed_resource import Found, Resource, marker
from tools.deploy.workspace import Site, api_path

PROPERTY = "basketry_deployment"


class Folder(Resource):
    """A workspace folder. name: as the Workspace API writes it."""

    kind: ClassVar[str] = "folder"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By path."""
        info = site.objects.get(self.name)
        return Found(str(info.object_id)) if info else None

    def create(self, site: Site) -> None:
        """With its parents."""
        site.client.workspace.mkdirs(self.name)

    def delete(self, site: Site, found: Found) -> None:
        """Only ever an empty one, see in_use."""
        site.client.workspace.delete(self.name)
        site.objects.pop(self.name)

    def in_use(self, site: Site) -> str:
        """Whatever stands in it."""
        inside = [path for path in site.objects if path.startswith(f"{self.name}/")]
        return f"it holds {inside[0]}" if inside else ""


class Schema(Resource):
    """A schema of Unity Catalog. name: catalog.schema."""

    kind: ClassVar[str] = "schema"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By name; its property tells whose it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.schemas.get(self.name)
        except NotFound:
            return None
        return Found(str(info.schema_id), marked=(info.properties or {}).get(PROPERTY) == site.target.name)

    def create(self, site: Site) -> None:
        """In the target's catalog."""
        catalog, name = self.name.split(".")
        site.client.schemas.create(
            name, catalog, comment=marker(site.target.name), properties={PROPERTY: site.target.name}
        )

    def delete(self, site: Site, found: Found) -> None:
        """Unity Catalog itself refuses one that holds anything."""
        site.client.schemas.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Tables are data, which no deployment made; and whatever else stays in it."""
        catalog, schema = self.name.split(".")
        client = site.client
        kinds = {
            "table": client.tables.list(catalog, schema),
            "volume": client.volumes.list(catalog, schema),
            "registered model": client.registered_models.list(catalog_name=catalog, schema_name=schema),
            "function": client.functions.list(catalog, schema),
        }
        for kind, held in kinds.items():
            if (first := next(iter(held), None)) is not None:
                return f"it holds the {kind} {first.name}"
        return ""


class Volume(Resource):
    """A managed volume. name: catalog.schema.volume."""

    kind: ClassVar[str] = "volume"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By name; its comment tells whose it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.volumes.read(self.name)
        except NotFound:
            return None
        return Found(str(info.volume_id), marked=info.comment == marker(site.target.name))

    def create(self, site: Site) -> None:
        """A managed one: Unity Catalog chooses the storage."""
        from databricks.sdk.service.catalog import VolumeType

        site.client.volumes.create(*self.name.split("."), VolumeType.MANAGED, comment=marker(site.target.name))

    def delete(self, site: Site, found: Found) -> None:
        """Only ever an empty one, see in_use."""
        site.client.volumes.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Files that somebody delivered, or that were handed over."""
        path = "/Volumes/" + self.name.replace(".", "/")
        entry = next(iter(site.client.files.list_directory_contents(path)), None)
        return f"it holds {entry.path}" if entry else ""


class Model(Resource):
    """A registered model of Unity Catalog. name: catalog.schema.model."""

    kind: ClassVar[str] = "registered model"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By name; its comment tells whose it is, and the time at which it was made which one it is."""
        from databricks.sdk.errors import NotFound

        try:
            info = site.client.registered_models.get(self.name)
        except NotFound:
            return None
        return Found(str(info.created_at), marked=info.comment == marker(site.target.name))

    def create(self, site: Site) -> None:
        """Without any version: those come from trainings."""
        catalog, schema, name = self.name.split(".")
        site.client.registered_models.create(
            catalog_name=catalog, schema_name=schema, name=name, comment=marker(site.target.name)
        )

    def delete(self, site: Site, found: Found) -> None:
        """Only ever one without versions, see in_use."""
        site.client.registered_models.delete(self.name)

    def in_use(self, site: Site) -> str:
        """Versions that a training made."""
        version = next(iter(site.client.model_versions.list(self.name)), None)
        return f"it holds version {version.version}" if version else ""


class Experiment(Resource):
    """An MLflow experiment. name: its workspace path."""

    kind: ClassVar[str] = "experiment"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By name; a tag tells whose it is. One in the trash counts as gone."""
        from databricks.sdk.errors import NotFound

        try:
            found = site.client.experiments.get_by_name(self.name).experiment
        except NotFound:
            return None
        if found is None or found.lifecycle_stage == "deleted":
            return None
        tags = {tag.key: tag.value for tag in found.tags or []}
        return Found(str(found.experiment_id), marked=tags.get(PROPERTY) == site.target.name)

    def create(self, site: Site) -> None:
        """Where the jobs look for it."""
        from databricks.sdk.service.ml import ExperimentTag

        site.client.experiments.create_experiment(self.name, tags=[ExperimentTag(PROPERTY, site.target.name)])

    def delete(self, site: Site, found: Found) -> None:
        """Into the trash."""
        site.client.experiments.delete_experiment(found.id)

    def in_use(self, site: Site) -> str:
        """Runs that trainings left."""
        found = self.find(site)
        runs = site.client.experiments.search_runs(experiment_ids=[found.id], max_results=1) if found else ()
        return "it holds runs of trainings" if list(islice(runs, 1)) else ""


class SecretScope(Resource):
    """A scope for secrets, whose values only people put in."""

    kind: ClassVar[str] = "secret scope"

    def find(self, site: Site, known_id: str = "") -> Found | None:
        """By name: a scope has no other identity."""
        names = {one.name for one in site.client.secrets.list_scopes()}
        return Found(self.name) if self.name in names else None

    def create(self, site: Site) -> None:
        """An empty one."""
        site.client.secrets.create_scope(self.name)

    def delete(self, site: Site, found: Found) -> None:
        """Only ever an empty one, see in_use."""
        site.client.secrets.delete_scope(self.name)

    def in_use(self, site: Site) -> str:
        """Secrets that somebody put in."""
        secret = next(iter(site.client.secrets.list_secrets(self.name)), None)
        return f"it holds the secret {secret.key}" if secret else ""


def folder(path: str) -> Folder:
    """The folder of a path in either way of writing."""
    return Folder(api_path(path))
