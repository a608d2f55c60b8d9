"""Runs a contract's SQL in DuckDB: an engine of its own beside Spark, fast enough for the real files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import sqlglot

from basketry.contracts import Contract, DeliveredColumn
from basketry.contracts.dialect import ContractDialect

_MACROS = """
create macro try_add(a, b) as a + b;
create macro try_subtract(a, b) as a - b;
create macro try_multiply(a, b) as a * b;
create macro convert_timezone(zone, instant) as timezone(zone, timezone('UTC', instant));
create macro sha2(text, bits) as sha256(text);
create macro current_timezone() as 'UTC';
"""


def delivered(path: Path, contract: Contract) -> duckdb.DuckDBPyConnection:
    """A connection with the table `delivered`: the file, typed as the contract says."""
    connection = duckdb.connect()
    connection.execute(_MACROS)
    typed = ", ".join(_typed(column, contract.time_zone) for column in contract.delivered)
    connection.execute(
        f"create table delivered as select {typed} from read_csv('{path}', all_varchar=true, header=true)"
    )
    return connection


def column_sql(contract: Contract, name: str) -> str:
    """The DuckDB SQL of a mapped column over `delivered`."""
    (column,) = (column for column in contract.mapped if column.name == name)
    return f'({_duck(column.expression)})::{column.type} as "{name}"'


def judged(path: Path, contract: Contract) -> duckdb.DuckDBPyConnection:
    """Tables `delivered` (typed), `mapped`, and `entity` (mapped and delivered columns, one BOOLEAN a rule)."""
    connection = delivered(path, contract)
    names = {column.name.lower() for column in contract.mapped}
    kept = [f'"{column.name}"' for column in contract.delivered if column.name.lower() not in names]
    mapped = [f'({_duck(column.expression)})::{column.type} as "{column.name}"' for column in contract.mapped]
    connection.execute(f"create table mapped as select {', '.join(kept + mapped)} from delivered")
    rules = [f'coalesce({_duck(rule.expression)}, true) as "{rule.name}"' for rule in contract.rules]
    connection.execute(f"create table entity as select *, {', '.join(rules)} from mapped")
    return connection


def broken(connection: duckdb.DuckDBPyConnection, contract: Contract, severity: str) -> dict[str, int]:
    """Rows that break each rule of that severity."""
    rules = [rule.name for rule in contract.rules if rule.severity == severity]
    counts = connection.execute(f"select {', '.join(f'count(*) filter (not {rule})' for rule in rules)} from entity")
    return {rule: count for rule, count in zip(rules, counts.fetchone() or (), strict=True) if count}


def _duck(sql: str) -> str:
    return sqlglot.transpile(sql, read=ContractDialect, write="duckdb")[0].replace("CHAR(", "CHR(")


def _typed(column: DeliveredColumn, time_zone: str) -> str:
    text = f"nullif(trim(\"{column.header}\"), '')"
    if column.type == "integer":
        text = f"try_cast(regexp_replace({text}, '[.]0+$', '') as bigint)"
    elif column.type == "number":
        text = f"try_cast({text} as decimal(18,4))"
    elif column.type == "timestamp":
        text = f"timezone('UTC', timezone('{time_zone}', try_cast({text} as timestamp)))"
    return f'{text} as "{column.name}"'
