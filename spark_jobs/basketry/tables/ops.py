"""Ops tables: what the pipeline knows about itself."""

from __future__ import annotations

from basketry.tables.declare import Table, optional, required

FILES = Table(
    schema="ops",
    name="files",
    meaning="a delivered file and what became of its rows: rows_read = rows_good + rows_quarantined + rows_duplicate",
    columns=(
        required("file_checksum", "string", "the SHA-256 of the delivered bytes; unread:<name> if they cannot be read"),
        required("feed", "string", "the feed as which it was loaded"),
        required("file_name", "string", "the name under the feed's landing folder"),
        required("file_bytes", "bigint", "the size of the file in bytes"),
        required(
            "delivered_at",
            "timestamp",
            "the time in the file's name if the contract says how to read it, otherwise its modification time",
        ),
        optional(
            "ordering_time",
            "timestamp",
            "the time that decides between files delivered at the same time: the modification time when the content was first"
            " seen, or, for a file that was loaded again by force, right after the newest of its day; a missing one, from"
            " before this was recorded, is the earliest",
        ),
        optional("delivered_by", "string", "who delivered it, as entered in the form"),
        required("status", "string", "loaded or refused"),
        optional("refusal", "string", "why it was refused"),
        required("contract_version", "string", "the version of the contract by which it was read"),
        required("rows_read", "bigint", "the number of records in the file"),
        required("rows_good", "bigint", "the number of rows that reached silver"),
        required("rows_quarantined", "bigint", "the number of rows set aside"),
        required("rows_duplicate", "bigint", "the number of rows whose key the same file delivers again further down"),
        required("rows_warned", "bigint", "the number of good rows that broke a rule of severity warn"),
        required("reasons", "map<string,bigint>", "the number of rows by reason, both rejections and warnings"),
        required("unknown_columns", "array<string>", "the columns that the contract does not know"),
        optional("touched_from", "date", "the first business day that a row of this file changed"),
        optional("touched_to", "date", "the last business day that a row of this file changed"),
        required("run_id", "string", "the run that loaded it"),
        optional(
            "rows_older",
            "bigint",
            "the number of good rows that were older than what silver held when the file was loaded",
        ),
        optional(
            "rows_contradicting",
            "bigint",
            "the number of good rows that another file of the same ordering time contradicts: same key, other values",
        ),
    ),
    key=("feed", "file_checksum"),
    partitioned_by=("feed",),
)

QUARANTINE = Table(
    schema="ops",
    name="quarantine",
    meaning="a row that broke a rule, verbatim, with every reason, until it is replayed",
    columns=(
        required("file_checksum", "string", "the SHA-256 of the file"),
        required("row_number", "bigint", "the record number in the file; the header is 1"),
        required("feed", "string", "the feed"),
        required("file_name", "string", "the file"),
        required("delivered_at", "timestamp", "when the file was delivered"),
        required("reasons", "array<string>", "every broken rule as column:code or the rule's name"),
        optional("content", "string", "the row as delivered: a JSON object by delivered column", pii=True),
        required("state", "string", "open or replayed"),
        required("contract_version", "string", "the version of the contract by which it was last validated"),
    ),
    key=("feed", "file_checksum", "row_number"),
    partitioned_by=("feed",),
)

JOB_RUNS = Table(
    schema="ops",
    name="job_runs",
    meaning="a run of a job: what it read, what it wrote, how long it took",
    columns=(
        required("run_id", "string", "the run"),
        required("job", "string", "the job"),
        optional("as_of", "date", "the as-of date"),
        required("arguments", "string", "the arguments as JSON"),
        required("input_versions", "map<string,bigint>", "the Delta version of every table that was read"),
        required("rows_in", "bigint", "the number of rows read"),
        required("rows_out", "bigint", "the number of rows written"),
        required("seconds", "double", "the duration in seconds"),
        optional("model_version", "string", "the version of the model that scored, if one did"),
        required("details", "string", "the job's report as JSON, without personal data"),
    ),
    key=("run_id", "job"),
)

APPLIED_GRANTS = Table(
    schema="ops",
    name="applied_grants",
    meaning="a principal and what include/grants gave it in Unity Catalog when it was last applied",
    columns=(
        required("principal", "string", "the group"),
        required("privileges", "string", "JSON: a list of kind, full name and privilege"),
    ),
    key=("principal",),
)

OPS: tuple[Table, ...] = (FILES, QUARANTINE, JOB_RUNS, APPLIED_GRANTS)
