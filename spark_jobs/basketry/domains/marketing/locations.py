"""Where customers live and what time it is there: ZIP codes, states, countries. Plain Python, no I/O but package data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from typing import NamedTuple
from zoneinfo import available_timezones

from basketry.access.countries import zone_table

UNITED_STATES = "US"

FROM_ZIP = "zip"
FROM_STATE = "state"
FROM_STATE_ZONES = "state with several zones"
DISAGREE = "zip and state disagree"
FROM_COUNTRY = "country"
FROM_COUNTRY_ZONES = "country with several zones"
NOWHERE = "none"


@dataclass(frozen=True)
class Location:
    """What decides when somebody may be called.

    Attributes:
        country: ISO 3166 code, None where it is unknown.
        zones: IANA names of time zones, all of which must hold; none where they are unknown.
        states: States whose hours must all hold.
        zones_from: What the zones are known from.
    """

    country: str | None
    zones: tuple[str, ...]
    states: tuple[str, ...]
    zones_from: str


def zip_rows() -> list[tuple[str, str, str | None, str]]:
    """Make the rows of silver.zip_time_zones from the zipcodes package: ZIP, state, time zone, source.

    A zone that is none (the package has a misplaced city name) is null, as military post has none.
    """
    import zipcodes

    zones, source = available_timezones(), zip_source()
    rows = {
        row["zip_code"]: (row["zip_code"], row["state"], row["timezone"] if row["timezone"] in zones else None, source)
        for row in zipcodes.list_all()
    }
    return [rows[code] for code in sorted(rows)]


def zip_source() -> str:
    """Return the package and version that ZIP codes come from."""
    return f"zipcodes {version('zipcodes')}"


def state_zones(rows: Iterable[Sequence[str | None]]) -> dict[str, tuple[str, ...]]:
    """Collect the time zones of each state from rows of ZIP, state and time zone."""
    zones_of: dict[str, set[str]] = {}
    for row in rows:
        state, zone = row[1], row[2]
        if state and zone:
            zones_of.setdefault(state, set()).add(zone)
    return {state: tuple(sorted(zones)) for state, zones in zones_of.items()}


class Address(NamedTuple):
    """What is known about an address.

    Attributes:
        country: ISO 3166 code.
        state: As delivered.
        zip_state: State of its ZIP, None where the ZIP is unknown.
        zip_zone: Time zone of its ZIP, None where it is unknown.
    """

    country: str | None
    state: str | None = None
    zip_state: str | None = None
    zip_zone: str | None = None


def locate(address: Address, zones_of_state: Mapping[str, tuple[str, ...]]) -> Location:
    """Find where an address lies.

    A ZIP beats a state that it does not contradict. Where both are known and differ, the call must be legal in both.

    Args:
        address: The address.
        zones_of_state: See `state_zones`.
    """
    country, state, zip_state, zip_zone = address
    if country != UNITED_STATES:
        zones = _country_zones().get(country or "", ())
        return Location(country, zones, (), _zones_from(zones, FROM_COUNTRY, FROM_COUNTRY_ZONES))
    of_state = zones_of_state.get(state or "", ())
    if zip_zone is None:
        zones_from = _zones_from(of_state, FROM_STATE, FROM_STATE_ZONES)
        return Location(country, of_state, (state,) if of_state and state else (), zones_from)
    if of_state and zip_state != state and state and zip_state:
        return Location(country, tuple(sorted({zip_zone, *of_state})), (state, zip_state), DISAGREE)
    return Location(country, (zip_zone,), (zip_state,) if zip_state else (), FROM_ZIP)


def _zones_from(zones: Sequence[str], single: str, several: str) -> str:
    return (single if len(zones) == 1 else several) if zones else NOWHERE


def with_zones(location: Location, zones: tuple[str, ...]) -> Location:
    """Return the place with other zones; without any, it is nowhere known."""
    zones_from = location.zones_from if zones else NOWHERE
    if len(zones) == 1:
        zones_from = {FROM_STATE_ZONES: FROM_STATE, FROM_COUNTRY_ZONES: FROM_COUNTRY}.get(zones_from, zones_from)
    return replace(location, zones=zones, zones_from=zones_from)


@lru_cache(maxsize=1)
def _country_zones() -> Mapping[str, tuple[str, ...]]:
    zones_of: dict[str, list[str]] = {}
    for line in zone_table("zone.tab"):
        country, _, zone = line.split("\t")[:3]
        zones_of.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in zones_of.items()}
