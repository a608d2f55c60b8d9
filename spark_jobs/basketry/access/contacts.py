"""E-mail addresses and telephone numbers made valid: whole Arrow columns in, whole Arrow columns out, no I/O.

The libraries that know the rules (email-validator, phonenumbers) take 50 to 100 microseconds a value. So each distinct
value is looked at once, and what is plainly written is judged for the whole column: an address by the plain form of its
local part and one look at each distinct domain, a North American number by the library's own pattern. Everything else
goes to the libraries. Both ways give the same answers (tests compare them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import email_validator
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailNotValidError, validate_email

_PLAIN_MAIL = r"^(?P<local>[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@(?P<domain>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)$"
_PLAIN_PHONE = r"^(?:\+?1[ .-]*)?\(?(?P<area>[2-9][0-9]{2})\)?[ .-]*(?P<office>[0-9]{3})[ .-]*(?P<line>[0-9]{4})$"
_LONGEST_LOCAL, _LONGEST_MAIL = 64, 254
_NORTH_AMERICA = ("US", "CA")
_SEPARATOR = "\x1f"
_INVISIBLE = r"\p{Cf}"
_NAMED_MAIL = r"^[^<>]*<([^<>]*)>[\s;,]*$"
_LINK = r"^(?i:mailto:)\s*"


def valid_emails(texts: pa.Array) -> pa.Array:
    """Return the normalised address of each text, null where it is none: no network look-up, only the form.

    Blanks around an address, invisible characters and the name before `<…>` are cut off; a blank inside the address, or
    a second @, makes it invalid.
    """
    return map_distinct(texts, _checked_emails)


def valid_phones(texts: pa.Array, regions: pa.Array) -> pa.Array:
    """Return the E.164 form of each number, null where no such number can exist.

    Args:
        texts: The numbers as they were delivered.
        regions: The ISO 3166 country code of each customer's address, in which a number without + is read; null reads none.
    """
    keys = pc.binary_join_element_wise(pc.fill_null(regions, ""), _visible(texts), _SEPARATOR)
    return map_distinct(keys, _checked_phones)


def mailbox_keys(emails: pa.Array) -> pa.Array:
    """Return what is the same for two addresses of one mailbox: the normalised address in small letters.

    RFC 5321 lets a server tell capitals of the local part apart; none that people use does, and of two who may be one
    neither must be written to after one of them said no. Dots and what stands behind a + are left: most servers heed them.
    """
    return pc.utf8_lower(emails)


def number_keys(phones: pa.Array, texts: pa.Array, regions: pa.Array, default: str) -> pa.Array:
    """Return what is the same for two spellings of one number: its E.164 form.

    Args:
        phones: What `valid_phones` says of these texts in these regions.
        texts: The numbers as they were delivered.
        regions: The country of each, null where it is unknown.
        default: The country in which those are read.
    """
    homeless = pc.if_else(pc.is_null(regions), texts, pa.scalar(None, pa.string()))
    return pc.coalesce(phones, valid_phones(homeless, pa.repeat(default, len(texts))))


def map_distinct(texts: pa.Array, check: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Return what `check` says of each value, asked for distinct ones only; null stays null."""
    encoded = texts.dictionary_encode()
    return check(encoded.dictionary).take(encoded.indices)


def _visible(texts: pa.Array) -> pa.Array:
    """Drop invisible characters (joiners, marks of direction, a byte-order mark) and the blanks around each text."""
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _INVISIBLE, ""))


def _bare_address(texts: pa.Array) -> pa.Array:
    named = pc.replace_substring_regex(_visible(texts), _NAMED_MAIL, r"\1")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(named, _LINK, ""))


def _checked_emails(distinct: pa.Array) -> pa.Array:
    texts = _bare_address(distinct)
    parts = pc.extract_regex(texts, _PLAIN_MAIL)
    local, domain = pc.struct_field(parts, "local"), pc.struct_field(parts, "domain")
    short = pc.and_(
        pc.less_equal(pc.utf8_length(local), _LONGEST_LOCAL), pc.less_equal(pc.utf8_length(texts), _LONGEST_MAIL)
    )
    plain = pc.fill_null(short, False)
    normalised = map_distinct(domain, lambda names: _mapped(names, _domain))
    quick = pc.if_else(plain, pc.binary_join_element_wise(local, normalised, "@"), None)
    return _with_rest(quick, texts, pc.invert(plain), _email)


def _checked_phones(keys: pa.Array) -> pa.Array:
    pieces = pc.split_pattern(keys, _SEPARATOR, max_splits=1)
    region, text = pc.list_element(pieces, 0), pc.list_element(pieces, 1)
    parts = pc.extract_regex(text, _PLAIN_PHONE)
    fields = [pc.struct_field(parts, name) for name in ("area", "office", "line")]
    national = pc.binary_join_element_wise(*fields, "")
    usual = pc.and_(pc.is_in(region, pa.array(_NORTH_AMERICA)), pc.match_substring_regex(national, _north_american()))
    plain = pc.fill_null(usual, False)
    quick = pc.if_else(plain, pc.binary_join_element_wise(pa.scalar("+1"), national, ""), None)
    return _with_rest(quick, keys, pc.invert(plain), _phone)


def _with_rest(quick: pa.Array, texts: pa.Array, rest: pa.Array, check: Callable[[str], str | None]) -> pa.Array:
    """Return the quick answers, and those of the library for the texts that `rest` marks."""
    slow = _mapped(texts.filter(rest), check)
    return pc.replace_with_mask(quick.cast(pa.string()), rest, slow)


def _mapped(texts: pa.Array, check: Callable[[str], str | None]) -> pa.Array:
    values: Iterable[str | None] = texts.to_pylist()
    return pa.array([None if text is None else check(text) for text in values], pa.string())


@lru_cache(maxsize=1)
def _north_american() -> str:
    """Return the pattern of ten-digit numbers of the United States and Canada, which is the library's own."""
    # Both have one pattern for fixed and mobile lines; toll-free and rarer kinds go to the library itself.
    metadata: Any = phonenumbers.PhoneMetadata
    lines = (metadata.metadata_for_region(region).fixed_line.national_number_pattern for region in _NORTH_AMERICA)
    patterns = [f"(?:{pattern})" for pattern in lines]
    return f"^(?:{'|'.join(patterns)})$"


@lru_cache(maxsize=50_000)
def _domain(name: str) -> str | None:
    address = _email(f"a@{name}")
    return None if address is None else address.removeprefix("a@")


def _email(text: str) -> str | None:
    try:
        return str(validate_email(text, check_deliverability=False, strict=True).normalized)
    except EmailNotValidError:
        return None


def _phone(key: str) -> str | None:
    region, text = key.split(_SEPARATOR, 1)
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


email_validator.CHECK_DELIVERABILITY = False  # no validation of this process may ask the network
