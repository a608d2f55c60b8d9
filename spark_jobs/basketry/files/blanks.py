"""Invisible signs: what counts as blank around a delivered text, and what never belongs in an id.

Plain Python; `basketry.retail.text_columns` does the same to columns.
"""

from __future__ import annotations

INVISIBLE = "".join(
    map(
        chr,
        (
            0xAD,
            0x180E,
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2065),
            *range(0x2066, 0x2070),
            0xFEFF,
        ),
    )
)
"""Signs without any width: soft hyphen, zero-width space and joiners, direction marks, word joiner, byte order mark."""

SPACES = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0" + "".join(
    map(chr, (0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
"""Signs that leave a gap: tab, line ends, and every space of Unicode, the no-break ones among them."""

BLANKS = SPACES + INVISIBLE
"""What is no part of a value when it stands around it."""


def strip_blanks(text: str) -> str:
    """Strip the blanks around a text."""
    return text.strip(BLANKS)
