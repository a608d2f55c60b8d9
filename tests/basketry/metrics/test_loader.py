"""include/metrics.yaml is read strictly: what it names exists, and a mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

from basketry.metrics import load_metrics
from tests.kit.documents import INCLUDE, Document
from tests.kit.mistakes import Mistake, mistakes

METRICS = Document(
    path="metrics.yaml",
    load=load_metrics,
    text="""\
cubes:
  segments:
    meaning: customers by segment
    kind: snapshots
    table: gold.rfm_profiles
    time: as_of
    where: view = 'named'
    dimensions:
      segment: {column: segment}
    measures:
      people: {sql: SUM(customers), unit: count, words: [customers]}
defaults: {customers: segments}
""",
)


def test_what_is_shipped_is_right() -> None:
    """Every word in two cubes has a default, or the cubes differ by what else is asked."""
    metrics = load_metrics(INCLUDE)
    assert len(metrics.cubes) >= 10
    for word, cube in metrics.defaults.items():
        assert cube in metrics.cubes, word


def test_a_good_file(tmp_path: Path) -> None:
    """What it says is there."""
    cube = METRICS.read(tmp_path).cubes["segments"]
    assert cube.tables == ("gold.rfm_profiles",)
    assert cube.measures["people"].sql.sql() == "SUM(customers)"


@mistakes(
    METRICS,
    ("kind: snapshots", "kind: snapshot", "unknown kind of segments 'snapshot'; did you mean 'snapshots'?"),
    (
        "table: gold.rfm_profiles",
        "table: gold.rfm_profile",
        "there is no table gold.rfm_profile; did you mean 'gold.rfm_profiles'?",
    ),
    ("time: as_of", "time: asof", "there is no column asof; did you mean 'as_of'?"),
    ("where: view = 'named'", "where: vew = 'named'", "there is no column vew; did you mean 'view'?"),
    ("{column: segment}", "{colum: segment}", "unknown key 'colum' in dimension segment; did you mean 'column'?"),
    ("SUM(customers)", "SUM(customer)", "there is no column customer; did you mean 'customers'?"),
    ("sql: SUM(customers)", "sql: customers", "…stands outside SUM…"),
    ("sql: SUM(customers),", "sql: SUM(customers) FROM x,", "…is more than one expression…"),
    ("people: {sql: SUM(customers)", "people: {sql: now()", "…may not be asked…"),
    ("unit: count", "unit: pieces", "unknown unit 'pieces'…"),
    (
        "{customers: segments}",
        "{customers: segment}",
        "unknown cube of 'customers' 'segment'; did you mean 'segments'?",
    ),
    ("meaning: customers by segment", "meaning: ''", "meaning is empty…"),
)
def test_a_mistake_is_told_with_its_line(mistake: Mistake, tmp_path: Path) -> None:
    """File, line, and the nearest right word."""
    mistake.check(tmp_path)


def test_a_join_must_be_on_the_key(tmp_path: Path) -> None:
    """Else rows of the cube would be counted more than once."""
    joins = ("    dimensions:", "    joins: {p: {table: silver.products, on: {segment: brand}}}\n    dimensions:")
    assert "must be on the key of silver.products (product_id)" in METRICS.refusal(tmp_path, joins).sentence
