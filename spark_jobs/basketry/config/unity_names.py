"""What a retailer's tables, volumes, models and functions are called in Unity Catalog: everybody who needs such a name asks here.

Retailer, Unity Catalog catalog and schemas are three things. Without a word in a target the catalog is called as the retailer
and the schemas as the layers; a target may place a retailer into any catalog, behind a prefix, or into one schema of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import model_validator

from basketry.config.model import Document, Mistake, must
from basketry.errors import BadInputError
from basketry.tables import SCHEMAS

VOLUMES = ("landing", "exports", "requests", "checkpoints")
"""The schemas with one volume `files` each."""

_NAME = re.compile(r"[^\s./`A-Z\x00-\x1f\x7f]{1,200}\Z")
_VOLUME = re.compile(r"/Volumes(/[^\s./`A-Z]+){3}(/[^/]+)*\Z")
_LAYER_TABLE = re.compile(rf"\b({'|'.join(SCHEMAS)})\.(\w+)")

_Name = Annotated[
    str,
    must(
        _NAME.match, "'{value}' is no name of Unity Catalog: write small letters without blank, dot, slash or backtick."
    ),
]
_Folder = Annotated[
    str, must(_VOLUME.match, "'{value}' is no folder of a volume: write /Volumes/<catalog>/<schema>/<volume>.")
]


class UnityNames(Document, title="the place of a retailer"):
    """Where a retailer's schemas lie, and so what everything in them is called.

    Attributes:
        catalog: The Unity Catalog catalog, which exists.
        schema_prefix: Begins the name of every schema.
        one_schema: The one schema that holds all; a table is then called <layer>_<table>.
        landing: The folder of a volume that exists, into which files are delivered, a folder per feed; by default the
            volume `files` of the schema `landing`.
    """

    catalog: _Name
    schema_prefix: _Name | None = None
    one_schema: _Name | None = None
    landing: _Folder | None = None

    @model_validator(mode="after")
    def _check_choice(self) -> Self:
        if self.schema_prefix and self.one_schema:
            raise Mistake("write either 'schema_prefix' or 'one_schema', not both.", "one_schema")
        return self

    @property
    def shared(self) -> frozenset[str]:
        """What may also be somebody else's: nothing, CATALOG, or CATALOG and SCHEMA."""
        if self.one_schema:
            return frozenset({"CATALOG", "SCHEMA"})
        return frozenset({"CATALOG"} if self.schema_prefix else ())

    def schema_name(self, layer: str) -> str:
        """Return the schema of a layer or of a kind of volume."""
        return self.one_schema or f"{self.schema_prefix or ''}{layer}"

    def schemas(self) -> dict[str, str]:
        """Return every schema by the layers and volumes that it holds; they are the keys."""
        return {layer: self.schema_name(layer) for layer in (*SCHEMAS, *VOLUMES)}

    def own_schemas(self) -> list[str]:
        """Return every schema that is made for the retailer; not that of a landing volume that was there before."""
        layers = {layer: schema for layer, schema in self.schemas().items() if layer != "landing" or not self.landing}
        return list(dict.fromkeys(layers.values()))

    def parts(self, layer: str, name: str) -> tuple[str, str, str]:
        """Return catalog, schema and name of a table, volume, model or function that the library calls layer.name."""
        return self.catalog, self.schema_name(layer), f"{layer}_{name}" if self.one_schema else name

    def full_name(self, layer: str, name: str) -> str:
        """Return the three parts with dots between, as interfaces other than SQL want them."""
        return ".".join(self.parts(layer, name))

    def quoted(self, layer: str, name: str) -> str:
        """Return the three parts as SQL wants them."""
        return ".".join(f"`{part}`" for part in self.parts(layer, name))

    def own_name(self, schema: str, name: str) -> str | None:
        """Return what the library calls a table that the catalog lists, as layer.name; None for one that is not the retailer's."""
        for layer in SCHEMAS:
            prefix = f"{layer}_" if self.one_schema else ""
            if schema == self.schema_name(layer) and name.startswith(prefix):
                return f"{layer}.{name.removeprefix(prefix)}"
        return None

    def placed(self, text: str) -> str:
        """Return a query of the library's with every layer.table in three quoted parts."""
        return _LAYER_TABLE.sub(lambda found: self.quoted(found[1], found[2]), text)

    def volume_folder(self, kind: str) -> str:
        """Return the folder of a kind of volume, one of VOLUMES."""
        if kind == "landing" and self.landing:
            return self.landing
        return "/".join(("/Volumes", *self.parts(kind, "files")))

    def as_argument(self) -> str:
        """Return what `read_names` reads."""
        return json.dumps(self.model_dump(exclude_none=True), separators=(",", ":"), sort_keys=True)


def quote(full_name: str) -> str:
    """Return a name of parts as SQL wants it; no part holds a dot or a backtick."""
    return ".".join(f"`{part}`" for part in full_name.split("."))


def read_names(text: str) -> UnityNames:
    """Read what `as_argument` wrote.

    Raises:
        BadInputError: It says something else.
    """
    try:
        return UnityNames.model_validate(json.loads(text))
    except ValueError:
        raise BadInputError(
            f"--unity-names is '{text}'; write it as {UnityNames(catalog='demo').as_argument()}, or set BASKETRY_TARGET"
            " where the run is started."
        ) from None


def check_apart(places: Mapping[str, UnityNames]) -> None:
    """Refuse two retailers that share a schema or a landing folder: the rows of one would be taken for those of the other.

    Args:
        places: Where each retailer's schemas lie.

    Raises:
        Mistake: Names the second retailer.
    """
    owners: dict[str, str] = {}
    for retailer, names in places.items():
        for shareable in (
            *(f"schema {names.catalog}.{schema}" for schema in names.own_schemas()),
            names.volume_folder("landing"),
        ):
            if (owner := owners.setdefault(shareable, retailer)) != retailer:
                sentence = "'{retailer}' and '{owner}' share {shareable}: give one of them a place of its own."
                raise Mistake(sentence, retailer, retailer=retailer, owner=owner, shareable=shareable)
