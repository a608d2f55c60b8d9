"""Catalogs: one retailer each, described by include/catalogs/<catalog>.yaml.

Everything that reads such a file does it here, so that all jobs know the same keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from basketry.config import formats
from basketry.config.documents import Node, did_you_mean
from basketry.config.locator import load_document
from basketry.config.model import Count, Document, Label, Mistake, Reads, Text, context_of
from basketry.config.settings import Settings
from basketry.errors import BadInputError

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
D = TypeVar("D", bound="CatalogDocument")

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


class CategorySettings(Document):
    """Which categories are scored: named, or how many of the most bought."""

    categories: tuple[Annotated[Text, Label("a category")], ...] | None = None
    top: Count | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if (self.categories is None) == (self.top is None):
            raise Mistake("propensity has neither or both of 'categories' and 'top'; write one of them.")
        if self.categories is not None and len(set(self.categories)) < max(1, len(self.categories)):
            raise Mistake("categories is empty or repeats one; list each category once.", "categories")
        return self

    @property
    def selection(self) -> CategorySelection:
        """What is scored, whichever way it is written."""
        return CategorySelection(self.categories or (), DEFAULT_TOP if self.top is None else self.top)


class CatalogDocument(Document, title="a catalog"):
    """The file of a catalog, of which nothing is asked but the categories that are scored."""

    unread = frozenset({"catalog", "description", "time_zone", "currency", "country"})
    propensity: CategorySettings | None = None

    @property
    def scored(self) -> CategorySelection:
        """Which categories are scored."""
        return CategorySelection() if self.propensity is None else self.propensity.selection


def _file_name(name: str, info: ValidationInfo) -> str:
    file = context_of(info)["file"]
    if name != file:
        raise Mistake("catalog is '{name}' in the file of '{file}'; make them equal.", name=name, file=file)
    return name


class Catalog(CatalogDocument):
    """A retailer.

    Attributes:
        name: the catalog's name, which is also the name of its file and of its folder in the lake.
        description: what the retailer is, in a sentence.
        time_zone: the IANA time zone in which its business day begins and ends.
        currency: the ISO 4217 code of its currency.
        country: the ISO 3166 code of its country, two letters.
    """

    unread = frozenset()
    name: Annotated[str, Reads(lambda node: formats.read_slug(node, "catalog")), AfterValidator(_file_name)] = Field(
        alias="catalog"
    )
    description: Text
    time_zone: Annotated[str, Reads(formats.read_time_zone)]
    currency: Annotated[str, Reads(lambda node: _code(node, "currency", _CURRENCY, "USD"))]
    country: Annotated[str, Reads(lambda node: _code(node, "country", _COUNTRY, "US"))]


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
    return _read(Catalog, name, folder)


def load_category_selection(name: str, include: Path) -> CategorySelection:
    """Load which categories the catalog wants scored: the default when it has no file or says nothing.

    Raises:
        ContractError: for an unknown key in the file.
    """
    return _read(CatalogDocument, name, include).scored if name in catalog_names(include) else CategorySelection()


def _read(model: type[D], name: str, include: Path) -> D:
    path = include / "catalogs" / f"{name}.yaml"
    return load_document(model, path, file_label(path, include), {"file": name})


def _code(node: Node, what: str, pattern: re.Pattern[str], example: str) -> str:
    # As written: the country code NO must not become `False`.
    if not pattern.match(node.text):
        node.fail(f"{what} '{node.text}' is not a code such as {example}.")
    return node.text
