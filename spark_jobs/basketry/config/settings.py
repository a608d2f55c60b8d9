"""Where things are: the reader of BASKETRY_* environment variables below `dags/`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from basketry.config.edition import CHECKOUT, PACKAGE, is_checkout
from basketry.config.run_settings import (
    KAFKA_OPTIONS,
    LINEAGE_KEY,
    LINEAGE_NAMESPACE,
    LINEAGE_URL,
    OFFER_EVENTS,
    REDIS_URL,
    SECRET_SCOPE,
    given_settings,
    read_secret,
    secret_reference,
)
from basketry.errors import BadInputError

if TYPE_CHECKING:
    from basketry.config.unity_names import UnityNames

__all__ = ["CHECKOUT", "EVERY_FEED", "RUNTIMES", "UNITY_NAMES", "Settings", "find_include", "is_serverless"]

RUNTIMES = ("local", "databricks")
EVERY_FEED = "*"
"""Stands for all feeds of a catalog where a feed is asked for."""

UNITY_NAMES = "BASKETRY_UNITY_NAMES"
"""The environment variable by which a job that was given --unity-names tells all of its process, see `UnityNames`."""

_CATALOG_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_catalog_name(name: str) -> str:
    """Return the name of a catalog, which becomes part of a path or a name in SQL.

    Raises:
        BadInputError: It is no lower-case identifier.
    """
    if not _CATALOG_NAME.fullmatch(name):
        raise BadInputError(f"'{name}' cannot be a catalog: use lower-case letters, digits and underscores.")
    return name


def is_serverless(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether this process runs on serverless compute, where nothing can be persisted.

    There Spark runs elsewhere: the runtime's version is that of a client, and its environment has one. MLflow tells it so, too.
    """
    env = os.environ if environment is None else environment
    return env.get("DATABRICKS_RUNTIME_VERSION", "").startswith("client.") or bool(env.get("DATABRICKS_ENV_VERSION"))


