"""What the declaration of a table demands of every row, whatever the feed's contract says: words, bounds and signs.

A closed list of words understands the spellings that are declared beside them; other texts, numbers out of bounds and
amounts of the wrong sign set the row aside. If a rule of the contract about the same column refuses the row already, the
reason is not repeated.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import and_, or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn
from basketry.tables import WORD_GAPS, SignRule, Vocabulary

UNKNOWN, OUT_OF_RANGE, WRONG_SIGN = "unknown_value", "out_of_range", "wrong_sign"
READ_AS = "read_as"
"""Warning `<column>:read_as_<word>`: the signs of a row contradict its word, and it is read as this word."""

_SHOWN = r"^\p{L}[\p{L} _-]{0,23}$"
_HIDDEN = "…"
_MOST_VALUES = 100


def match_word(text: Column, words: Vocabulary) -> Column:
    """Return the word that a text means, null if it means none.

    Args:
        text: the text after the contract's value map, which may have left it null.
        words: the closed list of words.
    """
    # A text that is one of the words already, as nearly every text is, is not normalised.
    entries = [F.lit(part) for entry in words.by_spelling.items() for part in entry]
    spelled = F.try_element_at(F.create_map(*entries), F.trim(F.regexp_replace(F.lower(text), WORD_GAPS, " ")))
    return F.coalesce(F.when(text.isin(*words.words), text), spelled)


def broken_rules(contract: Contract) -> list[Column]:
    """Return the reasons against a row for numbers out of bounds and wrong signs, each null if it does not apply.

    They read the entity's columns and, for bounds, `source:<name>`: 5.9 stars are no 5.
    """
    reasons = []
    for column in contract.mapped:
        bounds = contract.entity.column(column.name).bounds
        if bounds is not None:
            reasons.append(_reason(column.name, OUT_OF_RANGE, _out_of(column.name, *bounds), contract))
    for signs in _mapped_signs(contract):
        applies = F.coalesce(_column(signs.column) == signs.word, F.lit(False)) & ~_overruled(signs, contract)
        reasons += [_reason(name, WRONG_SIGN, applies & _breaks(name, signs), contract) for name in signs.columns]
    return reasons


def overruled_words(contract: Contract) -> dict[str, Column]:
    """Return the columns whose word the signs of a row may overrule, by name: the word that is stored."""
    return {
        signs.column: F.when(_overruled(signs, contract), F.lit(signs.otherwise)).otherwise(_column(signs.column))
        for signs in _mapped_signs(contract)
        if signs.otherwise is not None
    }


def overruled_warnings(contract: Contract) -> list[Column]:
    """Return the warnings about words that the signs of a row overrule, each null if it does not apply."""
    return [
        F.when(_overruled(signs, contract), f"{signs.column}:{READ_AS}_{signs.otherwise}")
        for signs in _mapped_signs(contract)
        if signs.otherwise is not None
    ]


def is_overruled_warning(reason: str) -> bool:
    """Return whether a reason of the ledger is such a warning, which leaves its row good."""
    return f":{READ_AS}_" in reason


def unknown_texts(contract: Contract) -> Column:
    """Return a struct of the texts that no closed list understands, by column; null if the word is known.

    A text that could be about a person is not shown: a text of a column made of personal data, or one of anything but a
    few letters.

    Args:
        contract: a contract that fills a column with a closed list.
    """
    columns = []
    for column in closed_columns(contract):
        source = _column(f"source:{column.name}").cast("string")
        may_show = source.rlike(_SHOWN) & F.lit(not _is_personal(column, contract))
        unknown = source.isNotNull() & _column(column.name).isNull()
        columns.append(F.when(unknown, F.when(may_show, source).otherwise(_HIDDEN)).alias(column.name))
    return F.struct(*columns)


def count_unknown_texts(validated: DataFrame, contract: Contract) -> DataFrame:
    """Count how often each unknown text stands in each file, the most frequent first.

    Args:
        validated: rows of `core.validate_rows`.
        contract: a contract that fills a column with a closed list.

    Returns:
        `_file_checksum`, `reason`, `text` and `rows`.
    """
    pairs = []
    for column in closed_columns(contract):
        reason = f"{column.name}:{UNKNOWN}"
        pair = F.struct(F.lit(reason).alias("reason"), F.col(f"_unknown.`{column.name}`").alias("text"))
        pairs.append(F.when(F.array_contains("_reasons", reason), pair))
    rows = validated.select("_file_checksum", F.explode(F.array(*pairs)).alias("_pair")).where("_pair.text IS NOT NULL")
    counts = rows.groupBy("_file_checksum", "_pair.reason", "_pair.text").agg(F.count("*").alias("rows"))
    return counts.orderBy(F.desc("rows"), "reason", "text").limit(_MOST_VALUES)


def closed_columns(contract: Contract) -> list[MappedColumn]:
    """Return the mapped columns that hold a closed list of words."""
    return [column for column in contract.mapped if contract.entity.column(column.name).words is not None]


def _column(name: str) -> Column:
    return F.col(f"`{name}`")


def _words(expression: str) -> set[str]:
    return set(re.findall(r"\w+", expression))


def _is_personal(column: MappedColumn, contract: Contract) -> bool:
    words = _words(column.expression)
    return any(delivered.pii and delivered.name in words for delivered in contract.delivered)


def _reason(name: str, code: str, fault: Column, contract: Contract) -> Column:
    """Return the reason, unless a rule of the contract about the same column refuses the row already."""
    rules = (rule for rule in contract.rules if rule.severity == "reject" and name in _words(rule.expression))
    satisfied = (F.coalesce(F.expr(rule.expression), F.lit(True)) for rule in rules)
    return F.when(reduce(and_, satisfied, fault), f"{name}:{code}")


def _out_of(name: str, least: int, most: int) -> Column:
    number = F.coalesce(_column(f"source:{name}").try_cast("decimal(38,4)"), _column(name))
    return _column(name).isNotNull() & ~number.between(least, most)


def _mapped_signs(contract: Contract) -> list[SignRule]:
    names = {column.name for column in contract.mapped}
    return [signs for signs in contract.entity.signs if names.issuperset((signs.column, *signs.columns))]


def _breaks(name: str, signs: SignRule) -> Column:
    return _column(name) < 0 if signs.positive else _column(name) > 0


def _broken(signs: SignRule) -> Column:
    """Return whether one of the columns has the wrong sign; a missing value has none."""
    wrong = (F.coalesce(_breaks(name, signs), F.lit(False)) for name in signs.columns)
    return reduce(or_, wrong)


def _overruled(signs: SignRule, contract: Contract) -> Column:
    """Return whether a row that says the word breaks its signs and has all those of the other word."""
    others = [_broken(other) for other in _mapped_signs(contract) if other.word == signs.otherwise]
    fits = reduce(lambda fits_so_far, broken: fits_so_far & ~broken, others, F.lit(bool(others)))
    return F.coalesce(_column(signs.column) == signs.word, F.lit(False)) & _broken(signs) & fits
