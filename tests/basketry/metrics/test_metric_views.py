"""Metric views keep the documented grammar, and their measures say what the local queries of the same metrics say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from basketry.config.settings import CHECKOUT
from basketry.config.unity_names import UnityNames
from basketry.metrics import load_metrics
from basketry.metrics.metric_views import MetricView, definition, metric_views, view_statement
from basketry.metrics.model import Cube
from basketry.metrics.plain_sql import as_plain_sql
from basketry.metrics.samples import Sample, by_dimension, open_cubes, over_time
from basketry.metrics.view_samples import over_views
from basketry.warehouse import Warehouse
from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.metric_view_rules import check_definition, read_view, sources

METRICS = load_metrics(CHECKOUT / "include")
VIEWS = metric_views(METRICS)
ELSEWHERE = UnityNames(catalog="retail-analytics-m", schema_prefix="dg-day_")


def asked() -> Iterator[tuple[Cube, Sample]]:
    """Every measure of every cube that may be asked: over time, and by each dimension."""
    for cube in open_cubes(METRICS):
        if cube.kind != "events":
            yield cube, over_time(cube, list(cube.measures))
        for dimension in cube.dimensions.values():
            rolled_up = cube.rollup is None or dimension.name in ("product", "category", "department")
            names = [one.name for one in cube.measures.values() if rolled_up or one.adds_up == "everywhere"]
            yield cube, by_dimension(cube, dimension.name, names)


@pytest.mark.parametrize("view", VIEWS, ids=[view.full_name for view in VIEWS])
def test_a_view_keeps_the_documented_grammar(view: MetricView) -> None:
    """Every name is quoted, hyphens and all; the statement reads back as the definition."""
    made = read_view(view_statement(view, ELSEWHERE))
    assert made is not None
    name, properties, document = made
    assert name == ELSEWHERE.full_name(*view.full_name.split("."))
    assert document == definition(view, ELSEWHERE) and set(properties) == {"basketry.definition"}
    named = {f"{table.catalog}.{table.db}.{table.name}" for table in sources(document)}
    assert named == {ELSEWHERE.full_name(*one.split(".")) for one in view.tables}


@pytest.mark.parametrize(
    "change",
    [
        {"sources": "x"},
        {"version": "1.2"},
        {"measures": [{"name": "n", "expr": "source.net_revenue"}]},
        {"measures": [{"name": "n", "expr": "SUM(net_revenue)"}]},
        {"dimensions": [{"name": "n", "expr": "source.product_id", "synonyms": ["a"] * 11}]},
        {"joins": [{"name": "products", "source": "a.b.c"}]},
    ],
)
def test_the_grammar_refuses_what_is_not_documented(change: dict[str, object]) -> None:
    """The check does look: an unknown key, another version, no aggregate, a column of no table, a join on nothing."""
    with pytest.raises(ApiError):
        check_definition(definition(VIEWS[0], ELSEWHERE) | change)


def test_a_measure_says_what_the_local_query_says(shop: Warehouse) -> None:
    """Asked of the views as plain SQL, every measure of every cube has the rows of the cube's own query."""
    measured = set()
    for cube, sample in asked():
        query = over_views(cube, sample, VIEWS)
        ours, theirs = (shop.query(sql, team="on_call") for sql in (sample.sql, as_plain_sql(query.sql, VIEWS)))
        assert ours.columns == theirs.columns and ours.rows
        assert sorted(map(str, ours.rows)) == sorted(map(str, theirs.rows)), (sample.question, query.sql)
        measured |= {(cube.name, name) for name in sample.measures}
    assert measured == {(cube.name, name) for cube in open_cubes(METRICS) for name in cube.measures}


@pytest.mark.parametrize(
    ("sql", "is_null"),
    [
        ("SELECT MEASURE(units_available) AS n FROM gold.metrics_stock", True),
        ("SELECT MEASURE(net_revenue) AS n FROM gold.metrics_sales_month_rollup", True),
        ("SELECT MEASURE(net_revenue) AS n FROM gold.metrics_sales_month_rollup WHERE level = 'total'", False),
        ("SELECT MEASURE(customers) AS n FROM gold.metrics_sales_month_rollup WHERE level = 'total'", True),
        ("SELECT MEASURE(orders) AS n FROM gold.metrics_sales_month_rollup WHERE level = 'total'", False),
        ("SELECT MEASURE(orders) AS n FROM gold.metrics_sales_month_rollup WHERE level = 'category'", True),
        ("SELECT MEASURE(net_revenue) AS n FROM gold.metrics_sales_month", False),
        ("SELECT MEASURE(orders) AS n FROM gold.metrics_sales_month", True),
    ],
)
def test_what_cannot_be_summed_is_null_rather_than_wrong(shop: Warehouse, sql: str, is_null: bool) -> None:
    """States of several dates, sums beside their parts, and customers who were counted more than once."""
    ((value,),) = shop.query(as_plain_sql(sql, VIEWS), team="on_call").rows
    assert (value is None) == is_null


@pytest.mark.parametrize(
    "name", ["gold.metrics_stock", "`a-b`.`c-d_gold`.`metrics_stock`", "`a-b`.`c-d`.`gold_metrics_stock`"]
)
def test_a_view_is_known_wherever_the_retailer_lies(name: str) -> None:
    """What is written out names the library's own tables; another query is left as it is."""
    plain = as_plain_sql(f"SELECT category, MEASURE(units_available) FROM {name} GROUP BY category", VIEWS)
    assert "FROM gold.product_features AS source LEFT JOIN silver.products AS products" in plain.replace("`", "")
    assert "MEASURE" not in plain and "a-b" not in plain
    assert as_plain_sql("select 1 from silver.products", VIEWS) == "select 1 from silver.products"
