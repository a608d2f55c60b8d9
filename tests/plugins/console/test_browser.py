"""The console in a real browser within the real Airflow: every page, filters, drill-down, questions, downloads, keyboard.

With BASKETRY_SCREENSHOTS=<folder> (`make screenshots`) the pictures of the documentation are made on the way.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from basketry_airflow.console.pages import all_pages
from tests.kit.console.browsing import Seen
from tests.kit.console.lake import make_summed
from tests.kit.console.server import PASSWORD, real_airflow
from tests.kit.console.shop import HOSTILE
from tools.airflow_client import AirflowClient
from tools.browser import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

PAGES = tuple(page.title for page in all_pages() if page.in_menu)
QUESTIONS = ("Top 5 products by revenue", "Top 3 categories by revenue", "What is the meaning of life?")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A real Airflow that knows the DAGs."""
    with real_airflow(home) as url:
        AirflowClient(url, "admin", PASSWORD).wait_for_dags(
            {"replay_quarantine", "model_rollback", "bootstrap"}, seconds=300
        )
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The installed browser, driven by Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=browser(print), args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def seen(address: str, chromium: Browser) -> Iterator[Seen]:
    """Logged in as admin through Airflow's own form."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, accept_downloads=True, color_scheme="light")
    page = context.new_page()
    page.set_default_timeout(120_000)
    made = Seen(page, address)
    page.goto(f"{address}/")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: "/auth/" not in url and "/login" not in url)
    page.on("console", made.note_error)
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.open_console()
    yield made
    context.close()


@pytest.fixture(autouse=True)
def quiet(seen: Seen) -> Iterator[None]:
    """No page may complain in the browser's console: an error there fails the test."""
    seen.complaints.clear()
    yield
    assert not seen.complaints


def test_every_page_opens_within_airflow(seen: Seen) -> None:
    """By its tab, in Airflow's frame, with its heading and without a word in the console."""
    for name in PAGES:
        seen.go(name)
        assert seen.console.locator("h1").inner_text() == name
        seen.picture(name.lower())
    assert "/plugin/basketry" in seen.page.url  # Airflow keeps our path behind it


def test_sales_are_drilled_down_to_a_product(seen: Seen) -> None:
    """Department, category, product by clicks; the script that a product is named is text."""
    seen.go("Sales")
    for name in ("Pets", "Dog Food", HOSTILE):
        seen.console.locator("tbody").get_by_role("link", name=name, exact=True).click()
        seen.console.get_by_role("heading", name=name, exact=True).wait_for()
    crumbs = seen.console.get_by_role("navigation", name="Product tree").inner_text()
    assert [part for part in crumbs.split("›")][1].strip() == "Pets"
    seen.console.get_by_role("link", name="Month", exact=True).click()
    seen.console.get_by_role("heading", name="Net revenue by month").wait_for()


def test_decisions_are_filtered_at_once(seen: Seen) -> None:
    """Choosing a bucket shows its products alone; a click on one opens its page; a click on a heading sorts."""
    seen.go("Decisions")
    seen.console.get_by_label("Bucket").select_option("Medium")
    seen.console.locator("a[href*='decisions/download?bucket=Medium']").wait_for()
    rows = seen.console.locator("table[data-sort] tbody tr")
    assert rows.count() > 5
    assert set(rows.locator(".badge").all_inner_texts()) == {"Medium"}
    seen.console.get_by_role("button", name="Product", exact=True).click()
    names = rows.locator("td:first-child").all_inner_texts()
    assert names == sorted(names, key=str.casefold, reverse=True)
    rows.first.get_by_role("link").click()
    seen.console.get_by_role("heading", name="What came true").wait_for()
    seen.picture("product")


def test_three_questions_are_answered(seen: Seen) -> None:
    """The sentence understood, the query, the table and the freshness; what is not understood is said to be so."""
    seen.go("Ask")
    for question in QUESTIONS:
        seen.console.get_by_label("Question").fill(question)
        seen.console.get_by_role("button", name="Ask").click()
        seen.console.locator(f"input[name=q][value='{question}']").wait_for()
        if question.startswith("Top"):
            assert "SELECT" in seen.console.locator("pre").inner_text()
            assert seen.console.locator("tbody tr").count() == int(question.split()[1])
            assert "gold.sales" in seen.console.get_by_role("region", name="How fresh").inner_text()
            seen.picture("answer")
        else:
            seen.console.get_by_role("heading", name="Not answered").wait_for()


def test_a_table_is_downloaded(seen: Seen, tmp_path: Path) -> None:
    """The button gives the page's rows as CSV, out of Airflow's frame."""
    seen.go("Sales")
    with seen.page.expect_download() as waiting:
        seen.console.get_by_role("link", name="Download CSV").click()
    kept = tmp_path / "sales.csv"
    waiting.value.save_as(kept)
    assert waiting.value.suggested_filename.startswith("demo_sales_week_")
    assert {row["department"] for row in csv.DictReader(kept.open())} >= {"Dairy", "Pets"}


def test_a_chart_is_read_by_the_keyboard(seen: Seen) -> None:
    """A focused chart tells its points one by one by the arrow keys, to the eye and to a screen reader."""
    from playwright.sync_api import expect

    seen.go("Sales")
    chart, tip = seen.console.locator("figure.chart"), seen.console.locator("#tip")
    chart.press("End")
    expect(tip).to_contain_text("Net revenue: $")
    last = tip.inner_text()
    chart.press("ArrowLeft")
    expect(tip).not_to_have_text(last, use_inner_text=True)
    expect(seen.console.locator("#spoken")).to_contain_text("Net revenue: $")


