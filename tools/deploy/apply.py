"""One deployment from the first look to the last note."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from basketry.access import Grants, load_grants, unity
from tools.deploy.checks import Finding, check_workspace, run_statement, try_permissions
from tools.deploy.compare import KINDS, Plan, Step, Verb, compare, note_of
from tools.deploy.containers import Folder, folder
from tools.deploy.deployed_resource import Resource
from tools.deploy.desired_resources import desired_resources
from tools.deploy.manifest import (
    LOCK,
    NAME,
    Manifest,
    Note,
    break_lock,
    delete_manifest,
    load_manifest,
    locked,
    refuse_locked,
    save_manifest,
)
from tools.deploy.permissions import Permission, UnityPermission, desired_permissions, read_permission
from tools.deploy.workspace import Site
from tools.problem import Problem

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a person asks of a deployment.

    Attributes:
        plan: Show the difference and change nothing.
        overwrite: Replace what was edited by hand.
        break_lock: Go on although a deployment that died holds the lock.
        revoke_by_hand: Revoke also what somebody granted by hand.
    """

    plan: bool = False
    overwrite: bool = False
    break_lock: bool = False
    revoke_by_hand: bool = False


class Deployment:
    """What one target needs from one checkout."""

    def __init__(self, site: Site, checkout: Path, options: Options, say: Say) -> None:
        """Read what the target shall hold.

        Args:
            site: The workspace and the target.
            checkout: The folder with include/ and spark_jobs/.
            options: What a person asks of the deployment.
            say: Shows one line.
        """
        self.site = site
        self.options = options
        self.include = checkout / "include"
        self.grants: Grants = load_grants(site.target.catalog, self.include)
        self.wanted = desired_resources(site.target, checkout)
        self._say = say

    def run(self) -> int:
        """Plan and, unless only the plan is wanted, apply; returns the number of changes."""
        require_ready(check_workspace(self.site, self.grants, self.include))
        if self.options.break_lock and not self.options.plan:
            break_lock(self.site)
        refuse_locked(self.site)
        manifest = load_manifest(self.site)
        plan = self._planned(manifest)
        changes = self._show(plan)
        if self.options.plan or not changes:
            return changes
        require_ready(try_permissions(self.site, self.grants))
        made = self._make_folder(plan)
        with locked(self.site):
            if load_manifest(self.site).serial != manifest.serial:
                raise Problem("somebody deployed in between: run the same command again and look at the new plan.")
            manifest.notes.update(made)
            self._apply(plan, manifest)
        return changes

    def _planned(self, manifest: Manifest) -> Plan:
        plan = compare(self.site, self.wanted, manifest, overwrite=self.options.overwrite)
        if plan.conflicts:
            raise Problem("nothing was changed. " + " ".join(plan.conflicts))
        return plan

    def _show(self, plan: Plan) -> int:
        """Print every step to come; returns how many there are."""
        lines = [str(step) for step in plan.steps]
        lines += [f"+ {right}" for right in self._missing_rights()]
        if self._catalog_has_tables():
            grant_plan = unity.plan_grants(self.site.client, self.grants)
            lines += [f"+ {line}" for line in grant_plan.lines() if grant_plan.changes or grant_plan.statements]
        for line in lines:
            self._say(line)
        return len([line for line in lines if "added by hand: " not in line or self.options.revoke_by_hand])

    def _catalog_has_tables(self) -> bool:
        names = {schema.name for schema in self.site.client.schemas.list(self.site.target.catalog)}
        return "gold" in names

    def _missing_rights(self) -> list[Permission]:
        return [right for right in desired_permissions(self.site, self.grants, self.wanted) if right.missing(self.site)]

    def _make_folder(self, plan: Plan) -> dict[str, Note]:
        """Make the target's folder, which holds the lock; returns what to note of it when it is new."""
        top = folder(self.site.target.folder)
        if top.label not in {step.resource.label for step in plan.steps}:
            return {}
        top.create(self.site)
        self.site.forget()
        existing = top.find(self.site)
        return {top.label: Note(kind=top.kind, name=top.name, id=existing.id)} if existing else {}

    def _apply(self, plan: Plan, manifest: Manifest) -> None:
        done: list[Step] = []
        try:
            for step in plan.steps:
                apply_step(self.site, step)
                done.append(step)
            self.site.forget()
            self._give_rights(manifest)
        finally:  # also what was made before something failed is noted, else nobody would remove it
            self.site.forget()
            record_deployment(self.site, manifest, done, self.wanted)
            save_manifest(self.site, manifest)

    def _give_rights(self, manifest: Manifest) -> None:
        for right in self._missing_rights():
            right.give(self.site)
            manifest.rights.append(right.note())
        grant_plan = unity.plan_grants(self.site.client, self.grants)
        for change in grant_plan.changes:
            if change.grant:
                manifest.rights.append(UnityPermission(change).note())
        revoke = self.options.revoke_by_hand
        unity.apply_grants(
            self.site.client, grant_plan, lambda sql: run_statement(self.site, sql), revoke_by_hand=revoke
        )


