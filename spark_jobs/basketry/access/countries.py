"""Countries by the codes and names that people write. Plain Python, no I/O but package data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc

from basketry.access.contacts import map_distinct


def country_code(texts: pa.Array, default: str) -> pa.Array:
    """Return the ISO 3166 code of each country, by code or name.

    Args:
        texts: Codes or names; an unknown one gives null.
        default: The code where there is none.
    """
    codes = country_codes()
    trimmed = pc.fill_null(pc.utf8_trim_whitespace(texts), "")

    def looked_up(names: pa.Array) -> pa.Array:
        """Return the codes of some names; the default where a name is absent."""
        return pa.array([codes.get(name.upper()) if name else default for name in names.to_pylist()], pa.string())

    return map_distinct(trimmed, looked_up)


@lru_cache(maxsize=1)
def country_codes() -> Mapping[str, str]:
    """Map country names and codes, both upper-case, to ISO 3166 codes; with the names that retailers use."""
    rows = [line.split("\t") for line in zone_table("iso3166.tab")]
    names = {row[1].upper(): row[0] for row in rows}
    codes = {row[0]: row[0] for row in rows}
    return {**names, **codes, **_NAMES}


def zone_table(name: str) -> list[str]:
    """Return the lines of a table of the time zone package, without its comments."""
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


_NAMES = {
    "USA": "US",
    "U.S.": "US",
    "U.S.A.": "US",
    "UNITED STATES OF AMERICA": "US",
    "UK": "GB",
    "UNITED KINGDOM": "GB",
    "GREAT BRITAIN": "GB",
    "ENGLAND": "GB",
    "EIRE": "IE",
    "RSA": "ZA",
    "SOUTH KOREA": "KR",
    "NORTH MACEDONIA": "MK",
    "CZECHIA": "CZ",
}
