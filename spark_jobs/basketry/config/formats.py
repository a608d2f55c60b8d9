"""Checks of small languages inside a contract: date patterns, regular expressions, encodings, time zones, names."""

from __future__ import annotations

import codecs
import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from basketry.config.documents import Node, nearest

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SLUG = re.compile(r"[a-z][a-z0-9_]*\Z")
_QUOTED = re.compile(r"'[^']*'")
_LETTERS = "yMdHhmsSaEXxzVO"
_DATE_NEEDS = (("y", "a year (yyyy)"), ("M", "a month (MM)"), ("d", "a day (dd)"))
_ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252", "iso-8859-15")
_SLIPS = {"Y": "yyyy", "D": "dd", "u": "yyyy", "n": "SSS", "T": "'T'"}


def slug(node: Node, what: str) -> str:
    """A name that can be a folder, a table and a Python word: lower case letters, digits and _."""
    found = node.string(what)
    return found if _SLUG.match(found) else node.fail(f"{what} '{found}' must be lower case letters, digits and _.")


def date_pattern(node: Node, what: str, text: str | None = None) -> str:
    """A Spark date pattern with at least year, month and day; slips such as YYYY, DD or mm for the month are told."""
    pattern = node.string(what) if text is None else text
    problem = pattern_problem(pattern)
    return node.fail(f"{what} '{pattern}' {problem}") if problem else pattern


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a Spark date pattern and how to write it, or None."""
    bare = _QUOTED.sub("", pattern)
    if "'" in bare:
        return "has a quote that is not closed; close it."
    for letter in filter(str.isalpha, bare):
        if letter not in _LETTERS:
            hint = f"did you mean {_SLIPS[letter]}?" if letter in _SLIPS else f"use the letters {', '.join(_LETTERS)}."
            return f"has the unknown letter '{letter}'; {hint}"
    for letter, needed in _DATE_NEEDS:
        if letter not in bare:
            slip = " (mm are minutes)" if letter == "M" and "m" in bare else ""
            return f"has no {needed.split(' (')[0]}{slip}; add {needed}."
    return None


def regular_expression(node: Node, what: str, groups: int = 0) -> str:
    """A regular expression that compiles and has at least that many groups (Java and Python agree on what we need)."""
    text = node.string(what)
    problem = expression_problem(text, groups)
    return node.fail(f"{what} {problem}") if problem else text


def expression_problem(text: str, groups: int) -> str | None:
    """What is wrong with a regular expression, or None."""
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"'{text}' is not a regular expression ({error}); correct it."
    if compiled.groups < groups:
        return f"'{text}' has {compiled.groups} groups in parentheses, {groups} needed; add one."
    return None


def encoding(node: Node) -> str:
    """An encoding that Python knows."""
    found = node.string("encoding")
    try:
        codecs.lookup(found)
        "".encode(found)
    except (LookupError, ValueError):
        node.fail(f"unknown encoding '{found}'; {nearest(found, _ENCODINGS)}")
    return found


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(node: Node, what: str = "time zone") -> str:
    """A time zone of the IANA database."""
    found = node.string(what)
    try:
        ZoneInfo(found)
    except (KeyError, ValueError, OSError):
        node.fail(f"unknown {what} '{found}'; {_nearest_zone(found)}")
    return found


def _nearest_zone(found: str) -> str:
    hint = nearest(found, _time_zones())
    return hint if hint.startswith("did") else "use a name such as Europe/London or America/New_York."


def file_pattern(node: Node) -> str:
    """A glob of file names (not of paths) that can match something."""
    found = node.string("file pattern")
    if "/" in found or "\\" in found or found in (".", ".."):
        node.fail(f"file pattern '{found}' names a folder; write a file name with * such as orders_*.csv.")
    if found.count("[") != found.count("]"):
        node.fail(f"file pattern '{found}' has a [ without its ]; close it or write *.")
    return found


def one_character(node: Node, what: str) -> str:
    """Exactly one character that is neither a letter, a digit nor a line end."""
    found: str = node.expect(str, what)
    if len(found) != 1 or found.isalnum() or found in "\r\n\0":
        node.fail(f"{what} '{found}' must be one character such as ; or a tab written \"\\t\".")
    return found
