"""A failure stays on Today until a later run about the same thing has succeeded, whatever else the DAG has run since."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from basketry_airflow.console.failures import WHOLE_RUN
from basketry_airflow.console.subjects import DEFAULTS, FIELDS, form_of, subject
from tests.kit.console.runs import CHECKOUT, add_run, airflow_with

Clients = Callable[[str | None], Any]
PRODUCTS = {"catalog": "demo", "feed": "products"}
ORDERS = {"catalog": "demo", "feed": "order_lines"}
EVERYTHING = {"catalog": "demo", "feed": "*", "files": "*"}


@pytest.fixture
def airflow(airflow_app: Any) -> Iterator[None]:
    """DAGs that are started by hand, and two that follow a schedule; none has ever run."""
    with airflow_with("ingest", "daily_sales", "forget", "offers"):
        yield


def failed(client: Clients) -> list[str]:
    """The failures on Today: task, DAG and subject, the newest first."""
    page = client("admin").get("/basketry/today").text
    rows = re.findall(r"failed</span> ([^<]+)</td><td>([^<]+)</td><td>([^<]*)</td>", page)
    assert f"<dt>Failed tasks</dt><dd>{len(rows)}</dd>" in page
    return [" | ".join(row) for row in rows]


def test_another_feeds_load_hides_nothing(airflow: None, client: Clients) -> None:
    """A failed load stays while other feeds load, well or not, and while the same feed is tried again; its success ends it."""
    add_run("ingest", 1, PRODUCTS, "failed", failed=["check_files"])
    add_run("ingest", 2, ORDERS, "success")
    assert failed(client) == ["check_files | ingest | demo, products"]
    add_run("ingest", 3, ORDERS, "failed", failed=["load"])
    add_run("ingest", 4, PRODUCTS, "running")
    assert failed(client) == ["load | ingest | demo, order_lines", "check_files | ingest | demo, products"]
    add_run("ingest", 5, {**PRODUCTS, "files": "products_2026-11-29.xlsx"}, "success")
    assert failed(client) == ["load | ingest | demo, order_lines"]


def test_a_load_of_every_feed_settles_each(airflow: None, client: Clients) -> None:
    """The load of every feed includes the one that failed; one feed's load does not settle a failed load of all."""
    add_run("ingest", 1, PRODUCTS, "failed", failed=["load"])
    add_run("ingest", 2, EVERYTHING, "failed", failed=["load"])
    add_run("ingest", 3, PRODUCTS, "success")
    assert failed(client) == ["load | ingest | demo, every feed"]
    add_run("ingest", 4, PRODUCTS, "failed", failed=["load"])
    add_run("ingest", 5, EVERYTHING, "success")
    assert failed(client) == []


def test_another_catalogs_run_hides_nothing(airflow: None, client: Clients) -> None:
    """A scheduled run is about the catalog of scheduled runs; the same DAG by hand for another catalog settles that one only."""
    add_run("daily_sales", 1, {}, "failed", failed=["sales"])
    add_run("daily_sales", 2, {"catalog": "online_retail", "as_of": "2026-11-20"}, "success")
    assert failed(client) == ["sales | daily_sales | demo"]
    add_run("daily_sales", 3, {"catalog": "online_retail"}, "failed", failed=["sales"])
    add_run("daily_sales", 4, {"catalog": "demo", "as_of": "2026-11-28"}, "success")
    assert failed(client) == ["sales | daily_sales | online_retail"]


def test_a_dry_run_settles_nothing_real(airflow: None, client: Clients) -> None:
    """What writes nothing proves nothing of what should have been written; forgetting is dry unless the form says otherwise."""
    request = {"catalog": "demo", "request_id": "R-1"}
    add_run("forget", 1, {**request, "dry_run": False}, "failed", failed=["forget"])
    add_run("forget", 2, request, "success")
    add_run("forget", 3, {**request, "request_id": "R-2", "dry_run": False}, "success")
    add_run("ingest", 0, {**PRODUCTS, "dry_run": True}, "failed", failed=["load"])
    assert failed(client) == ["forget | forget | demo, R-1", "load | ingest | demo, products, dry run"]
    add_run("forget", 4, {**request, "dry_run": False}, "success")
    add_run("ingest", 5, PRODUCTS, "success")
    assert failed(client) == []


def test_a_run_that_failed_without_a_task_is_there(airflow: None, client: Clients) -> None:
    """A run whose time was over has no failed task, and failed all the same; a thousand runs before it are one row."""
    for number in range(30):
        add_run("offers", number / 100, {}, "failed", failed=["offers"])
    add_run("daily_sales", 1, {}, "failed")
    assert failed(client) == [f"{WHOLE_RUN} | daily_sales | demo", "offers | offers | demo"]


def test_every_dag_says_what_its_runs_are_about() -> None:
    """A new field of a form is either what the run is about, or how it is done: whoever adds it decides."""
    how = {
        "catalog",
        "as_of",
        "files",
        "load_again",
        "delivered_by",
        "dry_run",
        "to",
        "release",
        "reason",
        "score_again",
        "customers",
        "apply",
        "revoke_by_hand",
    }
    dags = DagBag(dag_folder=str(CHECKOUT / "dags")).dags
    assert set(FIELDS) | set(DEFAULTS) <= set(dags)
    for dag_id, dag in dags.items():
        scores_by = {"model"} if dag_id == "daily_scoring" else set()
        assert set(dag.params) - how - scores_by == set(FIELDS.get(dag_id, ())), dag_id
        for name, value in DEFAULTS.get(dag_id, {}).items():
            assert dag.params[name] == value


def test_what_is_stored_may_be_anything() -> None:
    """A run without a form, or with one that is no object, is about its DAG and the catalog of scheduled runs."""
    for stored in (None, "", "null", "[1]", "{broken"):
        assert subject("daily_sales", form_of(stored), "demo").words == "demo"
