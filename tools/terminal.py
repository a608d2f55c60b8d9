"""Text that came from data, made fit for a terminal.

Names of products, categories and files are a stranger's words: they may hold square brackets, which the tables here would
read as markup, and escape sequences, which the terminal would obey.
"""

from __future__ import annotations

import unicodedata

from rich.text import Text


def plain(value: object) -> str:
    """Return the value as one line without what a terminal obeys: control characters and those that turn the direction of text."""
    line = " ".join(str(value).splitlines()).replace("\t", " ")
    return "".join(character for character in line if unicodedata.category(character) not in ("Cc", "Cf"))


def verbatim(value: object) -> Text:
    """Return the value as a cell or line in which brackets are brackets, not markup."""
    return Text(plain(value))
