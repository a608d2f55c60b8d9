"""What a table's declaration asks of every row, whatever its feed's contract says: words, bounds and signs.

A closed list of words understands the spellings that are declared beside them; other texts, numbers out of bounds and
amounts of the wrong sign set the row aside. What a contract's own rule about the same column refuses already is not said again.
"""

from __future__ import annotations

import re
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn
from basketry.tables import GAPS, Signs, Words

UNKNOWN, OUT_OF_RANGE, WRONG_SIGN = "unknown_value", "out_of_range", "wrong_sign"
READ_AS = "read_as"
"""Warning `<column>:read_as_<word>`: the signs of a row say another word than the row does, and that one holds."""

_SHOWN = r"^\p{L}[\p{L} _-]{0,23}$"
_HIDDEN = "…"
_MOST_VALUES = 100


def understood(text: Column, words: Words) -> Column:
    """The word that a text means; null where it means none. text: after the contract's map, which may have found nothing."""
    # A text that is one of the words already, as nearly every one is, is not spelled out anew.
    entries = [F.lit(part) for entry in words.by_spelling.items() for part in entry]
    spelled = F.try_element_at(F.create_map(*entries), F.trim(F.regexp_replace(F.lower(text), GAPS, " ")))
    return F.coalesce(F.when(text.isin(*words.words), text), spelled)


def faults(contract: Contract) -> list[Column]:
    """Reasons against a row for numbers out of bounds and wrong signs, null where there is none.

    Works on the entity's columns and, for bounds, on `source:<name>`: 5.9 stars are no 5.
    """
    bounds = {column.name: contract.entity.column(column.name).bounds for column in contract.mapped}
    found = [_reason(name, OUT_OF_RANGE, _out_of(name, *both), contract) for name, both in bounds.items() if both]
    for signs in _mapped_signs(contract):
        says = F.coalesce(_column(signs.column) == signs.word, F.lit(False)) & ~_overruled(signs, contract)
        found += [_reason(name, WRONG_SIGN, says & _breaks(name, signs), contract) for name in signs.columns]
    return found


def settled(contract: Contract) -> dict[str, Column]:
    """The columns whose word the row's signs overrule, by name: the word that holds."""
    return {
        signs.column: F.when(_overruled(signs, contract), F.lit(signs.otherwise)).otherwise(_column(signs.column))
        for signs in _mapped_signs(contract)
        if signs.otherwise is not None
    }


def notes(contract: Contract) -> list[Column]:
    """Warnings about words that the row's signs overrule, null where there is none."""
    return [
        F.when(_overruled(signs, contract), f"{signs.column}:{READ_AS}_{signs.otherwise}")
        for signs in _mapped_signs(contract)
        if signs.otherwise is not None
    ]


def is_note(reason: str) -> bool:
    """Whether a reason of the ledger is such a warning, which leaves its row good."""
    return f":{READ_AS}_" in reason


def unknown_texts(contract: Contract) -> Column:
    """A struct of the texts that no closed list understands, by column: null where the word is known.

    contract: one that fills a column with a closed list. A text that could be of a person is not shown: one of a column
    made of personal data, or of anything but a few letters.
    """
    columns = []
    for column in closed_columns(contract):
        source = _column(f"source:{column.name}").cast("string")
        may_show = source.rlike(_SHOWN) & F.lit(not _is_personal(column, contract))
        unknown = source.isNotNull() & _column(column.name).isNull()
        columns.append(F.when(unknown, F.when(may_show, source).otherwise(_HIDDEN)).alias(column.name))
    return F.struct(*columns)


def counted_texts(judged: DataFrame, contract: Contract) -> DataFrame:
    """How often each unknown text stands in each file, the most frequent first: `_file_checksum`, `reason`, `text`, `rows`.

    judged: rows of `ingest.core.judge`; contract: one that fills a column with a closed list.
    """
    pairs = []
    for column in closed_columns(contract):
        reason = f"{column.name}:{UNKNOWN}"
        pair = F.struct(F.lit(reason).alias("reason"), F.col(f"_unknown.`{column.name}`").alias("text"))
        pairs.append(F.when(F.array_contains("_reasons", reason), pair))
    rows = judged.select("_file_checksum", F.explode(F.array(*pairs)).alias("_pair")).where("_pair.text IS NOT NULL")
    counts = rows.groupBy("_file_checksum", "_pair.reason", "_pair.text").agg(F.count("*").alias("rows"))
    return counts.orderBy(F.desc("rows"), "reason", "text").limit(_MOST_VALUES)


def closed_columns(contract: Contract) -> list[MappedColumn]:
    """The mapped columns that hold a closed list of words."""
    return [column for column in contract.mapped if contract.entity.column(column.name).words is not None]


def _column(name: str) -> Column:
    return F.col(f"`{name}`")


def _words(expression: str) -> set[str]:
    return set(re.findall(r"\w+", expression))


def _is_personal(column: MappedColumn, contract: Contract) -> bool:
    words = _words(column.expression)
    return any(delivered.pii and delivered.name in words for delivered in contract.delivered)


def _reason(name: str, code: str, fault: Column, contract: Contract) -> Column:
    """The reason, unless a rule of the contract about the same column refuses the row already."""
    rules = (rule for rule in contract.rules if rule.severity == "reject" and name in _words(rule.expression))
    kept = (F.coalesce(F.expr(rule.expression), F.lit(True)) for rule in rules)
    return F.when(reduce(lambda one, other: one & other, kept, fault), f"{name}:{code}")


def _out_of(name: str, least: int, most: int) -> Column:
    number = F.coalesce(_column(f"source:{name}").try_cast("decimal(38,4)"), _column(name))
    return _column(name).isNotNull() & ~number.between(least, most)


def _mapped_signs(contract: Contract) -> list[Signs]:
    names = {column.name for column in contract.mapped}
    return [signs for signs in contract.entity.signs if names.issuperset((signs.column, *signs.columns))]


def _breaks(name: str, signs: Signs) -> Column:
    return _column(name) < 0 if signs.positive else _column(name) > 0


def _broken(signs: Signs) -> Column:
    """Whether one of the columns has the wrong sign; a missing value has none."""
    wrong = (F.coalesce(_breaks(name, signs), F.lit(False)) for name in signs.columns)
    return reduce(lambda one, other: one | other, wrong)


def _overruled(signs: Signs, contract: Contract) -> Column:
    """Whether a row that says the word breaks its signs and has all those of the other word."""
    others = [_broken(other) for other in _mapped_signs(contract) if other.word == signs.otherwise]
    fits = reduce(lambda one, other: one & ~other, others, F.lit(bool(others)))
    return F.coalesce(_column(signs.column) == signs.word, F.lit(False)) & _broken(signs) & fits
