"""Metric views: made once their tables are there, and made anew when their definition changes. They hold no data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from basketry.metrics import load_metrics
from basketry.metrics.metric_views import DIGEST, MetricView, digest, metric_views, view_statement
from basketry.tables import SCHEMAS
from tools.deploy.finding import first_line
from tools.deploy.statements import run_statement
from tools.deploy.workspace import Site

NEEDS = (
    "whoever deploys needs SELECT on its tables and CREATE TABLE on its schema, and a warehouse of the current channel"
)


@dataclass(frozen=True)
class DeployedView:
    """A metric view at the place of a target's retailer."""

    site: Site
    view: MetricView

    def __str__(self) -> str:
        """Return what people call it."""
        return f"metric view {self.site.target.own_names.full_name(*self.view.full_name.split('.'))}"

    def make(self) -> str:
        """Make it, or make it anew; returns what went wrong in a sentence, empty for nothing."""
        from databricks.sdk.errors import DatabricksError

        try:
            run_statement(self.site, view_statement(self.view, self.site.target.own_names))
        except DatabricksError as error:
            return f"{self} was not made ({first_line(error)}): {NEEDS}"
        return ""


def outdated_views(site: Site, include: Path) -> list[DeployedView]:
    """Return the views that are not there, or are of another definition; those whose tables are still missing left out."""
    views = metric_views(load_metrics(include))
    stored = dict(_stored(site))
    return [
        DeployedView(site, view)
        for view in views
        if all(table in stored for table in view.tables)
        and stored.get(view.full_name) != digest(view, site.target.own_names)
    ]


def _stored(site: Site) -> Iterator[tuple[str, str]]:
    """Yield every table and view as layer.name, with the digest that a view carries."""
    names = site.target.own_names
    for schema in sorted({names.schema_name(layer) for layer in SCHEMAS} & site.schemas):
        for table in site.client.tables.list(names.catalog, schema):
            if own_name := names.own_name(schema, str(table.name)):
                yield own_name, (table.properties or {}).get(DIGEST, "")
