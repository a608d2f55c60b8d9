"""The Genie space of the metrics: their metric views, what they mean, and questions with their queries.

It sees the views and no tables: what is asked there is what MEASURE says, by the platform's own promise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from basketry.config.unity_names import UnityNames
from basketry.metrics.dashboards import samples_of
from basketry.metrics.metric_views import NEWEST, NEWEST_WHOLE, MetricView, metric_views
from basketry.metrics.model import Cube, Measure, Metrics
from basketry.metrics.samples import open_cubes
from basketry.metrics.view_samples import over_views

Document = dict[str, Any]
VERSION = 2


def genie_space(metrics: Metrics) -> Document:
    """Return the space as `serialized_space` has it; views are layer.name until `placed_space` names them in full."""
    views = metric_views(metrics)
    asked = [over_views(cube, sample, views) for cube in open_cubes(metrics) for sample in samples_of(cube)]
    samples = {sample.question: sample for sample in asked}
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
        "data_sources": {"metric_views": sorted(map(_source, views), key=_by_identifier)},
        "instructions": {
            "text_instructions": [{"id": identity("instructions"), "content": _view_instructions(views)}],
            "example_question_sqls": sorted(examples, key=_by_id),
        },
    }


def placed_space(space: Document, names: UnityNames) -> Document:
    """Return the same space as a workspace wants it: every view named by its place, in identifiers, queries and words."""
    views = [
        {**view, "identifier": names.full_name(*view["identifier"].split("."))}
        for view in space["data_sources"]["metric_views"]
    ]
    placed: Document = _placed_texts({**space, "data_sources": {}}, names)
    return {**placed, "data_sources": {"metric_views": sorted(views, key=_by_identifier)}}


def _placed_texts(value: Any, names: UnityNames) -> Any:
    if isinstance(value, dict):
        return {key: _placed_texts(entry, names) for key, entry in value.items()}
    if isinstance(value, list):
        return [_placed_texts(entry, names) for entry in value]
    return names.placed(value) if isinstance(value, str) else value


VIEW_RULES = (
    "Ask for a measure by MEASURE(name), and group by every other column that is shown; SELECT * is not possible.",
    f"A view with as_of holds a full state for each date: look at one. The newest is MEASURE({NEWEST}) of the view.",
    f"The newest period that is over is MEASURE({NEWEST_WHOLE}) of the view.",
    "In a view that ends in _rollup keep to one level: total, department or category. Orders and customers are asked there.",
    "A measure that is NULL was asked over rows that it cannot be summed over: its comment names what to filter or group by.",
)
"""How measures of metric views are asked for."""

RULES = (
    "Compare a period that is still running with as many days of the other one, by those of days, and name both ranges.",
    "Give no percentage on or of a range that begins before the first day of the data: what was not delivered is not zero.",
    "The previous month, week or days after a named period are those just before it, never before today.",
)
"""How periods are compared (basketry.metrics.comparison), for the writers of queries."""


REFUSED = "Questions about persons, their names and addresses are refused.\n"


def identity(text: str) -> str:
    """Return 32 lower-case hexadecimal digits: the same text has the same id."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _by_id(entry: Document) -> str:
    return str(entry["id"])


def _by_identifier(source: Document) -> str:
    return str(source["identifier"])


def _source(view: MetricView) -> Document:
    return {"identifier": view.full_name, "description": [view.meaning]}


def _view_instructions(views: tuple[MetricView, ...]) -> list[str]:
    """Return what somebody must know who writes queries over the views."""
    cubes = tuple(dict.fromkeys(view.cube.name for view in views))
    lines = ["Use these measures, and no others, by their definitions.\n"]
    for name in cubes:
        own = [view for view in views if view.cube.name == name]
        lines.append(f"{name}: {own[0].cube.meaning}. Metric views: {', '.join(view.full_name for view in own)}.\n")
        lines.extend(_measures(own[0].cube, lambda measure: f"MEASURE({measure.name})"))
    return [*lines, *(f"{line}\n" for line in (*VIEW_RULES, *RULES)), REFUSED]


def instructions(cubes: tuple[Cube, ...]) -> list[str]:
    """Return what somebody must know who writes queries over the cubes' tables: measures, words, what always holds."""
    lines = ["Use these measures, and no others, by their definitions.\n"]
    for cube in cubes:
        lines.append(f"{cube.name}: {cube.meaning}. Tables: {', '.join(cube.tables)}.\n")
        if cube.where is not None:
            lines.append(f"Always: {cube.where.sql(dialect='databricks')}.\n")
        lines.extend(_measures(cube, lambda measure: measure.label))
    return [*lines, *(f"{line}\n" for line in RULES), REFUSED]


def _measures(cube: Cube, asked: Callable[[Measure], str]) -> Iterator[str]:
    for measure in cube.measures.values():
        also = f" Also called {', '.join(measure.words)}." if measure.words else ""
        yield f"{asked(measure)} = {measure.sql.sql(dialect='databricks')}; it adds up: {measure.adds_up}.{also}\n"
