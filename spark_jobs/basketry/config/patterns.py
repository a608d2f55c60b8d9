"""Regular expressions that take for ever: a repeat within a repeat tries every way to share out the same letters.

(a+)+$ against aaaa…b has 2^n ways, since each a may belong to any of the inner repeats; so has (a|aa)*$, whose alternatives
begin alike; .*.*.*.*x has n^4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

LARGEST_REPEAT = 1_000
MOST_OPEN_REPEATS, MOST_OPEN_DOTS = 12, 4
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_FEW = 3
"""A repeat of so few times multiplies the ways by little."""


def slow_pattern_problem(text: str) -> str | None:
    """Say why a regular expression, which compiles, could take for ever on some text, and what to write; or None."""
    repeats = list(_repeats(_parser.parse(text), 1))
    if any(times > LARGEST_REPEAT for _, times, _ in repeats):
        return f"repeats more than {LARGEST_REPEAT:,} times; use + or *."
    if any(_is_ambiguous(body) for most, _, body in repeats if most > _FEW):
        return (
            "repeats what itself repeats or has alternatives that begin alike, which can take for ever; write it flat."
        )
    bodies = [body for most, _, body in repeats if most == _constants.MAXREPEAT]
    dots = sum(len(body) == 1 and body[0][0] is _constants.ANY for body in bodies)
    if len(bodies) > MOST_OPEN_REPEATS or dots > MOST_OPEN_DOTS:
        problem = f"has more than {MOST_OPEN_REPEATS} of + and *, or {MOST_OPEN_DOTS} of .* and .+"
        return f"{problem}, which can take for ever; make it shorter."
    return None


def _repeats(items: Iterable[Any], around: int) -> Iterator[tuple[int, int, Any]]:
    """Yield of each repeat how often it may happen, that times the counted repeats around it, and what it repeats."""
    for operator, argument in items:
        if operator in _REPEATS:
            _, most, body = argument
            times = around if most == _constants.MAXREPEAT else around * max(1, most)
            yield most, times, body
            yield from _repeats(body, times)
        else:
            for part in _parts(operator, argument):
                yield from _repeats(part, around)


def _parts(operator: Any, argument: Any) -> Iterator[Any]:
    """Yield the patterns within one that is no repeat."""
    if operator is _constants.BRANCH:
        yield from argument[1]
    elif operator is _constants.SUBPATTERN:
        yield argument[3]
    elif operator in (_constants.ASSERT, _constants.ASSERT_NOT):
        yield argument[1]
    elif operator is _constants.GROUPREF_EXISTS:
        yield from (part for part in argument[1:] if part is not None)
    elif operator is _constants.ATOMIC_GROUP:
        yield argument


def _is_ambiguous(body: Iterable[Any]) -> bool:
    """Return whether a text may be one turn of a repeat or several, or the same turn in several ways."""
    for operator, argument in body:
        if operator in _REPEATS and argument[0] != argument[1]:
            return True
        if operator is _constants.BRANCH and not _begin_apart(argument[1]):
            return True
        if any(_is_ambiguous(part) for part in _parts(operator, argument)):
            return True
    return False


def _begin_apart(branches: Iterable[Any]) -> bool:
    """Return whether alternatives begin with letters of their own."""
    first = [branch[0] if len(branch) else (None, None) for branch in branches]
    letters = {argument for operator, argument in first if operator is _constants.LITERAL}
    return len(letters) == len(first)
