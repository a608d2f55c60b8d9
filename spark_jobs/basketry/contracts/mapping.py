"""The second schema object of a contract: the entity, how each column comes from the file, and what makes a row bad."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from basketry.config.documents import Node, did_you_mean
from basketry.config.locator import parse_document
from basketry.config.model import Placed
from basketry.contracts import functions
from basketry.contracts.documents import MappedProperties, MappedProperty, QualityDocument, read_properties
from basketry.contracts.model import DeliveredColumn, MappedColumn, QualityRule
from basketry.tables import LINEAGE, Table, Vocabulary

if TYPE_CHECKING:
    from basketry.contracts.expressions import Expression

_FIXES = {
    (functions.TIMESTAMP, functions.DATE): "write to_date(…), the retailer's local day",
    (functions.TEXT, functions.DATE): "write to_date(…, 'pattern')",
    (functions.TEXT, functions.TIMESTAMP): "write to_timestamp(…, 'pattern')",
    (functions.TEXT, functions.NUMBER): "write cast(… as decimal(18,4))",
}
_LINEAGE_NAMES = {column.name for column in LINEAGE}


def fillable_columns(table: Table) -> dict[str, str]:
    """Return the columns of an entity that a feed can fill, each with its Spark type."""
    return {column.name: column.type for column in table.columns if column.name not in _LINEAGE_NAMES}


def read_mapped_columns(
    node: Node, table: Table, delivered: tuple[DeliveredColumn, ...], time_zone: str
) -> tuple[tuple[MappedColumn, ...], dict[str, Node]]:
    """Read the mapped columns in the contract's order, and the YAML node of each name.

    Args:
        node: the properties of the entity.
        table: the entity, all of whose required columns must be mapped.
        delivered: the columns of the file.
        time_zone: the time zone of the retailer.
    """
    columns = {column.name: column.type for column in delivered}
    mapped: list[MappedColumn] = []
    primary: set[str] = set()
    nodes: dict[str, Node] = {}
    context = {"columns": fillable_columns(table)}
    for item in node.items(f"properties of {table.name}"):
        document = parse_document(MappedProperty, item, context, keys=(table.name,))
        name = document.name
        if name in nodes:
            name.fail(f"column '{name}' is mapped twice; remove one.")
        nodes[name] = name.node
        primary |= {name} if document.primary_key else set()
        mapped.append(_read_column(document, table, columns, time_zone))
    _check_complete(node, table, nodes, primary)
    return tuple(mapped), nodes


def _check_complete(node: Node, table: Table, nodes: Mapping[str, Node], primary: set[str]) -> None:
    for column in table.columns:
        if column.name not in nodes and column.name not in _LINEAGE_NAMES and not column.nullable:
            part = "key column" if column.name in table.key else "column"
            node.fail(f"{table.name} has no mapping for its {part} '{column.name}' ({column.meaning}); add it.")
    if primary and primary != set(table.key):
        node.fail(f"primaryKey marks {', '.join(sorted(primary))}; the key of {table.name} is {', '.join(table.key)}.")


def _read_column(document: MappedProperty, table: Table, columns: Mapping[str, str], time_zone: str) -> MappedColumn:
    column = table.column(document.name)
    name = column.name
    properties = read_properties(MappedProperties, document.custom_properties, f"column '{name}'", document.name.node)
    _check_logical_type(document.logical_type, name, column.type)
    if column.pii and document.classification is not None and not document.is_pii:
        document.classification.fail(f"column '{name}' identifies a person; make its classification pii.")
    node = document.transform_logic or document.name.node
    expression = _compile(document, columns, time_zone)
    _check_kind(node, name, expression.kind, column.type)
    if expression.occurrences and (name not in table.key or name == "customer_id"):
        node.fail(
            f"column '{name}' counts an occurrence, which only numbers rows; use it in an id that is a row's own."
        )
    for text_only in (properties.id_prefix and properties.id_prefix.node, properties.value_map):
        if text_only is not None and column.type != "string":
            text_only.fail(f"column '{name}' is {column.type}; idPrefix and valueMap are for text, use transformLogic.")
    return MappedColumn(
        name=name,
        type=column.type,
        expression=expression.sql,
        required=name in table.key or not column.nullable or document.required,
        value_map=_read_value_map(properties.value_map, column.words),
        id_prefix=None if properties.id_prefix is None else str(properties.id_prefix),
        occurrences=expression.occurrences,
    )


def _compile(document: MappedProperty, columns: Mapping[str, str], time_zone: str) -> Expression:
    name = document.name
    if document.transform_logic is not None:
        return _expression(document.transform_logic, f"transformLogic of {name}", columns, time_zone)
    if name not in columns:
        hint = did_you_mean(name, columns)
        name.fail(f"column '{name}' has no transformLogic and no delivered column has its name; {hint}")
    # A column's own name is an expression too; it takes the same way through the checks.
    return _expression(Node(name.node.label, name.node.line, f"`{name}`"), f"column {name}", columns, time_zone)


def _expression(node: Node, what: str, columns: Mapping[str, str], time_zone: str) -> Expression:
    # The SQL parser is heavy, and a DAG file that only wants the names of the feeds must import fast.
    from basketry.contracts.expressions import compile_expression

    return compile_expression(node, what, columns, time_zone)


def _check_logical_type(logical_type: Placed | None, name: str, column_type: str) -> None:
    kinds = {"int": "integer", "bigint": "integer", "decimal": "number", "double": "number"}
    base = column_type.split("(")[0]
    right = kinds.get(base, base)
    if logical_type is not None and logical_type != right:
        written = f"logicalType of column '{name}' is '{logical_type}'"
        logical_type.fail(f"{written}; for {column_type} did you mean '{right}'?")


def _check_kind(node: Node, name: str, kind: str | None, column_type: str) -> None:
    wanted = functions.KIND_OF_TYPE[column_type.split("(")[0]]
    fits = kind in (None, wanted) or (
        wanted == functions.TEXT and kind in (functions.NUMBER, functions.DATE, functions.BOOLEAN)
    )
    if not fits:
        fix = _FIXES.get((str(kind), wanted), f"give it a {wanted}")
        node.fail(f"column '{name}' is {column_type} and its expression gives {kind}; {fix}.")


def _read_value_map(node: Node | None, allowed: Vocabulary | None) -> dict[str, str] | None:
    if node is None:
        return None
    entries = node.expect(dict, "valueMap")
    for entry in entries.values():
        if isinstance(entry.value, dict | list) or not entry.text:
            entry.fail("a value of valueMap is not a text; write one line `delivered: ours` per value.")
        if allowed is not None and not allowed.understands(entry.text):
            entry.fail(f"valueMap has the unknown word '{entry.text}'; {did_you_mean(entry.text, allowed.words)}")
    if not entries:
        node.fail("valueMap is empty; write one line `delivered: ours` per value.")
    # As written: `no: inactive` must not become `False`.
    return {key: entry.text for key, entry in entries.items()}


def read_quality_rules(
    node: Node | None,
    *,
    mapped: tuple[MappedColumn, ...],
    delivered: tuple[DeliveredColumn, ...],
    mapped_names: Collection[str],
    time_zone: str,
) -> tuple[QualityRule, ...]:
    """Read the rules of an entity's quality list, over its mapped columns and the delivered ones.

    Args:
        node: the quality list, None if the contract has none.
        mapped: the mapped columns.
        delivered: the columns of the file; one with the name of a mapped column is hidden by it.
        mapped_names: the names that no rule may have.
        time_zone: the time zone of the retailer.
    """
    columns = {column.name: column.type for column in mapped}
    taken = {name.lower() for name in columns}
    columns |= {column.name: column.type for column in delivered if column.name.lower() not in taken}
    rules: list[QualityRule] = []
    for item in node.items("quality") if node else ():
        rule = _read_rule(item, columns, time_zone)
        if rule.name in {other.name for other in rules} | set(mapped_names):
            item.fail(f"the name '{rule.name}' is taken by another rule or a column; rename the rule.")
        rules.append(rule)
    return tuple(rules)


def _read_rule(item: Node, columns: Mapping[str, str], time_zone: str) -> QualityRule:
    document = parse_document(QualityDocument, item)
    name, node = document.name, document.implementation
    expression = _expression(node, f"rule {name}", columns, time_zone)
    if expression.occurrences:
        node.fail(f"rule {name} counts an occurrence; only an id can, a rule looks at one row.")
    if expression.kind not in (None, functions.BOOLEAN):
        node.fail(f"rule {name} gives {expression.kind}; write what is true for a good row.")
    return QualityRule(name, expression.sql, document.severity, document.description)
