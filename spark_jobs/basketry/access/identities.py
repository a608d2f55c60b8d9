"""What a delivered row says about who it is, in a form in which two spellings are the same, and as keyed digests.

Three kinds, because households share telephones and addresses, and some a mailbox or a name as well:

    own      the customer number
    likely   the e-mail address; the name together with a telephone number or a postal address
    shared   a telephone number alone; a postal address alone

A row that could not be split into its columns is searched for all of them, word by word. Plain Python, no I/O.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import phonenumbers

from basketry.files.blanks import INVISIBLE

OWN, LIKELY, SHARED = "own", "likely", "shared"
_EMAIL = re.compile(r"[^\s<>\"',;:|/\\()\[\]{}=]+@[^\s<>\"',;:|/\\()\[\]{}=]+")
_PHONE = re.compile(r"(?:\+|\b00)?[(\[]?\d(?:[\s().\[\]/\\_-]{0,3}\d){6,16}")
_WHOLE = re.compile(r"\b(\d{7,})\.0+\b")
"""A number that a spreadsheet made of a telephone number."""
_DATE = re.compile(r"(?<!\d)(?:(?:19|20)\d\d[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d)(?!\d)")
"""A day, which has as many digits as a telephone number."""
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_UNSEEN = dict.fromkeys(map(ord, INVISIBLE))
_PIECES = re.compile(r"[,;:|\t\r\n\"{}\[\]\\]+")
_WORDS = re.compile(r"[^\W_]+")
_FEWEST_DIGITS = 7
_LONGEST_NATIONAL = 10
_LONGEST_COUNTRY_CODE = 3
_CODES: Any = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
_COUNTRY_CODES = frozenset(_CODES)
_STREETS = {
    "street": "st", "strasse": "str", "straße": "str", "road": "rd", "avenue": "ave", "av": "ave", "lane": "ln",
    "drive": "dr", "boulevard": "blvd", "court": "ct", "place": "pl", "square": "sq", "terrace": "ter", "circle": "cir",
    "parkway": "pkwy", "highway": "hwy", "apartment": "apt", "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class DeliveredPerson:
    """What a row says about a person.

    Attributes:
        customer_id: The customer number.
        name: The full name.
        street: The street address.
        postal_code: The postal code.
        texts: Whatever else may hold an e-mail address or a telephone number.
        is_broken: Whether the values may stand in the wrong columns: then `texts` hold everything.
    """

    customer_id: str | None = None
    name: str | None = None
    street: str | None = None
    postal_code: str | None = None
    texts: Sequence[str] = ()
    is_broken: bool = False


class Digester:
    """Makes keyed digests: without the key nobody can try out which number or address one is of."""

    def __init__(self, key: bytes, catalog: str) -> None:
        """Use the key of a catalog."""
        self._key, self._catalog = key, catalog

    def of_customer(self, customer_id: str) -> str:
        """Return the digest of a customer number."""
        return self.of_plain_digest(hashlib.sha256(f"{self._catalog}/{customer_id}".encode()).hexdigest())

    def of_plain_digest(self, digest: str) -> str:
        """Return the digest of a customer from the one without a key, as earlier releases stored it."""
        return self._keyed(f"customer\n{digest}")

    def own(self, person: DeliveredPerson) -> frozenset[str]:
        """Return the digests of what may be the row's customer number."""
        return frozenset(map(self.of_customer, customer_numbers(person)))

    def likely(self, person: DeliveredPerson) -> frozenset[str]:
        """Return the digests of e-mail addresses, and of the name together with what a household shares."""
        texts = [f"email\n{email}" for email in emails(person.texts)]
        texts += [f"{name}\n{text}" for name in _names(person) for text in shared_texts(person)]
        return frozenset(map(self._keyed, texts))

    def shared(self, person: DeliveredPerson) -> frozenset[str]:
        """Return the digests of what a household shares."""
        return frozenset(map(self._keyed, shared_texts(person)))

    def _keyed(self, text: str) -> str:
        return hmac.new(self._key, f"{self._catalog}\n{text}".encode(), hashlib.sha256).hexdigest()


def customer_numbers(person: DeliveredPerson) -> set[str]:
    """Return what may be the row's customer number; a spreadsheet makes 77.0 of 77."""
    numbers = {person.customer_id} if person.customer_id else set()
    numbers |= set(_pieces(person.texts)) if person.is_broken else set()
    return numbers | {re.sub(r"\.0+$", "", number) for number in numbers}


def shared_texts(person: DeliveredPerson) -> Iterator[str]:
    """Yield, normalised, what a household shares."""
    yield from (f"phone\n{digits}" for digits in phones(person.texts))
    yield from (f"address\n{address}" for address in _addresses(person))


def emails(texts: Iterable[str]) -> set[str]:
    """Return the e-mail addresses in texts, in small letters."""
    matches = (match for text in texts for match in _EMAIL.findall(_plain(text)))
    return {email.strip(".").casefold() for email in matches}


def phones(texts: Iterable[str]) -> set[str]:
    """Return the digits of the telephone numbers in texts: as written, and without what may be the country's."""
    written = (_DATE.sub(";", _WHOLE.sub(r"\1", _plain(text).translate(_DASHES))) for text in texts)
    return {digits for text in written for number in _PHONE.findall(text) for digits in phone_digits(number)}


def phone_digits(text: str) -> set[str]:
    """Return a telephone number's digits, and those without the country's: (212) 555-0177 and +1 212 555 0177 share them."""
    digits = re.sub(r"\D", "", text).lstrip("0")
    numbers = {digits}
    if text.lstrip("([ ").startswith(("+", "00")) or len(digits) > _LONGEST_NATIONAL:
        for length in range(1, _LONGEST_COUNTRY_CODE + 1):
            if int(digits[:length] or 0) in _COUNTRY_CODES:  # none begins with another
                numbers.add(digits[length:].lstrip("0"))
    return {number for number in numbers if len(number) >= _FEWEST_DIGITS}


def name_key(text: str) -> str:
    """Return a name's words in small letters and alphabetical order: Quimby, Zebedee is Zebedee Quimby."""
    words = _WORDS.findall(_plain(text).casefold())
    return " ".join(sorted(words)) if len(words) > 1 else ""


def _names(person: DeliveredPerson) -> set[str]:
    names = {name_key(person.name)} if person.name else set()
    if person.is_broken:
        pieces = list(_pieces(person.texts))
        names |= {name_key(text) for text in (*pieces, *(" ".join(pair) for pair in pairwise(pieces)))}
    return names - {""}


def _addresses(person: DeliveredPerson) -> set[str]:
    pairs = [(person.street, person.postal_code)]
    if person.is_broken:
        pieces = list(_pieces(person.texts))
        streets = [text for text in pieces if re.search(r"\d", text) and re.search(r"[^\W\d_]", text) and " " in text]
        codes = [text for text in pieces if re.fullmatch(r"[A-Za-z0-9 -]{3,10}", text) and re.search(r"\d", text)]
        pairs += [(street, code) for street in streets for code in codes]
    return {address_key(street, code) for street, code in pairs if street and code} - {""}


def address_key(street: str, postal_code: str) -> str:
    """Return street and postal code in a form in which spellings agree; a leading zero that a spreadsheet drops is none."""
    words = _WORDS.findall(_plain(street).casefold())
    code = "".join(_WORDS.findall(_plain(postal_code).casefold().partition("-")[0])).lstrip("0")
    return f"{' '.join(_STREETS.get(word, word) for word in words)}|{code}" if words and code else ""


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from filter(None, (piece.strip().strip("'") for piece in _PIECES.split(_plain(text))))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).translate(_UNSEEN)
