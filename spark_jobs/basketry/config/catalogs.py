"""Catalogs: one retailer each, described by include/catalogs/<catalog>.yaml.

Everything that reads such a file does it here, so that all jobs know the same keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basketry.config import formats
from basketry.config.documents import Node, did_you_mean, read_document
from basketry.config.settings import Settings
from basketry.errors import BadInputError

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")

_REQUIRED = ("catalog", "description", "time_zone", "currency", "country")
_KEYS = (*_REQUIRED, "propensity")
_PROPENSITY_KEYS = ("categories", "top")


DEFAULT_TOP = 10
"""How many categories are scored when a catalog does not say."""


@dataclass(frozen=True)
class CategorySelection:
    """Which categories a catalog wants scored: these ones by name, or the most bought ones.

    Attributes:
        categories: the names of the categories; empty when the catalog names none.
        top: how many of the most bought categories are scored when none is named.
    """

    categories: tuple[str, ...] = ()
    top: int = DEFAULT_TOP


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """A retailer.

    Attributes:
        name: the catalog's name, which is also the name of its file and of its folder in the lake.
        description: what the retailer is, in a sentence.
        time_zone: the IANA time zone in which its business day begins and ends.
        currency: the ISO 4217 code of its currency.
        country: the ISO 3166 code of its country, two letters.
        scored: which categories are scored.
    """

    name: str
    description: str
    time_zone: str
    currency: str
    country: str
    scored: CategorySelection = CategorySelection()


def include_folder(include: Path | None) -> Path:
    """Return the folder of what people change, which is that of the settings unless another one is passed."""
    return Settings.from_environment().include if include is None else include


def file_label(path: Path, include: Path) -> str:
    """Return how errors name a file: its path from the include folder on."""
    return path.relative_to(include.parent).as_posix()


def catalog_names(include: Path | None = None) -> list[str]:
    """List the names of all catalogs, sorted."""
    return sorted(path.stem for path in (include_folder(include) / "catalogs").glob("*.yaml"))


def load_catalog(name: str, include: Path | None = None) -> Catalog:
    """Load the catalog of that name.

    Raises:
        BadInputError: for an unknown name, with the nearest one; for a mistake in the file, with its line.
    """
    folder = include_folder(include)
    names = catalog_names(folder)
    if name not in names:
        hint = did_you_mean(name, names) if names else f"add {folder.name}/catalogs/{name}.yaml."
        raise BadInputError(f"unknown catalog '{name}'; {hint}")
    entries = _document(name, folder).mapping("a catalog", _KEYS, _REQUIRED)
    if formats.read_slug(entries["catalog"], "catalog") != name:
        entries["catalog"].fail(f"catalog is '{entries['catalog'].value}' in the file of '{name}'; make them equal.")
    return Catalog(
        name=name,
        description=entries["description"].string("description"),
        time_zone=formats.read_time_zone(entries["time_zone"]),
        currency=_code(entries["currency"], "currency", _CURRENCY, "USD"),
        country=_code(entries["country"], "country", _COUNTRY, "US"),
        scored=_read_category_selection(entries.get("propensity")),
    )


def load_category_selection(name: str, include: Path) -> CategorySelection:
    """Load which categories the catalog wants scored: the default when it has no file or says nothing.

    Raises:
        ContractError: for an unknown key in the file.
    """
    if name not in catalog_names(include):
        return CategorySelection()
    return _read_category_selection(_document(name, include).mapping("a catalog", _KEYS).get("propensity"))


def _document(name: str, include: Path) -> Node:
    path = include / "catalogs" / f"{name}.yaml"
    return read_document(path, file_label(path, include))


def _read_category_selection(node: Node | None) -> CategorySelection:
    if node is None:
        return CategorySelection()
    entries = node.mapping("propensity", _PROPENSITY_KEYS)
    if len(entries) != 1:
        node.fail("propensity has neither or both of 'categories' and 'top'; write one of them.")
    if "top" in entries:
        top: int = entries["top"].expect(int, "top")
        return CategorySelection(top=top) if top > 0 else entries["top"].fail(f"top is {top}; make it at least 1.")
    names = [item.string("a category") for item in entries["categories"].items("categories")]
    if not names or len(set(names)) < len(names):
        entries["categories"].fail("categories is empty or repeats one; list each category once.")
    return CategorySelection(tuple(names))


def _code(node: Node, what: str, pattern: re.Pattern[str], example: str) -> str:
    # As written: the country code NO must not become `False`.
    if not pattern.match(node.text):
        node.fail(f"{what} '{node.text}' is not a code such as {example}.")
    return node.text
