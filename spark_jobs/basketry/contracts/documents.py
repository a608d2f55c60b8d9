"""What may stand in a contract: every key of each of its parts, those of ODCS v3.2 and our own."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel

from basketry.config import formats
from basketry.config.documents import Node, custom_properties
from basketry.config.locator import D, parse_document
from basketry.config.model import (
    Document,
    Label,
    Mistake,
    PlacedText,
    Reads,
    Text,
    context_of,
    keys_of,
    must,
    one_of,
    one_of_context,
)
from basketry.contracts.model import DELIVERED_TYPES, FORMATS, SEVERITIES, UNKNOWN_COLUMNS
from basketry.tables import SILVER

API_VERSION = "v3.2.0"
ENGINE = "basketry"
DELIVERED = "delivered"
STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
CLASSIFICATIONS = ("pii", "public", "internal", "restricted", "confidential")

_VERSION = re.compile(r"\d+\.\d+\.\d+\Z", re.ASCII)
_SLUG = must(formats.is_slug, "{what} '{value}' must be lower case letters, digits and _.")
_NAMED = must(bool, "{what} is an empty list; name at least one.")
_ONLY_FOR = {
    "delimiter": ("csv", "auto"),
    "quote": ("csv", "auto"),
    "sheet": ("xlsx", "auto"),
    "headerRow": ("csv", "xlsx", "auto"),
}


class OdcsDocument(Document, alias_generator=to_camel):
    """A part of a contract, whose keys are written as the standard writes them."""


_NOTES = frozenset({"id", "description", "businessName", "tags", "authoritativeDefinitions"})
"""What ODCS offers for people and other tools to read; Basketry does not act on it."""


def _of_its_place(text: str, info: ValidationInfo) -> str:
    right = context_of(info)[str(info.field_name)]
    if text != right:
        raise Mistake("{0} is '{text}', the file's place says '{right}'; make them equal.", text=text, right=right)
    return text


_PlaceName = Annotated[Text, AfterValidator(_of_its_place)]


class DescriptionDocument(OdcsDocument, title="description"):
    """What a contract is for."""

    unread = frozenset({"usage", "limitations", "authoritativeDefinitions", "customProperties"})
    purpose: Text = ""


class ContractDocument(OdcsDocument, title="a contract"):
    """The top of a contract; the context says what the file's place says."""

    unread = frozenset(
        {
            "tags",
            "domain",
            "dataProduct",
            "team",
            "roles",
            "support",
            "slaProperties",
            "servers",
            "authoritativeDefinitions",
            "contractCreatedTs",
        }
    )
    api_version: Annotated[str, one_of((API_VERSION,))]
    kind: Annotated[str, one_of(("DataContract",))]
    status: Annotated[str, one_of(STATUSES)]
    name: Annotated[_PlaceName, _SLUG]
    tenant: _PlaceName
    id: _PlaceName
    version: Annotated[Text, must(_VERSION.match, "version '{value}' must be three numbers such as 1.0.0.")]
    description: DescriptionDocument = DescriptionDocument()
    objects: Node = Field(alias="schema")


class DeliveredAtDocument(OdcsDocument):
    """How the name of a file says when it was delivered."""

    from_file_name: Annotated[str, Reads(lambda node: formats.read_regex(node, "fromFileName", groups=1))]
    format: Annotated[str, Reads(lambda node: formats.read_date_pattern(node, "format of deliveredAt"))]


def _character(name: str) -> Reads:
    return Reads(lambda node: formats.read_character(node, name))


class FileProperties(OdcsDocument):
    """The custom properties of the delivered object: how a file is written."""

    format: Annotated[str, one_of(FORMATS)] = "auto"
    file_patterns: Annotated[tuple[Annotated[str, Reads(formats.read_file_pattern)], ...], _NAMED]
    delimiter: Annotated[str, _character("delimiter")] = ","
    quote: Annotated[str, _character("quote")] = '"'
    encoding: Annotated[str, Reads(formats.read_encoding)] = "utf-8"
    decimal_sign: Annotated[str, _character("decimalSign")] = "."
    thousands_sign: Annotated[str, _character("thousandsSign")] | None = None
    sheet: Text | None = None
    header_row: Annotated[
        int, must(lambda row: row >= 1, "headerRow counts from 1; write the row a spreadsheet shows.")
    ] = 1
    null_values: Annotated[tuple[Annotated[str, Label("a text of nullValues")], ...], _NAMED] = ("",)
    unknown_columns: Annotated[str, one_of(UNKNOWN_COLUMNS)] = "rescue"
    max_rejected_share: Annotated[
        float, must(lambda share: 0 <= share <= 1, "{what} is {value}; write a share from 0 to 1.")
    ] = 0.05
    delivered_at: DeliveredAtDocument | None = None
    time_zone: Annotated[str, Reads(lambda node: formats.read_time_zone(node, "timeZone"))] | None = None

    @model_validator(mode="before")
    @classmethod
    def _check_meaning(cls, entries: dict[str, Any]) -> dict[str, Any]:
        kind = entries.get("format", "auto")
        for name, kinds in _ONLY_FOR.items():
            if name in entries and kind in FORMATS and kind not in kinds:
                sentence = "{0} has no meaning for format {kind}; remove it or make the format {right}."
                raise Mistake(sentence, name, kind=kind, right=kinds[0])
        if "filePatterns" not in entries:
            example = 'value: ["orders_*.csv"]'
            raise Mistake("delivered has no custom property 'filePatterns'; add it, e.g. {example}.", example=example)
        return entries

    @model_validator(mode="after")
    def _check_signs(self) -> Self:
        for first, second in (("decimalSign", "thousandsSign"), ("delimiter", "quote")):
            sign = getattr(self, {"thousandsSign": "thousands_sign"}.get(second, second))
            if sign == getattr(self, {"decimalSign": "decimal_sign"}.get(first, first)):
                raise Mistake(f"{first} and {second} are both '{{sign}}'; make them differ.", second, sign=sign)
        return self


