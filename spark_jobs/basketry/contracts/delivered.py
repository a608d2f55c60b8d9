"""The first schema object of a contract: the columns and the format of the delivered file, in the file's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from basketry.config import formats
from basketry.config.documents import Node, custom_properties
from basketry.contracts import keys
from basketry.contracts.model import DELIVERED_TYPES, FORMATS, UNKNOWN_COLUMNS, DeliveredAt, DeliveredColumn, FileFormat

_ONLY_FOR = {
    "delimiter": ("csv", "auto"),
    "quote": ("csv", "auto"),
    "sheet": ("xlsx", "auto"),
    "headerRow": ("csv", "xlsx", "auto"),
}
_DEFAULT_FORMATS = {"date": ("yyyy-MM-dd",), "timestamp": ("yyyy-MM-dd HH:mm:ss",)}


def read_file_format(properties: Mapping[str, Node], node: Node) -> FileFormat:
    """Read the format of the file.

    Args:
        properties: the custom properties of the delivered object.
        node: the delivered object itself, to which errors about missing properties point.
    """
    kind = properties["format"].choice("format", FORMATS) if "format" in properties else "auto"
    for name, kinds in _ONLY_FOR.items():
        if name in properties and kind not in kinds:
            properties[name].fail(f"{name} has no meaning for format {kind}; remove it or make the format {kinds[0]}.")
    if "filePatterns" not in properties:
        node.fail("delivered has no custom property 'filePatterns'; add it, e.g. value: [\"orders_*.csv\"].")
    file = FileFormat(
        kind=kind,
        patterns=_texts(properties["filePatterns"], "filePatterns", formats.read_file_pattern),
        delimiter=_character(properties, "delimiter", ","),
        quote=_character(properties, "quote", '"'),
        encoding=formats.read_encoding(properties["encoding"]) if "encoding" in properties else "utf-8",
        decimal_sign=_character(properties, "decimalSign", "."),
        thousands_sign=_character(properties, "thousandsSign", "") or None,
        sheet=properties["sheet"].string("sheet") if "sheet" in properties else None,
        header_row=_header_row(properties.get("headerRow")),
        null_values=_texts(properties["nullValues"], "nullValues") if "nullValues" in properties else ("",),
    )
    _check_signs(file, properties, node)
    return file


def _check_signs(file: FileFormat, properties: Mapping[str, Node], node: Node) -> None:
    if file.decimal_sign == file.thousands_sign:
        culprit = properties.get("thousandsSign", node)
        culprit.fail(f"decimalSign and thousandsSign are both '{file.decimal_sign}'; make them differ.")
    if file.delimiter == file.quote:
        properties.get("quote", node).fail(f"delimiter and quote are both '{file.quote}'; make them differ.")


def _character(properties: Mapping[str, Node], name: str, default: str) -> str:
    return formats.read_character(properties[name], name) if name in properties else default


def _header_row(node: Node | None) -> int:
    if node is None:
        return 1
    row: int = node.expect(int, "headerRow")
    return row if row >= 1 else node.fail("headerRow counts from 1; write the row a spreadsheet shows.")


def _texts(node: Node, what: str, read: Callable[[Node], str] | None = None) -> tuple[str, ...]:
    items = node.items(what)
    texts = tuple(read(item) if read is not None else item.expect(str, f"a text of {what}") for item in items)
    return texts if texts else node.fail(f"{what} is an empty list; name at least one.")


def read_max_rejected_share(node: Node | None) -> float:
    """Read the share of a file's rows that may be rejected, from 0 to 1, by default 0.05; above it the file is refused."""
    if node is None:
        return 0.05
    share = float(node.expect(float, "maxRejectedShare"))
    return share if 0 <= share <= 1 else node.fail(f"maxRejectedShare is {share}; write a share from 0 to 1.")


def read_unknown_columns(node: Node | None) -> str:
    """Read what becomes of columns that the contract does not know: rescue (the default) or refuse."""
    return node.choice("unknownColumns", UNKNOWN_COLUMNS) if node else "rescue"


def read_delivered_at(node: Node | None) -> DeliveredAt | None:
    """Read how the time of a delivery is read from the name of the file, if the contract says so."""
    if node is None:
        return None
    entries = node.mapping("deliveredAt", keys.DELIVERED_AT, keys.DELIVERED_AT)
    return DeliveredAt(
        from_file_name=formats.read_regex(entries["fromFileName"], "fromFileName", groups=1),
        format=formats.read_date_pattern(entries["format"], "format of deliveredAt"),
    )


def read_delivered_columns(node: Node) -> tuple[DeliveredColumn, ...]:
    """Read the delivered columns; names are identifiers that differ by more than case, and headers differ too."""
    columns: list[DeliveredColumn] = []
    for item in node.items("properties of delivered"):
        column = _read_column(item)
        if any(column.name.lower() == other.name.lower() for other in columns):
            item.fail(f"column '{column.name}' is there twice (upper and lower case count as equal); rename one.")
        if any(column.header == other.header for other in columns):
            item.fail(f"header '{column.header}' is there twice; give each column its own physicalName.")
        columns.append(column)
    return tuple(columns) if columns else node.fail("delivered has no properties; list the file's columns.")


def _read_column(item: Node) -> DeliveredColumn:
    entries = item.mapping("a delivered property", keys.DELIVERED_PROPERTY, ("name", "logicalType"))
    name = entries["name"].string("name of a delivered property")
    if not formats.IDENTIFIER.match(name):
        entries["name"].fail(f"name '{name}' must be letters, digits and _; put the file's header in physicalName.")
    kind = entries["logicalType"].choice("logicalType", DELIVERED_TYPES)
    properties = custom_properties(entries.get("customProperties"), f"column '{name}'", keys.DELIVERED_PROPERTIES)
    return DeliveredColumn(
        name=name,
        header=entries["physicalName"].string("physicalName") if "physicalName" in entries else name,
        type=kind,
        formats=_read_formats(kind, entries, properties),
        required=read_flag(entries, "required"),
        optional=read_flag(properties, "optional"),
        pii=read_pii(entries),
    )


def _read_formats(kind: str, entries: Mapping[str, Node], properties: Mapping[str, Node]) -> tuple[str, ...]:
    options = entries.get("logicalTypeOptions", Node("", 0, {})).mapping("logicalTypeOptions", ("format",))
    single, several = options.get("format"), properties.get("formats")
    if single and several:
        several.fail("formats and logicalTypeOptions.format both say the format; keep formats.")
    node = single or several
    if node is None:
        return _DEFAULT_FORMATS.get(kind, ())
    if kind not in _DEFAULT_FORMATS:
        node.fail(f"a format has no meaning for logicalType {kind}; remove it or make the type date or timestamp.")
    if single:
        return (formats.read_date_pattern(single, "format"),)
    return _texts(node, "formats", lambda text: formats.read_date_pattern(text, "format"))


def read_flag(entries: Mapping[str, Node], name: str) -> bool:
    """Read a true or false that is false when it is not written."""
    return bool(entries[name].expect(bool, name)) if name in entries else False


def read_pii(entries: Mapping[str, Node]) -> bool:
    """Return whether a property is classified as personal data."""
    node = entries.get("classification")
    return node is not None and node.choice("classification", keys.CLASSIFICATIONS) == "pii"
