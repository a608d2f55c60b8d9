"""The console over a SQL warehouse: it says what it says over the folders of the same lake; a warehouse in trouble is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from basketry.warehouse import UnavailableError
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.console.visits import visit
from tests.plugins.console.test_access import DOWNLOADS, PAGES, VIEWS

Clients = Callable[[str | None], Any]
CLOCK = re.compile(r"just now|\d+ (?:minute|hour|day)s? ago|As of [^<]+")
"""What the clock changes between two looks at a page."""
QUESTIONS = ("ask?q=Top+5+products+by+revenue",)
OPENINGS = (
    ("admin", (*QUESTIONS, *PAGES, *VIEWS, *DOWNLOADS)),  # the first steps say whether somebody has asked
    ("sales", ("", "sales", "segments")),
    ("marketing", ("propensity",)),
)
"""What each user opens: who reads all opens all; a team's page must leave out the same there and here."""


@pytest.fixture(scope="module")
def emulator(home: Path, airflow_app: Any) -> Iterator[DatabricksEmulator]:
    """A workspace whose warehouse reads the lake of the other tests."""
    with DatabricksEmulator(home / "nothing", home) as running:
        yield running


@pytest.fixture
def runtime(emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Set up the console for a runtime, with nothing remembered."""
    from basketry_airflow.console import viewer

    def become(name: str) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", emulator.connection)
        monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", emulator.warehouse_id)
        monkeypatch.setenv("BASKETRY_RUNTIME", name)
        viewer._warehouse.cache_clear()

    yield become
    emulator.faults.clear()
    emulator.denied.clear()
    emulator.warehouse_up.set()
    viewer._warehouse.cache_clear()


def opened(client: Clients) -> dict[tuple[str, str], str]:
    """The text of every page and download of OPENINGS."""
    texts = {}
    for user, paths in OPENINGS:
        for path in paths:
            answer = visit(client(user), path)
            assert answer.status_code == 200, (user, path, answer.text)
            texts[user, path] = CLOCK.sub("a while ago", answer.text)
    return texts


def test_every_page_says_the_same_as_over_folders(
    emulator: DatabricksEmulator, runtime: Callable[[str], None], client: Clients, forgotten: None
) -> None:
    """Pages, views, downloads and an answered question, byte for byte."""
    runtime("local")
    here, before = opened(client), emulator.calls.count("statements")
    assert before == 0
    runtime("databricks")
    there = opened(client)
    assert emulator.calls.count("statements") > 50
    assert [key for key in here if here[key] != there[key]] == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "forbid", "operation": "statements"}, "make deploy-check names the missing permission"),
        (
            {"kind": "expired_token", "operation": "statements"},
            "Databricks refuses the login: renew the connection&#39;s token",
        ),
        (
            {"kind": "throttle", "operation": "statements", "times": 99, "seconds": 1},
            "too many requests: try again in a minute",
        ),
        ({"kind": "server_error", "operation": "statements"}, "the workspace does not answer: try again in a minute"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_workspace_in_trouble_is_told_in_a_sentence(
    emulator: DatabricksEmulator,
    runtime: Callable[[str], None],
    client: Clients,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
    words: str,
) -> None:
    """503 within the console's frame, in words of ours, after seconds and not minutes."""
    from basketry_airflow.console import viewer

    monkeypatch.setattr(viewer, "RETRY_SECONDS", 1)
    runtime("databricks")
    emulator.faults.add(**fault)
    answer = client("admin").get("/basketry/sales")
    assert answer.status_code == 503
    assert "The tables cannot be read now" in answer.text and words in answer.text
    assert "User does not have" not in answer.text and "rate limit" not in answer.text


def test_a_deleted_warehouse_is_told(
    runtime: Callable[[str], None], client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The setting that names it stands in the sentence."""
    runtime("databricks")
    monkeypatch.setenv("BASKETRY_WAREHOUSE_ID", "gone")
    answer = client("admin").get("/basketry/sales")
    assert answer.status_code == 503 and "BASKETRY_WAREHOUSE_ID" in answer.text


def test_a_warehouse_that_starts_is_not_waited_for(
    emulator: DatabricksEmulator, runtime: Callable[[str], None]
) -> None:
    """It was stopped: the statement that starts it is given up in time, with a sentence, and the next one is answered."""
    from basketry_airflow.console.viewer import viewer_of

    runtime("databricks")
    viewer = viewer_of("admin", "demo", "/basketry")
    sql = "SELECT count(*) AS n FROM gold.sales_week"
    emulator.warehouse_up.clear()
    with pytest.raises(UnavailableError, match="still starting: try again in a minute"):
        viewer.warehouse.query(sql, team=viewer.team.name, seconds=0.2)
    emulator.warehouse_up.set()
    assert viewer.warehouse.query(sql, team=viewer.team.name).rows[0][0] > 0
