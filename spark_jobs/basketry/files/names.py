"""Names of delivered files as people may see them: a name with signs that nobody sees is shown by their codes."""

from __future__ import annotations

import unicodedata

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of control signs, format signs (which turn text round), halves of pairs, and line ends."""


def has_unseen_signs(name: str) -> bool:
    """Return whether a name holds a sign that is not shown as itself: a control sign, a line end, a turn of direction."""
    return any(unicodedata.category(sign) in _UNSEEN for sign in name)


def shown_name(name: str) -> str:
    """Write a name with the code of every sign that nobody sees, so that it forges no line of a log or a terminal."""
    return "".join(
        sign.encode("unicode_escape").decode("ascii") if unicodedata.category(sign) in _UNSEEN else sign
        for sign in name
    )
