"""What stands, what should stand, what the last deployment left: the steps between, and what a person did by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tools.deploy.containers import Experiment, Folder, Model, Schema, SecretScope, Volume
from tools.deploy.deployed_resource import Existing, Resource
from tools.deploy.documents import Dashboard, File, GenieSpace
from tools.deploy.manifest import Manifest, Note
from tools.deploy.workspace import Site

KINDS: Mapping[str, type[Resource]] = {
    one.kind: one for one in (Folder, File, Schema, Volume, Model, Experiment, SecretScope, Dashboard, GenieSpace)
}


class Verb(StrEnum):
    """What a step does, as the plan shows it."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"


@dataclass(frozen=True)
class Step:
    """One change.

    Attributes:
        verb: What the step does.
        resource: What it makes, changes or removes.
        found: What stands there, where it changes or removes something.
    """

    verb: Verb
    resource: Resource
    found: Existing | None = None

    def __str__(self) -> str:
        """Return a line of the plan."""
        return f"{self.verb} {self.resource.label}"


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Attributes:
        steps: In the order in which they must happen.
        conflicts: What a person did and a step would undo, one sentence each.
    """

    steps: tuple[Step, ...]
    conflicts: tuple[str, ...]


def compare(site: Site, wanted: Sequence[Resource], manifest: Manifest, *, overwrite: bool = False) -> Plan:
    """Compare what stands with what is wanted, and plan the steps between; writes nothing.

    Args:
        site: The workspace and the target.
        wanted: Everything that should stand, in the order in which it is made.
        manifest: What the last deployment left.
        overwrite: Change what was edited by hand like anything else.
    """
    steps: list[Step] = []
    conflicts: list[str] = []
    for resource in wanted:
        note = manifest.notes.get(resource.label)
        existing = resource.find(site, note.id if note else "")
        if existing is None:
            steps.append(Step(Verb.CREATE, resource))
        elif by_hand := _by_hand(site=site, resource=resource, existing=existing, note=note, overwrite=overwrite):
            conflicts.append(by_hand)
        elif _differs(site, resource, existing, note):
            steps.append(Step(Verb.UPDATE, resource, existing))
    labels = {resource.label for resource in wanted}
    steps.extend(_obsolete(site, [note for label, note in manifest.notes.items() if label not in labels]))
    return Plan(tuple(steps), tuple(conflicts))


def _differs(site: Site, resource: Resource, existing: Existing, note: Note | None) -> bool:
    if resource.content is None:
        return False
    if note is None:
        return True  # made by a deployment that broke off: whatever else belongs to making it is done now
    if (note.id, note.etag) == (existing.id, existing.etag):
        return note.digest != resource.digest
    return not resource.is_up_to_date(site, existing)


def _by_hand(site: Site, resource: Resource, existing: Existing, note: Note | None, overwrite: bool) -> str:
    """One sentence when a step would undo a person's work, else nothing."""
    if overwrite or resource.content is None or (note and (note.id, note.etag) == (existing.id, existing.etag)):
        return ""
    if resource.is_up_to_date(site, existing):
        return ""
    what = (
        "was edited by hand since it was deployed"
        if note and note.id == existing.id
        else "is there already, made by hand"
    )
    again = f"make deploy TARGET={site.target.name} ARGS=--overwrite"
    return f"{resource.label} {what}: {_keep(resource, existing)}, or replace it by {again}."


def _keep(resource: Resource, existing: Existing) -> str:
    ways = {
        Dashboard.kind: f"keep the edit by databricks lakeview get {existing.id} and its include/dashboards file",
        GenieSpace.kind: f"keep the edit by databricks genie get-space {existing.id} and its include/genie file",
        File.kind: f"keep the edit by databricks workspace export {resource.name}",
    }
    return ways[resource.kind]


def _obsolete(site: Site, notes: Iterable[Note]) -> Iterator[Step]:
    """Yield a step for what an earlier checkout had and this one has not; only what nobody touched since."""
    for note in notes:
        resource = KINDS[note.kind](note.name)
        existing = resource.find(site, note.id)
        if existing and note.made and note.digest and (note.id, note.etag) == (existing.id, existing.etag):
            yield Step(Verb.DELETE, resource, existing)


def note_of(resource: Resource, existing: Existing, before: Note | None, made_now: bool) -> Note | None:
    """Return what to remember of a resource after a deployment; nothing of one that was there before and is nobody's."""
    same = before is not None and before.id == existing.id and before.made
    made = made_now or existing.marked or same or resource.content is not None
    if not made:
        return None
    return Note(
        kind=resource.kind, name=resource.name, id=existing.id, etag=existing.etag, digest=resource.digest, made=made
    )
