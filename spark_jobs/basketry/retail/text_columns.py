"""Delivered texts as Columns: blanks around them, and signs in ids that nobody sees (see basketry.files.blanks)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.files.blanks import BLANKS, INVISIBLE


def trim_blanks(text: Column) -> Column:
    """Remove the blanks around a text; null stays null."""
    return F.btrim(text, F.lit(BLANKS))  # trim with two arguments is deprecated, and says so in every log


def clean_identifier(text: Column) -> Column:
    """Remove the blanks around an id and the invisible signs inside; spaces that can be seen inside it stay."""
    return trim_blanks(F.translate(text, INVISIBLE, ""))