class SchemaObject(OdcsDocument, title="a schema object"):
    """What both objects of a contract have."""

    unread = _NOTES | {"physicalName", "dataGranularityDescription"}
    logical_type: Annotated[str, one_of(("object",))]


class Property(OdcsDocument):
    """What both kinds of columns have."""

    unread = _NOTES | {"physicalType"}
    required: bool = False
    classification: Annotated[PlacedText, one_of(CLASSIFICATIONS)] | None = None
    custom_properties: Node | None = None

    @property
    def is_pii(self) -> bool:
        """Whether it is classified as personal data."""
        return self.classification == "pii"


class FormatOption(OdcsDocument):
    """The standard's place for the format of a date."""

    format: Node | None = None


class DeliveredProperty(Property, title="a delivered property"):
    """A column of the file."""

    name: Annotated[
        Text,
        must(
            formats.IDENTIFIER.match,
            "name '{value}' must be letters, digits and _; put the file's header in physicalName.",
        ),
        Label("name of a delivered property"),
    ]
    logical_type: Annotated[str, one_of(DELIVERED_TYPES)]
    physical_name: Text | None = None
    logical_type_options: FormatOption = FormatOption()

    @property
    def header(self) -> str:
        """Its name in the file."""
        return self.physical_name or self.name


class DeliveredProperties(OdcsDocument):
    """The custom properties of a column of the file."""

    formats: Node | None = None
    optional: bool = False


class DeliveredObject(SchemaObject):
    """The file of a feed."""

    name: Annotated[str, one_of((DELIVERED,)), Label("name of the first schema object")]
    physical_type: Annotated[str, one_of(("file",))]
    properties: Annotated[tuple[DeliveredProperty, ...], Label("properties of delivered")]
    custom_properties: Node | None = None

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        """Refuse names that differ by no more than case, since SQL does not tell them apart, and equal headers."""
        if not self.properties:
            raise Mistake("delivered has no properties; list the file's columns.", "properties")
        for position, column in enumerate(self.properties):
            path, others = ("properties", position), self.properties[:position]
            if column.name.lower() in {other.name.lower() for other in others}:
                sentence = "column '{name}' is there twice (upper and lower case count as equal); rename one."
                raise Mistake(sentence, *path, name=column.name)
            if column.header in {other.header for other in others}:
                sentence = "header '{header}' is there twice; give each column its own physicalName."
                raise Mistake(sentence, *path, header=column.header)
        return self


class EntityObject(SchemaObject):
    """The entity that a feed fills."""

    name: Annotated[str, one_of([table.name for table in SILVER]), Label("entity")]
    physical_type: Annotated[str, one_of(("table",))]
    properties: Node
    quality: Node | None = None


class MappedProperty(Property, title="a property of {0}"):
    """A column of the entity; the context's `columns` are those that a feed can fill."""

    unread = Property.unread | {"transformDescription", "transformSourceObjects", "primaryKeyPosition"}
    name: Annotated[PlacedText, one_of_context("columns"), Label("column of {1}")]
    logical_type: PlacedText | None = None
    transform_logic: Node | None = None
    primary_key: bool = False


class MappedProperties(OdcsDocument):
    """The custom properties of a column of the entity."""

    id_prefix: PlacedText | None = None
    value_map: Node | None = None


class QualityDocument(OdcsDocument, title="a quality rule"):
    """What makes a row bad."""

    unread = frozenset({"id", "dimension", "businessImpact", "tags"})
    name: Annotated[Text, _SLUG, Label("name of a rule")]
    type: Annotated[str, one_of(("custom",)), Label("type of a rule")]
    engine: Annotated[str, one_of((ENGINE,)), Label("engine of a rule")]
    implementation: Node
    severity: Annotated[str, one_of(SEVERITIES)]
    description: Annotated[Text, Label("description of a rule")]


def read_properties(model: type[D], node: Node | None, what: str, owner: Node) -> D:
    """Read a list of customProperties as a document.

    Args:
        model: the kind of document.
        node: the list, None where there is none.
        what: what errors call the thing that has the properties.
        owner: where it stands; mistakes about what is not written are told there.
    """
    entries = custom_properties(node, what, keys_of(model))
    return parse_document(model, Node(owner.label, owner.line, entries))
