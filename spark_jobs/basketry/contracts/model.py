"""What a loaded contract is: plain, frozen records that the readers of files and the ingest job work from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from basketry.tables import Table

FORMATS = ("csv", "xlsx", "jsonl", "auto")
DELIVERED_TYPES = ("string", "integer", "number", "date", "timestamp", "boolean")
SEVERITIES = ("reject", "warn")
UNKNOWN_COLUMNS = ("rescue", "refuse")


@dataclass(frozen=True)
class FileFormat:
    """How a delivered file is written. kind: one of FORMATS; patterns: globs of file names; header_row: from 1."""

    kind: str
    patterns: tuple[str, ...]
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    decimal_sign: str = "."
    thousands_sign: str | None = None
    sheet: str | None = None
    header_row: int = 1
    null_values: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class DeliveredColumn:
    """A column of the file. name: used by expressions; header: the file's word; formats: Spark date patterns.

    optional: the file may lack the column; required: a row without a value is bad; pii: the value identifies a person.
    """

    name: str
    header: str
    type: str
    formats: tuple[str, ...] = ()
    required: bool = False
    optional: bool = False
    pii: bool = False


@dataclass(frozen=True)
class DeliveredAt:
    """When a file was delivered: group 1 of the regular expression `from_file_name`, by the Spark pattern `format`."""

    from_file_name: str
    format: str


@dataclass(frozen=True)
class MappedColumn:
    """An entity column that the feed fills. expression: complete Spark SQL over delivered names, before map and prefix.

    type: the entity column's Spark type; value_map: text to text, key "*" is the default; id_prefix: put before an id;
    occurrences: by the name that `expression` calls it, the Spark SQL of the values whose equal rows are counted.
    """

    name: str
    type: str
    expression: str
    required: bool = False
    value_map: Mapping[str, str] | None = None
    id_prefix: str | None = None
    occurrences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_id(self) -> bool:
        """Whether its values are ids: rows meet by them, so that a sign nobody sees must not make two of one."""
        return self.type == "string" and self.name.endswith("_id")


@dataclass(frozen=True)
class Rule:
    """What a good row satisfies. expression: Spark SQL, true or null is good; severity: one of SEVERITIES."""

    name: str
    expression: str
    severity: str
    description: str


@dataclass(frozen=True)
class Contract:
    """One feed of one catalog: its file, its entity, how one becomes the other, and what makes a row bad."""

    catalog: str
    feed: str
    version: str
    description: str
    path: Path
    entity: Table
    file: FileFormat
    delivered: tuple[DeliveredColumn, ...]
    mapped: tuple[MappedColumn, ...]
    rules: tuple[Rule, ...]
    max_rejected_share: float
    unknown_columns: str
    delivered_at: DeliveredAt | None
    time_zone: str
