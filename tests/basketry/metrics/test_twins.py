"""Dashboards and Genie's examples are made from the metrics, keep the formats, and say what the questions say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from basketry.ask import answer
from basketry.config.settings import CHECKOUT
from basketry.config.unity_names import UnityNames
from basketry.metrics import load_metrics
from basketry.metrics.dashboards import samples_of
from basketry.metrics.genie import genie_space, placed_space
from basketry.metrics.metric_views import metric_views
from basketry.metrics.samples import Sample, open_cubes
from basketry.tables import TABLES
from basketry.warehouse import Warehouse
from tests.databricks_emulator.genie_rules import check_space
from tools import generate_dashboards

METRICS = load_metrics(CHECKOUT / "include")
SAMPLES = [sample for cube in open_cubes(METRICS) for sample in samples_of(cube)]
DASHBOARDS = sorted((CHECKOUT / "include" / "dashboards").glob("*.lvdash.json"))


def test_the_files_are_what_is_made() -> None:
    """`python -m tools.generate_dashboards` would change nothing, and there is no file that it does not make."""
    made = generate_dashboards.generated_files()
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"run python -m tools.generate_dashboards: {path.name} is old"
    there = {*DASHBOARDS, CHECKOUT / "databricks.yml", *(CHECKOUT / "resources").iterdir()}
    assert there == set(made)


@pytest.mark.parametrize("path", DASHBOARDS, ids=[path.stem for path in DASHBOARDS])
def test_a_dashboard_keeps_the_format(path: Path) -> None:
    """Names are unique, fields are columns of the widget's own data set, encodings are fields, tiles do not overlap."""
    document = json.loads(path.read_text())
    datasets = {dataset["name"]: "".join(dataset["queryLines"]) for dataset in document["datasets"]}
    assert len(datasets) == len(document["datasets"])
    tiles: set[tuple[int, int]] = set()
    names: set[str] = set()
    for page in document["pages"]:
        assert page["layoutVersion"] == "GRID_V1"
        assert page["pageType"] == "PAGE_TYPE_CANVAS"
        for entry in page["layout"]:
            widget, position = entry["widget"], entry["position"]
            cells = {
                (position["x"] + x, position["y"] + y)
                for x in range(position["width"])
                for y in range(position["height"])
            }
            assert not tiles & cells
            assert max(x for x, _ in cells) < 12
            tiles |= cells
            assert widget["name"] not in names
            names.add(widget["name"])
            (query,) = widget["queries"]
            assert query["name"] == "main_query"
            sql = datasets[query["query"]["datasetName"]]
            fields = {field["name"]: field["expression"] for field in query["query"]["fields"]}
            assert all(f"AS {name}" in sql and expression == f"`{name}`" for name, expression in fields.items())
            assert {dataset["fieldName"] for dataset in widget["spec"]["encodings"].values()} <= set(fields)
            assert widget["spec"]["version"] == {"bar": 3, "line": 3}[widget["spec"]["widgetType"]]


def test_the_genie_space_keeps_the_format() -> None:
    """Ids are unique hexadecimal, everything is sorted, there is one text instruction, and few enough metric views."""
    space = genie_space(METRICS)
    assert space["version"] == 2
    assert set(space["data_sources"]) == {"metric_views"}
    views = [view["identifier"] for view in space["data_sources"]["metric_views"]]
    assert views == sorted(view.full_name for view in metric_views(METRICS))
    assert len(views) <= 25
    examples, questions = space["instructions"]["example_question_sqls"], space["config"]["sample_questions"]
    texts = space["instructions"]["text_instructions"]
    assert len(texts) == 1
    ids = [one["id"] for one in (*examples, *questions, *texts)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert [one["id"] for one in examples] == sorted(one["id"] for one in examples)
    check_space(json.dumps(placed_space(space, UnityNames(catalog="demo"))))
    placed = placed_space(space, UnityNames(catalog="retail-analytics-m", schema_prefix="dg-"))
    named = [view["identifier"] for view in placed["data_sources"]["metric_views"]]
    assert named == [f"retail-analytics-m.dg-{name}" for name in views]
    queries = ["".join(example["sql"]) for example in placed["instructions"]["example_question_sqls"]]
    assert queries and all("FROM `retail-analytics-m`.`dg-" in query and "MEASURE(" in query for query in queries)
    assert not [query for query in queries if re.search(r"(?<![`.\w])gold\.", query)]


def test_no_table_with_personal_data_is_in_a_twin() -> None:
    """Neither a dashboard nor Genie reads a table with a tagged column."""
    personal = [table.full_name for table in TABLES if table.pii_columns]
    texts = [path.read_text() for path in (*DASHBOARDS, CHECKOUT / "resources" / "genie_spaces.json")]
    assert personal
    assert not [name for name in personal for text in texts if re.search(rf"\b{re.escape(name)}\b", text)]


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.question for sample in SAMPLES])
def test_a_twin_says_what_the_question_says(sample: Sample, shop: Warehouse) -> None:
    """A dashboard's query gives on the local lake the rows of the same question in plain words; Genie's says what it says."""
    rows = shop.query(sample.sql, team="on_call")
    answered = answer(sample.question, team="on_call", warehouse=shop)
    assert answered.answered, (answered.refusal, answered.suggestions)
    assert rows.columns == (*sample.dimensions, *sample.measures)
    assert rows.rows
    assert sorted(map(str, rows.rows)) == sorted(map(str, answered.rows)), (sample.sql, answered.sql)
