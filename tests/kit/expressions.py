"""Expressions of a contract over a few columns: compiled, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from basketry.config.documents import Node
from basketry.contracts.expressions import Expression, compile_expression
from basketry.errors import ContractError

COLUMNS = {
    "name": "string",
    "code": "string",
    "count": "integer",
    "price": "decimal(18,4)",
    "day": "date",
    "moment": "timestamp",
    "open": "boolean",
}


def compiled(
    text: str, what: str = "rule", *, columns: Mapping[str, str] = COLUMNS, time_zone: str = "Europe/London"
) -> Expression:
    """Return the expression that stands in line 7 of a contract."""
    return compile_expression(Node("feed.odcs.yaml", 7, text, text), what, columns, time_zone)


def refusal(text: str) -> str:
    """Return the sentence with which a rule is refused, in one line behind its place."""
    with pytest.raises(ContractError) as raised:
        compiled(text)
    place, _, sentence = raised.value.message.partition(": ")
    assert place == "feed.odcs.yaml:7" and "\n" not in sentence
    return sentence