def test_a_run_is_let_go_by_without_its_tasks(seen: Seen) -> None:
    """What `make run` does with a scheduled run that would find no files: Airflow itself takes the states and the note."""
    client = AirflowClient(seen.address, "admin", PASSWORD)
    run = client.trigger("bootstrap", {"catalog": "demo"})
    client.skip("bootstrap", run, "no files")
    tasks = client.tasks("bootstrap", run)
    assert len(tasks) > 5 and {task["state"] for task in tasks} == {"skipped"}
    assert client._call("GET", f"/api/v2/dags/bootstrap/dagRuns/{run}")["note"] == "no files"


def test_a_replay_is_started_through_airflow(seen: Seen) -> None:
    """The form unpauses the DAG, as it says, and triggers it as the user: Airflow names the run and who started it."""
    client = AirflowClient(seen.address, "admin", PASSWORD)
    assert client._call("GET", "/api/v2/dags/replay_quarantine")["is_paused"]
    seen.go("Data")
    seen.console.get_by_role("link", name="Quarantine", exact=True).click()
    seen.console.get_by_text(
        "The DAG replay_quarantine is paused, so a run of it would wait; starting unpauses it."
    ).wait_for()
    seen.console.get_by_role("button", name="Replay").click()
    seen.console.get_by_text("Started: manual__").wait_for()
    assert not client._call("GET", "/api/v2/dags/replay_quarantine")["is_paused"]
    (run,) = client._call("GET", "/api/v2/dags/replay_quarantine/dagRuns")["dag_runs"]
    assert run["triggering_user_name"] == "admin" and run["conf"]["catalog"] == "demo"
    seen.console.get_by_role("link", name="See the run").click()
    seen.page.wait_for_url("**/dags/replay_quarantine/runs/**")
    seen.open_console()


def test_nothing_is_started_in_a_dag_that_was_paused_meanwhile(seen: Seen) -> None:
    """The page was opened while the DAG ran; somebody pauses it; the button says so and makes no run that never begins."""
    client = AirflowClient(seen.address, "admin", PASSWORD)
    client.unpause("model_rollback")
    seen.go("Models")
    client.pause("model_rollback")
    card = seen.console.get_by_role("region", name="Propensity")
    card.get_by_text("Roll propensity back …").click()
    assert card.get_by_label("Back to version").locator("option").all_inner_texts() == ["3", "1"]
    card.get_by_label("Reason").fill("tried")
    card.get_by_role("button", name="Roll back").click()
    card.get_by_text("Nothing was started: the DAG was paused since this page was opened.").wait_for()
    assert client._call("GET", "/api/v2/dags/model_rollback/dagRuns")["dag_runs"] == []


def test_a_new_catalog_is_started_from_its_first_steps(seen: Seen, home: Path) -> None:
    """Its first page is the list; the keyboard starts the next step for this catalog, and the list then says that it waits."""
    folder = home / "lake" / "complete_journey"
    make_summed(folder)
    try:
        seen.console.get_by_label("Catalog").select_option("complete_journey")
        seen.console.locator("a.brand[href*=complete_journey]").click()
        seen.console.get_by_role("heading", name="First steps", exact=True).wait_for()
        step = seen.console.get_by_role("listitem").filter(has_text="Train the first models")
        step.get_by_text("The DAG bootstrap is paused, so a run of it would wait; starting unpauses it.").wait_for()
        assert seen.console.locator("li[aria-current=step] h2").inner_text() == "Train the first models not yet"
        seen.picture("first-steps")
        step.get_by_role("button", name="Run bootstrap").focus()
        seen.page.keyboard.press("Enter")
        step.get_by_text("Started: manual__").wait_for()
        client = AirflowClient(seen.address, "admin", PASSWORD)
        runs = client._call("GET", "/api/v2/dags/bootstrap/dagRuns")["dag_runs"]
        (run,) = [run for run in runs if run["conf"]["catalog"] == "complete_journey"]
        assert run["triggering_user_name"] == "admin"
        seen.go("Decisions")
        seen.console.get_by_text("A run of bootstrap has been waiting since").wait_for()
        seen.console.get_by_role("link", name="Basketry").click()
        step.get_by_text("A run of bootstrap has been waiting since").wait_for()
        assert step.get_by_role("button").count() == 0
        seen.console.get_by_label("Catalog").select_option("demo")
        seen.console.get_by_text("in the catalog demo").wait_for()
    finally:
        shutil.rmtree(folder)


def test_it_is_dark_where_airflow_is(seen: Seen) -> None:
    """The pages follow Airflow's choice of light or dark while they are open."""
    page = seen.console.locator("html")
    assert page.get_attribute("data-theme") == "light"
    seen.page.evaluate("document.documentElement.classList.replace('light', 'dark')")
    seen.console.locator("html[data-theme=dark]").wait_for()
    seen.go("Segments")
    assert page.get_attribute("data-theme") == "dark"
    seen.picture("dark")
    seen.page.evaluate("document.documentElement.classList.replace('dark', 'light')")


def test_every_page_fits_a_telephone(seen: Seen) -> None:
    """At 400 pixels nothing makes the page itself scroll sideways."""
    narrow = seen.page.context.new_page()
    narrow.set_viewport_size({"width": 400, "height": 860})
    try:
        for path in (
            "today",
            "first-steps",
            "first-steps?catalog=sales_project",
            "sales",
            "decisions",
            "decisions/P0001",
            "segments",
            "propensity",
            "offers",
            "models",
            "data",
            "ask",
        ):
            narrow.goto(f"{seen.address}/basketry/{path}")
            wide = narrow.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], path
            if path == "sales":
                replace(seen, page=narrow).picture("narrow")
    finally:
        narrow.close()
