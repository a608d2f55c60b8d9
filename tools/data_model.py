"""docs/data-model.md, made from the declarations in basketry/tables/: `make data-model` writes it."""

from __future__ import annotations

from basketry.tables import DEADLINES, TABLES, Column, Table
from tools.environment import CHECKOUT

PAGE = CHECKOUT / "docs" / "data-model.md"
HEAD = """# Data model

Made from `spark_jobs/basketry/tables/`, which writers enforce; do not edit. Columns in **bold** are the key, *italic* ones may be
missing, 🔒 marks what identifies a person. Each feed also has a table `bronze.<feed>`: its rows as delivered, every
column text; what its contract classifies as personal is personal there too, and so is the verbatim content of
`ops.quarantine`.
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(table) for table in TABLES)


def _section(table: Table) -> str:
    rows = "".join(_row(table, column) for column in table.columns)
    head = "| column | type | meaning |\n|---|---|---|\n"
    return f"\n## {table.full_name}\n\nOne row is {table.meaning}.{_deadline(table)}\n\n{head}{rows}"


def _deadline(table: Table) -> str:
    deadline = DEADLINES.get(table.full_name)
    if deadline is None:
        return ""
    hours = int(deadline.within.total_seconds() // 3600)
    return f" Written by `{deadline.dag}`; late when not written for {hours} hours."


def _row(table: Table, column: Column) -> str:
    name = f"**{column.name}**" if column.name in table.key else f"*{column.name}*" if column.nullable else column.name
    return f"| {name}{' 🔒' if column.pii else ''} | {column.type} | {column.meaning} |\n"


def data_model_command(arguments: list[str]) -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0
