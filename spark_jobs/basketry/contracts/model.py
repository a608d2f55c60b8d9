"""What a loaded contract is: plain, frozen records from which the readers of files and the ingest job work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from basketry.tables import Table

FORMATS = ("csv", "xlsx", "jsonl", "auto")
DELIVERED_TYPES = ("string", "integer", "number", "date", "timestamp", "boolean")
SEVERITIES = ("reject", "warn")
UNKNOWN_COLUMNS = ("rescue", "refuse")


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """How a delivered file is written.

    Attributes:
        kind: one of FORMATS.
        patterns: the globs of the names of its files.
        delimiter: the sign between two fields of a CSV file.
        quote: the sign around a field of a CSV file.
        encoding: the text encoding, by its Python name.
        decimal_sign: the sign before the decimals of a number.
        thousands_sign: the sign between groups of three digits, if there is one.
        sheet: the sheet of a workbook; None for the first one.
        header_row: the number of the header's row, from 1.
        null_values: the texts that mean a missing value.
    """

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


@dataclass(frozen=True, kw_only=True)
class DeliveredColumn:
    """A column of the file.

    Attributes:
        name: the name that expressions use.
        header: the name in the file.
        type: one of DELIVERED_TYPES.
        formats: the Spark date patterns of a date or timestamp.
        required: whether a row without a value is bad.
        optional: whether the column may be absent from the file.
        pii: whether a value identifies a person.
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
    """How the name of a file says when it was delivered.

    Attributes:
        from_file_name: the regular expression whose first group is the date.
        format: the Spark date pattern of the date.
    """

    from_file_name: str
    format: str


@dataclass(frozen=True, kw_only=True)
class MappedColumn:
    """An entity column that the feed fills.

    Attributes:
        name: the name of the entity column.
        type: its Spark type.
        expression: complete Spark SQL over the delivered columns, before value map and prefix.
        required: whether a row without a value is bad.
        value_map: what each text is replaced by; the key "*" is the default.
        id_prefix: what is put before an id.
        occurrences: for each occurrence number in `expression`, by its name there, the Spark SQL of the values whose
            equal rows are counted.
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
        """Whether its values are ids: rows are joined by them, so that invisible signs must not make two ids of one."""
        return self.type == "string" and self.name.endswith("_id")


@dataclass(frozen=True)
class QualityRule:
    """What a good row satisfies.

    Attributes:
        name: the name of the rule, which is the reason against a row that breaks it.
        expression: Spark SQL that is true or null for a good row.
        severity: one of SEVERITIES.
        description: what the rule means.
    """

    name: str
    expression: str
    severity: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The contract of a feed: its file, its entity, how one becomes the other, and what makes a row bad.

    Attributes:
        catalog: the name of the retailer.
        feed: the name of the feed.
        version: the version of the contract.
        description: what the feed is for.
        path: the file of the contract.
        entity: the silver table that the feed fills.
        file: how a file is written.
        delivered: the columns of the file.
        mapped: the entity columns that the feed fills.
        rules: what makes a row bad.
        max_rejected_share: the share of a file's rows that may be rejected; above it the file is refused.
        unknown_columns: one of UNKNOWN_COLUMNS.
        delivered_at: how the name of a file says when it was delivered; None for its modification time.
        time_zone: the time zone of the times in the file.
    """

    catalog: str
    feed: str
    version: str
    description: str
    path: Path
    entity: Table
    file: FileFormat
    delivered: tuple[DeliveredColumn, ...]
    mapped: tuple[MappedColumn, ...]
    rules: tuple[QualityRule, ...]
    max_rejected_share: float
    unknown_columns: str
    delivered_at: DeliveredAt | None
    time_zone: str
