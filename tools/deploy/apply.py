"""One deployment: what holds data is made where it is missing, then metric views and rights, then the bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from basketry.access import Grants, load_grants, unity
from basketry.metrics import load_metrics
from basketry.metrics.metric_views import tables_by_view
from basketry.tables import APPLIED_GRANTS
from basketry.warehouse.remote_rows import RemoteRowStore
from tools.deploy.bundle_cli import BundleCommands
from tools.deploy.checks import check_workspace
from tools.deploy.containers import Container, containers
from tools.deploy.finding import Finding
from tools.deploy.permissions import Permission, desired_permissions
from tools.deploy.statements import run_statement
from tools.deploy.trials import try_permissions
from tools.deploy.views import DeployedView, outdated_views
from tools.deploy.workspace import Site
from tools.problem import Problem

Say = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """What a person asks of a deployment.

    Attributes:
        plan: Show the difference and change nothing.
        revoke_by_hand: Revoke also what somebody granted by hand.
        auto_approve: Let the CLI remove, without asking, what the bundle no longer holds.
        force: Replace dashboards that were edited by hand.
        force_lock: Go on although a deployment that died holds the bundle's lock.
    """

    plan: bool = False
    revoke_by_hand: bool = False
    auto_approve: bool = False
    force: bool = False
    force_lock: bool = False

    def for_the_bundle(self) -> list[str]:
        """Return the options that are the CLI's."""
        flags = {"--auto-approve": self.auto_approve, "--force": self.force, "--force-lock": self.force_lock}
        return [flag for flag, wanted in flags.items() if wanted]


class Deployment:
    """What one target needs from one checkout."""

    def __init__(self, site: Site, checkout: Path, options: Options, say: Say, bundle: BundleCommands | None) -> None:
        """Read what the target shall hold.

        Args:
            site: The workspace and the target.
            checkout: The folder with include/ and databricks.yml.
            options: What a person asks of the deployment.
            say: Shows one line.
            bundle: Deploys the bundle; None leaves it out.
        """
        self.site, self.names = site, site.target.own_names
        self.options = options
        self.include = checkout / "include"
        self.grants: Grants = load_grants(site.target.catalog, self.include)
        self.wanted = containers(site.target, self.include)
        self._say = say
        self._bundle = bundle
        self._failed: list[str] = []

    def run(self) -> int:
        """Plan and, unless only the plan is wanted, apply; returns the number of changes beside the bundle's.

        Raises:
            Problem: The workspace is not ready, or something was not made; names it.
        """
        require_ready(check_workspace(self.site, self.grants, self.include))
        missing = [container for container in self.wanted if not container.exists(self.site)]
        views = outdated_views(self.site, self.include)
        changes = self._show(missing, views)
        if self.options.plan:
            if self._bundle:
                self._bundle.plan()
            return changes
        if changes:
            require_ready(try_permissions(self.site, self.grants))
            for container in missing:
                make(self.site, container)
            self.site.forget()
            self._give_rights(views)
        if self._bundle:
            self._bundle.deploy(self.options.for_the_bundle())
        if self._failed:
            raise Problem("the rest was deployed, but:\n  " + "\n  ".join(self._failed))
        return changes

    def _show(self, missing: Iterable[Container], views: Iterable[DeployedView]) -> int:
        """Print every step to come but the bundle's; returns how many there are."""
        lines = [f"+ {container}" for container in missing]
        lines += [f"+ {right}" for right in self._missing_rights()]
        lines += [f"+ {view}" for view in views]
        if self.names.schema_name("gold") in self.site.schemas:
            grant_plan = self._grant_plan()
            lines += [f"+ {line}" for line in grant_plan.lines() if grant_plan.changes or grant_plan.statements]
        for line in lines:
            self._say(line)
        return len([line for line in lines if "added by hand: " not in line or self.options.revoke_by_hand])

    def _missing_rights(self) -> Iterator[Permission]:
        rights = desired_permissions(self.site, self.grants, self.wanted)
        return (right for right in rights if right.missing(self.site))

    def _give_rights(self, views: Iterable[DeployedView]) -> None:
        for right in self._missing_rights():
            right.give(self.site)
        # Before the grants: a view that is made anew has lost those that it had.
        self._failed = [problem for view in views if (problem := view.make())]
        unity.apply_grants(
            self.site.client,
            self._grant_plan(),
            lambda sql: run_statement(self.site, sql),
            self._remember,
            revoke_by_hand=self.options.revoke_by_hand,
        )

    @cached_property
    def _rows(self) -> RemoteRowStore:
        return RemoteRowStore(self.grants.catalog, self.names, lambda: self.site.client, self.site.warehouse_id)

    def _grant_plan(self) -> unity.GrantPlan:
        rows = self._rows.read(APPLIED_GRANTS, APPLIED_GRANTS.column_names, {})
        views = tables_by_view(load_metrics(self.include))
        return unity.plan_grants(self.site.client, self.grants, self.names, unity.read_applied(rows), views)

    def _remember(self, applied: unity.Applied) -> None:
        for row in unity.applied_rows(applied):
            self._rows.put(APPLIED_GRANTS, row)


def require_ready(findings: Iterable[Finding]) -> None:
    """Stop when a finding is wrong.

    Raises:
        Problem: Names every finding that is wrong, with the command that mends it.
    """
    wrong = [str(finding) for finding in findings if finding.wrong]
    if wrong:
        raise Problem("nothing was changed, because the workspace is not ready:\n  " + "\n  ".join(wrong))


def make(site: Site, container: Container) -> None:
    """Make what holds data; one that was made already, by a request whose answer was lost, counts as made."""
    from databricks.sdk.errors import DatabricksError

    try:
        container.make(site)
    except DatabricksError as error:
        # Every kind has an error code of its own for this: SCHEMA_ALREADY_EXISTS, RESOURCE_ALREADY_EXISTS, …
        if not str(error.error_code).endswith("ALREADY_EXISTS"):
            raise
