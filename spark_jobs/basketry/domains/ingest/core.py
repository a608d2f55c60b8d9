"""Judging delivered rows by their contract: pure transformations, DataFrame in, DataFrame out.

The way of a row: `judge` reads its texts, maps them to the entity and collects every reason against it;
`repeated_keys` finds keys that one file delivers more than once; `tally` counts what became of each file's rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn, Rule
from basketry.domains.ingest import declared, lenient
from basketry.domains.ingest.parsing import NOT_A, parse, present
from basketry.lake.sql import NEWER
from basketry.retail.text_columns import identifier
from basketry.tables import ENTITY_DATE, LARGEST, LINEAGE, MONEY, UNITS

SEPARATOR = "\n"
ENDS_OF_TIME = {
    "date": ("DATE'0001-01-01'", "DATE'9999-12-31'"),
    "timestamp": ("TIMESTAMP'1678-01-01 00:00:00Z'", "TIMESTAMP'2261-12-31 23:59:59.999999Z'"),
}
"""First and last value that Python (a date) and Arrow (a moment, kept in nanoseconds) can read back."""
LINEAGE_COLUMNS = (*(column.name for column in LINEAGE), "_file_name")


def judge(raw: DataFrame, contract: Contract) -> DataFrame:
    """Every delivered row with the entity row it means and all reasons against it.

    raw: LINEAGE_COLUMNS, each delivered column as text, `_extra`, `_native`, `_defects` (see basketry.files).
    Returns LINEAGE_COLUMNS, `_raw` (struct of the texts, `_extra` and `_native`), `_entity` (struct of the mapped columns),
    `_reasons` and `_warnings` (arrays of text; a row without reasons is good), and where the feed fills a closed list of
    words `_unknown` (struct of the texts that are none, see `declared.unknown_texts`).

    Each step is a projection of its own, so that what later steps use often (a parsed value, a hashed key) is
    computed once for each row.
    """
    steps = (_texts, _typed, _faults, _numbered, _sources, _mapped, _verdict)
    for step in steps:
        raw = step(raw, contract)
    return raw


def _texts(raw: DataFrame, contract: Contract) -> DataFrame:
    """Packs what was delivered into `_raw` and adds the present text of each delivered column."""
    names = [column.name for column in contract.delivered]
    verbatim = F.struct(*(_column(name) for name in names), "_extra", "_native").alias("_raw")
    texts = (present(_column(name), contract).alias(f"text:{name}") for name in names)
    return raw.select(*LINEAGE_COLUMNS, "_defects", verbatim, *texts)


def _typed(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds each delivered column's value under its own name."""
    values = {}
    for column in contract.delivered:
        native = F.coalesce(F.array_contains("_raw._native", column.name), F.lit(False))
        values[column.name] = parse(_column(f"text:{column.name}"), native, column, contract)
    return rows.withColumns(values)


