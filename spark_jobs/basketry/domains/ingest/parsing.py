"""How a delivered text becomes a value: pure Column functions, one for each logical type of a contract.

Each parser returns null for what it cannot read; `NOT_A` names that failure. A timestamp becomes the instant that the
retailer's clock meant; a date is the day that stands in the file, or the day in the retailer's time zone if the text names
a zone.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.contracts import Contract, DeliveredColumn
from basketry.files.blanks import strip_blanks
from basketry.retail.text_columns import trim_blanks
from basketry.tables import MONEY

NOT_A = {
    "integer": "not_an_integer",
    "number": "not_a_number",
    "date": "not_a_date",
    "timestamp": "not_a_timestamp",
    "boolean": "not_a_boolean",
}
DEFAULT_FORMATS = {"date": ("yyyy-MM-dd",), "timestamp": ("yyyy-MM-dd HH:mm:ss",)}
TRUE_TEXTS, FALSE_TEXTS = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
INTEGER = r"^[+-]?[0-9]{1,18}(\.0+)?$"  # a spreadsheet exports the number 17850 as 17850.0
EXACT = "decimal(38,18)"
"""The type as which a number of the file is read to see whether it is whole."""
ZONED_LETTERS = re.compile(r"[XxZzVO]")


def present_text(text: Column, contract: Contract) -> Column:
    """Return the text without blanks around it; null if the contract says that it means missing."""
    value = trim_blanks(text)
    missing = [strip_blanks(word) for word in contract.file.null_values] or [""]
    return F.when(~value.isin(*missing), value)


def parse_text(text: Column, native: Column, column: DeliveredColumn, contract: Contract) -> Column:
    """Return the value of a text by the delivered column's logical type; null if it cannot be read as one.

    Args:
        text: the text, from `present_text`.
        native: whether the file itself held a number (a cell, a JSON value), to which the contract's signs do not apply.
        column: the delivered column.
        contract: the contract of the feed.
    """
    if column.type in _NUMBERS:
        return _NUMBERS[column.type](text, native, contract)
    return _PARSERS[column.type](text, column, contract)


def _string(text: Column, column: DeliveredColumn, contract: Contract) -> Column:
    return text


def _plain_digits(text: Column, contract: Contract) -> Column:
    """Return digits with a decimal point: thousands signs are removed if they stand in the right places."""
    decimal, thousands = contract.file.decimal_sign, contract.file.thousands_sign
    plain = text
    if thousands:
        grouped = rf"^[+-]?[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+({re.escape(decimal)}[0-9]*)?$"
        plain = F.when(text.rlike(grouped), F.replace(text, F.lit(thousands), F.lit(""))).otherwise(text)
    if decimal != ".":
        plain = F.when(~plain.contains("."), F.replace(plain, F.lit(decimal), F.lit(".")))
    return plain


def _integer(text: Column, native: Column, contract: Contract) -> Column:
    digits, exact = _plain_digits(text, contract), text.try_cast(EXACT)
    whole = F.when(exact == F.floor(exact), exact.try_cast("bigint"))  # 1e3 is one as well
    return F.when(native, whole).otherwise(_whole_text(digits))


def _whole_text(digits: Column) -> Column:
    return F.when(digits.rlike(INTEGER), F.substring_index(digits, ".", 1).try_cast("bigint"))


def _number(text: Column, native: Column, contract: Contract) -> Column:
    digits = _plain_digits(text, contract)
    if (
        contract.file.decimal_sign != "."
    ):  # with a point as its decimal sign, `digits` is the number of the file already
        digits = F.when(native, text).otherwise(digits)
    return digits.try_cast(MONEY)


def _boolean(text: Column, column: DeliveredColumn, contract: Contract) -> Column:
    lowered = F.lower(text)
    return F.when(lowered.isin(*TRUE_TEXTS), F.lit(True)).when(lowered.isin(*FALSE_TEXTS), F.lit(False))


def _timestamp(text: Column, column: DeliveredColumn, contract: Contract) -> Column:
    return F.coalesce(*(_instant(text, pattern, contract.time_zone) for pattern in _formats(column)))


def _date(text: Column, column: DeliveredColumn, contract: Contract) -> Column:
    return F.coalesce(*(F.to_date(_local_time(text, pattern, contract.time_zone)) for pattern in _formats(column)))


def _formats(column: DeliveredColumn) -> tuple[str, ...]:
    return column.formats or DEFAULT_FORMATS[column.type]


def _names_a_zone(pattern: str) -> bool:
    return ZONED_LETTERS.search(re.sub(r"'[^']*'", "", pattern)) is not None


def _instant(text: Column, pattern: str, time_zone: str) -> Column:
    moment = F.try_to_timestamp(text, F.lit(pattern))
    return moment if _names_a_zone(pattern) else F.to_utc_timestamp(moment, time_zone)


def _local_time(text: Column, pattern: str, time_zone: str) -> Column:
    moment = F.try_to_timestamp(text, F.lit(pattern))
    return F.from_utc_timestamp(moment, time_zone) if _names_a_zone(pattern) else moment


_NUMBERS: dict[str, Callable[[Column, Column, Contract], Column]] = {"integer": _integer, "number": _number}
_PARSERS: dict[str, Callable[[Column, DeliveredColumn, Contract], Column]] = {
    "string": _string,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "date": _date,
}
