"""Roles of the real Airflow with our plugin in it: a viewer looks, and cannot start, approve, change or take personal data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.console.people import PERSON

Clients = Callable[[str | None], Any]
DAGS = sorted(path.stem for path in (Path(__file__).resolve().parents[3] / "dags").glob("*.py"))
RUN = "/api/v2/dags/{dag}/dagRuns/manual__1"
CHANGES = (
    ("POST", "/api/v2/dags/{dag}/dagRuns", {"conf": {}, "logical_date": None}),
    ("PATCH", "/api/v2/dags/{dag}", {"is_paused": False}),
    ("DELETE", "/api/v2/dags/{dag}", None),
    ("PATCH", RUN, {"state": "success"}),
    ("DELETE", RUN, None),
    ("POST", f"{RUN}/clear", {"dry_run": False}),
    ("POST", "/api/v2/dags/{dag}/clearTaskInstances", {"dry_run": False, "dag_run_id": "manual__1"}),
    (
        "PATCH",
        f"{RUN}/taskInstances/gate.ask/-1/hitlDetails",
        {"chosen_options": ["Approve"], "params_input": {"why": "x"}},
    ),
    ("PATCH", f"{RUN}/taskInstances/gate.promote", {"new_state": "success"}),
)
"""Method, path and body of everything that starts, approves or undoes something of a DAG."""
DAY = "2026-01-01T00:00:00Z"
ELSEWHERE = (
    ("POST", "/api/v2/backfills", {"dag_id": "daily_sales", "from_date": DAY, "to_date": DAY}),
    ("GET", "/api/v2/connections", None),
    ("POST", "/api/v2/connections", {"connection_id": "x", "conn_type": "http"}),
    ("GET", "/api/v2/variables", None),
    ("POST", "/api/v2/variables", {"key": "x", "value": "y"}),
    ("POST", "/api/v2/pools", {"name": "x", "slots": 1}),
    ("GET", "/api/v2/config", None),
)
EXPORTS = ("segments/download?segment=Loyal", "propensity/download?category=Milk&best=20", "decisions/download")


def counted(client: Clients) -> dict[str, int]:
    """How many runs, variables and connections there are, as an admin is told."""
    paths = ("dags/~/dagRuns", "variables", "connections")
    return {path: client("admin").get(f"/api/v2/{path}").json()["total_entries"] for path in paths}


@pytest.fixture(scope="module", autouse=True)
def before(client: Clients) -> dict[str, int]:
    """Counted before the first try; other tests of the same process may have made some."""
    return counted(client)


@pytest.mark.parametrize("user", ["sales", "stranger"])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{method} {path}" for method, path, _ in CHANGES])
def test_a_viewer_changes_nothing_of_any_dag(client: Clients, user: str, method: str, path: str, body: object) -> None:
    """Refused before anything is looked up, whatever the DAG: by role, not because a run is missing."""
    for dag in DAGS:
        assert client(user).request(method, path.format(dag=dag), json=body).status_code == 403, dag


@pytest.mark.parametrize(
    ("method", "path", "body"), ELSEWHERE, ids=[f"{method} {path}" for method, path, _ in ELSEWHERE]
)
def test_a_viewer_sees_no_secret_and_makes_nothing(client: Clients, method: str, path: str, body: object) -> None:
    """Connections, variables and settings are not for who only looks; nobody at all is not even let in."""
    assert client("sales").request(method, path, json=body).status_code == 403
    assert client(None).request(method, path, json=body).status_code == 401


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[f"{method} {path}" for method, path, _ in CHANGES])
def test_a_user_may_what_a_viewer_may_not(client: Clients, method: str, path: str, body: object) -> None:
    """Else the refusals above would prove nothing: for an operator the same request fails only for want of such a run."""
    assert client("on_call").request(method, path.format(dag="no_such_dag"), json=body).status_code not in (401, 403)


@pytest.mark.parametrize("path", EXPORTS)
@pytest.mark.parametrize("user", ["sales", "stranger"])
def test_a_viewer_takes_no_personal_data(client: Clients, user: str, path: str, forgotten: None) -> None:
    """No file with a name, an address or a telephone number; lists of customers are refused whole."""
    answer = client(user).get(f"/basketry/{path}")
    assert answer.status_code == 403
    assert not [personal for personal in PERSON if personal in answer.text]


def test_the_database_was_not_changed(client: Clients, before: dict[str, int]) -> None:
    """After all these tries there is no run, no variable and no connection more than before."""
    assert counted(client) == before
