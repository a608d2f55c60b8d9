"""The second schema object of a contract: the entity, how each column comes from the file, and what makes a row bad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from basketry.config.documents import Node, custom_properties, nearest
from basketry.config.formats import slug
from basketry.contracts import functions as known
from basketry.contracts import words
from basketry.contracts.delivered import flag, read_pii
from basketry.contracts.model import SEVERITIES, DeliveredColumn, MappedColumn, Rule
from basketry.tables import LINEAGE, SILVER, Table, Words, entity

if TYPE_CHECKING:
    from basketry.contracts.expressions import Expression

_FIXES = {
    (known.TIMESTAMP, known.DATE): "write to_date(…), the retailer's local day",
    (known.TEXT, known.DATE): "write to_date(…, 'pattern')",
    (known.TEXT, known.TIMESTAMP): "write to_timestamp(…, 'pattern')",
    (known.TEXT, known.NUMBER): "write cast(… as decimal(18,4))",
}
_LINEAGE_NAMES = {column.name for column in LINEAGE}


def read_entity(node: Node) -> Table:
    """The silver table that a name means."""
    return entity(node.choice("entity", [table.name for table in SILVER]))


def fillable(table: Table) -> dict[str, str]:
    """Columns of an entity that a feed can fill, name to Spark type."""
    return {column.name: column.type for column in table.columns if column.name not in _LINEAGE_NAMES}


def read_mapped(
    node: Node, table: Table, delivered: tuple[DeliveredColumn, ...], time_zone: str
) -> tuple[tuple[MappedColumn, ...], dict[str, Node]]:
    """The mapped columns in the contract's order, and the YAML place of each; every not-null column must be there."""
    columns = {column.name: column.type for column in delivered}
    mapped: list[MappedColumn] = []
    primary: set[str] = set()
    places: dict[str, Node] = {}
    for item in node.items(f"properties of {table.name}"):
        entries = item.mapping(f"a property of {table.name}", words.MAPPED_PROPERTY, ("name",))
        name = entries["name"].choice(f"column of {table.name}", fillable(table))
        if name in places:
            entries["name"].fail(f"column '{name}' is mapped twice; remove one.")
        places[name] = entries["name"]
        primary |= {name} if flag(entries, "primaryKey") else set()
        mapped.append(_read_column(name, table, entries, columns, time_zone))
    _check_complete(node, table, places, primary)
    return tuple(mapped), places


def _check_complete(node: Node, table: Table, places: Mapping[str, Node], primary: set[str]) -> None:
    for column in table.columns:
        if column.name not in places and column.name not in _LINEAGE_NAMES and not column.nullable:
            part = "key column" if column.name in table.key else "column"
            node.fail(f"{table.name} has no mapping for its {part} '{column.name}' ({column.meaning}); add it.")
    if primary and primary != set(table.key):
        node.fail(f"primaryKey marks {', '.join(sorted(primary))}; the key of {table.name} is {', '.join(table.key)}.")


def _read_column(
    name: str, table: Table, entries: Mapping[str, Node], columns: Mapping[str, str], time_zone: str
) -> MappedColumn:
    column = table.column(name)
    properties = custom_properties(entries.get("customProperties"), f"column '{name}'", words.MAPPED_PROPERTIES)
    _check_logical_type(entries.get("logicalType"), name, column.type)
    if column.pii and "classification" in entries and not read_pii(entries):
        entries["classification"].fail(f"column '{name}' identifies a person; make its classification pii.")
    expression = _compile(name, entries, columns, time_zone)
    node = entries.get("transformLogic", entries["name"])
    _check_kind(node, name, expression.kind, column.type)
    if expression.occurrences and (name not in table.key or name == "customer_id"):
        node.fail(
            f"column '{name}' counts an occurrence, which only numbers rows; use it in an id that is a row's own."
        )
    for text_only in properties.values():
        if column.type != "string":
            text_only.fail(f"column '{name}' is {column.type}; idPrefix and valueMap are for text, use transformLogic.")
    return MappedColumn(
        name=name,
        type=column.type,
        expression=expression.sql,
        required=name in table.key or not column.nullable or flag(entries, "required"),
        value_map=_read_value_map(properties.get("valueMap"), column.words),
        id_prefix=properties["idPrefix"].string("idPrefix") if "idPrefix" in properties else None,
        occurrences=expression.occurrences,
    )


