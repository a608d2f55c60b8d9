"""Validates delivered rows by their contract: pure transformations, DataFrame in, DataFrame out.

The way of a row: `validate_rows` reads its texts, maps them to the entity and collects every reason against it;
`count_outcomes` counts the rows of each file by status. Which of several rows of one key counts is in `duplicates`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from basketry.contracts import Contract, MappedColumn, QualityRule
from basketry.domains.ingest import leniency, table_rules
from basketry.domains.ingest.parsing import NOT_A, parse_text, present_text
from basketry.retail.text_columns import clean_identifier
from basketry.tables import ENTITY_DATE, LINEAGE, MAX_MAGNITUDE, MONEY, UNITS

SEPARATOR = "\n"
ENDS_OF_TIME = {
    "date": ("DATE'0001-01-01'", "DATE'9999-12-31'"),
    "timestamp": ("TIMESTAMP'1678-01-01 00:00:00Z'", "TIMESTAMP'2261-12-31 23:59:59.999999Z'"),
}
"""The first and last value that Python (a date) and Arrow (a moment, stored in nanoseconds) can read back."""
LINEAGE_COLUMNS = (*(column.name for column in LINEAGE), "_file_name")


def validate_rows(raw: DataFrame, contract: Contract) -> DataFrame:
    """Map every delivered row to the row of the entity that it means, and collect all reasons against it.

    Each step is a projection of its own, so that what later steps use often (a parsed value, a hashed key) is computed
    once for each row.

    Args:
        raw: LINEAGE_COLUMNS, each delivered column as text, `_extra`, `_native`, `_defects` (see basketry.files).
        contract: the contract of the feed.

    Returns:
        LINEAGE_COLUMNS, `_raw` (a struct of the texts, `_extra` and `_native`), `_entity` (a struct of the mapped
        columns), `_reasons` and `_warnings` (arrays of text; a row without reasons is good), and, if the feed fills a
        column with a closed list of words, `_unknown` (see `table_rules.unknown_texts`).
    """
    rows = _with_texts(raw, contract)
    rows = _with_values(rows, contract)
    rows = _with_faults(rows, contract)
    rows = _with_occurrence_numbers(rows, contract)
    rows = _with_sources(rows, contract)
    rows = _with_entity_columns(rows, contract)
    return _with_reasons(rows, contract)


def _with_texts(raw: DataFrame, contract: Contract) -> DataFrame:
    """Pack what was delivered into `_raw` and add the text of each delivered column, null if it means missing."""
    names = [column.name for column in contract.delivered]
    verbatim = F.struct(*(_column(name) for name in names), "_extra", "_native").alias("_raw")
    texts = (present_text(_column(name), contract).alias(f"text:{name}") for name in names)
    return raw.select(*LINEAGE_COLUMNS, "_defects", verbatim, *texts)


def _with_values(rows: DataFrame, contract: Contract) -> DataFrame:
    """Add the value of each delivered column under its own name."""
    values = {}
    for column in contract.delivered:
        native = F.coalesce(F.array_contains("_raw._native", column.name), F.lit(False))
        values[column.name] = parse_text(_column(f"text:{column.name}"), native, column, contract)
    return rows.withColumns(values)


def _with_faults(rows: DataFrame, contract: Contract) -> DataFrame:
    """Add what is wrong with each delivered text, null if nothing is."""
    faults = {}
    for column in contract.delivered:
        text = _column(f"text:{column.name}")
        missing = F.when(text.isNull(), f"{column.name}:missing") if column.required else F.lit(None).cast("string")
        if column.type in NOT_A:
            unread = text.isNotNull() & _column(column.name).isNull()
            missing = F.when(unread, f"{column.name}:{NOT_A[column.type]}").otherwise(missing)
        faults[f"fault:{column.name}"] = missing
    return rows.withColumns(faults).drop(*(f"text:{column.name}" for column in contract.delivered))


def _with_occurrence_numbers(rows: DataFrame, contract: Contract) -> DataFrame:
    """Add the occurrence numbers that expressions use: the n-th row of its file with equal values, by row number.

    Rows with reasons against them count too, so that a row that is set aside and passes later has its own number.
    """
    numbers = {}
    for column in contract.mapped:
        for name, values in column.occurrences.items():
            alike = Window.partitionBy("_file_checksum", *map(F.expr, values)).orderBy("_row_number")
            numbers[name] = F.row_number().over(alike)
    return rows.withColumns(numbers) if numbers else rows


def _with_sources(rows: DataFrame, contract: Contract) -> DataFrame:
    """Add the result of each entity column's expression, before value map, prefix and type."""
    return rows.withColumns({f"source:{column.name}": F.expr(column.expression) for column in contract.mapped})


