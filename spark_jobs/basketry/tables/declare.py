"""How a table is declared: columns with types, meanings and what may stand in them, a key, PII tags."""

from __future__ import annotations

import re
from dataclasses import dataclass

from basketry.errors import BadInputError

MONEY = "decimal(18,4)"
UNITS = "decimal(18,3)"
MAX_MAGNITUDE = 10_000_000_000
"""No amount and no number of units of a row is greater, so that the sum of many rows still fits its column."""
SCHEMAS = ("bronze", "silver", "gold", "ops")
WORD_GAPS = r"[\s\u00a0_-]+"
"""What separates the parts of a word: `Add-to_cart` is normalised to `add to cart`."""


def normalise_word(text: str) -> str:
    """Normalise a word so that spellings can be compared: lower case, one blank between its parts, none around it."""
    return re.sub(WORD_GAPS, " ", text.lower()).strip()


@dataclass(frozen=True)
class Vocabulary:
    """A closed list of words: nothing else may stand in the column.

    Attributes:
        spellings: each word with its other spellings, as `normalise_word` writes them; case, blanks, hyphens and
            underscores need no spelling of their own.
    """

    spellings: tuple[tuple[str, tuple[str, ...]], ...]

    def __post_init__(self) -> None:
        """Refuse a list in which a text means two words, or nothing."""
        texts = [normalise_word(text) for word, others in self.spellings for text in (word, *others)]
        if len(set(texts)) < len(texts) or not texts:
            raise BadInputError(f"the words {', '.join(self.words)} have a spelling twice, or there is none.")

    @property
    def words(self) -> tuple[str, ...]:
        """The words in declared order."""
        return tuple(word for word, _ in self.spellings)

    @property
    def by_spelling(self) -> dict[str, str]:
        """The word that each spelling means, spellings as `normalise_word` writes them."""
        return {normalise_word(text): word for word, others in self.spellings for text in (word, *others)}

    def understands(self, text: str) -> bool:
        """Return whether the text is a spelling of one of the words."""
        return normalise_word(text) in self.by_spelling


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table, declared by `required`, `optional`, `enumerated` or `personal`.

    Attributes:
        name: the name of the column.
        type: the Spark type, as SQL writes it.
        meaning: what a value means, in plain words; people read it as the comment of the column.
        nullable: whether a value may be missing.
        pii: whether a value identifies a person, alone or together with others of its table.
        words: the only words that a text column may hold.
        bounds: the least and the greatest number, both included.
    """

    name: str
    type: str
    meaning: str
    nullable: bool = True
    pii: bool = False
    words: Vocabulary | None = None
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class SignRule:
    """Which sign some columns have in the rows whose column `column` holds `word`.

    Attributes:
        column: the column that says of which kind a row is.
        word: the kind of row to which the rule applies.
        positive: whether the columns must not be below zero; otherwise they must not be above it.
        columns: the columns whose sign is prescribed.
        otherwise: the kind that a row is taken for when it breaks these signs and keeps all those of that kind: a till
            that writes a return as a sale of less than nothing means a return. None: such a row is set aside.
    """

    column: str
    word: str
    positive: bool
    columns: tuple[str, ...]
    otherwise: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A declared table.

    Attributes:
        schema: one of SCHEMAS.
        name: the name within the schema.
        meaning: what a row is, so that "One row is …" continues with it.
        columns: the columns in the order in which they are stored.
        key: the columns that identify a row.
        tracks_changes: whether Delta's change data feed is on.
        partitioned_by: the columns that keep writers of different partitions from conflicting; each has few values.
        clustered_by: the columns by which maintenance orders rows, so that a query for few values reads few files.
        signs: which sign amounts have by the kind of the row.
    """

    schema: str
    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    tracks_changes: bool = False
    partitioned_by: tuple[str, ...] = ()
    clustered_by: tuple[str, ...] = ()
    signs: tuple[SignRule, ...] = ()

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
        """Return the column of that name.

        Raises:
            KeyError: if there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def required(name: str, kind: str, meaning: str, *, bounds: tuple[int, int] | None = None, pii: bool = False) -> Column:
    """Declare a column whose values are never missing."""
    return Column(name=name, type=kind, meaning=meaning, nullable=False, bounds=bounds, pii=pii)


def optional(name: str, kind: str, meaning: str, *, pii: bool = False) -> Column:
    """Declare a column whose values may be missing."""
    return Column(name=name, type=kind, meaning=meaning, pii=pii)


def enumerated(name: str, words: Vocabulary, *, nullable: bool = False, pii: bool = False) -> Column:
    """Declare a text column that holds one of the words."""
    meaning = f"one of: {', '.join(words.words)}"
    return Column(name=name, type="string", meaning=meaning, nullable=nullable, pii=pii, words=words)


def personal(name: str, meaning: str) -> Column:
    """Declare a text column that identifies a person."""
    return Column(name=name, type="string", meaning=meaning, pii=True)
