"""Catalogs: one retailer each, described by include/catalogs/<catalog>.yaml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basketry.contracts import formats, words
from basketry.contracts.document import Node, nearest, read_document
from basketry.errors import BadInputError
from basketry.settings import Settings

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")


@dataclass(frozen=True)
class Catalog:
    """One retailer. time_zone: where its business day turns; currency: ISO 4217; country: ISO 3166, two letters."""

    name: str
    description: str
    time_zone: str
    currency: str
    country: str


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
    path = folder / "catalogs" / f"{name}.yaml"
    root = read_document(path, label_of(path, folder))
    entries = root.mapping("a catalog", words.CATALOG, words.CATALOG)
    if formats.slug(entries["catalog"], "catalog") != name:
        entries["catalog"].fail(f"catalog is '{entries['catalog'].value}' in the file of '{name}'; make them equal.")
    return Catalog(
        name=name,
        description=entries["description"].string("description"),
        time_zone=formats.time_zone(entries["time_zone"]),
        currency=_code(entries["currency"], "currency", _CURRENCY, "USD"),
        country=_code(entries["country"], "country", _COUNTRY, "US"),
    )


def _code(node: Node, what: str, pattern: re.Pattern[str], example: str) -> str:
    # As written: the country code NO must not become `False`.
    if not pattern.match(node.text):
        node.fail(f"{what} '{node.text}' is not a code such as {example}.")
    return node.text
