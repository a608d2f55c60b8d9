"""A page that has nothing yet says what fills it: the DAG, its run at work, when it will be there; the same on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basketry_airflow.console.dag_activity import ActiveRun, DagActivity, EndedRun
from basketry_airflow.console.filling import describe
from basketry_airflow.console.pages import all_pages
from tests.kit.console.runs import add_run, airflow_with

Clients = Callable[[str | None], Any]
EMPTY = "online_retail"
NOW = datetime(2026, 11, 29, 12, minute=30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def activity(**more: Any) -> DagActivity:
    """A DAG that has never run, is started by hand and not paused, unless said otherwise."""
    usual: dict[str, Any] = {"paused": False, "next_at": None, "active": None, "last": None, "earlier": ()}
    return DagActivity(**{"dag_id": "bootstrap", "last_success": None, **usual, **more})


def active(state: str, minutes: float, **more: Any) -> ActiveRun:
    """A run since so many minutes."""
    usual: dict[str, Any] = {"page": "p", "tasks": 14, "tasks_ended": 4, "awaits_answer": False}
    return ActiveRun(**{"state": state, "since": NOW - minutes * MINUTE, **usual, **more})


def ended(state: str, minutes_ago: float) -> EndedRun:
    """A run that ended so many minutes ago."""
    return EndedRun(run_id="r", state=state, ended_at=NOW - minutes_ago * MINUTE, took=MINUTE, page="p")


def described(what: DagActivity, *, is_scheduled: bool = True) -> str:
    """What is said of it, on one line."""
    return " ".join(describe(what, NOW, is_scheduled=is_scheduled))


def test_a_run_at_work_says_since_when_and_how_far_it_is() -> None:
    """Without an earlier run nobody knows how long it takes, and no time is made up."""
    text = described(activity(active=active("running", 3)))
    assert text == (
        "A run of bootstrap has been at work since 12:27 UTC: 4 of 14 tasks have ended. No earlier run tells how long it takes."
    )


def test_it_will_be_there_when_earlier_runs_would_have_been() -> None:
    """The median of the newest runs, counted from the beginning of this one; beyond it there is no time any more."""
    earlier = (7 * MINUTE, 8 * MINUTE, 60 * MINUTE)
    text = described(activity(active=active("running", 3), earlier=earlier))
    assert text.endswith(
        "The last 3 successful runs of bootstrap took about 8 minutes: it should be there at about 12:35 UTC."
    )
    text = described(activity(active=active("running", 20), earlier=(7 * MINUTE,)))
    assert text.endswith("The last successful run of bootstrap took 7 minutes; this one takes longer.")


def test_a_run_that_waits_says_for_what() -> None:
    """For its turn, for a DAG to be unpaused, or for a person's answer."""
    assert (
        described(activity(active=active("queued", 3)))
        == "A run of bootstrap has been waiting since 12:27 UTC for its turn."
    )
    text = described(activity(active=active("queued", 24 * 60), paused=True))
    assert text == (
        "A run of bootstrap has been waiting since 28 Nov 2026, 12:30 UTC: it begins once the DAG, which is paused, is"
        " unpaused in Airflow."
    )
    text = described(activity(active=active("running", 3, awaits_answer=True), earlier=(MINUTE,)))
    assert text.endswith("It waits for a person's answer.")


def test_without_a_run_the_schedule_tells() -> None:
    """Scheduled runs are about one catalog: for another one there is no next run, and of a failure only when it was."""
    tomorrow = NOW + timedelta(days=1)
    scheduled = activity(next_at=tomorrow, earlier=(MINUTE,))
    assert (
        described(scheduled)
        == "The next run of bootstrap begins at 30 Nov 2026, 12:30 UTC. The last successful run of bootstrap took 60 seconds."
    )
    assert described(scheduled, is_scheduled=False) == "The last successful run of bootstrap took 60 seconds."
    assert described(activity(last=ended("failed", 5))) == "The last run of bootstrap failed 5 minutes ago."
    assert described(activity(last=ended("success", 5))) == ""


@pytest.fixture
def airflow(airflow_app: Any) -> Iterator[None]:
    """The DAGs that fill pages, paused as Airflow knows them when it has just read them."""
    with airflow_with("ingest", "daily_sales", "bootstrap", "daily_scoring", "offers"):
        yield


def page(client: Clients, path: str, user: str = "admin") -> str:
    """The page of the catalog that has nothing, on one line."""
    answer = client(user).get(f"/basketry/{path}{'&' if '?' in path else '?'}catalog={EMPTY}")
    assert answer.status_code == 200
    return " ".join(answer.text.replace("&#39;", "'").split())


