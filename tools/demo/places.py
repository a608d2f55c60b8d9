"""Where the demo retailer's customers live: real ZIP codes with their cities, states, area codes and time zones."""

from __future__ import annotations

from typing import NamedTuple


class ZipCode(NamedTuple):
    """A ZIP code.

    Attributes:
        postal_code: Its five digits.
        city: Its city.
        state: Its state.
        area_code: A telephone area code used there.
        hours_behind: How many hours its clocks are behind New York.
        store_id: The store of the area.
    """

    postal_code: str
    city: str
    state: str
    area_code: str
    hours_behind: int
    store_id: str


_METROS = """
S01 0 NY New York|212|10001 10011 10025 10128
S01 0 NY Brooklyn|718|11201 11215 11238
S02 0 MA Boston|617|02108 02116 02118
S02 0 MA Cambridge|617|02138 02139
S03 0 PA Philadelphia|215|19103 19104 19147
S04 0 PA Pittsburgh|412|15213 15222
S05 0 DC Washington|202|20001 20009
S05 0 VA Arlington|703|22201
S05 0 MD Bethesda|301|20814
S05 0 MD Baltimore|410|21201 21230
S06 0 GA Atlanta|404|30303 30309 30318
S06 0 GA Decatur|404|30030
S07 0 FL Miami|305|33131
S07 0 FL Miami Beach|305|33139
S07 0 FL Orlando|407|32801 32803
S07 0 FL Tampa|813|33602
S08 0 NC Charlotte|704|28202 28203
S08 0 NC Raleigh|919|27601
S08 0 NC Durham|919|27701
S08 0 VA Richmond|804|23220
S09 0 OH Columbus|614|43215
S09 0 OH Cleveland|216|44113
S09 0 OH Cincinnati|513|45202
S10 0 MI Detroit|313|48201 48226
S10 0 MI Ann Arbor|734|48104
S11 0 IN Indianapolis|317|46204
S12 1 TN Nashville|615|37203
S12 1 TN Memphis|901|38103
S13 1 IL Chicago|312|60601 60614 60647 60657
S13 1 IL Evanston|847|60201
S14 1 WI Milwaukee|414|53202
S14 1 WI Madison|608|53703
S15 1 MN Minneapolis|612|55401 55408
S16 1 MO Saint Louis|314|63101 63108
S16 1 MO Kansas City|816|64111
S17 1 TX Dallas|214|75201 75204
S17 1 TX Plano|972|75024
S18 1 TX Houston|713|77002 77006 77019
S18 1 TX Austin|512|78701 78704
S18 1 LA New Orleans|504|70112 70130
S19 2 CO Denver|303|80202 80203 80211
S19 2 CO Boulder|303|80302
S19 2 UT Salt Lake City|801|84101 84102
S20 2 AZ Phoenix|602|85004
S20 2 AZ Tempe|480|85281
S20 2 NM Albuquerque|505|87102
S20 2 ID Boise|208|83702
S21 3 CA Los Angeles|213|90012 90026 90036
S21 3 CA Santa Monica|310|90401
S21 3 CA Pasadena|626|91101
S21 3 CA San Diego|619|92101 92103
S22 3 CA San Francisco|415|94103 94110 94117
S22 3 CA Oakland|510|94607 94612
S22 3 CA Berkeley|510|94704
S22 3 CA San Jose|408|95112
S23 3 OR Portland|503|97201 97209 97214
S24 3 WA Seattle|206|98101 98103 98109
S24 3 WA Bellevue|425|98004
S24 3 NV Las Vegas|702|89101
S25 4 AK Anchorage|907|99501
S26 5 HI Honolulu|808|96813
"""


def _read(line: str) -> list[ZipCode]:
    area, area_code, codes = line.split("|")
    store, behind, state, city = area.split(" ", 3)
    return [
        ZipCode(postal_code=code, city=city, state=state, area_code=area_code, hours_behind=int(behind), store_id=store)
        for code in codes.split()
    ]


ZIP_CODES: tuple[ZipCode, ...] = tuple(code for line in _METROS.strip().splitlines() for code in _read(line))

STREETS = (
    "Maple Street",
    "Oak Avenue",
    "Cedar Lane",
    "Main Street",
    "Washington Avenue",
    "Lake Drive",
    "Hillside Road",
    "Park Place",
    "Elm Street",
    "River Road",
    "Sunset Boulevard",
    "Church Street",
    "Chestnut Street",
    "2nd Avenue",
    "5th Street",
    "Highland Avenue",
    "Prospect Street",
    "Franklin Street",
    "Jefferson Avenue",
    "Spruce Court",
)

FIRST_NAMES = (
    "James",
    "Mary",
    "Robert",
    "Patricia",
    "John",
    "Jennifer",
    "Michael",
    "Linda",
    "David",
    "Elizabeth",
    "William",
    "Barbara",
    "Richard",
    "Susan",
    "Joseph",
    "Jessica",
    "Thomas",
    "Sarah",
    "Carlos",
    "Karen",
    "José",
    "María",
    "Renée",
    "Zoë",
    "André",
    "Nancy",
    "Daniel",
    "Lisa",
    "Matthew",
    "Betty",
    "Anthony",
    "Sandra",
    "Mark",
    "Ashley",
    "Aisha",
    "Kimberly",
    "Steven",
    "Emily",
    "Wei",
    "Donna",
    "Priya",
    "Michelle",
    "Kenji",
    "Carol",
    "Kevin",
    "Amanda",
    "Brian",
    "Melissa",
    "Jamal",
    "Deborah",
    "Ronald",
    "Stephanie",
    "Timothy",
    "Rebecca",
    "Chloé",
    "Laura",
    "Björn",
    "Sharon",
    "Ming",
    "Cynthia",
    "Luis",
    "Kathleen",
    "Gary",
    "Amy",
    "Tariq",
    "Angela",
    "Iñigo",
    "Shirley",
    "Noah",
    "Olivia",
)

LAST_NAMES = (
    "Smith",
    "Johnson",
    "Williams",
    "Brown",
    "Jones",
    "García",
    "Miller",
    "Davis",
    "Rodríguez",
    "Martínez",
    "Hernández",
    "López",
    "González",
    "Wilson",
    "Anderson",
    "Thomas",
    "Taylor",
    "Moore",
    "Jackson",
    "Martin",
    "Lee",
    "Pérez",
    "Thompson",
    "White",
    "Harris",
    "Sánchez",
    "Clark",
    "Ramírez",
    "Lewis",
    "Robinson",
    "Walker",
    "Young",
    "Allen",
    "King",
    "Wright",
    "Scott",
    "Torres",
    "Nguyen",
    "Hill",
    "Flores",
    "Green",
    "Adams",
    "Nelson",
    "Baker",
    "Hall",
    "Rivera",
    "Campbell",
    "Mitchell",
    "Carter",
    "Roberts",
    "O'Brien",
    "Müller",
    "Peña",
    "Kim",
    "Patel",
    "Chen",
    "Okafor",
    "Larsson",
    "Kowalski",
    "Rossi",
    "Haddad",
    "Singh",
    "Yamamoto",
    "Muñoz",
    "Núñez",
    "Schneider",
    "Dubois",
    "Fischer",
    "Novak",
    "Reyes",
)

MAIL_DOMAINS = ("example.com", "example.org", "example.net")
"""Domains that RFC 2606 keeps out of use, so that no demo e-mail reaches anybody."""
