"""What a metric view must be like, written down from the documentation of version 1.1 of its YAML, unknown keys refused.

Sources: https://docs.databricks.com/aws/en/uc-semantics/metric-views/yaml-reference (keys),
https://docs.databricks.com/aws/en/uc-semantics/metric-views/joins (joins),
https://docs.databricks.com/aws/en/uc-semantics/agent-metadata (display names, synonyms, formats),
https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-create-view (the statement).
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tests.databricks_emulator.errors import invalid

Document = dict[str, Any]
_PART = r"`[^`]+`"
_STATEMENT = re.compile(
    rf"CREATE OR REPLACE VIEW (?P<name>{_PART}\.{_PART}\.{_PART})"
    r"(?: TBLPROPERTIES \((?P<properties>'[^']+' = '[^']*'(?:, '[^']+' = '[^']*')*)\))?"
    r" WITH METRICS LANGUAGE YAML AS \$\$\n(?P<yaml>.*)\$\$\Z",
    re.S,
)
_PROPERTY = re.compile(r"'([^']+)' = '([^']*)'")


def _object(required: list[str], **properties: Any) -> Document:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_TEXT: Document = {"type": "string", "minLength": 1}
_LABEL: Document = {"type": "string", "minLength": 1, "maxLength": 255}
_PLACES = _object(
    ["type"], type={"enum": ["max", "exact", "all"]}, places={"type": "integer", "minimum": 0, "maximum": 10}
)
_NUMERIC: Document = {
    "decimal_places": _PLACES,
    "hide_group_separator": {"type": "boolean"},
    "abbreviation": {"enum": ["none", "compact", "scientific"]},
}
_FORMAT = {
    "oneOf": [
        _object(["type"], type={"enum": ["number", "percentage", "byte"]}, **_NUMERIC),
        _object(["type", "currency_code"], type={"const": "currency"}, currency_code=_TEXT, **_NUMERIC),
    ]
}
_FIELD: Document = {
    "name": _LABEL,
    "expr": _TEXT,
    "comment": _TEXT,
    "display_name": _LABEL,
    "synonyms": {"type": "array", "items": _LABEL, "maxItems": 10, "uniqueItems": True},
    "format": _FORMAT,
}
_JOIN: Document = _object(["name", "source"], name=_LABEL, source=_TEXT, on=_TEXT, using={"type": "array"})
_JOIN["oneOf"] = [{"required": ["on"]}, {"required": ["using"]}]
SCHEMA: Document = _object(
    ["version", "source", "dimensions", "measures"],
    version={"const": "1.1"},
    comment=_TEXT,
    source=_TEXT,
    filter=_TEXT,
    joins={"type": "array", "minItems": 1, "items": _JOIN},
    dimensions={"type": "array", "minItems": 1, "items": _object(["name", "expr"], **_FIELD)},
    measures={"type": "array", "minItems": 1, "items": _object(["name", "expr"], **_FIELD)},
)


def read_view(sql: str) -> tuple[str, dict[str, str], Document] | None:
    """Name, properties and definition of the metric view that a statement makes; None for another statement.

    Raises:
        ApiError: 400 when the definition is none.
    """
    statement = _STATEMENT.match(sql)
    if statement is None:
        return None
    document = yaml.safe_load(statement["yaml"])
    check_definition(document)
    return statement["name"].replace("`", ""), dict(_PROPERTY.findall(statement["properties"] or "")), document


def check_definition(document: Document) -> None:
    """ApiError 400 where a key, an expression or a name of a definition is not as documented."""
    try:
        jsonschema.validate(document, SCHEMA)
    except jsonschema.ValidationError as error:
        raise invalid(f"[METRIC_VIEW_INVALID_VIEW_DEFINITION] {error.json_path}: {error.message}") from None
    fields = [*document["dimensions"], *document["measures"]]
    names = [field["name"] for field in fields]
    if len(set(names)) < len(names):
        raise invalid("[METRIC_VIEW_INVALID_VIEW_DEFINITION] two fields have one name.")
    for field in document["dimensions"]:
        if _parsed(field["expr"]).find(exp.AggFunc):
            raise invalid(f"[METRIC_VIEW_INVALID_VIEW_DEFINITION] the dimension {field['name']} aggregates.")
    for field in document["measures"]:
        bare = [
            column for column in _parsed(field["expr"]).find_all(exp.Column) if not column.find_ancestor(exp.AggFunc)
        ]
        if bare:
            raise invalid(
                f"[METRIC_VIEW_INVALID_VIEW_DEFINITION] {bare[0].sql()} of {field['name']} is not aggregated."
            )
    known = {"source", *(join["name"] for join in document.get("joins", ()))}
    texts = [*(field["expr"] for field in fields), *(join["on"] for join in document.get("joins", ()))]
    for column in (one for text in texts for one in _parsed(text).find_all(exp.Column)):
        if column.table not in known:
            raise invalid(f"[UNRESOLVED_COLUMN] {column.sql()} is of no table of the view.")


def sources(document: Document) -> list[exp.Table]:
    """The tables that a definition reads, each named by three parts."""
    named = [document["source"], *(join["source"] for join in document.get("joins", ()))]
    tables = [exp.to_table(name, dialect="databricks") for name in named]
    if not all(table.catalog and table.db for table in tables):
        raise invalid("[TABLE_OR_VIEW_NOT_FOUND] a source of a metric view is not named by three parts.")
    return tables


def _parsed(text: str) -> exp.Expression:
    try:
        return sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError as error:
        raise invalid(f"[PARSE_SYNTAX_ERROR] {text}: {str(error).splitlines()[0]}") from None
