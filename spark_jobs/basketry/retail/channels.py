"""What the channel of an opt-out means, in Spark."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from basketry.tables import LENIENT_ENTITIES, OPT_OUTS, LenientEntity


def lenient_meaning(word: Column, lenient: LenientEntity) -> Column:
    """Return the meaning of a word of a lenient entity, whatever its case and the blanks around it.

    Args:
        word: The delivered word.
        lenient: The words that the entity knows, and what any other word means.
    """
    meanings = F.create_map(*(F.lit(text) for entry in lenient.words.items() for text in entry))
    return F.coalesce(F.try_element_at(meanings, F.lower(F.trim(word))), F.lit(lenient.otherwise))


def withdrawn_channel_column(word: Column) -> Column:
    """Return the channel that a word of silver.opt_outs withdraws: phone, email or all; all for an unknown word."""
    return lenient_meaning(word, LENIENT_ENTITIES[OPT_OUTS.name])
