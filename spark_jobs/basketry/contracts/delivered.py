"""The first schema object of a contract: the columns and the format of the delivered file, in the file's own words."""

from __future__ import annotations

from basketry.config import formats
from basketry.config.documents import Node
from basketry.contracts.documents import (
    DELIVERED,
    DeliveredObject,
    DeliveredProperties,
    DeliveredProperty,
    FileProperties,
    read_properties,
)
from basketry.contracts.model import DeliveredColumn, FileFormat

_DEFAULT_FORMATS = {"date": ("yyyy-MM-dd",), "timestamp": ("yyyy-MM-dd HH:mm:ss",)}


def read_file_properties(document: DeliveredObject, node: Node) -> FileProperties:
    """Read how the file is written; `node` is the delivered object, to which errors about missing properties point."""
    return read_properties(FileProperties, document.custom_properties, DELIVERED, node)


def file_format(properties: FileProperties) -> FileFormat:
    """Return the format of the file."""
    return FileFormat(
        kind=properties.format,
        patterns=properties.file_patterns,
        delimiter=properties.delimiter,
        quote=properties.quote,
        encoding=properties.encoding,
        decimal_sign=properties.decimal_sign,
        thousands_sign=properties.thousands_sign,
        sheet=properties.sheet,
        header_row=properties.header_row,
        null_values=properties.null_values,
    )


def delivered_columns(document: DeliveredObject, node: Node) -> tuple[DeliveredColumn, ...]:
    """Return the columns of the file in its order; `node` is the delivered object."""
    return tuple(_column(column, node) for column in document.properties)


def _column(document: DeliveredProperty, node: Node) -> DeliveredColumn:
    what = f"column '{document.name}'"
    properties = read_properties(DeliveredProperties, document.custom_properties, what, node)
    return DeliveredColumn(
        name=document.name,
        header=document.header,
        type=document.logical_type,
        formats=_formats(document.logical_type, document.logical_type_options.format, properties.formats),
        required=document.required,
        optional=properties.optional,
        pii=document.is_pii,
    )


def _formats(kind: str, single: Node | None, several: Node | None) -> tuple[str, ...]:
    if single and several:
        several.fail("formats and logicalTypeOptions.format both say the format; keep formats.")
    node = single or several
    if node is None:
        return _DEFAULT_FORMATS.get(kind, ())
    if kind not in _DEFAULT_FORMATS:
        node.fail(f"a format has no meaning for logicalType {kind}; remove it or make the type date or timestamp.")
    items = [node] if single else node.items("formats")
    patterns = tuple(formats.read_date_pattern(item, "format") for item in items)
    return patterns or node.fail("formats is an empty list; name at least one.")
