"""The first schema object of a contract: what the delivered file says, in the file's words."""

from __future__ import annotations

from collections.abc import Mapping

from basketry.config import formats
from basketry.config.documents import Node, custom_properties
from basketry.contracts import words
from basketry.contracts.model import DELIVERED_TYPES, FORMATS, UNKNOWN_COLUMNS, DeliveredAt, DeliveredColumn, FileFormat

_ONLY_FOR = {
    "delimiter": ("csv", "auto"),
    "quote": ("csv", "auto"),
    "sheet": ("xlsx", "auto"),
    "headerRow": ("csv", "xlsx", "auto"),
}
_DEFAULT_FORMATS = {"date": ("yyyy-MM-dd",), "timestamp": ("yyyy-MM-dd HH:mm:ss",)}


def read_file_format(properties: Mapping[str, Node], place: Node) -> FileFormat:
    """The file's format from the custom properties of the delivered object."""
    kind = properties["format"].choice("format", FORMATS) if "format" in properties else "auto"
    for name, kinds in _ONLY_FOR.items():
        if name in properties and kind not in kinds:
            properties[name].fail(f"{name} has no meaning for format {kind}; remove it or make the format {kinds[0]}.")
    if "filePatterns" not in properties:
        place.fail("delivered has no custom property 'filePatterns'; add it, e.g. value: [\"orders_*.csv\"].")
    found = FileFormat(
        kind=kind,
        patterns=_texts(properties["filePatterns"], "filePatterns", check=formats.file_pattern),
        delimiter=_character(properties, "delimiter", ","),
        quote=_character(properties, "quote", '"'),
        encoding=formats.encoding(properties["encoding"]) if "encoding" in properties else "utf-8",
        decimal_sign=_character(properties, "decimalSign", "."),
        thousands_sign=_character(properties, "thousandsSign", "") or None,
        sheet=properties["sheet"].string("sheet") if "sheet" in properties else None,
        header_row=_header_row(properties.get("headerRow")),
        null_values=_texts(properties["nullValues"], "nullValues") if "nullValues" in properties else ("",),
    )
    _check_signs(found, properties, place)
    return found


def _check_signs(found: FileFormat, properties: Mapping[str, Node], place: Node) -> None:
    if found.decimal_sign == found.thousands_sign:
        node = properties.get("thousandsSign", place)
        node.fail(f"decimalSign and thousandsSign are both '{found.decimal_sign}'; make them differ.")
    if found.delimiter == found.quote:
        properties.get("quote", place).fail(f"delimiter and quote are both '{found.quote}'; make them differ.")


def _character(properties: Mapping[str, Node], name: str, default: str) -> str:
    return formats.one_character(properties[name], name) if name in properties else default


def _header_row(node: Node | None) -> int:
    if node is None:
        return 1
    row: int = node.expect(int, "headerRow")
    return row if row >= 1 else node.fail("headerRow counts from 1; write the row a spreadsheet shows.")


def _texts(node: Node, what: str, check: object = None) -> tuple[str, ...]:
    items = node.items(what)
    found = tuple(check(item) if callable(check) else item.expect(str, f"a text of {what}") for item in items)
    return found if found else node.fail(f"{what} is an empty list; name at least one.")


def read_share(node: Node | None) -> float:
    """Share of a file's rows that may be rejected, 0 to 1; above it the file is refused. Default 0.05."""
    if node is None:
        return 0.05
    share = float(node.expect(float, "maxRejectedShare"))
    return share if 0 <= share <= 1 else node.fail(f"maxRejectedShare is {share}; write a share from 0 to 1.")


def read_unknown_columns(node: Node | None) -> str:
    """What becomes of columns the contract does not know: rescue (default) or refuse."""
    return node.choice("unknownColumns", UNKNOWN_COLUMNS) if node else "rescue"


def read_delivered_at(node: Node | None) -> DeliveredAt | None:
    """How the delivery's time is read from the file's name, where the contract says so."""
    if node is None:
        return None
    entries = node.mapping("deliveredAt", words.DELIVERED_AT, words.DELIVERED_AT)
    return DeliveredAt(
        from_file_name=formats.regular_expression(entries["fromFileName"], "fromFileName", groups=1),
        format=formats.date_pattern(entries["format"], "format of deliveredAt"),
    )


def read_columns(node: Node) -> tuple[DeliveredColumn, ...]:
    """The delivered columns; names are identifiers that differ by more than case, headers differ too."""
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
    entries = item.mapping("a delivered property", words.DELIVERED_PROPERTY, ("name", "logicalType"))
    name = entries["name"].string("name of a delivered property")
    if not formats.IDENTIFIER.match(name):
        entries["name"].fail(f"name '{name}' must be letters, digits and _; put the file's header in physicalName.")
    kind = entries["logicalType"].choice("logicalType", DELIVERED_TYPES)
    properties = custom_properties(entries.get("customProperties"), f"column '{name}'", words.DELIVERED_PROPERTIES)
    return DeliveredColumn(
        name=name,
        header=entries["physicalName"].string("physicalName") if "physicalName" in entries else name,
        type=kind,
        formats=_read_formats(kind, entries, properties),
        required=flag(entries, "required"),
        optional=flag(properties, "optional"),
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
        return (formats.date_pattern(single, "format"),)
    return _texts(node, "formats", check=lambda text: formats.date_pattern(text, "format"))


def flag(entries: Mapping[str, Node], name: str) -> bool:
    """A true or false that is false when it is not written."""
    return bool(entries[name].expect(bool, name)) if name in entries else False


def read_pii(entries: Mapping[str, Node]) -> bool:
    """Whether a property is classified as personal data."""
    node = entries.get("classification")
    return node is not None and node.choice("classification", words.CLASSIFICATIONS) == "pii"