FILLERS = {
    "sales": "daily_sales",
    "decisions": "bootstrap",
    "decisions/P0001": "bootstrap",
    "segments": "bootstrap",
    "propensity": "bootstrap",
    "offers": "offers",
    "models": "bootstrap",
    "data": "ingest",
    "data?view=quarantine": "ingest",
    "ask": "daily_sales",
}


def test_every_page_with_tables_is_tried_here() -> None:
    """A new page cannot forget to say what fills it."""
    assert {page.path for page in all_pages() if page.fillers} <= set(FILLERS)


@pytest.mark.parametrize("path", FILLERS)
def test_an_empty_page_starts_what_fills_it(airflow: None, client: Clients, path: str) -> None:
    """It names the DAG, has the button for this catalog, and says that a run would wait while the DAG is paused."""
    dag, text = FILLERS[path], page(client, path)
    assert f"The DAG {dag} fills it." in text
    assert f'action="/api/v2/dags/{dag}/dagRuns"' in text and f">Run {dag}</button>" in text
    assert f'<input type="hidden" name="catalog" value="{EMPTY}">' in text
    assert ('<input type="hidden" name="feed" value="*">' in text) == (dag == "ingest")
    assert f"The DAG {dag} is paused, so a run of it would wait; starting unpauses it." in text


@pytest.mark.parametrize("path", FILLERS)
def test_an_empty_page_names_the_run_at_work(airflow: None, client: Clients, path: str) -> None:
    """With its progress and a link, and without a button that would only queue another one."""
    dag = FILLERS[path]
    run_id = add_run(dag, 0, {"catalog": EMPTY}, "running", succeeded=["a", "b"], waiting=["c"])
    text = page(client, path)
    assert f"A run of {dag} has been at work since 29 Nov 2026, 12:00 UTC: 2 of 3 tasks have ended." in text
    assert f"/dags/{dag}/runs/{run_id.replace(':', '%3A').replace('+', '%2B')}" in text
    assert "data-trigger" not in text


def test_the_run_that_keeps_a_page_fresh_may_fill_it_too(airflow: None, client: Clients) -> None:
    """Decisions come from bootstrap first and from daily_scoring later: whichever is at work is named."""
    add_run("daily_scoring", 0, {"catalog": EMPTY}, "running")
    assert "/dags/daily_scoring/runs/" in page(client, "decisions")


def test_another_catalogs_runs_are_not_told(airflow: None, client: Clients) -> None:
    """Neither one at work nor how long it took; nor a dry run, which fills nothing."""
    add_run("daily_sales", 0, {"catalog": "demo"}, "running")
    add_run("daily_sales", -1, {"catalog": "demo"}, "success")
    add_run("ingest", 0, {"catalog": EMPTY, "feed": "*", "dry_run": True}, "running")
    assert "at work" not in page(client, "sales") and "took" not in page(client, "sales")
    assert "at work" not in page(client, "data")


def test_a_waiting_run_of_a_paused_dag_says_so(airflow: None, client: Clients) -> None:
    """Airflow itself says no word: the run waits for ever."""
    add_run("bootstrap", 0, {"catalog": EMPTY}, "queued")
    text = page(client, "segments")
    assert "it begins once the DAG, which is paused, is unpaused in Airflow" in text


def test_who_may_not_start_a_dag_sees_no_button(airflow: None, client: Clients) -> None:
    """A viewer is told what fills the page and what is at work, nothing to press; a page not for the team says only that."""
    text = page(client, "sales", "sales")
    assert "The DAG daily_sales fills it." in text and "data-trigger" not in text
    add_run("bootstrap", 0, {"catalog": EMPTY}, "running")
    text = page(client, "decisions", "sales")
    assert "may not read" in text and "at work" not in text


def test_who_may_not_see_a_dag_is_told_nothing_of_it(
    airflow: None, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's own permissions decide what the page says of runs."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    add_run("daily_sales", 0, {"catalog": EMPTY}, "running")
    monkeypatch.setattr(SimpleAuthManager, "get_authorized_dag_ids", lambda self, **named: set())
    text = page(client, "sales")
    assert "The DAG daily_sales fills it." in text and "at work" not in text and "data-trigger" not in text


def test_a_time_comes_from_runs_about_the_same_thing(airflow: None, client: Clients) -> None:
    """A load of one feed says nothing of how long a load of every feed takes."""
    add_run("ingest", -3, {"catalog": EMPTY, "feed": "products"}, "success", minutes=1)
    add_run("ingest", -2, {"catalog": EMPTY, "feed": "*"}, "success", minutes=7)
    assert "The last successful run of ingest took 7 minutes." in page(client, "data")
