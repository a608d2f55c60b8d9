"""Ops tables: what the pipeline knows about itself."""

from __future__ import annotations

from basketry.tables.declare import Column, Table, required

FILES = Table(
    "ops",
    "files",
    "a delivered file and what became of its rows: rows_read = rows_good + rows_quarantined + rows_duplicate",
    (
        required("file_checksum", "string", "sha256 of the delivered bytes; unread:<name> where they cannot be read"),
        required("feed", "string", "feed it was loaded as"),
        required("file_name", "string", "name under the feed's landing folder"),
        required("file_bytes", "bigint", "size"),
        required(
            "delivered_at", "timestamp", "from the file's name where the contract says how, else its modification time"
        ),
        Column(
            "ordering_time",
            "timestamp",
            "decides between files delivered at one time: the modification time when the content was first seen, or, for a file"
            " loaded again by force, right after the newest of its day; missing before this was noted, and then earliest",
        ),
        Column("delivered_by", "string", "who delivered it, as told in the form"),
        required("status", "string", "loaded or refused"),
        Column("refusal", "string", "why it was refused"),
        required("contract_version", "string", "version of the contract it was read by"),
        required("rows_read", "bigint", "records in the file"),
        required("rows_good", "bigint", "rows that reached silver"),
        required("rows_quarantined", "bigint", "rows set aside"),
        required("rows_duplicate", "bigint", "earlier copies of a key that the same file delivers again"),
        required("rows_warned", "bigint", "good rows that broke a rule of severity warn"),
        required("reasons", "map<string,bigint>", "rows by reason, rejections and warnings"),
        required("unknown_columns", "array<string>", "columns that the contract does not know"),
        Column("touched_from", "date", "first business day that a row of this file changed"),
        Column("touched_to", "date", "last business day that a row of this file changed"),
        required("run_id", "string", "the run that loaded it"),
        Column("rows_older", "bigint", "good rows that were older than what silver held when the file was loaded"),
        Column(
            "rows_contradicting",
            "bigint",
            "good rows that another file of the same ordering time contradicts: same key, other values",
        ),
    ),
    ("feed", "file_checksum"),
    partitioned_by=("feed",),
)

QUARANTINE = Table(
    "ops",
    "quarantine",
    "a row that broke a rule, verbatim, with every reason, until it is replayed",
    (
        required("file_checksum", "string", "sha256 of the file"),
        required("row_number", "bigint", "record number in the file; the header is 1"),
        required("feed", "string", "feed"),
        required("file_name", "string", "file"),
        required("delivered_at", "timestamp", "delivery of the file"),
        required("reasons", "array<string>", "every broken rule as column:code or the rule's name"),
        Column("content", "string", "the row as delivered, a JSON object by delivered column", pii=True),
        required("state", "string", "open or replayed"),
        required("contract_version", "string", "version of the contract that last judged it"),
    ),
    ("feed", "file_checksum", "row_number"),
    partitioned_by=("feed",),
)

JOB_RUNS = Table(
    "ops",
    "job_runs",
    "a run of a job: what it read, what it wrote, how long it took",
    (
        required("run_id", "string", "run"),
        required("job", "string", "job"),
        Column("as_of", "date", "as-of date"),
        required("arguments", "string", "arguments, JSON"),
        required("input_versions", "map<string,bigint>", "Delta version of every table read"),
        required("rows_in", "bigint", "rows read"),
        required("rows_out", "bigint", "rows written"),
        required("seconds", "double", "duration"),
        Column("model_version", "string", "model that scored, where one did"),
        required("details", "string", "the job's report, JSON, without personal data"),
    ),
    ("run_id", "job"),
)

OPS: tuple[Table, ...] = (FILES, QUARANTINE, JOB_RUNS)
