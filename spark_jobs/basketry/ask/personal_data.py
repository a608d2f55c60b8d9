"""Questions about persons are not answered, whoever asks: names and addresses have pages of their own."""

from __future__ import annotations

from collections.abc import Sequence

from basketry.access.model import Grants
from basketry.ask.model import NotUnderstoodError
from basketry.ask.tokenizer import Token, join_words, stems_of

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
    """Raise PersonalDataError when the words ask for what identifies a person."""
    columns = {column for table in grants.tables.values() if table.schema != "bronze" for column in table.pii_columns}
    forbidden = {stems_of(word) for word in (*WORDS, *(columns - _NOT_PERSONAL))}
    stems = tuple(word.stem for word in words)
    for stems_asked in forbidden:
        for start in range(len(stems) - len(stems_asked) + 1):
            if stems[start : start + len(stems_asked)] == stems_asked:
                asked_words = join_words(words[start : start + len(stems_asked)])
                raise PersonalDataError(
                    f"'{asked_words}' is personal data, which questions never show: use the pages for your team."
                )
