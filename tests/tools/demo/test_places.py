"""ZIP codes, area codes, names and the calendar are what they claim to be."""

from __future__ import annotations

from datetime import date

import pytest

from tools.demo.places import FIRST_NAMES, LAST_NAMES, ZIP_CODES
from tools.demo.season import category_factors, demand, holidays

ZIP_PREFIXES = {  # first three digits by state, as the US Postal Service gives them out
    "NY": [(100, 149)],
    "MA": [(10, 27)],
    "PA": [(150, 196)],
    "DC": [(200, 205)],
    "VA": [(201, 201), (220, 246)],
    "MD": [(206, 219)],
    "GA": [(300, 319), (398, 399)],
    "FL": [(320, 349)],
    "NC": [(270, 289)],
    "OH": [(430, 459)],
    "MI": [(480, 499)],
    "IN": [(460, 479)],
    "TN": [(370, 385)],
    "IL": [(600, 629)],
    "WI": [(530, 549)],
    "MN": [(550, 567)],
    "MO": [(630, 658)],
    "TX": [(750, 799), (885, 885)],
    "LA": [(700, 714)],
    "CO": [(800, 816)],
    "UT": [(840, 847)],
    "AZ": [(850, 865)],
    "NM": [(870, 884)],
    "ID": [(832, 838)],
    "CA": [(900, 961)],
    "OR": [(970, 979)],
    "WA": [(980, 994)],
    "NV": [(889, 898)],
    "AK": [(995, 999)],
    "HI": [(967, 968)],
}
BEHIND_NEW_YORK = {"IL": 1, "TX": 1, "CO": 2, "AZ": 2, "CA": 3, "WA": 3, "AK": 4, "HI": 5, "NY": 0, "FL": 0, "TN": 1}


def test_every_zip_code_lies_in_its_state() -> None:
    """The first three digits of a ZIP code are its state's."""
    for zip_code in ZIP_CODES:
        prefix = int(zip_code.postal_code[:3])
        assert any(low <= prefix <= high for low, high in ZIP_PREFIXES[zip_code.state]), zip_code


def test_places_are_many_distinct_and_in_several_time_zones() -> None:
    """60 to 100 ZIP codes, each once, from New York to Honolulu; a city is in one state."""
    assert 60 <= len(ZIP_CODES) <= 110
    assert len({zip_code.postal_code for zip_code in ZIP_CODES}) == len(ZIP_CODES)
    assert len({zip_code.city for zip_code in ZIP_CODES}) == len(
        {(zip_code.city, zip_code.state) for zip_code in ZIP_CODES}
    )
    assert all(
        BEHIND_NEW_YORK.get(zip_code.state, zip_code.hours_behind) == zip_code.hours_behind for zip_code in ZIP_CODES
    )
    assert {zip_code.hours_behind for zip_code in ZIP_CODES} == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("zip_code", "city"),
    [
        ("10001", "New York"),
        ("60614", "Chicago"),
        ("98101", "Seattle"),
        ("02139", "Cambridge"),
        ("94704", "Berkeley"),
        ("78704", "Austin"),
        ("80302", "Boulder"),
        ("96813", "Honolulu"),
        ("85281", "Tempe"),
        ("33139", "Miami Beach"),
    ],
)
def test_well_known_zip_codes_have_their_city(zip_code: str, city: str) -> None:
    """Samples that everybody can look up."""
    assert [known.city for known in ZIP_CODES if known.postal_code == zip_code] == [city]


def test_names_fit_the_encoding_of_the_customers_file() -> None:
    """Every name can be written in Latin-1 and some need it; none is there twice."""
    names = FIRST_NAMES + LAST_NAMES
    assert all(name.encode("latin-1") for name in names)
    assert sum(not name.isascii() for name in names) > 10
    assert len(set(FIRST_NAMES)) == len(FIRST_NAMES) and len(set(LAST_NAMES)) == len(LAST_NAMES)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("easter", date(2026, 4, 5)),
        ("easter", date(2025, 4, 20)),
        ("thanksgiving", date(2025, 11, 27)),
        ("memorial", date(2026, 5, 25)),
        ("labor", date(2025, 9, 1)),
        ("superbowl", date(2026, 2, 8)),
    ],
)
def test_holidays_fall_on_their_days(name: str, day: date) -> None:
    """Holidays that move, checked against the calendars of those years."""
    assert holidays(day.year)[name] == day


def test_demand_follows_the_calendar() -> None:
    """Closed on Christmas Day, busy before Thanksgiving, busier on Saturday than on Tuesday."""
    assert demand(date(2025, 12, 25)) == 0
    assert demand(date(2025, 11, 26)) > 1.3 * demand(date(2025, 10, 22))
    assert demand(date(2026, 6, 13)) > demand(date(2026, 6, 9))
    assert category_factors(date(2026, 7, 3)).shape == category_factors(date(2026, 1, 3)).shape
