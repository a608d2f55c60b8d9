"""Spellings of one person agree, people of one household do not, and a digest says nothing without its key."""

from __future__ import annotations

import pytest

from basketry.access.identities import DeliveredPerson, Digester, emails, phones

DIGESTER = Digester(b"a key", "demo")
ZEB = DeliveredPerson(
    customer_id="77",
    name="Zebedee Quimby",
    street="7 Unlikely Lane",
    postal_code="02134",
    texts=("zq77@example.com", "(212) 555-0177"),
)


@pytest.mark.parametrize(
    "text",
    ["212-555-0177", "+1 212 555 0177", "1.212.555.0177", "001 (212) 5550177", "2125550177.0", "tel: 212\u2011555\u20110177",
     "\uff12\uff11\uff12 555 0177"],
)  # fmt: skip
def test_a_telephone_number_has_many_spellings(text: str) -> None:
    """With and without the country, dashes of every kind, a spreadsheet's decimal, wide digits."""
    assert phones([text]) & phones(["(212) 555-0177"])


def test_other_numbers_are_others() -> None:
    """Another area is another number, however it is written; a day and a ZIP code are none."""
    assert not phones(["+1 312 555 0177"]) & phones(["+1 212 555 0177"])
    assert phones(["+44 20 7946 0958"]) & phones(["020 7946 0958"])
    assert phones(["01/02/1980", "2026-01-05T10:00:00Z", "10001"]) == set()


def test_a_mailbox_has_many_spellings() -> None:
    """Capitals, a name before it, what nobody sees inside."""
    texts = ["ZQ77@Example.com.", "Zeb <zq77@example.com>", "mail:zq77@exam\u200bple.com"]
    assert [emails([text]) for text in texts] == [{"zq77@example.com"}] * 3


def test_a_row_in_pieces_is_still_theirs() -> None:
    """A stray quote left the line in one text; the number, or name and telephone number, or name and address are in it."""
    line = ',"Zebedee,Quimby,,212 555 0177,7 Unlikely Ln,Boston,MA,2134'
    nameless = DeliveredPerson(texts=(line,), is_broken=True)
    assert DIGESTER.likely(ZEB) & DIGESTER.likely(nameless)
    numbered = DeliveredPerson(texts=('77,"Zebedee',), is_broken=True)
    assert DIGESTER.own(ZEB) & DIGESTER.own(numbered)


def test_a_household_shares_and_is_not_one_person() -> None:
    """The same telephone number and address under another name are shared, and no more."""
    zoe = DeliveredPerson(
        customer_id="78", name="Zoe Quimby", street="7 unlikely lane", postal_code="2134-1234", texts=("2125550177",)
    )
    assert len(DIGESTER.shared(ZEB) & DIGESTER.shared(zoe)) == 2
    assert not (DIGESTER.own(ZEB) | DIGESTER.likely(ZEB)) & (DIGESTER.own(zoe) | DIGESTER.likely(zoe))


def test_a_digest_needs_its_key() -> None:
    """Of another key or another retailer it is another."""
    assert DIGESTER.of_customer("77") == Digester(b"a key", "demo").of_customer("77")
    assert len({DIGESTER.of_customer("77"), Digester(b"b", "demo").of_customer("77"),
                Digester(b"a key", "shop").of_customer("77")}) == 3  # fmt: skip
