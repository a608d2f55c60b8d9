"""What a Genie space must be like: it has no catalog of its own, so every table is named by three names."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import sqlglot
from sqlglot import exp

from tests.databricks_emulator.errors import invalid


def check_space(serialized: str) -> None:
    """ApiError 400 when a table, in the data sources or in an example's query, is not named in full, or ids repeat."""
    space: dict[str, Any] = json.loads(serialized or "{}")
    sources = space.get("data_sources", {})
    for table in chain(sources.get("tables", ()), sources.get("metric_views", ())):
        if table["identifier"].count(".") != 2:
            raise invalid(f"Table identifier '{table['identifier']}' is not catalog.schema.table.")
    instructions = space.get("instructions", {})
    examples = instructions.get("example_question_sqls", [])
    for example in examples:
        query = sqlglot.parse_one("".join(example["sql"]), dialect="databricks")
        for table in query.find_all(exp.Table):
            if table.db and not table.catalog:
                raise invalid(f"[TABLE_OR_VIEW_NOT_FOUND] {table.sql()} in the example '{example['question'][0]}'.")
    questions = space.get("config", {}).get("sample_questions", [])
    ids = [one["id"] for one in chain(examples, questions, instructions.get("text_instructions", ()))]
    if len(set(ids)) < len(ids):
        raise invalid("Ids of a space must be unique.")
