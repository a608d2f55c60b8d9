"""How a table is declared: columns with types, meanings and what may stand in them, a key, PII tags."""

from __future__ import annotations

import re
from dataclasses import dataclass

from basketry.errors import BadInputError

MONEY = "decimal(18,4)"
UNITS = "decimal(18,3)"
LARGEST = 10_000_000_000
"""No amount and no number of units of one row is greater, so that the sum of many rows still fits its column."""
SCHEMAS = ("bronze", "silver", "gold", "ops")
GAPS = r"[\s\u00a0_-]+"
"""What separates the parts of a word: `Add-to_cart` is spelled `add to cart`."""


def plain(text: str) -> str:
    """A word as spellings are compared: lower case, one blank between its parts, none around it."""
    return re.sub(GAPS, " ", text.lower()).strip()


@dataclass(frozen=True)
class Words:
    """A closed list of words: nothing else may stand in the column.

    spellings: each word with its other spellings, as `plain` writes them; case, blanks, hyphens and underscores need none.
    """

    spellings: tuple[tuple[str, tuple[str, ...]], ...]

    def __post_init__(self) -> None:
        """Refuse a list in which a text means two words, or nothing."""
        texts = [plain(text) for word, others in self.spellings for text in (word, *others)]
        if len(set(texts)) < len(texts) or not texts:
            raise BadInputError(f"the words {', '.join(self.words)} have a spelling twice, or there is none.")

    @property
    def words(self) -> tuple[str, ...]:
        """The words in declared order."""
        return tuple(word for word, _ in self.spellings)

    @property
    def by_spelling(self) -> dict[str, str]:
        """The word that each spelling means, spellings as `plain` writes them."""
        return {plain(text): word for word, others in self.spellings for text in (word, *others)}

    def understands(self, text: str) -> bool:
        """Whether the text is a spelling of one of the words."""
        return plain(text) in self.by_spelling


@dataclass(frozen=True)
class Column:
    """One column: Spark type, meaning, whether it may be missing, and whether it identifies a person.

    words: the only ones that a text column may hold; bounds: least and greatest number, both included.
    """

    name: str
    type: str
    meaning: str
    nullable: bool = True
    pii: bool = False
    words: Words | None = None
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True)
class Signs:
    """The sign of some columns in the rows whose column `column` holds `word`: not below zero, or not above it.

    otherwise: the word of a row that breaks these signs and has all of that word's: a till that writes a return as a sale
    of less than nothing says the same as a return. None: such a row is set aside.
    """

    column: str
    word: str
    positive: bool
    columns: tuple[str, ...]
    otherwise: str | None = None


@dataclass(frozen=True)
class Table:
    """One declared table. `key` identifies a row; `tracks_changes` turns on Delta's change data feed.

    signs: what sign amounts have by the kind of the row.
    partitioned_by: columns that keep writers of different partitions from conflicting; few distinct values each.
    clustered_by: columns that maintenance orders rows by, so that a query for few of their values reads few files.
    """

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    tracks_changes: bool = False
    partitioned_by: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()
    signs: tuple[Signs, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a declaration that contradicts itself."""
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names) or not {*self.key, *self.partitioned_by, *self.clustered_by} <= set(names):
            raise BadInputError(
                f"table {self.full_name} repeats a column or has a key or partition that is not a column."
            )
        if self.partitioned_by and self.clustered_by:
            raise BadInputError(
                f"table {self.full_name} is partitioned and clustered; Databricks takes only one of the two."
            )

    @property
    def full_name(self) -> str:
        """`schema.table`, the name people use."""
        return f"{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """Names of the columns that identify a person."""
        return tuple(column.name for column in self.columns if column.pii)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def required(name: str, kind: str, meaning: str) -> Column:
    """A column that is never missing."""
    return Column(name, kind, meaning, nullable=False)


def one_of(name: str, words: Words, what: str = "one of", *, nullable: bool = False) -> Column:
    """A text column that holds one of the words. what: the beginning of its meaning."""
    return Column(name, "string", f"{what}: {', '.join(words.words)}", nullable=nullable, words=words)


def person(name: str, meaning: str) -> Column:
    """A text column that identifies a person."""
    return Column(name, "string", meaning, pii=True)
