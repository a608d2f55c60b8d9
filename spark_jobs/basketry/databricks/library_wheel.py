"""The wheel of this library, as a workspace calls it."""

from __future__ import annotations

from basketry.config.edition import PACKAGE, VERSION


def wheel_name(edition: str) -> str:
    """Return the file name of the wheel of an edition: a cluster never takes yesterday's wheel for today's."""
    return f"{PACKAGE.name}-{VERSION}+{edition}-py3-none-any.whl"
