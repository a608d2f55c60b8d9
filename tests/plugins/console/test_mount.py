"""The plugin costs Airflow nothing until somebody opens a page. `make bench ARGS=imports` has the seconds."""

from __future__ import annotations

from benchmarks.imports import load_plugin

HEAVY = (
    "duckdb",
    "deltalake",
    "pyarrow",
    "fastapi",
    "jinja2",
    "sqlglot",
    "pandas",
    "basketry.tables",
    "basketry.warehouse",
)


def test_loading_the_plugin_loads_nothing_else() -> None:
    """What every process of Airflow imports, DAG parsing included, is two small modules; pages come with the first request."""
    (loaded,) = load_plugin()
    assert not [name for name in loaded.modules if name.startswith(HEAVY)]
    assert {name for name in loaded.modules if name.startswith("basketry")} == {
        "basketry_airflow",
        "basketry_airflow.console",
        "basketry_airflow.console.mount",
        "basketry_console",
    }
