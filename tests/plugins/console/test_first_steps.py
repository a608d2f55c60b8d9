"""The first steps of a catalog: their states come from tables and runs, a team sees its own, and they go when all is done."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from basketry import tables
from basketry.tables import SALES_ROLLUP, Table
from basketry_airflow.console import run_errors
from tests.kit.console.runs import add_run, airflow_with
from tests.kit.console.visits import visit
from tests.kit.lake import fill
from tests.plugins.console.test_verdicts import WHY, verdict

Clients = Callable[[str | None], Any]
NEW = "complete_journey"
"""A catalog with customers and without events of shoppers: no offers for it."""
DAGS = ("ingest", "daily_sales", "bootstrap", "weekly_marketing", "offers")
TITLES = {
    "Deliver files": "deliver",
    "Load what was delivered": "ingest",
    "Add up the sales": "sales",
    "Train the first models": "bootstrap",
    "Find out who may be contacted": "audience",
    "Offer something to shoppers": "offers",
    "Ask a question": "ask",
}
LOADED = (tables.FILES, tables.ORDER_LINES)
SUMMED = (*LOADED, *SALES_ROLLUP.values())
SCORED = (tables.PRODUCT_DECISIONS, tables.RFM_SEGMENTS, tables.RFM_PROFILES, tables.PROPENSITY_SCORES)


@pytest.fixture
def catalog(home: Path, airflow_app: Any, forgotten: None) -> Iterator[Path]:
    """The folder of a catalog in which nothing is there yet; nobody has asked anything."""
    folder = home / "lake" / NEW
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(home / "landing" / NEW, ignore_errors=True)


@pytest.fixture
def airflow(airflow_app: Any) -> Iterator[None]:
    """The DAGs of the steps, paused; none has ever run."""
    with airflow_with(*DAGS):
        yield


def written(catalog: Path, names: Sequence[Table]) -> None:
    """These tables are there; what is in them does not matter to a step."""
    for table in names:
        fill(catalog.parent, catalog.name, table, [], mode="overwrite")


def steps(client: Clients, user: str = "admin", catalog: str = NEW) -> dict[str, str]:
    """The text of each step on the page by its name, on one line."""
    answer = client(user).get(f"/basketry/first-steps?catalog={catalog}")
    assert answer.status_code == 200
    text = " ".join(answer.text.replace("&#39;", "'").split())
    items = re.findall(r'<li class="card stack"( aria-current="step")?>(.*?)</li>', text)
    return {TITLES[re.search("<h2>(.*?) <", item)[1]]: f"{current}{item}" for current, item in items}  # type: ignore[index]


def states(shown: dict[str, str]) -> dict[str, str]:
    """The badge of each step."""
    return {name: re.search(r'<span class="badge[^>]*>([^<]*)<', text)[1] for name, text in shown.items()}  # type: ignore[index]


def test_a_new_catalog_begins_with_its_first_steps(catalog: Path, client: Clients) -> None:
    """The console's first page is the list until all is there that the catalog needs; then it is Today, which leads to the list."""
    admin = client("admin")
    answer = admin.get(f"/basketry/?catalog={NEW}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/basketry/first-steps?catalog={NEW}")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    written(catalog, (*SUMMED, *SCORED, tables.MARKETING_AUDIENCE))
    answer = admin.get(f"/basketry/?catalog={NEW}", follow_redirects=False)
    assert answer.headers["location"] == f"/basketry/today?catalog={NEW}"
    assert f'href="/basketry/first-steps?catalog={NEW}"' in admin.get(f"/basketry/today?catalog={NEW}").text
    assert "All that it needs is done" in admin.get(f"/basketry/first-steps?catalog={NEW}").text
    assert admin.get("/basketry/").url.path == "/basketry/today"


