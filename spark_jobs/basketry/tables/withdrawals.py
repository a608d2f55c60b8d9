"""How a withdrawal of consent is read: with doubt about its day or its channel it counts all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ALL_CHANNELS = "all"
"""The word of an opt-out that closes every channel."""

CHANNEL_WORDS: Mapping[str, str] = {
    "phone": "phone",
    "telephone": "phone",
    "email": "email",
    "e-mail": "email",
    ALL_CHANNELS: ALL_CHANNELS,
}
"""The words for a channel that are understood, in small letters, and what they mean; every other word means all channels."""


@dataclass(frozen=True)
class Lenient:
    """An entity whose rows count although something in them cannot be read: setting them aside would do the harm.

    decisive: the columns that alone set a row aside. A text of `column` that is not among `words`, or none, means
    `otherwise`. Every other fault is a warning, and its column stays empty.
    """

    decisive: tuple[str, ...]
    column: str
    words: Mapping[str, str]
    otherwise: str


def channel_meant(word: str | None) -> str:
    """The channel that a word of silver.opt_outs withdraws: phone, email or all; all for a word that nobody knows."""
    return CHANNEL_WORDS.get((word or "").strip().lower(), ALL_CHANNELS)


LENIENT: Mapping[str, Lenient] = {"opt_outs": Lenient(("customer_id",), "channel", CHANNEL_WORDS, ALL_CHANNELS)}
"""The lenient entities by name."""