def _faults(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds what is wrong with each delivered text, null where nothing is."""
    faults = {}
    for column in contract.delivered:
        text = _column(f"text:{column.name}")
        missing = F.when(text.isNull(), f"{column.name}:missing") if column.required else F.lit(None).cast("string")
        if column.type in NOT_A:
            unread = text.isNotNull() & _column(column.name).isNull()
            missing = F.when(unread, f"{column.name}:{NOT_A[column.type]}").otherwise(missing)
        faults[f"fault:{column.name}"] = missing
    return rows.withColumns(faults).drop(*(f"text:{column.name}" for column in contract.delivered))


def _numbered(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds each occurrence number that an expression asks for: the n-th row of its file with equal values, by row number.

    Rows with reasons against them count too, so that one that is set aside and passes later has its own number.
    """
    numbers = {}
    for column in contract.mapped:
        for name, values in column.occurrences.items():
            alike = Window.partitionBy("_file_checksum", *map(F.expr, values)).orderBy("_row_number")
            numbers[name] = F.row_number().over(alike)
    return rows.withColumns(numbers) if numbers else rows


def _sources(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds what each entity column's expression gives, before map, prefix and type."""
    return rows.withColumns({f"source:{column.name}": F.expr(column.expression) for column in contract.mapped})


def _mapped(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds the entity's columns; a delivered column of the same name, but for case, makes room."""
    names = {column.name.lower() for column in contract.mapped}
    hidden = [column.name for column in contract.delivered if column.name.lower() in names]
    return rows.drop(*hidden).withColumns({column.name: _entity_value(column, contract) for column in contract.mapped})


def _verdict(rows: DataFrame, contract: Contract) -> DataFrame:
    """Collects the reasons and warnings and packs the entity."""
    faults = [(column.name, _column(f"fault:{column.name}")) for column in contract.delivered]
    faults += [(column.name, reason) for column in contract.mapped for reason in _mapping_reasons(column, contract)]
    excused = {name for name, _ in faults if lenient.is_excused(contract, name)}
    reasons = [fault for name, fault in faults if name not in excused]
    reasons += [_broken(rule) for rule in contract.rules if not only_warns(rule.name, contract)]
    reasons += declared.faults(contract)
    # A row of the wrong shape has its values in the wrong columns: its shape is the whole reason.
    found = F.when(F.size("_defects") > 0, F.col("_defects")).otherwise(_collected(reasons))
    doubts = [*(fault for name, fault in faults if name in excused), *lenient.unknown_words(contract)]
    doubts += [_broken(rule) for rule in contract.rules if only_warns(rule.name, contract)]
    warnings = _collected([*doubts, *declared.notes(contract)]).alias("_found")
    unknown = [declared.unknown_texts(contract).alias("_unknown")] if declared.closed_columns(contract) else []
    judged = rows.select(*LINEAGE_COLUMNS, "_raw", _entity(contract), found.alias("_reasons"), warnings, *unknown)
    fits = F.when(F.size("_reasons") == 0, F.col("_found")).otherwise(_collected([]))
    return judged.withColumn("_warnings", fits).drop("_found")


def _entity(contract: Contract) -> Column:
    """The mapped columns as they are stored: where words are doubtful, the word that holds."""
    settled = declared.settled(contract)
    values = (
        settled.get(column.name, lenient.meant(column, contract)).alias(column.name) for column in contract.mapped
    )
    return F.struct(*values).alias("_entity")


def _column(name: str) -> Column:
    return F.col(f"`{name}`")


def _entity_value(column: MappedColumn, contract: Contract) -> Column:
    value = source = _column(f"source:{column.name}")
    if column.value_map is not None:
        default = column.value_map.get("*")
        entries = [item for item in column.value_map.items() if item[0] != "*"]
        mapping = F.create_map(*(F.lit(text) for entry in entries for text in entry))
        value = F.try_element_at(mapping, source.cast("string"))
        value = F.coalesce(value, F.when(source.isNotNull(), F.lit(default))) if default is not None else value
    if column.id_prefix:
        value = F.concat(F.lit(column.id_prefix), value.cast("string"))
    if (words := contract.entity.column(column.name).words) is not None:
        value = declared.understood(value.cast("string"), words)
    value = value.try_cast(column.type)
    if column.is_id:
        value = identifier(value)
    if column.type in ENDS_OF_TIME:  # Spark counts further than those who read the table
        value = F.when(value.between(*map(F.expr, ENDS_OF_TIME[column.type])), value)
    return value


def _mapping_reasons(column: MappedColumn, contract: Contract) -> list[Column]:
    """Why an entity column has no value. A fault of what it is made of explains a missing one already."""
    source, value = _column(f"source:{column.name}"), _column(column.name)
    has_words = column.value_map is not None or contract.entity.column(column.name).words is not None
    code = declared.UNKNOWN if has_words else "wrong_type"
    reasons = [F.when(source.isNotNull() & value.isNull(), f"{column.name}:{code}")]
    if column.type in (MONEY, UNITS, "bigint"):
        reasons.append(F.when(~value.between(-LARGEST, LARGEST), f"{column.name}:too_large"))
    if column.required:
        words = set(re.findall(r"\w+", column.expression))
        unexplained = source.isNull()
        for delivered in contract.delivered:
            if delivered.name in words:
                unexplained &= _column(f"fault:{delivered.name}").isNull()
        reasons.append(F.when(unexplained, f"{column.name}:missing"))
    return reasons


def only_warns(reason: str, contract: Contract) -> bool:
    """Whether a reason (a rule's name, or `column:fault`) is told of a row without setting it aside."""
    for rule in contract.rules:
        if rule.name == reason:
            return rule.severity == "warn" or lenient.is_excused_rule(contract, rule)
    column, colon, _ = reason.partition(":")
    return declared.is_note(reason) or (bool(colon) and column != "row" and lenient.is_excused(contract, column))


def _broken(rule: Rule) -> Column:
    return F.when(~F.expr(rule.expression), rule.name)


def _collected(reasons: Iterable[Column]) -> Column:
    """The reasons that are not null, as an array.

    Joined and split, because Spark compiles these two, but interprets every function over arrays, row by row.
    """
    columns = list(reasons)
    nothing = F.array().cast("array<string>")
    if not columns:
        return nothing
    joined = F.concat_ws(SEPARATOR, *columns)
    return F.when(joined == "", nothing).otherwise(F.split(joined, SEPARATOR))


def good(judged: DataFrame) -> DataFrame:
    """The rows without a reason against them."""
    return judged.where(F.size("_reasons") == 0)


def bad(judged: DataFrame) -> DataFrame:
    """The rows for quarantine."""
    return judged.where(F.size("_reasons") > 0)


def key_columns(contract: Contract) -> list[Column]:
    """The entity's key inside a judged row, one column each."""
    return [F.col(f"_entity.`{name}`").alias(name) for name in contract.entity.key]


def repeated_keys(judged: DataFrame, contract: Contract) -> DataFrame:
    """Keys that one file delivers more than once among its good rows: `_file_checksum`, key columns, `_kept_row`.

    The last row of the file is the one that is kept, as if the rows had been delivered one after the other. Only keys
    are shuffled, not rows, and only repeated keys are returned: usually few.
    """
    keys = good(judged).select("_file_checksum", "_row_number", *key_columns(contract))
    grouped = keys.groupBy("_file_checksum", *contract.entity.key)
    return grouped.agg(F.max("_row_number").alias("_kept_row"), F.count("*").alias("_n")).where("_n > 1").drop("_n")


def mark_duplicates(judged: DataFrame, repeated: DataFrame, contract: Contract) -> DataFrame:
    """Adds `_duplicate`: whether a later row of the same file has the same key."""
    same = [F.col("judged._file_checksum") == F.col("repeated._file_checksum"), F.size("judged._reasons") == 0]
    same += [F.col(f"judged._entity.`{name}`") == F.col(f"repeated.`{name}`") for name in contract.entity.key]
    joined = judged.alias("judged").join(repeated.alias("repeated"), same, "left")
    duplicate = F.coalesce(F.col("judged._row_number") < F.col("repeated._kept_row"), F.lit(False))
    return joined.select("judged.*", duplicate.alias("_duplicate"))


def entity_rows(judged: DataFrame, contract: Contract) -> DataFrame:
    """Silver rows of judged good rows: all columns of the entity (null where the feed fills none) and the lineage."""
    filled = {column.name for column in contract.mapped}
    lineage = {column.name for column in LINEAGE}
    columns = []
    for column in contract.entity.columns:
        if column.name in lineage:
            columns.append(F.col(column.name))
        elif column.name in filled:
            columns.append(F.col(f"_entity.`{column.name}`"))
        else:
            columns.append(F.lit(None).cast(column.type).alias(column.name))
    return judged.select(*columns)


def newest_by_key(rows: DataFrame, contract: Contract) -> DataFrame:
    """One row a key where several files of one load deliver it: the newest delivery."""
    lineage = F.struct(*(F.col(name) for name in NEWER))  # of which a missing one sorts first
    everything = F.struct(*(F.col(f"`{name}`") for name in rows.columns))
    return rows.groupBy(*contract.entity.key).agg(F.max_by(everything, lineage).alias("_row")).select("_row.*")


def bronze_rows(judged: DataFrame) -> DataFrame:
    """Rows as delivered."""
    return judged.select(*LINEAGE_COLUMNS, "_raw.*")


def quarantine_rows(judged: DataFrame, contract: Contract) -> DataFrame:
    """Rows of ops.quarantine for the rows with reasons."""
    return bad(judged).select(
        F.col("_file_checksum").alias("file_checksum"),
        F.col("_row_number").alias("row_number"),
        F.lit(contract.feed).alias("feed"),
        F.col("_file_name").alias("file_name"),
        F.col("_delivered_at").alias("delivered_at"),
        F.col("_reasons").alias("reasons"),
        F.to_json("_raw").alias("content"),
        F.lit("open").alias("state"),
        F.lit(contract.version).alias("contract_version"),
    )


def business_day(contract: Contract) -> Column:
    """The business day of a judged row; null where the entity has none, or the contract maps none."""
    day = ENTITY_DATE.get(contract.entity.name)
    is_mapped = any(column.name == day for column in contract.mapped)
    return F.col(f"_entity.{day}") if is_mapped else F.lit(None).cast("date")


def tally(marked: DataFrame, contract: Contract) -> DataFrame:
    """Rows counted by file, fate and reasons: few lines, however many rows.

    Returns `_file_checksum`, `_reasons`, `_warnings`, `_duplicate`, `rows`, `first_day`, `last_day` (business days of the
    rows that reach silver; null where the entity has none).
    """
    value = business_day(contract)
    return marked.groupBy("_file_checksum", "_reasons", "_warnings", "_duplicate").agg(
        F.count("*").alias("rows"), F.min(value).alias("first_day"), F.max(value).alias("last_day")
    )