def test_states_follow_the_tables(catalog: Path, client: Clients) -> None:
    """Without any run of a DAG known: what is written is done, what lacks the results of another step waits for it."""
    shown = steps(client)
    assert states(shown) == {
        "deliver": "not yet",
        **dict.fromkeys(("ingest", "sales", "bootstrap", "audience", "ask"), "waiting"),
    }
    assert "It waits for “Deliver files”." in shown["ingest"] and shown["deliver"].startswith(' aria-current="step"')
    written(catalog, SUMMED)
    shown = steps(client)
    assert states(shown) == {
        **dict.fromkeys(("deliver", "ingest", "sales"), "done"),
        **dict.fromkeys(("bootstrap", "audience", "ask"), "not yet"),
    }
    assert shown["bootstrap"].startswith(' aria-current="step"')
    assert f'href="/basketry/sales?catalog={NEW}"' in shown["sales"]
    assert "/basketry/decisions" not in shown["bootstrap"]
    written(catalog, SCORED)
    shown = steps(client)
    assert states(shown)["bootstrap"] == "done"
    assert all(f'href="/basketry/{page}?catalog={NEW}"' in shown["bootstrap"] for page in ("decisions", "propensity"))


def test_delivered_files_are_seen_before_they_are_loaded(home: Path, catalog: Path, client: Clients) -> None:
    """A file in a feed's folder is a delivery; then the load is what comes next."""
    folder = home / "landing" / NEW / "transactions"
    folder.mkdir(parents=True)
    assert states(steps(client))["deliver"] == "not yet"
    (folder / "transactions.csv").write_text("a\n")
    shown = steps(client)
    assert states(shown)["deliver"] == "done" and shown["ingest"].startswith(' aria-current="step"')


def test_a_catalog_without_events_needs_no_offers(catalog: Path, client: Clients) -> None:
    """A step is there where a feed brings what it works on."""
    assert "offers" not in steps(client) and "offers" in steps(client, catalog="demo")


def test_a_step_is_started_for_its_catalog(airflow: None, catalog: Path, client: Clients) -> None:
    """By a button with the catalog in its form; while the DAG is paused it says that a run would wait."""
    written(catalog, LOADED)
    text = steps(client)["bootstrap"]
    assert 'action="/api/v2/dags/bootstrap/dagRuns"' in text and ">Run bootstrap</button>" in text
    assert f'<input type="hidden" name="catalog" value="{NEW}">' in text
    assert "The DAG bootstrap is paused, so a run of it would wait; starting unpauses it." in text
    assert "data-trigger" not in steps(client)["deliver"]


def test_a_run_at_work_is_told_with_how_far_it_is(airflow: None, catalog: Path, client: Clients) -> None:
    """Running, waiting for its turn, and how long the last success took; another catalog's run is not this one's."""
    written(catalog, LOADED)
    add_run("ingest", -2, {"catalog": NEW, "feed": "*"}, "success", minutes=4)
    add_run("bootstrap", -1, {"catalog": NEW}, "running", succeeded=["features"], waiting=["train_forecast"])
    add_run("daily_sales", -1, {"catalog": NEW}, "queued")
    add_run("weekly_marketing", -1, {"catalog": "demo"}, "running")
    shown = steps(client)
    assert states(shown) == {
        **dict.fromkeys(("deliver", "ingest"), "done"),
        "sales": "waiting",
        "bootstrap": "running",
        "audience": "not yet",
        "ask": "waiting",
    }
    assert "1 of 2 tasks have ended" in shown["bootstrap"] and "/dags/bootstrap/runs/manual__" in shown["bootstrap"]
    assert "it begins once the DAG, which is paused" in shown["sales"]
    assert "<p>took 4 minutes · <a data-airflow" in shown["ingest"]
    assert not any("data-trigger" in shown[name] for name in ("sales", "bootstrap"))


HOSTILE = "column '<script>alert(1)</script>' of maria.lopez@mail.example is missing; add it. Then a second sentence."


