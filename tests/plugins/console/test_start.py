"""A form that starts a DAG knows whether it is paused: a run of a paused DAG waits for ever, so none is called started."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.console.runs import add_run, airflow_with

Clients = Callable[[str | None], Any]
STATIC = Path(__file__).resolve().parents[3] / "plugins" / "basketry_airflow" / "console"
FORMS = {"model_rollback": "models", "replay_quarantine": "data?view=quarantine"}
"""DAGs that the console starts, and where."""


@pytest.fixture
def airflow(airflow_app: Any) -> Iterator[None]:
    """The DAGs as Airflow knows them when it has just read them: paused."""
    with airflow_with(*FORMS):
        yield


def page(client: Clients, dag: str, user: str = "admin") -> str:
    """The page with the form, on one line."""
    return " ".join(client(user).get(f"/basketry/{FORMS[dag]}").text.split())


def pause(client: Clients, dag: str, paused: bool) -> None:
    """As somebody does in Airflow."""
    assert client("admin").patch(f"/api/v2/dags/{dag}", json={"is_paused": paused}).status_code == 200


def test_every_form_that_starts_a_dag_is_known_here() -> None:
    """One macro makes them all, so that none can forget to ask whether its DAG is paused."""
    texts = {path.name: path.read_text() for path in (STATIC / "templates").glob("*.html")}
    assert [name for name, text in texts.items() if "data-trigger" in text] == ["parts.html"]
    forms = {name for name, text in texts.items() if "call start_form" in text}
    assert forms == {
        "models.html",
        "data.html",
        "parts.html",
    }  # the last is the button of an empty page and of a first step


@pytest.mark.parametrize("dag", FORMS)
def test_a_paused_dag_is_unpaused_by_who_may(airflow: None, client: Clients, dag: str) -> None:
    """The form says that it unpauses the DAG, and its script is told to; by the same two requests Airflow does so."""
    text = page(client, dag)
    assert (
        f"The DAG {dag} is paused, so a run of it would wait; starting unpauses it." in text and "data-unpauses" in text
    )
    address = f"/api/v2/dags/{dag}"
    assert f'data-dag="{address}"' in text and f'action="{address}/dagRuns"' in text
    on_call = client("on_call")
    assert on_call.get(address).json()["is_paused"] is True
    assert on_call.patch(f"{address}?update_mask=is_paused", json={"is_paused": False}).json()["is_paused"] is False
    conf = (
        {"catalog": "demo", "feed": "products"}
        if dag == "replay_quarantine"
        else {"catalog": "demo", "model": "propensity", "to": "1", "reason": "it was better", "score_again": False}
    )
    started = on_call.post(f"{address}/dagRuns", json={"conf": conf, "logical_date": None})
    assert started.status_code == 200 and started.json()["triggering_user_name"] == "on_call"
    text = page(client, dag)
    assert "is paused" not in text and "data-unpauses" not in text and "data-trigger" in text


@pytest.mark.parametrize("dag", FORMS)
def test_who_may_not_unpause_is_told_who_may(
    airflow: None, client: Clients, dag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No form then, since its run would never begin; once somebody has unpaused the DAG it is there."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    allowed = SimpleAuthManager.is_authorized_dag

    def starts_only(self: Any, *, method: str, **more: Any) -> bool:
        """Another auth manager lets somebody start runs and change no DAG."""
        return method != "PUT" and allowed(self, method=method, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", starts_only)
    owner = {"model_rollback": "data-science", "replay_quarantine": "data-engineering"}[dag]
    text = page(client, dag)
    assert "data-trigger" not in text
    assert f"The DAG {dag} is paused: a run of it would wait until it is unpaused." in text
    assert f"can unpause it: its owner, {owner}, or an administrator." in text
    monkeypatch.undo()
    pause(client, dag, False)
    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", starts_only)
    assert "data-trigger" in page(client, dag)


def test_runs_that_wait_in_a_paused_dag_are_told(airflow: None, client: Clients) -> None:
    """Unpausing begins them first: whoever rolls back must know that somebody's run of last week comes before theirs."""
    add_run("model_rollback", -100, {"catalog": "demo", "model": "rfm", "reason": "long ago"}, "queued")
    text = page(client, "model_rollback")
    assert "1 run that waits in it will begin first" in text
    pause(client, "model_rollback", False)
    assert "will begin first" not in page(client, "model_rollback")


def test_the_script_asks_before_it_starts() -> None:
    """Asked anew when the button is pressed: whether the DAG is paused, then unpaused, and only then started."""
    script = (STATIC / "static" / "console.js").read_text()
    steps = ("await unpaused(form)", 'ask("POST", form.action', "Started: ")
    assert [script.index(step) for step in steps] == sorted(script.index(step) for step in steps)
    asked = script.partition("async function unpaused")[2].partition("async function trigger")[0]
    assert "is_paused" in asked and "Nothing was started" in asked
