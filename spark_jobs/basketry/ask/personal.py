"""Questions about persons are not answered, whoever asks: names and addresses have pages of their own."""

from __future__ import annotations

from collections.abc import Sequence

from basketry.access.model import Grants
from basketry.ask.model import NotUnderstoodError
from basketry.ask.words import Token, phrase, written

WORDS = (
    "email",
    "e mail",
    "mail address",
    "phone",
    "telephone",
    "mobile number",
    "phone number",
    "address",
    "street",
    "postal code",
    "zip",
    "zip code",
    "postcode",
    "contact data",
    "contact details",
    "contacts",
    "full name",
    "first name",
    "last name",
    "surname",
    "customer name",
    "names of customers",
    "names of the customers",
    "name of the customer",
    "birthday",
    "date of birth",
    "personal data",
    "where does",
    "lives at",
    "call",
    "customers names",
)
"""Words for personal data, beside the names of the tagged columns."""

_NOT_PERSONAL = frozenset({"name", "content"})
"""Tagged columns whose name alone says nothing about a person."""


class PersonalDataError(NotUnderstoodError):
    """A question about persons: nobody drafts a query for it either."""


def refuse_personal(words: Sequence[Token], grants: Grants) -> None:
    """PersonalDataError when the words ask for what identifies a person."""
    columns = {one for table in grants.tables.values() if table.schema != "bronze" for one in table.pii_columns}
    asked = {phrase(word) for word in (*WORDS, *(columns - _NOT_PERSONAL))}
    stems = tuple(word.stem for word in words)
    for phrased in asked:
        for start in range(len(stems) - len(phrased) + 1):
            if stems[start : start + len(phrased)] == phrased:
                found = written(words[start : start + len(phrased)])
                raise PersonalDataError(
                    f"'{found}' is personal data, which questions never show: use the pages for your team."
                )
