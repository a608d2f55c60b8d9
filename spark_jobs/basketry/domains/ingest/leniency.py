"""Rows that count whatever is wrong with them, as long as they say whom they are about: see `basketry.tables.withdrawals`.

A withdrawal of consent that waits in quarantine would not be respected. So its faults are warnings, and what cannot be read
means the most that it can mean.
"""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn, QualityRule
from basketry.retail import channels
from basketry.tables import LENIENT_ENTITIES


def is_excused(contract: Contract, name: str) -> bool:
    """Return whether a fault of this delivered or mapped column is only a warning: no decisive column is made of it."""
    return contract.entity.name in LENIENT_ENTITIES and name not in _decisive(contract)


def is_excused_rule(contract: Contract, rule: QualityRule) -> bool:
    """Return whether a broken rule is only a warning: it reads only columns that may be unreadable, such as the day.

    A rule over a column of which no mapped column is made, which says what kind of row this is, still sets rows aside.
    """
    if contract.entity.name not in LENIENT_ENTITIES:
        return False
    optional = {column.name for column in contract.mapped} - _decisive(contract)
    sources = {word for column in contract.mapped if column.name in optional for word in _words(column.expression)}
    names = {column.name for column in contract.delivered} | {column.name for column in contract.mapped}
    read = _words(rule.expression) & names
    return bool(read) and read <= (optional | sources) - _decisive(contract)


def lenient_value(column: MappedColumn, contract: Contract) -> Column:
    """Return the value of a mapped column, or, for the words of a lenient entity, what they mean.

    A word that the contract's valueMap does not list may still be a word of the entity itself.
    """
    value = F.col(f"`{column.name}`")
    lenient = LENIENT_ENTITIES.get(contract.entity.name)
    if lenient is None or column.name != lenient.column:
        return value
    word = F.coalesce(value, F.col(f"`source:{column.name}`").cast("string"))
    return channels.lenient_meaning(word, lenient).alias(column.name)


def unknown_word_warnings(contract: Contract) -> list[Column]:
    """Return the warning about a word that is there but not understood; no warning for an entity that is not lenient."""
    lenient = LENIENT_ENTITIES.get(contract.entity.name)
    if lenient is None:
        return []
    value = F.lower(F.trim(F.col(f"`{lenient.column}`")))
    return [F.when(~value.isin(*lenient.words), F.lit(f"{lenient.column}:unknown_value"))]


def _decisive(contract: Contract) -> set[str]:
    """Return the decisive columns, and every delivered column of which one of them is made."""
    decisive = LENIENT_ENTITIES[contract.entity.name].decisive
    made_of = (_words(column.expression) for column in contract.mapped if column.name in decisive)
    return set(decisive).union(*made_of)


def _words(expression: str) -> set[str]:
    return set(re.findall(r"\w+", expression))
