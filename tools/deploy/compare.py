"""What stands, what should stand, what the last deployment left: the steps between, and what a person did by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tools.deploy.deployed_resource import Found, Resource
from tools.deploy.documents import Dashboard, File, GenieSpace
from tools.deploy.manifest import Manifest, Note
from tools.deploy.places import Experiment, Folder, Model, Schema, SecretScope, Volume
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
    """One change. found: what it changes or removes."""

    verb: Verb
    resource: Resource
    found: Found | None = None

    def __str__(self) -> str:
        """A line of the plan."""
        return f"{self.verb} {self.resource.label}"


@dataclass(frozen=True)
class Plan:
    """steps in the order in which they must happen; conflicts: what a person did and a step would undo."""

    steps: tuple[Step, ...]
    conflicts: tuple[str, ...]


def compare(site: Site, wanted: Sequence[Resource], manifest: Manifest, *, overwrite: bool = False) -> Plan:
    """The plan; writes nothing. overwrite: what was edited by hand is changed like anything else."""
    steps: list[Step] = []
    conflicts: list[str] = []
    for resource in wanted:
        note = manifest.notes.get(resource.label)
        found = resource.find(site, note.id if note else "")
        if found is None:
            steps.append(Step(Verb.CREATE, resource))
        elif by_hand := _by_hand(site, resource, found, note, overwrite):
            conflicts.append(by_hand)
        elif _differs(site, resource, found, note):
            steps.append(Step(Verb.UPDATE, resource, found))
    labels = {resource.label for resource in wanted}
    steps.extend(_obsolete(site, [note for label, note in manifest.notes.items() if label not in labels]))
    return Plan(tuple(steps), tuple(conflicts))


def _differs(site: Site, resource: Resource, found: Found, note: Note | None) -> bool:
    if resource.content is None:
        return False
    if note is None:
        return True  # made by a deployment that broke off: whatever else belongs to making it is done now
    if (note.id, note.etag) == (found.id, found.etag):
        return note.digest != resource.digest
    return not resource.holds_wanted(site, found)


def _by_hand(site: Site, resource: Resource, found: Found, note: Note | None, overwrite: bool) -> str:
    """One sentence when a step would undo a person's work, else nothing."""
    if overwrite or resource.content is None or (note and (note.id, note.etag) == (found.id, found.etag)):
        return ""
    if resource.holds_wanted(site, found):
        return ""
    what = (
        "was edited by hand since it was deployed" if note and note.id == found.id else "is there already, made by hand"
    )
    again = f"make deploy TARGET={site.target.name} ARGS=--overwrite"
    return f"{resource.label} {what}: {_keep(resource, found)}, or replace it by {again}."


def _keep(resource: Resource, found: Found) -> str:
    ways = {
        Dashboard.kind: f"keep the edit by databricks lakeview get {found.id} and its include/dashboards file",
        GenieSpace.kind: f"keep the edit by databricks genie get-space {found.id} and its include/genie file",
        File.kind: f"keep the edit by databricks workspace export {resource.name}",
    }
    return ways[resource.kind]


def _obsolete(site: Site, notes: Iterable[Note]) -> Iterator[Step]:
    """What an earlier checkout had and this one has not; only what nobody touched since."""
    for note in notes:
        resource = KINDS[note.kind](note.name)
        found = resource.find(site, note.id)
        if found and note.made and note.digest and (note.id, note.etag) == (found.id, found.etag):
            yield Step(Verb.DELETE, resource, found)


def note_of(resource: Resource, found: Found, before: Note | None, made_now: bool) -> Note | None:
    """What to remember of a thing after a deployment; nothing of one that was there before and is nobody's."""
    same = before is not None and before.id == found.id and before.made
    made = made_now or found.marked or same or resource.content is not None
    if not made:
        return None
    return Note(resource.kind, resource.name, found.id, found.etag, resource.digest, made)