def find_include(env: Mapping[str, str]) -> Path:
    """Return the folder of what people change: BASKETRY_INCLUDE, else the checkout's, else the copy in the wheel."""
    if env.get("BASKETRY_INCLUDE"):
        return Path(env["BASKETRY_INCLUDE"]).absolute()
    return (CHECKOUT if is_checkout(CHECKOUT) else PACKAGE) / "include"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Resolved locations of one Basketry instance.

    Attributes:
        runtime: one of RUNTIMES.
        home: the folder of what Basketry itself keeps on this computer.
        include: the folder of what people change.
        data: the folder of the public data sets.
        offer_events: where the events of the offers come from, kafka://<servers>/<topic>; empty for files that are
            delivered into the landing folder.
        kafka_options: what the broker of offer_events needs besides its address, a JSON object; empty for nothing.
        redis_url: the address of the cache of popular products; empty where there is none.
        lineage_url: the lineage server that is told of each run; empty for none.
        lineage_namespace: what it calls the jobs of this instance.
        lineage_key: its API key; empty where it asks for none.
        secret_scope: the scope of the jobs' secrets, on Databricks.
        target: the target in include/targets that says where in Unity Catalog retailers lie; empty: in catalogs of their own.
        unity_names: what a job was told of its retailer's place, instead of a target.
        volumes: where volumes are mounted, on Databricks.
    """

    runtime: str
    home: Path
    include: Path
    data: Path
    offer_events: str = ""
    kafka_options: str = ""
    redis_url: str = ""
    lineage_url: str = ""
    lineage_namespace: str = "basketry"
    lineage_key: str = ""
    secret_scope: str = "basketry"  # noqa: S105 a name
    target: str = ""
    unity_names: str = ""
    volumes: Path = Path("/Volumes")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment variables; nothing is created.

        Raises:
            BadInputError: for an unknown runtime.
        """
        env = os.environ if environment is None else environment
        runtime = env.get("BASKETRY_RUNTIME") or ("databricks" if "DATABRICKS_RUNTIME_VERSION" in env else "local")
        if runtime not in RUNTIMES:
            raise BadInputError(f"BASKETRY_RUNTIME is '{runtime}'; set it to one of: {', '.join(RUNTIMES)}.")
        beside = CHECKOUT if is_checkout(CHECKOUT) else Path.home()
        home = Path(env.get("BASKETRY_HOME") or beside / ".basketry").expanduser().absolute()
        return cls(
            runtime=runtime,
            home=home,
            include=find_include(env),
            data=Path(env.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data").absolute(),
            offer_events=env.get(OFFER_EVENTS) or "",
            kafka_options=env.get(KAFKA_OPTIONS) or "",
            redis_url=env.get(REDIS_URL) or "",
            lineage_url=env.get(LINEAGE_URL) or "",
            lineage_namespace=env.get(LINEAGE_NAMESPACE) or "basketry",
            lineage_key=env.get(LINEAGE_KEY) or "",
            secret_scope=env.get(SECRET_SCOPE) or "basketry",
            target=env.get("BASKETRY_TARGET") or "",
            unity_names=env.get(UNITY_NAMES) or "",
            volumes=Path(env.get("BASKETRY_VOLUMES") or "/Volumes"),
        )

    @classmethod
    def of_run(cls, argument: str | None) -> Settings:
        """Read the environment variables of a run, and in their place what its argument --settings says.

        Raises:
            BadInputError: for an unknown runtime, or an argument that says something else.
        """
        return cls.from_environment({**os.environ, **given_settings(argument)})

    def resolve_secret(self, value: str) -> str:
        """Return a setting as it is used: of a reference {{secrets/<scope>/<key>}} the secret, of any other text itself.

        Raises:
            BadInputError: There is no such secret, or no workspace that could have one.
        """
        reference = secret_reference(value)
        if reference is None:
            return value
        scope, key = reference
        if self.runtime == "local":
            raise BadInputError(f"{value} is a secret of a Databricks workspace: set the value itself here.")
        secret = read_secret(scope, key)
        if secret is None:
            raise BadInputError(
                f"the secret {scope}/{key} has no value: put it in with databricks secrets put-secret {scope} {key}."
            )
        return secret.decode()

    def names(self, catalog: str) -> UnityNames:
        """Return where a catalog lies in Unity Catalog, and so what everything in it is called there.

        Raises:
            BadInputError: what cannot be a catalog; or the target, or what the job was told, cannot be read.
        """
        from basketry.config.unity_names import UnityNames, read_names

        check_catalog_name(catalog)
        if self.unity_names:
            return read_names(self.unity_names)
        if self.target:
            from basketry.config.targets import load_target

            return load_target(self.target, self.include).names(catalog)
        return UnityNames(catalog=catalog)

    @property
    def lake(self) -> Path:
        """The folder of the Delta tables, where they are folders."""
        return self.home / "lake"

    def secrets_folder(self, catalog: str) -> Path:
        """Return the folder of a catalog's secrets, where they are files."""
        return self.home / "secrets" / catalog

    def export_folder(self, catalog: str) -> Path:
        """Return the folder of what a catalog hands over to others: a local folder, or one in a volume."""
        return self._folder(catalog, "exports")

    def landing_folder(self, catalog: str, feed: str) -> Path:
        """Return the folder into which a feed's files are delivered: a local folder, or one in a volume."""
        return self._folder(catalog, "landing", feed)

    def request_folder(self, catalog: str) -> Path:
        """Return the folder of who is to be forgotten, a file per request: a local folder, or one in a volume."""
        return self._folder(catalog, "requests", "forget")

    def checkpoint_folder(self, catalog: str, stream: str) -> Path:
        """Return the folder in which a stream notes how far it has read: a local folder, or one in a volume."""
        return self._folder(catalog, "checkpoints", stream)

    def _folder(self, catalog: str, kind: str, name: str = "") -> Path:
        if self.runtime == "local":
            return self.home / kind / catalog / name
        return self.volumes / self.names(catalog).volume_folder(kind).removeprefix("/Volumes/") / name
