"""Expressions of a contract: parsed by sqlglot, checked node by node, written anew as Spark SQL that no row can break.

What Spark gets is always written from the checked tree, never the text of the contract. Casts and arithmetic become
their `try_` forms: a value that does not fit is null (and a required null is a reject reason), not a failed job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from basketry.config.documents import Node
from basketry.contracts.checks import Checker
from basketry.contracts.dialect import ContractDialect
from basketry.contracts.functions import MOST_GROWTH
from basketry.contracts.growth import growth
from basketry.contracts.sql import SqlWriter

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = "\\'\"nrt%_"
_LONGEST = 4000
_DEEPEST = 40


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes:
        sql: the expression as Spark SQL.
        kind: the kind of its value, one of those of functions.py; None for null.
        columns: the columns that it reads.
        occurrences: see MappedColumn.
    """

    sql: str
    kind: str | None
    columns: frozenset[str]
    occurrences: Mapping[str, tuple[str, ...]]


def compile_expression(node: Node, what: str, columns: Mapping[str, str], time_zone: str) -> Expression:
    """Check the expression in a YAML node and write it as Spark SQL.

    Args:
        node: where the expression stands in the contract.
        what: what errors call it.
        columns: the type of each column that it may use.
        time_zone: the time zone of the retailer, for local days.

    Raises:
        ContractError: for whatever is not allowed, with the file, the line and the nearest right word.
    """
    text = node.string(what)
    for escape in _ESCAPE.finditer(text):
        if escape[1] not in _ESCAPES:
            node.fail(f"'\\{escape[1]}' in {what} loses its backslash in SQL; write '\\\\{escape[1]}'.")
    checker = Checker(node, what, columns)
    tree = _parse(text, node, what)
    kind = checker.kind(tree)
    if growth(tree) > MOST_GROWTH:
        node.fail(f"{what} may make a text more than {MOST_GROWTH:,} times as long; replace less within replacements.")
    writer = SqlWriter(checker.kinds, time_zone)
    return Expression(writer.write(tree), kind, frozenset(checker.columns_used), writer.occurrences)


def _parse(text: str, node: Node, what: str) -> exp.Expression:
    if len(text) > _LONGEST:
        node.fail(f"{what} has {len(text)} characters; keep it under {_LONGEST}.")
    shown, dialect = " ".join(text.split()), ContractDialect()
    try:
        trees = dialect.parser(error_level=ErrorLevel.IMMEDIATE).parse(dialect.tokenize(text), text)
    except (SqlglotError, RecursionError) as error:
        reason = str(error).split("\n")[0].split(". Line")[0]
        node.fail(f"{what} '{shown}' is not a Spark SQL expression ({reason}); correct it.")
    if len(trees) != 1 or not isinstance(trees[0], exp.Expression):
        node.fail(f"{what} '{shown}' is not one expression; remove the ; and what follows it.")
    if max(part.depth for part in trees[0].walk()) > _DEEPEST:
        node.fail(f"{what} is nested deeper than {_DEEPEST}; make it simpler.")
    return trees[0]
