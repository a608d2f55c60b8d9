"""The Genie space of the metrics: its tables without personal data, what they mean, and questions with their queries."""

from __future__ import annotations

import hashlib
from typing import Any

from basketry.config.unity_names import UnityNames
from basketry.metrics.dashboards import samples_of
from basketry.metrics.model import Cube, Metrics
from basketry.metrics.samples import open_cubes
from basketry.tables import TABLES, Table

Document = dict[str, Any]
VERSION = 2


def genie_space(metrics: Metrics) -> Document:
    """Return the space as `serialized_space` has it; tables are schema.table until `placed_space` names them in full."""
    cubes = open_cubes(metrics)
    samples = {sample.question: sample for cube in cubes for sample in samples_of(cube)}
    used = {name for cube in cubes for name in cube.tables}
    tables = sorted((table for table in TABLES if table.full_name in used), key=lambda table: table.full_name)
    examples = [
        {
            "id": identity(f"example {sample.question}"),
            "question": [sample.question],
            "sql": [f"{line}\n" for line in sample.sql.splitlines()],
        }
        for sample in samples.values()
    ]
    questions = [{"id": identity(f"sample {question}"), "question": [question]} for question in list(samples)[:12]]
    return {
        "version": VERSION,
        "config": {"sample_questions": sorted(questions, key=_by_id)},
        "data_sources": {"tables": [_table(table) for table in tables]},
        "instructions": {
            "text_instructions": [{"id": identity("instructions"), "content": instructions(cubes)}],
            "example_question_sqls": sorted(examples, key=_by_id),
        },
    }


def placed_space(space: Document, names: UnityNames) -> Document:
    """Return the same space as a workspace wants it: every table named by its place, in identifiers, queries and words."""
    tables = [
        {**table, "identifier": names.full_name(*table["identifier"].split("."))}
        for table in space["data_sources"]["tables"]
    ]
    placed: Document = _placed_texts({**space, "data_sources": {}}, names)
    return {
        **placed,
        "data_sources": {**space["data_sources"], "tables": sorted(tables, key=lambda one: one["identifier"])},
    }


def _placed_texts(value: Any, names: UnityNames) -> Any:
    if isinstance(value, dict):
        return {key: _placed_texts(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [_placed_texts(entry, names) for entry in value]
    return names.placed(value) if isinstance(value, str) else value


RULES = (
    "Compare a period that is still running with as many days of the other one, by the tables of days, and name both ranges.",
    "Give no percentage on or of a range that begins before the first day of the data: what was not delivered is not zero.",
    "The previous month, week or days after a named period are those just before it, never before today.",
)
"""How periods are compared (basketry.metrics.comparison), for the writers of queries."""


def identity(text: str) -> str:
    """Return 32 lower-case hexadecimal digits: the same text has the same id."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _by_id(entry: Document) -> str:
    return str(entry["id"])


def _table(table: Table) -> Document:
    columns = [
        {"column_name": column.name, "description": [column.meaning]}
        for column in sorted(table.columns, key=lambda column: column.name)
    ]
    return {"identifier": table.full_name, "description": [f"One row is {table.meaning}."], "column_configs": columns}


def instructions(cubes: tuple[Cube, ...]) -> list[str]:
    """Return what somebody must know who writes queries over the cubes: measures, words, what always holds."""
    lines = ["Use these measures, and no others, by their definitions.\n"]
    for cube in cubes:
        lines.append(f"{cube.name}: {cube.meaning}. Tables: {', '.join(cube.tables)}.\n")
        if cube.where is not None:
            lines.append(f"Always: {cube.where.sql(dialect='databricks')}.\n")
        for measure in cube.measures.values():
            also = f" Also called {', '.join(measure.words)}." if measure.words else ""
            lines.append(
                f"{measure.label} = {measure.sql.sql(dialect='databricks')}; it adds up: {measure.adds_up}.{also}\n"
            )
    lines.extend(f"{line}\n" for line in RULES)
    lines.append("Questions about persons, their names and addresses are refused.\n")
    return lines
