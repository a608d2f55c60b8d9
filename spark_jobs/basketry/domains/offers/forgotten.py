"""Messages of people who asked to be forgotten: what they say beside the declared fields is not stored again."""

from __future__ import annotations

import pyarrow as pa

from basketry.access.identities import LIKELY, OWN, DeliveredPerson
from basketry.lake.lakehouse import Lakehouse
from basketry.retail.suppression import ForgottenPeople, forgotten_people
from basketry.tables import FORGOTTEN

EMPTY = "{}"


class ForgottenShoppers:
    """Knows who is forgotten as of now, and reads it again when somebody was added."""

    def __init__(self, lake: Lakehouse) -> None:
        """Read nothing yet."""
        self._lake = lake
        self._version: int | None = None
        self._people: ForgottenPeople | None = None

    def without_content(self, messages: pa.Table) -> pa.Table:
        """Empty the content of their messages; the declared fields stay, a number leads to nobody.

        Args:
            messages: Columns content and customer_id among others.
        """
        version = self._lake.version(FORGOTTEN)
        if version != self._version:
            self._people, self._version = forgotten_people(self._lake), version
        if self._people is None:
            return messages
        people, numbers = self._people, messages["customer_id"].to_pylist()
        contents = [
            EMPTY if _is_of(people, number, content) else content
            for number, content in zip(numbers, messages["content"].to_pylist(), strict=True)
        ]
        index = messages.schema.get_field_index("content")
        return messages.set_column(
            index, messages.schema.field(index), pa.array(contents, messages.schema.field(index).type)
        )


def _is_of(people: ForgottenPeople, number: str | None, content: str | None) -> bool:
    person = DeliveredPerson(customer_id=number, texts=(content or "",), is_broken=number is None)
    return people.fate(person) in (OWN, LIKELY)
