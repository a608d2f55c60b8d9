"""What a page of the console is: its place in the menu, its routes, the tables that it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from basketry.registry.models import ModelSpec
from basketry.tables import TABLES, deadline_of
from basketry_airflow.console.filling import with_filling
from basketry_airflow.console.verdicts import first_refusal_of, not_scored_notice, provisional_champion_notice
from basketry_airflow.console.viewer import Notice, Viewer

_TABLES = {table.full_name: table for table in TABLES}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of the console; a module of `pages` declares one as PAGE, and the menu and the routes follow.

    Attributes:
        path: The path, which the menu shows as the current one.
        title: The title: in the menu, of the page, and of what is missing where a table is.
        position: Where it stands among the pages, in the menu and among the routes.
        in_menu: Whether the menu leads to it.
        router: Its routes.
        tables: The tables without which there is nothing to show, as schema.table; a team that may not read them is told so.
        filled_by: The DAG that fills them first; by default the one that trains the first version of the model.
        model: The kind of model that makes them, if one does.
    """

    path: str
    title: str
    position: int
    in_menu: bool = True
    router: APIRouter
    tables: tuple[str, ...] = ()
    filled_by: str = ""
    model: ModelSpec | None = None

    @property
    def fillers(self) -> tuple[str, ...]:
        """The DAGs that fill the tables: first the one that does so in a new catalog, then the one that keeps them fresh."""
        first = self.filled_by or (self.model.first_trained_by if self.model else "")
        deadlines = (deadline_of(_TABLES[name]) for name in self.tables)
        return tuple(dict.fromkeys(dag for dag in (first, *(d.dag for d in deadlines if d)) if dag))

    def is_readable(self, viewer: Viewer) -> bool:
        """Return whether the team may read every table of the page."""
        return all(viewer.may_read(name) for name in self.tables)

    def is_filled(self, viewer: Viewer) -> bool:
        """Return whether every table of the page has been written."""
        return all(viewer.state(name) is not None for name in self.tables)

    def unavailable(self, viewer: Viewer) -> Notice | None:
        """Say why the page cannot be shown: not for the team, not filled yet, or its model was refused; None when it can."""
        if not self.tables:
            return None
        notice = viewer.missing(self.title, self.fillers[0], *self.tables)
        if notice is None or not self.is_readable(viewer):
            return notice
        refusal = first_refusal_of(viewer, self.model.name) if self.model else None
        if self.model and refusal:
            notice = not_scored_notice(viewer, self.title, self.model, refusal)
        return with_filling(viewer, notice, self.fillers)

    def empty(self, viewer: Viewer, text: str) -> Notice:
        """Say that the tables are there and hold nothing for the page.

        Args:
            viewer: Who looks.
            text: What is missing, in a sentence.
        """
        what = f"{self.title[:1].lower()}{self.title[1:]}"
        notice = Notice(f"No {what} yet", f"{text} The DAG {self.fillers[0]} fills this page.")
        return with_filling(viewer, notice, self.fillers)

    def provisional(self, viewer: Viewer) -> Notice | None:
        """Say that what made the page's numbers is a provisional champion; None where it is not, or no model did."""
        return provisional_champion_notice(viewer, self.model.name) if self.model is not None else None
