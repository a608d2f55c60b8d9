"""Lakeview dashboards of the cubes, one per cube: counters of its measures, a trend, and bars by dimension.

Queries name tables as schema.table; the catalog is set when a dashboard is created (`dataset_catalog`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from basketry.metrics.model import NOWHERE, PERIODS, SNAPSHOTS, Cube, Measure, Metrics
from basketry.metrics.samples import Sample, by_dimension, open_cubes, over_time

Document = dict[str, Any]
COLUMNS = 12
"""Width of a page of layout version GRID_V1."""

_VERSIONS = {"bar": 3, "line": 3, "table": 2}
_FORMATS = {
    "money": {"type": "number-plain", "decimalPlaces": {"type": "max", "places": 2}},
    "share": {"type": "number-percent", "decimalPlaces": {"type": "max", "places": 1}},
}


def dashboards(metrics: Metrics) -> dict[str, Document]:
    """Return the dashboards by name. Cubes over tables with personal data have none."""
    return {cube.name: dashboard(cube) for cube in open_cubes(metrics)}


def dashboard(cube: Cube) -> Document:
    """Return one cube's dashboard, as a `.lvdash.json` document."""
    samples = list(samples_of(cube))
    layout = [
        {"widget": _widget(sample, cube), "position": {"x": n % 2 * 6, "y": n // 2 * 6, "width": 6, "height": 6}}
        for n, sample in enumerate(samples)
    ]
    page = {
        "name": _name(cube.name),
        "displayName": cube.meaning.capitalize(),
        "pageType": "PAGE_TYPE_CANVAS",
        "layoutVersion": "GRID_V1",
        "layout": layout,
    }
    datasets = [
        {
            "name": _name(sample.sql),
            "displayName": sample.question,
            "queryLines": [f"{line}\n" for line in sample.sql.splitlines()],
        }
        for sample in samples
    ]
    return {"datasets": datasets, "pages": [page]}


def samples_of(cube: Cube) -> Iterator[Sample]:
    """Yield the queries of a dashboard: the first measure over time, and the first ones by each dimension that has names."""
    first = next(iter(cube.measures.values()))
    if cube.kind == PERIODS:
        yield over_time(cube, [first.name])
        yield over_time(
            cube, [measure.name for measure in cube.measures.values() if measure.unit == "count"][:1], "week"
        )
    for dimension in cube.dimensions.values():
        if dimension.named:
            yield by_dimension(cube, dimension.name, [measure.name for measure in _allowed(cube, dimension.name)][:2])
    if cube.kind == SNAPSHOTS and not cube.joins:
        yield over_time(cube, [first.name])


def _allowed(cube: Cube, dimension: str) -> Iterator[Measure]:
    """Yield the measures that may be summed to the dimension: distinct counts only where a row of the table is one member."""
    for measure in cube.measures.values():
        if cube.kind != PERIODS or measure.adds_up != NOWHERE or dimension in ("product", "category", "department"):
            yield measure


def _widget(sample: Sample, cube: Cube) -> Document:
    kind = "line" if sample.time else "bar"
    names = (*sample.dimensions, *sample.measures)
    query = {
        "datasetName": _name(sample.sql),
        "fields": [{"name": name, "expression": f"`{name}`"} for name in names],
        "disaggregated": True,
    }
    return {
        "name": _name(f"widget {sample.sql}"),
        "queries": [{"name": "main_query", "query": query}],
        "spec": {
            "version": _VERSIONS[kind],
            "widgetType": kind,
            "encodings": _encodings(sample, cube),
            "frame": {"showTitle": True, "title": sample.question.capitalize()},
        },
    }


def _encodings(sample: Sample, cube: Cube) -> Document:
    measure = cube.measures[sample.measures[0]]
    scale = {"type": "temporal" if sample.time else "categorical"}
    x: Document = {
        "fieldName": sample.dimensions[0],
        "scale": scale,
        "displayName": sample.dimensions[0].replace("_", " "),
    }
    if not sample.time:
        x["scale"] = {"type": "categorical", "sort": {"by": "y-reversed"}}
    y: Document = {"fieldName": measure.name, "scale": {"type": "quantitative"}, "displayName": measure.label}
    if measure.unit in _FORMATS:
        y["format"] = _FORMATS[measure.unit]
    return {"x": x, "y": y}


def _name(text: str) -> str:
    """Return the short stable name that dashboards give their parts."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]
