"""How long an expression may make a text: padding says it, and replacing within a replacement multiplies."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from sqlglot import exp

from basketry.contracts.functions import LONGEST_PADDING

_MOST_DIGITS = 38
_REPLACING = ("replace", "regexp_replace")
_ANY_COLUMN = 100
"""What a text from a column stands for where it replaces another."""


def growth(tree: exp.Expression) -> int:
    """Return how many times as long as the longest column the text of an expression may become, roughly."""
    parts = [growth(part) for part in tree.iter_expressions()]
    if isinstance(tree, exp.Anonymous) and str(tree.this).lower() in _REPLACING and len(tree.expressions) > 2:
        return max(1, parts[0]) * _factor(str(tree.this).lower(), *tree.expressions[1:3])
    joins = isinstance(tree, exp.Anonymous) and str(tree.this).lower() in ("concat", "concat_ws")
    return sum(parts) if joins else max(parts, default=1)


def _factor(name: str, old: exp.Expression, new: exp.Expression) -> int:
    if not isinstance(new, exp.Literal):
        return _ANY_COLUMN
    replaced = len(old.name) if name == "replace" and isinstance(old, exp.Literal) else 1
    return max(1, ceil(len(new.name) / max(1, replaced)))


def length_problem(name: str, arguments: Sequence[exp.Expression]) -> str | None:
    """Say which literal of a call is a length that is no length, or None."""
    if name in ("lpad", "rpad") and not _is_at_most(arguments[1], LONGEST_PADDING):
        return f"pads to '{arguments[1].name}'; pad to a whole number of at most {LONGEST_PADDING}."
    if name == "round" and len(arguments) > 1 and not _is_at_most(arguments[1], _MOST_DIGITS):
        return f"rounds to '{arguments[1].name}' digits; write a whole number of at most {_MOST_DIGITS}."
    return None


def _is_at_most(tree: exp.Expression, most: int) -> bool:
    return bool(tree.is_int) and int(tree.name) <= most
