"""How a withdrawal of consent is read: when its day or its channel is in doubt, it counts all the same."""

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
"""The words for a channel that are understood, in lower case, and what they mean; every other word means all channels."""


@dataclass(frozen=True)
class LenientEntity:
    """An entity whose rows count although a value in them cannot be read: setting them aside would do harm.

    A fault in any column that is not decisive is a warning, and the column stays empty.

    Attributes:
        decisive: the only columns whose faults set a row aside.
        column: the column whose text is interpreted.
        words: what each text of that column means.
        otherwise: what a missing text means, and one that is not among the words.
    """

    decisive: tuple[str, ...]
    column: str
    words: Mapping[str, str]
    otherwise: str


def withdrawn_channel(word: str | None) -> str:
    """Return the channel that a word of silver.opt_outs withdraws: phone, email or all; all for an unknown word."""
    return CHANNEL_WORDS.get((word or "").strip().lower(), ALL_CHANNELS)


LENIENT_ENTITIES: Mapping[str, LenientEntity] = {
    "opt_outs": LenientEntity(("customer_id",), "channel", CHANNEL_WORDS, ALL_CHANNELS)
}
"""The lenient entities by name."""