def require_ready(findings: Iterable[Finding]) -> None:
    """Stop when a finding is wrong.

    Raises:
        Problem: Names every finding that is wrong, with the command that mends it.
    """
    wrong = [str(finding) for finding in findings if finding.wrong]
    if wrong:
        raise Problem("nothing was changed, because the workspace is not ready:\n  " + "\n  ".join(wrong))


def apply_step(site: Site, step: Step) -> None:
    """Do one step; one that was done already, by a request whose answer was lost, counts as done."""
    from databricks.sdk.errors import DatabricksError, NotFound

    if step.verb is Verb.CREATE:
        try:
            step.resource.create(site)
        except DatabricksError as error:
            # Every kind has an error code of its own for this: SCHEMA_ALREADY_EXISTS, RESOURCE_ALREADY_EXISTS, …
            if not str(error.error_code).endswith("ALREADY_EXISTS"):
                raise
            site.forget()
            existing = step.resource.find(site)
            if existing is None or not (existing.marked or step.resource.is_up_to_date(site, existing)):
                raise
    elif step.found is not None and step.verb is Verb.UPDATE:
        step.resource.update(site, step.found)
    elif step.found is not None:
        try:
            step.resource.delete(site, step.found)
        except NotFound:
            return


def record_deployment(site: Site, manifest: Manifest, done: Sequence[Step], wanted: Sequence[Resource]) -> None:
    """Note everything as it stands now."""
    touched = {step.resource.label for step in done}
    made = {step.resource.label for step in done if step.verb is Verb.CREATE}
    removed = {step.resource.label for step in done if step.verb is Verb.DELETE}
    for label in removed:
        manifest.notes.pop(label, None)
    for resource in wanted:
        before = manifest.notes.get(resource.label)
        existing = resource.find(site, before.id if before else "")
        if existing is None or not (before or resource.label in touched or existing.marked):
            continue
        note = note_of(resource, existing, before, resource.label in made)
        if note is not None:
            manifest.notes[resource.label] = note


def undeploy(site: Site, say: Say, *, plan: bool) -> int:
    """Take away every right and remove what deployments made and what holds nothing of anybody's.

    Returns how many things stay because somebody's work is in them.
    """
    refuse_locked(site)
    manifest = load_manifest(site)
    if plan:
        for note in reversed(_in_order(manifest)):
            say(f"- {note.label}")
    if plan or not manifest.notes:
        return 0
    top = folder(site.target.folder)
    with locked(site):
        _take_rights(site, manifest, say)
        stays = _remove_things(site, manifest, top, say)
        ours = (f"{top.name}/{name}" for name in (NAME, LOCK))
        rest = [path for path in site.objects if path.startswith(f"{top.name}/") and path not in ours]
        if rest and top.label in manifest.notes:
            say(f"  {top.label} stays: it holds {rest[0]}")
            stays += 1
        if stays:
            save_manifest(site, manifest)
        else:
            delete_manifest(site)
    if not stays and top.label in manifest.notes:
        site.client.workspace.delete(top.name)
        say(f"- {top.label}")
    return stays


def _remove_things(site: Site, manifest: Manifest, top: Folder, say: Say) -> int:
    """Remove everything but the target's own folder, which holds lock and manifest; returns how many things stay."""
    notes = [note for note in reversed(_in_order(manifest)) if note.label != top.label]
    places = [note for note in notes if note.kind == Folder.kind]
    stays = sum(not _removed(site, note, manifest, say) for note in notes if note.kind != Folder.kind)
    site.forget()
    return stays + sum(not _removed(site, note, manifest, say) for note in places)


def _in_order(manifest: Manifest) -> list[Note]:
    """Sort containers before what they contain, as they were made."""
    kinds = list(KINDS)
    return sorted(manifest.notes.values(), key=lambda note: (kinds.index(note.kind), note.name))


def _take_rights(site: Site, manifest: Manifest, say: Say) -> None:
    from databricks.sdk.errors import NotFound

    for noted in list(manifest.rights):
        right = read_permission(noted)
        try:
            right.take(site)
            say(f"- {right}")
        except NotFound:
            pass  # what it was on is gone, and the right with it
        manifest.rights.remove(noted)


def _removed(site: Site, note: Note, manifest: Manifest, say: Say) -> bool:
    """Whether the thing is gone now; says why where it stays."""
    resource = KINDS[note.kind](note.name)
    existing = resource.find(site, note.id)
    reason = ""
    if existing is None or not note.made:
        pass
    elif existing.id != note.id:
        reason = "it was made anew by hand"
    elif existing.etag != note.etag:
        reason = "it was edited by hand"
    else:
        reason = resource.in_use(site)
    if reason:
        say(f"  {note.label} stays: {reason}")
        return False
    if existing is not None and note.made:
        resource.delete(site, existing)
        say(f"- {note.label}")
    manifest.notes.pop(note.label)
    return True
