"""Phrases of SQL that writers of tables need."""

from __future__ import annotations

NEWER = ("_delivered_at", "_file_checksum", "_row_number")
"""What makes one version of a row newer than another: a total order, so the order of loading does not matter."""


def newer_condition() -> str:
    """`new` is later than `old` in the order of NEWER, spelled out: structs that differ in nullability do not compare."""
    terms = []
    for depth, name in enumerate(NEWER):
        equal = [f"new.`{earlier}` = old.`{earlier}`" for earlier in NEWER[:depth]]
        terms.append("(" + " AND ".join([*equal, f"new.`{name}` > old.`{name}`"]) + ")")
    return " OR ".join(terms)


def quoted(text: str) -> str:
    """The text as a literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
