"""Catalogs: one retailer each, described by include/catalogs/<catalog>.yaml.

Everything that reads such a file does it here, so that all jobs know the same keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basketry.config import formats
from basketry.config.documents import Node, nearest, read_document
from basketry.config.settings import Settings
from basketry.errors import BadInputError

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")

_REQUIRED = ("catalog", "description", "time_zone", "currency", "country")
_KEYS = (*_REQUIRED, "propensity")
_PROPENSITY_KEYS = ("categories", "top")


TOP = 10
"""How many categories are scored where a catalog does not say."""


@dataclass(frozen=True)
class Wish:
    """What a catalog says of its scored categories: their names, or how many of the most bought."""

    categories: tuple[str, ...] = ()
    top: int = TOP


@dataclass(frozen=True)
class Catalog:
    """One retailer. time_zone: where its business day turns; currency: ISO 4217; country: ISO 3166, two letters.

    scored: which categories are scored.
    """

    name: str
    description: str
    time_zone: str
    currency: str
    country: str
    scored: Wish = Wish()


def include_folder(include: Path | None) -> Path:
    """The folder of what people change; default from the settings."""
    return Settings.from_environment().include if include is None else include


def label_of(path: Path, include: Path) -> str:
    """A file's name in errors: from the include folder on."""
    return path.relative_to(include.parent).as_posix()


def catalog_names(include: Path | None = None) -> list[str]:
    """Names of all catalogs, sorted."""
    return sorted(path.stem for path in (include_folder(include) / "catalogs").glob("*.yaml"))


def load_catalog(name: str, include: Path | None = None) -> Catalog:
    """The catalog of that name; BadInputError naming the nearest one, or the mistake with its file and line."""
    folder = include_folder(include)
    names = catalog_names(folder)
    if name not in names:
        hint = nearest(name, names) if names else f"add {folder.name}/catalogs/{name}.yaml."
        raise BadInputError(f"unknown catalog '{name}'; {hint}")
    entries = _document(name, folder).mapping("a catalog", _KEYS, _REQUIRED)
    if formats.slug(entries["catalog"], "catalog") != name:
        entries["catalog"].fail(f"catalog is '{entries['catalog'].value}' in the file of '{name}'; make them equal.")
    return Catalog(
        name=name,
        description=entries["description"].string("description"),
        time_zone=formats.time_zone(entries["time_zone"]),
        currency=_code(entries["currency"], "currency", _CURRENCY, "USD"),
        country=_code(entries["country"], "country", _COUNTRY, "US"),
        scored=_read_wish(entries.get("propensity")),
    )


def load_wish(name: str, include: Path) -> Wish:
    """Which categories the catalog wants scored; ContractError for an unknown key. No file or no word: the top ten."""
    if name not in catalog_names(include):
        return Wish()
    return _read_wish(_document(name, include).mapping("a catalog", _KEYS).get("propensity"))


def _document(name: str, include: Path) -> Node:
    path = include / "catalogs" / f"{name}.yaml"
    return read_document(path, label_of(path, include))


def _read_wish(node: Node | None) -> Wish:
    if node is None:
        return Wish()
    entries = node.mapping("propensity", _PROPENSITY_KEYS)
    if len(entries) != 1:
        node.fail("propensity has neither or both of 'categories' and 'top'; write one of them.")
    if "top" in entries:
        top: int = entries["top"].expect(int, "top")
        return Wish(top=top) if top > 0 else entries["top"].fail(f"top is {top}; make it at least 1.")
    names = [item.string("a category") for item in entries["categories"].items("categories")]
    if not names or len(set(names)) < len(names):
        entries["categories"].fail("categories is empty or repeats one; list each category once.")
    return Wish(tuple(names))


def _code(node: Node, what: str, pattern: re.Pattern[str], example: str) -> str:
    # As written: the country code NO must not become `False`.
    if not pattern.match(node.text):
        node.fail(f"{what} '{node.text}' is not a code such as {example}.")
    return node.text
