"""The plugin costs Airflow nothing until somebody opens a page. `make bench ARGS=imports` has the seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from benchmarks.imports import load_plugin
from tests.kit.console.people import PERSON
from tests.kit.console.visits import visit

Clients = Callable[[str | None], Any]

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


@pytest.mark.parametrize("user", ["admin", "stranger", None])
def test_airflow_s_access_log_holds_no_query_string_of_the_console(client: Clients, user: str | None) -> None:
    """Who searches by a name or asks about a person leaves neither in the log, let in or not; the path stays."""
    name, email, _ = PERSON
    with capture_logs() as entries:
        visit(client(user), f"ask?q={quote(f'orders of {email}')}")
        client(user).get("/basketry/decisions", params={"text": name})
        client(user).get(f"/basketry/no/such/page?who={quote(name)}")
        client(user).get("/api/v2/version?mark=airflow")
    access = [entry for entry in entries if entry["event"] == "request finished"]
    paths = ["/basketry/ask", "/basketry/decisions", "/basketry/no/such/page", "/api/v2/version"]
    assert [entry["path"] for entry in access] == paths
    assert [entry["query"] for entry in access] == ["", "", "", "mark=airflow"]
    assert not [entry for entry in entries if name in str(entry) or email in str(entry)]


def test_a_question_is_no_part_of_an_address(client: Clients, forgotten: None) -> None:
    """Asked by a link it is not answered; the page's own forms post it, its download too."""
    question = "Top 5 products by revenue"
    admin = client("admin")
    assert "How fresh" not in admin.get("/basketry/ask", params={"q": question}).text
    assert admin.get("/basketry/ask/download", params={"q": question}).status_code == 405
    answer = visit(admin, f"ask?q={quote(question)}").text
    assert "How fresh" in answer
    assert "?q=" not in answer and "&amp;q=" not in answer
