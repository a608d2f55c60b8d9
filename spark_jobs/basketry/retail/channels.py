"""What the channel of an opt-out means, in Spark."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.tables import LENIENT, OPT_OUTS, Lenient


def meant(word: Column, lenient: Lenient) -> Column:
    """The meaning of a word of a lenient entity, whatever its case and the blanks around it; its `otherwise` for any other."""
    meanings = F.create_map(*(F.lit(text) for entry in lenient.words.items() for text in entry))
    return F.coalesce(F.try_element_at(meanings, F.lower(F.trim(word))), F.lit(lenient.otherwise))


def channel_meant(word: Column) -> Column:
    """The channel that a word of silver.opt_outs withdraws: phone, email or all; all for a word that nobody knows."""
    return meant(word, LENIENT[OPT_OUTS.name])
