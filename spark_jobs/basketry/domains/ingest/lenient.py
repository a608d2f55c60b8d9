"""Rows that count whatever is wrong with them beside who they are about: see `basketry.tables.withdrawals`.

A withdrawal that waits in quarantine is one that is not heeded. So its faults are warnings, and what cannot be read
means the most that it can mean.
"""

from __future__ import annotations

import re

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn, Rule
from basketry.retail import channels
from basketry.tables import LENIENT


def is_excused(contract: Contract, name: str) -> bool:
    """Whether a fault of this delivered or mapped column is only warned of: no decisive column is made of it."""
    return contract.entity.name in LENIENT and name not in _decisive(contract)


def is_excused_rule(contract: Contract, rule: Rule) -> bool:
    """Whether a broken rule is only warned of: it judges nothing but what may be unreadable, such as the day.

    A rule over a column that nothing is made of, which says what kind of row this is, still sets rows aside.
    """
    if contract.entity.name not in LENIENT:
        return False
    optional = {column.name for column in contract.mapped} - _decisive(contract)
    sources = {word for column in contract.mapped if column.name in optional for word in _words(column.expression)}
    names = {column.name for column in contract.delivered} | {column.name for column in contract.mapped}
    judged = _words(rule.expression) & names
    return bool(judged) and judged <= (optional | sources) - _decisive(contract)


def meant(column: MappedColumn, contract: Contract) -> Column:
    """What a mapped column is taken for: its value, or for the words of a lenient entity what they mean.

    A word that the contract's valueMap does not list may still be one of the entity's own.
    """
    value = F.col(f"`{column.name}`")
    lenient = LENIENT.get(contract.entity.name)
    if lenient is None or column.name != lenient.column:
        return value
    word = F.coalesce(value, F.col(f"`source:{column.name}`").cast("string"))
    return channels.meant(word, lenient).alias(column.name)


def unknown_words(contract: Contract) -> list[Column]:
    """The warning of a word that is there and is not understood, in a list that is empty for every other entity."""
    lenient = LENIENT.get(contract.entity.name)
    if lenient is None:
        return []
    value = F.lower(F.trim(F.col(f"`{lenient.column}`")))
    return [F.when(~value.isin(*lenient.words), F.lit(f"{lenient.column}:unknown_value"))]


def _decisive(contract: Contract) -> set[str]:
    """The decisive columns, and every delivered column that one of them is made of."""
    decisive = LENIENT[contract.entity.name].decisive
    made_of = (_words(column.expression) for column in contract.mapped if column.name in decisive)
    return set(decisive).union(*made_of)


def _words(expression: str) -> set[str]:
    return set(re.findall(r"\w+", expression))
