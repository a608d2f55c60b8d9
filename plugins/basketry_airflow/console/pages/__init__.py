"""What each page shows: one module per page, with its `Page`, its queries, and dataclasses that its template draws."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from basketry_airflow.console.page import Page


@cache
def all_pages() -> tuple[Page, ...]:
    """Return the page that each module of this package declares, in their order."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    declared: list[Page] = [module.PAGE for module in modules]
    return tuple(sorted(declared, key=lambda page: page.position))
