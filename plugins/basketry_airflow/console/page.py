"""What a page of the console is: its place in the menu, its routes, the tables that it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from basketry.registry.models import ModelSpec
from basketry_airflow.console.verdicts import not_scored_notice, provisional_champion_notice
from basketry_airflow.console.viewer import Notice, Viewer


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
        filled_by: The DAG that fills them.
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

    def unavailable(self, viewer: Viewer) -> Notice | None:
        """Say why the page cannot be shown: not for the team, not filled yet, or its model was refused; None when it can."""
        if self.model is not None:
            return not_scored_notice(viewer, self.title, self.model.name, self.tables)
        return viewer.missing(self.title, self.filled_by, *self.tables)

    def provisional(self, viewer: Viewer) -> Notice | None:
        """Say that what made the page's numbers is a provisional champion; None where it is not, or no model did."""
        return provisional_champion_notice(viewer, self.model.name) if self.model is not None else None
