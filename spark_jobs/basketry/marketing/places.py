"""Where customers live and what time it is there: ZIP codes, states, countries. Plain Python, no I/O but package data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc

from basketry.marketing.contacts import by_distinct

UNITED_STATES = "US"

FROM_ZIP = "zip"
FROM_STATE = "state"
FROM_STATE_ZONES = "state with several zones"
DISAGREE = "zip and state disagree"
FROM_COUNTRY = "country"
NOWHERE = "none"


@dataclass(frozen=True)
class Place:
    """What decides when somebody may be called.

    zones: IANA names, all of which must hold, none: unknown; states: whose hours all must hold; said_from: how it is known.
    """

    country: str | None
    zones: tuple[str, ...]
    states: tuple[str, ...]
    said_from: str


def zip_rows() -> list[tuple[str, str, str | None, str]]:
    """Rows of silver.zip_time_zones from the zipcodes package: ZIP, state, time zone, source.

    A zone that is none (the package has a misplaced city name) is null, as military post has none.
    """
    import zipcodes

    known, source = available_timezones(), zip_source()
    rows = {
        one["zip_code"]: (one["zip_code"], one["state"], one["timezone"] if one["timezone"] in known else None, source)
        for one in zipcodes.list_all()
    }
    return [rows[code] for code in sorted(rows)]


def zip_source() -> str:
    """Package and version that ZIP codes come from."""
    return f"zipcodes {version('zipcodes')}"


def state_zones(rows: Iterable[Sequence[str | None]]) -> dict[str, tuple[str, ...]]:
    """The time zones of each state, from rows of ZIP, state, time zone."""
    found: dict[str, set[str]] = {}
    for row in rows:
        state, zone = row[1], row[2]
        if state and zone:
            found.setdefault(state, set()).add(zone)
    return {state: tuple(sorted(zones)) for state, zones in found.items()}


def place_of(
    country: str | None,
    state: str | None,
    zip_state: str | None,
    zip_zone: str | None,
    zones_of_state: Mapping[str, tuple[str, ...]],
) -> Place:
    """Where an address lies. state: as delivered; zip_state, zip_zone: what its ZIP says, null where it is unknown.

    A ZIP beats a state that it does not contradict. Where both are known and differ, the call must be legal in both.
    """
    if country != UNITED_STATES:
        zones = _country_zones().get(country or "", ())
        return Place(country, zones, (), FROM_COUNTRY) if len(zones) == 1 else Place(country, (), (), NOWHERE)
    of_state = zones_of_state.get(state or "", ())
    if zip_zone is None:
        said = FROM_STATE if len(of_state) == 1 else FROM_STATE_ZONES if of_state else NOWHERE
        return Place(country, of_state, (state,) if of_state and state else (), said)
    if of_state and zip_state != state and state and zip_state:
        return Place(country, tuple(sorted({zip_zone, *of_state})), (state, zip_state), DISAGREE)
    return Place(country, (zip_zone,), (zip_state,) if zip_state else (), FROM_ZIP)


def country_code(texts: pa.Array, default: str) -> pa.Array:
    """ISO 3166 code of each country, by code or name; `default` where none is given, null for one that is unknown."""
    codes = country_codes()
    given = pc.fill_null(pc.utf8_trim_whitespace(texts), "")

    def looked_up(names: pa.Array) -> pa.Array:
        """Codes of some names; the default where a name is absent."""
        return pa.array([codes.get(name.upper()) if name else default for name in names.to_pylist()], pa.string())

    return by_distinct(given, looked_up)


@lru_cache(maxsize=1)
def country_codes() -> Mapping[str, str]:
    """ISO 3166 code by country name and by the code itself, both upper-case; with the names that retailers use."""
    rows = [line.split("\t") for line in _table("iso3166.tab")]
    names = {row[1].upper(): row[0] for row in rows}
    codes = {row[0]: row[0] for row in rows}
    return {**names, **codes, **_NAMES}


@lru_cache(maxsize=1)
def _country_zones() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for line in _table("zone.tab"):
        country, _, zone = line.split("\t")[:3]
        found.setdefault(country, set()).add(zone)
    return {country: tuple(sorted(zones)) for country, zones in found.items()}


def _table(name: str) -> list[str]:
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


_NAMES = {
    "USA": "US", "U.S.": "US", "U.S.A.": "US", "UNITED STATES OF AMERICA": "US", "UK": "GB", "UNITED KINGDOM": "GB",
    "GREAT BRITAIN": "GB", "ENGLAND": "GB", "EIRE": "IE", "RSA": "ZA", "SOUTH KOREA": "KR", "NORTH MACEDONIA": "MK",
    "CZECHIA": "CZ",
}  # fmt: skip
