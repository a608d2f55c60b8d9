"""A declaration as Delta's log writes it, for those who create a table without Spark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from basketry.tables.declare import Column

_DELTA = {"int": "integer", "bigint": "long", "smallint": "short", "tinyint": "byte"}
"""The primitive types that Delta's log writes in another way than Spark."""

_NESTED = re.compile(r"(array|map|struct)<(.*)>", re.DOTALL)


def delta_schema(columns: Iterable[Column]) -> str:
    """Return columns as the JSON of a Delta schema, with NOT NULL and the meanings as comments."""
    fields = [
        _field(column.name, delta_type(column.type), nullable=column.nullable, comment=column.meaning)
        for column in columns
    ]
    return json.dumps({"type": "struct", "fields": fields})


def delta_type(spark: str) -> str | dict[str, Any]:
    """Return a type that Spark writes as Delta's log writes it; within a type anything may be missing."""
    nested = _NESTED.fullmatch(spark.strip())
    if nested is None:
        return _DELTA.get(spark.strip(), re.sub(r"\s", "", spark))
    kind, inside = nested.groups()
    parts = list(_split(inside))
    if kind == "array":
        return {"type": "array", "elementType": delta_type(inside), "containsNull": True}
    if kind == "map":
        key, value = (delta_type(part) for part in parts)
        return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    named = (part.partition(":") for part in parts)
    fields = [_field(name.strip(), delta_type(of), nullable=True) for name, _, of in named]
    return {"type": "struct", "fields": fields}


def _field(name: str, kind: str | dict[str, Any], *, nullable: bool, comment: str = "") -> dict[str, Any]:
    metadata = {"comment": comment} if comment else {}
    return {"name": name, "type": kind, "nullable": nullable, "metadata": metadata}


def _split(inside: str) -> Iterator[str]:
    """Yield the parts between the commas that stand within no further bracket."""
    depth, part = 0, ""
    for letter in inside:
        depth += (letter in "<(") - (letter in ">)")
        if letter == "," and not depth:
            yield part
            part = ""
        else:
            part += letter
    yield part
