"""Delivered texts as Columns: blanks around them, and signs in ids that nobody sees (see basketry.files.blanks)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.files.blanks import BLANKS, INVISIBLE


def trimmed(text: Column) -> Column:
    """The text without blanks around it; null stays null."""
    return F.btrim(text, F.lit(BLANKS))  # trim with two arguments is deprecated, and says so in every log


def identifier(text: Column) -> Column:
    """An id without blanks around it and without invisible signs inside; spaces that can be seen inside it stay."""
    return trimmed(F.translate(text, INVISIBLE, ""))
