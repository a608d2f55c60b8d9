"""Readers of the small languages inside a document: date patterns, regular expressions, encodings, time zones, names.

Each reader takes a YAML node and returns its text if it is right; otherwise the node fails with a ContractError.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from basketry.config.documents import Node, did_you_mean
from basketry.config.patterns import slow_pattern_problem

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_SLUG = re.compile(r"[a-z][a-z0-9_]*\Z")
_QUOTED = re.compile(r"'[^']*'")
_LETTERS = "yMdHhmsSaEXxzVO"
_DATE_NEEDS = (("y", "a year (yyyy)"), ("M", "a month (MM)"), ("d", "a day (dd)"))
_ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252", "iso-8859-15")
_SLIPS = {"Y": "yyyy", "D": "dd", "u": "yyyy", "n": "SSS", "T": "'T'"}


def is_slug(name: str) -> bool:
    """Return whether a name can be a folder, a table and a Python identifier."""
    return _SLUG.match(name) is not None


def read_slug(node: Node, what: str) -> str:
    """Read a name that can be a folder, a table and a Python identifier: lower case letters, digits and _."""
    name = node.string(what)
    return name if is_slug(name) else node.fail(f"{what} '{name}' must be lower case letters, digits and _.")


def read_date_pattern(node: Node, what: str, text: str | None = None) -> str:
    """Read a Spark date pattern with at least a year, a month and a day.

    Args:
        node: where the pattern stands.
        what: what errors call it.
        text: the pattern, if it is not the node's own text.
    """
    pattern = node.string(what) if text is None else text
    problem = date_pattern_problem(pattern)
    return node.fail(f"{what} '{pattern}' {problem}") if problem else pattern


def date_pattern_problem(pattern: str) -> str | None:
    """Say what is wrong with a Spark date pattern and how to write it, or None; it knows YYYY, DD and mm for the month."""
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


def read_regex(node: Node, what: str, groups: int = 0) -> str:
    """Read a regular expression that compiles and has at least that many groups.

    It is compiled by Python and run by Java too: both agree on everything that is needed here.
    """
    text = node.string(what)
    problem = regex_problem(text, groups)
    return node.fail(f"{what} {problem}") if problem else text


def regex_problem(text: str, groups: int) -> str | None:
    """Say what is wrong with a regular expression, or None."""
    try:
        compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"'{text}' is not a regular expression ({error}); correct it."
    if problem := slow_pattern_problem(text):
        return f"'{text}' {problem}"
    if compiled.groups < groups:
        return f"'{text}' has {compiled.groups} groups in parentheses, {groups} needed; add one."
    return None


def read_encoding(node: Node) -> str:
    """Read the name of a text encoding that Python knows."""
    name = node.string("encoding")
    try:
        codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError):
        node.fail(f"unknown encoding '{name}'; {did_you_mean(name, _ENCODINGS)}")
    return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def read_time_zone(node: Node, what: str = "time zone") -> str:
    """Read the name of a time zone of the IANA database."""
    name = node.string(what)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        node.fail(f"unknown {what} '{name}'; {_nearest_zone(name)}")
    return name


def _nearest_zone(name: str) -> str:
    hint = did_you_mean(name, _time_zones())
    return hint if hint.startswith("did") else "use a name such as Europe/London or America/New_York."


def read_file_pattern(node: Node) -> str:
    """Read a glob of file names (not of paths) that can match something."""
    pattern = node.string("file pattern")
    if "/" in pattern or "\\" in pattern or pattern in (".", ".."):
        node.fail(f"file pattern '{pattern}' names a folder; write a file name with * such as orders_*.csv.")
    if pattern.count("[") != pattern.count("]"):
        node.fail(f"file pattern '{pattern}' has a [ without its ]; close it or write *.")
    return pattern


def read_character(node: Node, what: str) -> str:
    """Read exactly one character that is neither a letter, a digit nor a line end."""
    character: str = node.expect(str, what)
    if len(character) != 1 or character.isalnum() or character in "\r\n\0":
        node.fail(f"{what} '{character}' must be one character such as ; or a tab written \"\\t\".")
    return character
