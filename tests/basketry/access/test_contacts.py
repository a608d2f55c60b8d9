"""E-mail addresses and telephone numbers: the quick way for whole columns says what the libraries say."""

from __future__ import annotations

import phonenumbers
import pyarrow as pa
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.access import contacts


def emails(*texts: str | None) -> list[str | None]:
    return contacts.valid_emails(pa.array(texts, pa.string())).to_pylist()


def phones(*pairs: tuple[str | None, str | None]) -> list[str | None]:
    texts, regions = zip(*pairs, strict=True)
    return contacts.valid_phones(pa.array(texts, pa.string()), pa.array(regions, pa.string())).to_pylist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  ann@Example.COM ", "ann@example.com"),
        ("josé@example.org", "josé@example.org"),
        ("an n@example.com", None),
        ("ann@@example.com", None),
        ("ann@home@example.com", None),
        ("ann.example.com", None),
        ("ann@localhost", None),
        ("ann@shop.test", None),
        ("a..b@example.com", None),
        ("", None),
        (None, None),
        (f"{'x' * 65}@example.com", None),
    ],
)
def test_an_address_is_normalised_or_nothing(text: str | None, expected: str | None) -> None:
    """Blanks inside, two @, no domain, reserved names, too long: nothing; blanks around and capitals of the domain: mended."""
    assert emails(text) == [expected]


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(212) 555-0123", "US", "+12125550123"),
        ("1 212 555 0123", "US", "+12125550123"),
        ("+1-212-555-0123", None, "+12125550123"),
        ("416 555 0123", "US", "+14165550123"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("1-800-555-0199", "US", "+18005550199"),
        ("555-0123", "US", None),
        ("999-999-9999", "US", None),
        ("123", "US", None),
        ("call me", "US", None),
        ("212 555 0123", None, None),
        (None, "US", None),
    ],
)
def test_a_number_is_e164_or_nothing(text: str | None, region: str | None, expected: str | None) -> None:
    """A number is read in the country of the address; an impossible one is nothing."""
    assert phones((text, region)) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "pat.doe@example.com",
        "Pat.Doe@example.com",
        "PAT.DOE@EXAMPLE.COM",
        " pat.doe@example.com\t",
        "pat.doe@example.com\u200b",
        "\ufeffpat.doe@example.com",
        "pat\u00ad.doe@example.com",
        "\u00a0Pat.Doe@Example.Com\u00a0",
        "Pat Doe <pat.doe@example.com>",
        '"Doe, Pat" <Pat.Doe@example.com>',
        "<pat.doe@example.com>;",
        "mailto:pat.doe@example.com",
        "MAILTO: Pat.Doe@example.com",
    ],
)
def test_a_mailbox_is_one_however_it_is_written(text: str) -> None:
    """Capitals, blanks, invisible characters, a name before it, a link: the mailbox is the same."""
    mailbox = contacts.mailbox_keys(contacts.valid_emails(pa.array([text], pa.string())))
    assert mailbox.to_pylist() == ["pat.doe@example.com"]


def test_another_mailbox_is_another() -> None:
    """Dots and what stands behind a plus make another address on most servers; a text of two addresses is none."""
    texts = ["pat.doe@example.com", "patdoe@example.com", "pat.doe+shop@example.com", "pat.doe@mail.example.com"]
    assert len(set(contacts.mailbox_keys(pa.array(texts)).to_pylist())) == len(texts)
    assert emails("a@example.com <b@example.com> c", "<a@example.com> <b@example.com>") == [None, None]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("030 23125001", "DE"),
        ("+49 (0)30 23125001", "US"),
        ("0049 30 23125001", "DE"),
        ("030/23 12 50 01", "DE"),
        ("\u202a+49 30 23125001\u202c", None),
        ("\uff0b\uff14\uff19 30 23125001", None),
        ("tel:+49-30-23125001", None),
        ("030\u00a02312\u200b5001", "DE"),
        ("030 23125001", None),
    ],
)
def test_a_number_is_one_however_it_is_written(text: str, region: str | None) -> None:
    """National, international, with signs nobody sees; of an unknown country, as in the retailer's own."""
    texts, regions = pa.array([text], pa.string()), pa.array([region], pa.string())
    found = contacts.number_keys(contacts.valid_phones(texts, regions), texts, regions, "DE")
    assert found.to_pylist() == ["+493023125001"]


def library_phone(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text.strip(), "US")
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None


def library_email(text: str) -> str | None:
    try:
        return str(validate_email(text.strip(), check_deliverability=False, strict=True).normalized)
    except EmailNotValidError:
        return None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"\A(\+?1[ .-]?)?\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}\Z"), min_size=1, max_size=20))
def test_the_quick_way_judges_numbers_as_the_library(texts: list[str]) -> None:
    """Of numbers written as people do in North America."""
    assert phones(*((text, "US") for text in texts)) == [library_phone(text) for text in texts]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.from_regex(r"\A[ a-zA-Z0-9_.+@-]{1,12}@[a-z0-9.-]{1,9}\.(com|org|test|c)\Z"), min_size=1, max_size=20)
)
def test_the_quick_way_judges_addresses_as_the_library(texts: list[str]) -> None:
    """Of addresses with dots, dashes, blanks and second @ where they may be and may not."""
    assert emails(*texts) == [library_email(text) for text in texts]


def test_a_value_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library sees each distinct value of a column once, however many customers share it."""
    asked: list[str] = []
    monkeypatch.setattr(contacts, "_phone", lambda key: asked.append(key))
    phones(*[("+44 20 7946 0958", "US")] * 50)
    assert len(asked) == 1
