"""The words that a team can ask in: names and synonyms of the metrics, members of the data, and the grammar's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from basketry.ask.tokenizer import stems_of
from basketry.metrics.model import Cube, Metrics

MEASURE, DIMENSION, MEMBER, CUE = "measure", "dimension", "member", "cue"
(
    TOP,
    BOTTOM,
    BY,
    NOT,
    VERSUS,
    GROWTH,
    DECLINE,
    SHARE,
    COUNT,
    WHICH,
    MORE,
    LESS,
    TREND,
    BUCKET,
    OR,
    PREVIOUS,
    YEAR_BEFORE,
    UNCLEAR,
) = (
    "top",
    "bottom",
    "by",
    "not",
    "versus",
    "growth",
    "decline",
    "share",
    "count",
    "which",
    "more",
    "less",
    "trend",
    "bucket",
    "or",
    "previous",
    "year_before",
    "unclear",
)

GRAMMAR: Mapping[str, tuple[str, ...]] = {
    TOP: ("top", "highest", "most", "largest", "biggest", "greatest", "leading", "fastest", "strongest", "maximum"),
    BOTTOM: ("bottom", "lowest", "least", "fewest", "smallest", "slowest", "weakest", "minimum", "cheapest"),
    BY: (
        "by",
        "per",
        "each",
        "every",
        "for each",
        "for every",
        "broken down by",
        "split by",
        "grouped by",
        "across",
        "by each",
    ),
    NOT: (
        "not",
        "except",
        "except for",
        "excluding",
        "exclude",
        "without",
        "other than",
        "but not",
        "apart from",
        "besides",
        "not in",
        "not for",
        "outside",
        "no",
    ),
    VERSUS: ("vs", "versus", "compared to", "compared with", "against", "relative to", "compare", "than", "comparison"),
    GROWTH: (
        "growth",
        "grow",
        "grew",
        "growing",
        "grown",
        "growth rate",
        "change",
        "changed",
        "increase",
        "increased",
        "rise",
        "rose",
    ),
    DECLINE: (
        "decline",
        "declined",
        "declining",
        "decrease",
        "decreased",
        "fell",
        "falling",
        "shrank",
        "shrinking",
        "dropped",
    ),
    SHARE: ("share", "percentage", "percent", "per cent", "proportion", "contribution", "%", "portion", "fraction"),
    COUNT: ("how many", "number of", "count of", "count"),
    WHICH: (
        "which",
        "what",
        "list",
        "show",
        "who",
        "give",
        "find",
        "i need",
        "we need",
        "need to know",
        "need to see",
        "can you",
        "could you",
        "would you",
        "can i see",
        "can we see",
        "could i see",
        "i would like",
        "we would like",
    ),
    MORE: ("more than", "over", "above", "greater than", ">", "exceeding", "higher than", "at least", ">="),
    LESS: ("less than", "under", "below", "fewer than", "<", "lower than", "at most", "<="),
    TREND: ("trend", "over time", "history", "development", "evolution", "course"),
    OR: ("or", "and"),
    PREVIOUS: (
        "previous period",
        "prior period",
        "preceding period",
        "period before",
        "one before",
        "month before",
        "week before",
        "day before",
        "quarter before",
        "month earlier",
        "week earlier",
        "day earlier",
        "quarter earlier",
        "month over month",
        "week over week",
        "mom",
        "wow",
    ),
    YEAR_BEFORE: (
        "year over year",
        "yoy",
        "year ago",
        "year before",
        "year earlier",
        "same period last year",
        "same month last year",
        "same week last year",
    ),
}
BUCKETS = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
    "annually": "year",
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
GREW = frozenset({"grow", "grew", "growing", "grown", "increased", "rose"})
"""Words that say which way something changed, not only that it did."""

INCLUSIVE = ("at least", "at most", ">=", "<=")
"""Bounds that hold the number itself."""

_NOISE = """
a about all altogether an are as at be been came come data did do does during euro euros eur for from gbp get give go had
has have how i in into is it its like look made make making me much my of on one's our overall please pound pounds said
say see so tell that the their there these this those to together total us usd value values want was we went were whole
with within you dollar dollars
"""
NOISE = frozenset(_NOISE.split())
"""Words that change nothing about what is asked. Words for what should, can or will be are none of them."""


@dataclass(frozen=True)
class Meaning:
    """What a phrase can stand for.

    Attributes:
        kind: One of the kinds above.
        cube: The cube to which it belongs, '' for words of the grammar.
        name: The name of the measure, dimension or bucket.
        member: A member's value.
    """

    kind: str
    cube: str = ""
    name: str = ""
    member: str | None = None


class Lexicon:
    """Every phrase that is understood, with all it can stand for."""

    def __init__(
        self, metrics: Metrics, cubes: Iterable[Cube], members: Mapping[tuple[str, str], Iterable[str]]
    ) -> None:
        """Collect the phrases.

        Args:
            metrics: The declared metrics.
            cubes: Those that the team may read.
            members: Values of the data by cube and dimension.
        """
        self.metrics = metrics
        self.cubes = {cube.name: cube for cube in cubes}
        self._phrases: dict[tuple[str, ...], dict[Meaning, None]] = {}
        for kind, words in GRAMMAR.items():
            for word in words:
                self._add(word, Meaning(kind, name=word))
        for word, unit in BUCKETS.items():
            self._add(word, Meaning(BUCKET, name=unit, member="own" if word not in BUCKETS.values() else None))
        for cube in self.cubes.values():
            self._add_cube(cube, members)
        for word in metrics.unclear:
            self._add(word, Meaning(UNCLEAR, name=word))
        self.longest = max(len(stems) for stems in self._phrases)

    def meanings(self, stems: tuple[str, ...]) -> tuple[Meaning, ...]:
        """Return what exactly these words can stand for."""
        return tuple(self._phrases.get(stems, ()))

    def phrases(self) -> Iterable[tuple[str, ...]]:
        """Return every phrase."""
        return self._phrases

    def _add(self, text: str, meaning: Meaning) -> None:
        stems = stems_of(text)
        if not all(stem.isdecimal() for stem in stems):  # a number in a question is a number, not a member
            self._phrases.setdefault(stems, {})[meaning] = None

    def _add_cube(self, cube: Cube, members: Mapping[tuple[str, str], Iterable[str]]) -> None:
        for word in cube.words:
            self._add(word, Meaning(CUE, cube.name, cube.name))
        for measure in cube.measures.values():
            for word in (measure.name, *measure.words):
                self._add(word, Meaning(MEASURE, cube.name, measure.name))
        for dimension in cube.dimensions.values():
            for word in (dimension.name, *dimension.words):
                self._add(word, Meaning(DIMENSION, cube.name, dimension.name))
            for member, words in dimension.members.items():
                for word in (member, *words):
                    self._add(word, Meaning(MEMBER, cube.name, dimension.name, member))
            for member in members.get((cube.name, dimension.name), ()):
                self._add(member, Meaning(MEMBER, cube.name, dimension.name, member))
