"""Every content word of a question must have a part in its reading: what was passed over would be another question."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from basketry.ask import lexicon as words
from basketry.ask.items import HORIZON, NUMBER
from basketry.ask.model import NotUnderstoodError
from basketry.ask.phrase_reader import PhraseReader


class UnusedWordError(NotUnderstoodError):
    """A word that changed nothing about how the question was understood."""

    def __init__(self, word: str) -> None:
        """Name it."""
        super().__init__(f"'{word}' has no part in how the question is understood: leave it out, or ask for it alone.")


def refuse_unused(reader: PhraseReader) -> None:
    """Raise UnusedWordError for the first word of a read question that its reading does not use."""
    for position, (item, meaning) in enumerate(reader.items):
        uses = _USES.get(meaning.kind if meaning else item.kind)
        if uses and not uses(reader, position):
            raise UnusedWordError(item.text)


def refuse_best_of_each(reader: PhraseReader) -> None:
    """Raise NotUnderstoodError where the best of each group is asked: one ranking cannot answer that."""
    ranked = [_follows_by(reader, n) for n in range(len(reader.items)) if _is_grouped(reader, n)]
    if any(ranked) and not all(ranked):
        raise NotUnderstoodError(
            "the highest of each group cannot be asked at once: ask for one group, for example top 3 products in Grocery."
        )


def _is_grouped(reader: PhraseReader, position: int) -> bool:
    """Return whether rows are made for what the word at a position names."""
    meaning = reader.items[position][1]
    if meaning is None or meaning.kind not in (words.DIMENSION, words.BUCKET):
        return False
    return meaning.kind == words.BUCKET or reader.cube.dimensions[meaning.name] in reader.groups


def _follows_by(reader: PhraseReader, position: int) -> bool:
    """Return whether the word stands behind "by", "per", "each", or on a list that does."""
    while reader.kind(position - 1) in (words.OR, words.DIMENSION, words.BUCKET):
        position -= 1
    return reader.kind(position - 1) == words.BY


def _is_before_number(reader: PhraseReader, position: int) -> bool:
    return reader.kind(position + 1) == NUMBER


def _counts(reader: PhraseReader, position: int) -> bool:
    return reader.counted is not None or all(measure.unit == "count" for measure in reader.measures)


def _names_the_period_before(reader: PhraseReader, position: int) -> bool:
    return reader.against is None and words.YEAR_BEFORE not in reader.kinds


def _names_the_year_before(reader: PhraseReader, position: int) -> bool:
    return reader.against is None


def _is_the_bucket(reader: PhraseReader, position: int) -> bool:
    meaning = reader.items[position][1]
    return meaning is not None and meaning.name == reader.bucket


def _is_the_horizon(reader: PhraseReader, position: int) -> bool:
    return reader.items[position][0].number == reader.horizon


def _is_the_counted(reader: PhraseReader, position: int) -> bool:
    meaning = reader.items[position][1]
    follows_count = reader.kind(position - 1) == words.COUNT
    return not follows_count or (meaning is not None and reader.counted == reader.cube.dimensions[meaning.name])


_USES: Mapping[str, Callable[[PhraseReader, int], bool]] = {
    words.MORE: _is_before_number,
    words.LESS: _is_before_number,
    words.COUNT: _counts,
    words.PREVIOUS: _names_the_period_before,
    words.YEAR_BEFORE: _names_the_year_before,
    words.BUCKET: _is_the_bucket,
    words.DIMENSION: _is_the_counted,
    HORIZON: _is_the_horizon,
}
"""By kind of word whether the reading uses the one at a position; other kinds always are, or are refused on the way."""