def _compile(name: str, entries: Mapping[str, Node], columns: Mapping[str, str], time_zone: str) -> Expression:
    if "transformLogic" in entries:
        return _expression(entries["transformLogic"], f"transformLogic of {name}", columns, time_zone)
    place = entries["name"]
    if name not in columns:
        hint = nearest(name, columns)
        place.fail(f"column '{name}' has no transformLogic and no delivered column has its name; {hint}")
    # A column's own name is an expression too; it takes the same way through the checks.
    return _expression(Node(place.label, place.line, f"`{name}`"), f"column {name}", columns, time_zone)


def _expression(node: Node, what: str, columns: Mapping[str, str], time_zone: str) -> Expression:
    # The SQL parser is heavy, and a DAG file that only wants the names of the feeds must import fast.
    from basketry.contracts.expressions import compile_expression

    return compile_expression(node, what, columns, time_zone)


def _check_logical_type(node: Node | None, name: str, column_type: str) -> None:
    if node is None:
        return
    kinds = {"int": "integer", "bigint": "integer", "decimal": "number", "double": "number"}
    base = column_type.split("(")[0]
    right = kinds.get(base, base)
    if node.string("logicalType") != right:
        node.fail(f"logicalType of column '{name}' is '{node.value}'; for {column_type} did you mean '{right}'?")


def _check_kind(node: Node, name: str, kind: str | None, column_type: str) -> None:
    wanted = known.KIND_OF_TYPE[column_type.split("(")[0]]
    fits = kind in (None, wanted) or (wanted == known.TEXT and kind in (known.NUMBER, known.DATE, known.BOOLEAN))
    if not fits:
        fix = _FIXES.get((str(kind), wanted), f"give it a {wanted}")
        node.fail(f"column '{name}' is {column_type} and its expression gives {kind}; {fix}.")


def _read_value_map(node: Node | None, allowed: Words | None) -> dict[str, str] | None:
    if node is None:
        return None
    entries = node.expect(dict, "valueMap")
    for entry in entries.values():
        if isinstance(entry.value, dict | list) or not entry.text:
            entry.fail("a value of valueMap is not a text; write one line `delivered: ours` a value.")
        if allowed is not None and not allowed.understands(entry.text):
            entry.fail(f"valueMap has the unknown word '{entry.text}'; {nearest(entry.text, allowed.words)}")
    if not entries:
        node.fail("valueMap is empty; write one line `delivered: ours` a value.")
    # As written: `no: inactive` must not become `False`.
    return {key: entry.text for key, entry in entries.items()}


def read_rules(
    node: Node | None,
    mapped: tuple[MappedColumn, ...],
    delivered: tuple[DeliveredColumn, ...],
    places: Mapping[str, Node],
    time_zone: str,
) -> tuple[Rule, ...]:
    """The rules of an entity's quality list, over its mapped columns and the delivered ones."""
    columns = {column.name: column.type for column in mapped}
    taken = {name.lower() for name in columns}
    columns |= {column.name: column.type for column in delivered if column.name.lower() not in taken}
    rules: list[Rule] = []
    for item in node.items("quality") if node else ():
        rule = _read_rule(item, columns, time_zone)
        if rule.name in {other.name for other in rules} | set(places):
            item.fail(f"the name '{rule.name}' is taken by another rule or a column; rename the rule.")
        rules.append(rule)
    return tuple(rules)


def _read_rule(item: Node, columns: Mapping[str, str], time_zone: str) -> Rule:
    entries = item.mapping("a quality rule", words.QUALITY, words.QUALITY_REQUIRED)
    name = slug(entries["name"], "name of a rule")
    entries["type"].choice("type of a rule", ("custom",))
    entries["engine"].choice("engine of a rule", (words.ENGINE,))
    expression = _expression(entries["implementation"], f"rule {name}", columns, time_zone)
    if expression.occurrences:
        entries["implementation"].fail(f"rule {name} counts an occurrence; only an id can, a rule looks at one row.")
    if expression.kind not in (None, known.BOOLEAN):
        entries["implementation"].fail(f"rule {name} gives {expression.kind}; write what is true for a good row.")
    severity = entries["severity"].choice("severity", SEVERITIES)
    return Rule(name, expression.sql, severity, entries["description"].string("description of a rule"))