def _with_entity_columns(rows: DataFrame, contract: Contract) -> DataFrame:
    """Add the entity's columns in place of delivered columns of the same name, whatever their case."""
    names = {column.name.lower() for column in contract.mapped}
    hidden = [column.name for column in contract.delivered if column.name.lower() in names]
    return rows.drop(*hidden).withColumns({column.name: _entity_value(column, contract) for column in contract.mapped})


def _with_reasons(rows: DataFrame, contract: Contract) -> DataFrame:
    """Collect the reasons and warnings and pack the entity."""
    faults = [(column.name, _column(f"fault:{column.name}")) for column in contract.delivered]
    faults += [(column.name, reason) for column in contract.mapped for reason in _mapping_reasons(column, contract)]
    excused = {name for name, _ in faults if leniency.is_excused(contract, name)}
    reasons = [fault for name, fault in faults if name not in excused]
    reasons += [_broken(rule) for rule in contract.rules if not is_warning(rule.name, contract)]
    reasons += table_rules.broken_rules(contract)
    # A row of the wrong shape has its values in the wrong columns: its shape is the whole reason.
    all_reasons = F.when(F.size("_defects") > 0, F.col("_defects")).otherwise(_collected(reasons)).alias("_reasons")
    doubts = [*(fault for name, fault in faults if name in excused), *leniency.unknown_word_warnings(contract)]
    doubts += [_broken(rule) for rule in contract.rules if is_warning(rule.name, contract)]
    all_doubts = _collected([*doubts, *table_rules.overruled_warnings(contract)]).alias("_doubts")
    unknown = [table_rules.unknown_texts(contract).alias("_unknown")] if table_rules.closed_columns(contract) else []
    validated = rows.select(*LINEAGE_COLUMNS, "_raw", _entity(contract), all_reasons, all_doubts, *unknown)
    # Only a good row is warned about: of a bad one the reasons say enough.
    warnings = F.when(F.size("_reasons") == 0, F.col("_doubts")).otherwise(_collected([]))
    return validated.withColumn("_warnings", warnings).drop("_doubts")


def _entity(contract: Contract) -> Column:
    """Pack the mapped columns as they are stored; for a doubtful word, the word that it is taken for."""
    overruled = table_rules.overruled_words(contract)
    values = []
    for column in contract.mapped:
        value = overruled.get(column.name, leniency.lenient_value(column, contract))
        values.append(value.alias(column.name))
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
        value = table_rules.match_word(value.cast("string"), words)
    value = value.try_cast(column.type)
    if column.is_id:
        value = clean_identifier(value)
    if column.type in ENDS_OF_TIME:  # Spark counts further than those who read the table
        value = F.when(value.between(*map(F.expr, ENDS_OF_TIME[column.type])), value)
    return value


def _mapping_reasons(column: MappedColumn, contract: Contract) -> list[Column]:
    """Return why an entity column has no value; a fault of a delivered column explains a missing one already."""
    source, value = _column(f"source:{column.name}"), _column(column.name)
    has_words = column.value_map is not None or contract.entity.column(column.name).words is not None
    code = table_rules.UNKNOWN if has_words else "wrong_type"
    reasons = [F.when(source.isNotNull() & value.isNull(), f"{column.name}:{code}")]
    if column.type in (MONEY, UNITS, "bigint"):
        reasons.append(F.when(~value.between(-MAX_MAGNITUDE, MAX_MAGNITUDE), f"{column.name}:too_large"))
    if column.required:
        words = set(re.findall(r"\w+", column.expression))
        unexplained = source.isNull()
        for delivered in contract.delivered:
            if delivered.name in words:
                unexplained &= _column(f"fault:{delivered.name}").isNull()
        reasons.append(F.when(unexplained, f"{column.name}:missing"))
    return reasons


