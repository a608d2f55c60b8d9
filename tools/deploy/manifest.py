"""What deployments of a target left in its workspace, kept there in a file; and the lock that lets one deploy at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from tools.deploy.workspace import Site
from tools.problem import Problem

NAME, LOCK = ".basketry-deploy.json", ".basketry-deploy.lock"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One resource as the last deployment left it.

    Attributes:
        kind: The kind of the resource.
        name: Unique among its kind.
        id: Another one when it was made anew.
        etag: Another one when it was edited.
        digest: Of the content that was deployed; empty for a resource without.
        made: A deployment made it, so undeploy may remove it.
    """

    kind: str
    name: str
    id: str
    etag: str = ""
    digest: str = ""
    made: bool = True

    @property
    def label(self) -> str:
        """As `Resource.label`."""
        return f"{self.kind} {self.name}"


@dataclass
class Manifest:
    """Everything that deployments of a target noted.

    Attributes:
        serial: The number of deployments.
        notes: By label.
        rights: As `Permission.note` writes them.
    """

    serial: int = 0
    notes: dict[str, Note] = field(default_factory=dict)
    rights: list[list[str]] = field(default_factory=list)

    def text(self, target: str) -> bytes:
        """Return the manifest as it is stored."""
        notes = [asdict(self.notes[label]) for label in sorted(self.notes)]
        content = {"target": target, "serial": self.serial, "notes": notes, "rights": sorted(self.rights)}
        return json.dumps(content, indent=1).encode()


def load_manifest(site: Site) -> Manifest:
    """Read what is stored; an empty manifest where nothing was ever deployed.

    Raises:
        Problem: It belongs to another target.
    """
    content = _read(site, NAME)
    if content is None:
        return Manifest()
    if content["target"] != site.target.name:
        raise Problem(
            f"{site.target.folder} belongs to the target '{content['target']}': give '{site.target.name}' another"
            f" folder in include/targets/{site.target.name}.yaml."
        )
    notes = [Note(**note) for note in content["notes"]]
    return Manifest(int(content["serial"]), {note.label: note for note in notes}, content["rights"])


def save_manifest(site: Site, manifest: Manifest) -> None:
    """Store the manifest as the next one."""
    manifest.serial += 1
    _write(site, NAME, manifest.text(site.target.name), overwrite=True)


def delete_manifest(site: Site) -> None:
    """Forget everything: there is nothing left."""
    site.client.workspace.delete(f"{site.folder}/{NAME}")


def lock_holder(site: Site) -> str:
    """Return who is deploying and since when, empty when nobody is."""
    content = _read(site, LOCK)
    return f"{content['by']} since {content['at']}" if content else ""


def refuse_locked(site: Site) -> None:
    """Stop while somebody is deploying.

    Raises:
        Problem: Somebody is; names the way out when they died.
    """
    if holder := lock_holder(site):
        raise Problem(
            f"{holder} is deploying '{site.target.name}': wait for the end; if it died, say"
            f" make deploy TARGET={site.target.name} ARGS=--break-lock."
        )


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Keep other deployments out; the workspace itself lets only one of two at once create the file."""
    from databricks.sdk.errors import AlreadyExists, ResourceAlreadyExists

    me = str(site.client.current_user.me().user_name)
    content = {"by": me, "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")}
    try:
        _write(site, LOCK, json.dumps(content).encode(), overwrite=False)
    except (AlreadyExists, ResourceAlreadyExists):
        # A lost answer to our own request is told apart by what the file says.
        if _read(site, LOCK) != content:
            refuse_locked(site)
    try:
        yield
    finally:
        break_lock(site)


def break_lock(site: Site) -> None:
    """Remove the lock, whoever holds it."""
    from databricks.sdk.errors import NotFound

    try:
        site.client.workspace.delete(f"{site.folder}/{LOCK}")
    except NotFound:
        return


def _read(site: Site, name: str) -> dict[str, Any] | None:
    from databricks.sdk.errors import NotFound

    try:
        with site.client.workspace.download(f"{site.folder}/{name}") as stored:
            content: dict[str, Any] = json.loads(stored.read())
            return content
    except NotFound:
        return None


def _write(site: Site, name: str, content: bytes, *, overwrite: bool) -> None:
    from databricks.sdk.service.workspace import ImportFormat

    site.client.workspace.upload(f"{site.folder}/{name}", content, format=ImportFormat.RAW, overwrite=overwrite)
