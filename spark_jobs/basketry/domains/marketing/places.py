"""Where customers live and what time it is there: ZIP codes, states, countries. Plain Python, no I/O but package data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
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
        return Place(country, zones, (), _zones_from(zones, FROM_COUNTRY, FROM_COUNTRY_ZONES))
    of_state = zones_of_state.get(state or "", ())
    if zip_zone is None:
        zones_from = _zones_from(of_state, FROM_STATE, FROM_STATE_ZONES)
        return Place(country, of_state, (state,) if of_state and state else (), zones_from)
    if of_state and zip_state != state and state and zip_state:
        return Place(country, tuple(sorted({zip_zone, *of_state})), (state, zip_state), DISAGREE)
    return Place(country, (zip_zone,), (zip_state,) if zip_state else (), FROM_ZIP)


def _zones_from(zones: Sequence[str], single: str, several: str) -> str:
    return (single if len(zones) == 1 else several) if zones else NOWHERE


def with_zones(place: Place, zones: tuple[str, ...]) -> Place:
    """The place with those of its zones that tell its time; with none, it is nowhere known."""
    zones_from = place.said_from if zones else NOWHERE
    if len(zones) == 1:
        zones_from = {FROM_STATE_ZONES: FROM_STATE, FROM_COUNTRY_ZONES: FROM_COUNTRY}.get(zones_from, zones_from)
    return replace(place, zones=zones, said_from=zones_from)


@lru_cache(maxsize=1)
def _country_zones() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for line in zone_table("zone.tab"):
        country, _, zone = line.split("\t")[:3]
        found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in found.items()}
