"""Reads include/metrics.yaml; a mistake is reported with file, line and the nearest right word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from basketry.access.guard import ALLOWED
from basketry.config.documents import Node, did_you_mean, read_document
from basketry.metrics.model import ADDS_UP, EVERYWHERE, KINDS, PERIODS, UNITS, Cube, Dimension, Join, Measure, Metrics
from basketry.tables import GRAINS, TABLES, Table, propensity_wide

FILE = "metrics.yaml"
_CUBE = ("meaning", "kind", "table", "time", "dimensions", "measures")
_CUBE_MAY = ("rollup", "where", "horizon", "joins", "lists", "words")
_KNOWN = {table.full_name: table for table in (*TABLES, propensity_wide(()))}


def load_metrics(include: Path) -> Metrics:
    """Read the metrics; a ContractError names file, line and what is wrong."""
    root = read_document(include / FILE, f"{include.name}/{FILE}")
    top = root.mapping("the metrics", ("cubes", "defaults", "unclear"), ("cubes",))
    nodes = _entries(top["cubes"], "cubes")
    cubes = {name: _cube(name, node) for name, node in nodes.items()}
    defaults = {
        word: node.choice(f"cube of '{word}'", cubes)
        for word, node in _entries(top.get("defaults"), "defaults").items()
    }
    unclear = {
        word: _texts(node, f"unclear '{word}'") for word, node in _entries(top.get("unclear"), "unclear").items()
    }
    return Metrics(cubes, defaults, unclear)


def _cube(name: str, node: Node) -> Cube:
    entries = node.mapping(f"cube {name}", (*_CUBE, *_CUBE_MAY), _CUBE)
    kind = entries["kind"].choice(f"kind of {name}", KINDS)
    tables = _tables(entries["table"], kind)
    if "rollup" in entries:
        _tables(entries["rollup"], kind)
    joins = {key: _join(key, entry, tables) for key, entry in _entries(entries.get("joins"), "joins").items()}
    columns = {column for table in tables for column in table.column_names}
    measures = {key: _measure(key, entry, columns) for key, entry in _entries(entries["measures"], "measures").items()}
    dimensions = {
        key: _dimension(key, entry, columns, joins)
        for key, entry in _entries(entries["dimensions"], "dimensions").items()
    }
    return Cube(
        name=name,
        meaning=entries["meaning"].string("meaning"),
        kind=kind,
        table=entries["table"].string("table"),
        time=_column(entries["time"], columns),
        measures=measures,
        dimensions=dimensions,
        rollup=entries["rollup"].string("rollup") if "rollup" in entries else None,
        where=_expression(entries["where"], columns) if "where" in entries else None,
        horizon=_column(entries["horizon"], columns) if "horizon" in entries else None,
        joins=joins,
        words=_texts(entries.get("words"), f"words of {name}"),
        lists=_lists(entries.get("lists"), (*measures, *dimensions)),
    )


def _tables(node: Node, kind: str) -> list[Table]:
    """Return the declared tables for which the name stands: one for each grain where the kind is periods."""
    text = node.string("table")
    if (kind == PERIODS) != ("{grain}" in text):
        node.fail(f"'{text}': a cube of periods has a table for each {{grain}}, and only such a one.")
    names = [text.replace("{grain}", grain) for grain in GRAINS] if kind == PERIODS else [text]
    for name in names:
        if name not in _KNOWN:
            node.fail(f"there is no table {name}; {did_you_mean(name, _KNOWN)}")
    return [_KNOWN[name] for name in names]


def _join(name: str, node: Node, tables: list[Table]) -> Join:
    entries = node.mapping(f"join {name}", ("table", "on"), ("table", "on"))
    joined = _tables(entries["table"], "")[0]
    on = {
        _named(left, right, tables[0].column_names): _column(right, joined.column_names)
        for left, right in _entries(entries["on"], "on").items()
    }
    if set(on.values()) != set(joined.key):
        node.fail(f"join {name} must be on the key of {joined.full_name} ({', '.join(joined.key)}), else rows repeat.")
    return Join(name, joined.full_name, on)


def _measure(name: str, node: Node, columns: Iterable[str]) -> Measure:
    entries = node.mapping(f"measure {name}", ("sql", "unit", "adds_up", "words"), ("sql", "unit"))
    tree = _expression(entries["sql"], columns)
    for column in tree.find_all(exp.Column):
        if not column.find_ancestor(exp.AggFunc):
            entries["sql"].fail(f"{column.name} of measure {name} stands outside SUM, COUNT, AVG, MIN and MAX.")
    return Measure(
        name=name,
        sql=tree,
        unit=entries["unit"].choice("unit", UNITS),
        adds_up=entries["adds_up"].choice("adds_up", ADDS_UP) if "adds_up" in entries else EVERYWHERE,
        words=_texts(entries.get("words"), f"words of {name}"),
    )


def _dimension(name: str, node: Node, columns: Iterable[str], joins: Mapping[str, Join]) -> Dimension:
    entries = node.mapping(f"dimension {name}", ("column", "key", "words", "members", "total"), ("column",))
    join, _, column = entries["column"].string("column").rpartition(".")
    if join:
        entries["column"].choice(
            "column", [f"{key}.{c}" for key, j in joins.items() for c in _KNOWN[j.table].column_names]
        )
    else:
        _column(entries["column"], columns)
    members = entries.get("members")
    named = members is None or members.value != "none"
    words = _entries(members, f"members of {name}") if members is not None and named else {}
    return Dimension(
        name=name,
        column=column,
        words=_texts(entries.get("words"), f"words of {name}"),
        key=_column(entries["key"], columns) if "key" in entries else None,
        join=join or None,
        named=named,
        members={key: _texts(entry, f"words of {key}") for key, entry in words.items()},
        total=str(entries["total"].expect(str, "total")) if "total" in entries else None,
    )


def _expression(node: Node, columns: Iterable[str]) -> exp.Expression:
    """Parse SQL of harmless expressions over the cube's columns."""
    text = node.string("SQL")
    try:
        select = sqlglot.parse_one(f"SELECT {text}", dialect="databricks")
    except SqlglotError:
        node.fail(f"'{text}' is no SQL expression; write one like SUM(net_revenue).")
    if not isinstance(select, exp.Select) or len(select.expressions) != 1 or select.find(exp.From):
        node.fail(f"'{text}' is more than one expression; write one like SUM(net_revenue).")
    tree = select.expressions[0]
    for part in tree.walk():
        if type(part) not in ALLOWED or isinstance(part, (exp.Select, exp.Alias)):
            node.fail(f"'{text}' uses {part.sql()}, which may not be asked; write one like SUM(net_revenue).")
        if isinstance(part, exp.Column):
            _named(part.name, node, columns)
    return tree


def _column(node: Node, columns: Iterable[str]) -> str:
    return _named(node.string("column"), node, columns)


def _named(name: str, node: Node, columns: Iterable[str]) -> str:
    return name if name in columns else node.fail(f"there is no column {name}; {did_you_mean(name, columns)}")


def _lists(node: Node | None, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(entry.choice("measure or dimension", names) for entry in node.items("lists")) if node else ()


def _entries(node: Node | None, what: str) -> dict[str, Node]:
    return dict(node.expect(dict, what)) if node else {}


def _texts(node: Node | None, what: str) -> tuple[str, ...]:
    return tuple(text_node.string(what) for text_node in node.items(what)) if node else ()
