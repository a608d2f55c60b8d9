"""Where things are: the reader of BASKETRY_* environment variables below `dags/`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from basketry.config.edition import CHECKOUT, PACKAGE, is_checkout
from basketry.errors import BadInputError

__all__ = ["CHECKOUT", "EVERY_FEED", "RUNTIMES", "Settings", "find_include"]

RUNTIMES = ("local", "databricks")
EVERY_FEED = "*"
"""Stands for all feeds of a catalog where a feed is asked for."""

_CATALOG_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_catalog_name(name: str) -> str:
    """Return the name of a catalog, which becomes part of a path or a name in SQL.

    Raises:
        BadInputError: It is no lower-case identifier.
    """
    if not _CATALOG_NAME.fullmatch(name):
        raise BadInputError(f"'{name}' cannot be a catalog: use lower-case letters, digits and underscores.")
    return name


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
        redis_url: the address of the cache of popular products; empty where there is none.
    """

    runtime: str
    home: Path
    include: Path
    data: Path
    offer_events: str = ""
    redis_url: str = ""

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
            offer_events=env.get("BASKETRY_OFFER_EVENTS") or "",
            redis_url=env.get("BASKETRY_REDIS_URL") or "",
        )

    @property
    def lake(self) -> Path:
        """The folder of the Delta tables, where they are folders."""
        return self.home / "lake"

    def export_folder(self, catalog: str) -> Path:
        """Return the folder of what a catalog hands over to others: a local folder, or one in a volume."""
        return self._folder(catalog, "exports")

    def landing_folder(self, catalog: str, feed: str) -> Path:
        """Return the folder into which a feed's files are delivered: a local folder, or one in a volume."""
        return self._folder(catalog, "landing", feed)

    def checkpoint_folder(self, catalog: str, stream: str) -> Path:
        """Return the folder in which a stream notes how far it has read: a local folder, or one in a volume."""
        return self._folder(catalog, "checkpoints", stream)

    def _folder(self, catalog: str, kind: str, name: str = "") -> Path:
        if self.runtime == "local":
            return self.home / kind / catalog / name
        return Path("/Volumes") / catalog / kind / "files" / name