def test_a_failure_says_its_first_sentence(
    airflow: None, catalog: Path, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As text, whatever is in it, without an address; with the button to start it again."""
    written(catalog, LOADED)
    monkeypatch.setattr(run_errors, "_log_texts", lambda failed: ["began", f"x.BadInputError: BAD_INPUT: {HOSTILE}"])
    add_run("daily_sales", 7, {"catalog": NEW}, "failed", failed=["sales"])
    text = steps(client)["sales"]
    assert states({"sales": text}) == {"sales": "failed"} and text.startswith(' aria-current="step"')
    assert (
        "column '&lt;script&gt;alert(1)&lt;/script&gt;' of [address] is missing; add it. The last run of daily_sales failed"
        in text
    )
    assert "<script>" not in text and "second sentence" not in text
    assert ">Run daily_sales</button>" in text and "/dags/daily_sales/runs/manual__" in text
    written(catalog, SUMMED)
    assert states(steps(client))["sales"] == "done"


def test_a_failure_without_words_of_ours_leads_to_the_log(
    airflow: None, catalog: Path, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of any other error may hold a delivered value: it is never shown, nor to who may not read logs."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    written(catalog, LOADED)
    monkeypatch.setattr(run_errors, "_log_texts", lambda failed: ["ValueError: no such value: Maria Lopez"])
    add_run("daily_sales", 8, {"catalog": NEW}, "failed", failed=["sales"])
    text = steps(client)["sales"]
    assert "The log of its failed task says why." in text and "Maria" not in text
    monkeypatch.setattr(run_errors, "_log_texts", lambda failed: ["BAD_INPUT: nothing was delivered."])
    add_run("daily_sales", 9, {"catalog": NEW}, "failed", failed=["sales"])
    allowed = SimpleAuthManager.is_authorized_dag

    def no_logs(self: Any, **named: Any) -> bool:
        """Another auth manager lets somebody see runs and read no log."""
        return getattr(named.get("access_entity"), "name", "") != "TASK_LOGS" and allowed(self, **named)

    with monkeypatch.context() as patched:
        patched.setattr(SimpleAuthManager, "is_authorized_dag", no_logs)
        assert "nothing was delivered" not in steps(client)["sales"]
    assert "nothing was delivered." in steps(client)["sales"]


def test_a_refused_model_is_a_result(home: Path, catalog: Path, client: Clients) -> None:
    """Training is done when the gate has spoken: the step names the model, the check, its value and the limit."""
    written(catalog, (*LOADED, tables.PRODUCT_DECISIONS, tables.RFM_SEGMENTS, tables.RFM_PROFILES))
    assert states(steps(client))["bootstrap"] == "not yet"
    fill(home / "lake", NEW, tables.PROMOTIONS, [verdict(NEW, "propensity", 1, "refuse")], mode="overwrite")
    text = steps(client)["bootstrap"].replace("&#43;", "+")
    assert states({"bootstrap": text}) == {"bootstrap": "done"}
    assert f"Propensity: The gate refused version 1 on 2026-11-29: {WHY}" in text


def test_a_team_is_offered_what_it_may_see(airflow: None, catalog: Path, client: Clients) -> None:
    """Its steps are those whose results it may read; a page that it may not read is not linked, its state not counted."""
    written(catalog, (*LOADED, *SALES_ROLLUP.values(), tables.RFM_SEGMENTS, tables.RFM_PROFILES))
    assert list(steps(client, "sales")) == ["sales", "ask"]
    assert list(steps(client, "marketing")) == ["sales", "bootstrap", "audience", "ask"]
    assert list(steps(client, "data_science")) == ["ingest", "sales", "bootstrap", "audience", "ask"]
    marketing = steps(client, "marketing")
    assert states(marketing)["bootstrap"] == "done" and states(steps(client))["bootstrap"] == "not yet"
    assert "/basketry/segments" in marketing["bootstrap"] and "/basketry/decisions" not in marketing["bootstrap"]
    assert not any("data-trigger" in text for text in steps(client, "sales").values())
    answer = client("sales").get(f"/basketry/?catalog={NEW}", follow_redirects=False)
    assert answer.headers["location"].startswith("/basketry/today")
    assert client("stranger").get(f"/basketry/first-steps?catalog={NEW}").status_code == 403


def test_jobs_tell_the_time_where_airflow_has_forgotten(catalog: Path, client: Clients) -> None:
    """Airflow's runs are pruned, ops.job_runs stays: the seconds of the newest run's jobs, for a team that may read it."""
    runs = [
        ("ingest/manual__2026-11-28T10:00:00+00:00/load/-1/1", 500.0),
        ("ingest/manual__2026-11-29T10:00:00+00:00/load/-1/1", 170.0),
        ("ingest/manual__2026-11-29T10:00:00+00:00/record_refusals/-1/1", 10.0),
        ("offers/scheduled__2026-11-30T10:00:00+00:00/offers/-1/1", 9.0),
    ]
    rows = [{"run_id": run_id, "job": "ingest", "seconds": seconds} for run_id, seconds in runs]
    written(catalog, LOADED)
    fill(catalog.parent, NEW, tables.JOB_RUNS, rows, mode="overwrite")
    assert "its jobs took 3 minutes" in steps(client)["ingest"]
    assert "took" not in steps(client, "data_science")["ingest"]


def test_a_question_is_done_once_somebody_has_asked(catalog: Path, client: Clients) -> None:
    """For this user; it is the one step that a catalog can do without."""
    written(catalog, SUMMED)
    assert states(steps(client))["ask"] == "not yet"
    visit(client("admin"), "ask?q=Top+5+products+by+revenue")
    assert states(steps(client))["ask"] == "done" and states(steps(client, "sales"))["ask"] == "not yet"


def test_the_sentence_is_read_from_airflows_own_log(airflow: None, client: Clients) -> None:
    """As a task writes it: spark-submit's line, or the error of a task in Python."""
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.configuration import conf

    lines = {
        "sales": {"event": "basketry.errors.NotDeliveredError: BAD_INPUT: no lines after 2026-11-20; deliver them."},
        "check_files": {
            "event": "Task failed with exception",
            "error_detail": [
                {"exc_type": "RefusedFileError", "exc_value": "BAD_INPUT: 1 of 5 files cannot be loaded."}
            ],
        },
    }
    sentences = []
    for hour, (task_id, line) in enumerate(lines.items(), 20):
        run_id = add_run("daily_sales", hour, {"catalog": "demo"}, "failed", failed=[task_id])
        folder = Path(conf.get("logging", "base_log_folder"), "dag_id=daily_sales", f"run_id={run_id}")
        path = folder / f"task_id={task_id}" / "attempt=1.log"
        path.parent.mkdir(parents=True)
        written_at = datetime(2026, 11, 29, 12, tzinfo=UTC).isoformat()
        path.write_text(json.dumps({"timestamp": written_at, "level": "error", **line}) + "\n")
        user = SimpleAuthManagerUser(username="admin", role="ADMIN")
        sentences.append(run_errors.run_error(user, "daily_sales", run_id))
        shutil.rmtree(path.parent)
    assert sentences == ["no lines after 2026-11-20; deliver them.", "1 of 5 files cannot be loaded."]


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["nothing of ours", "ValueError: secret"], None),
        (["BAD_INPUT: first. Second."], "first."),
        (
            ["BAD_INPUT: old.", "x BAD_INPUT: products.xlsx: no workbook; save it as XLSX"],
            "products.xlsx: no workbook; save it as XLSX",
        ),
        (["'error': 'BadInputError: BAD_INPUT: the day is not over.' and more"], "the day is not over."),
        (["BAD_INPUT: " + "x" * 400], "x" * 300 + " …"),
        (["BAD_INPUT: call +1 202 555 0143 now."], "call [number] now."),
    ],
)
def test_of_a_log_only_our_own_sentence_is_told(texts: list[str], sentence: str | None) -> None:
    """The newest one, its first sentence, cut where it is long, without what looks like a person's number."""
    assert run_errors.first_sentence(texts) == sentence