def is_warning(reason: str, contract: Contract) -> bool:
    """Return whether a reason (a rule's name, or `column:fault`) is reported without setting the row aside."""
    for rule in contract.rules:
        if rule.name == reason:
            return rule.severity == "warn" or leniency.is_excused_rule(contract, rule)
    column, colon, _ = reason.partition(":")
    return table_rules.is_overruled_warning(reason) or (
        bool(colon) and column != "row" and leniency.is_excused(contract, column)
    )


def _broken(rule: QualityRule) -> Column:
    return F.when(~F.expr(rule.expression), rule.name)


def _collected(reasons: Iterable[Column]) -> Column:
    """Return the reasons that are not null as an array.

    They are joined and split, because Spark compiles these two, but interprets every function over arrays, row by row.
    """
    columns = list(reasons)
    nothing = F.array().cast("array<string>")
    if not columns:
        return nothing
    joined = F.concat_ws(SEPARATOR, *columns)
    return F.when(joined == "", nothing).otherwise(F.split(joined, SEPARATOR))


def good_rows(validated: DataFrame) -> DataFrame:
    """Return the rows without a reason against them."""
    return validated.where(F.size("_reasons") == 0)


def bad_rows(validated: DataFrame) -> DataFrame:
    """Return the rows with reasons against them, for quarantine."""
    return validated.where(F.size("_reasons") > 0)


def key_columns(contract: Contract) -> list[Column]:
    """Return the key of the entity inside a validated row, column by column."""
    return [F.col(f"_entity.`{name}`").alias(name) for name in contract.entity.key]


def entity_rows(validated: DataFrame, contract: Contract) -> DataFrame:
    """Return the silver rows of good rows: all columns of the entity, null if the feed does not fill one, and lineage."""
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
    return validated.select(*columns)


def bronze_rows(validated: DataFrame) -> DataFrame:
    """Return the rows as delivered."""
    return validated.select(*LINEAGE_COLUMNS, "_raw.*")


def quarantine_rows(validated: DataFrame, contract: Contract) -> DataFrame:
    """Return the rows of ops.quarantine for the rows with reasons."""
    columns = {
        "file_checksum": F.col("_file_checksum"),
        "row_number": F.col("_row_number"),
        "feed": F.lit(contract.feed),
        "file_name": F.col("_file_name"),
        "delivered_at": F.col("_delivered_at"),
        "reasons": F.col("_reasons"),
        "content": F.to_json("_raw"),
        "state": F.lit("open"),
        "contract_version": F.lit(contract.version),
    }
    return bad_rows(validated).select(*(value.alias(name) for name, value in columns.items()))


def business_day(contract: Contract) -> Column:
    """Return the business day of a validated row; null if the entity has none, or the contract maps none."""
    day = ENTITY_DATE.get(contract.entity.name)
    is_mapped = any(column.name == day for column in contract.mapped)
    return F.col(f"_entity.{day}") if is_mapped else F.lit(None).cast("date")


def count_outcomes(marked: DataFrame, contract: Contract) -> DataFrame:
    """Count the rows by file, status and reasons: few lines, however many rows.

    Returns:
        `_file_checksum`, `_reasons`, `_warnings`, `_duplicate`, `rows`, `first_day` and `last_day` (the business days of
        the rows that reach silver; null if the entity has none).
    """
    value = business_day(contract)
    return marked.groupBy("_file_checksum", "_reasons", "_warnings", "_duplicate").agg(
        F.count("*").alias("rows"), F.min(value).alias("first_day"), F.max(value).alias("last_day")
    )
