"""Who may see what: nothing without a log-in, only the team's tables, personal data for nobody without the right."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from basketry.tables import TABLES
from basketry_airflow.console.page import Page
from basketry_airflow.console.pages import all_pages
from tests.kit.console.people import PERSON
from tests.kit.console.shop import HOSTILE
from tests.kit.console.visits import visit

CHECKOUT = Path(__file__).resolve().parents[3]
INCLUDE = CHECKOUT / "include"
Clients = Callable[[str | None], Any]

PAGES = ("", *(page.path for page in all_pages() if page.in_menu), "first-steps", "decisions/P0001")
VIEWS = tuple(f"data?view={view}" for view in ("quarantine", "contracts", "tables", "lineage"))
DOWNLOADS = (
    "sales/download",
    "decisions/download",
    "segments/download?segment=Loyal",
    "propensity/download?category=Milk&best=20",
    "data/download?view=files",
    "data/download?view=quarantine",
    "ask/download?q=Top+5+products+by+revenue",
)


def routes() -> list[tuple[str, str]]:
    """Method and path of every route, with something in the place of each parameter."""
    from basketry_airflow.console.app import ROUTERS

    found = [(method, route.path) for router in ROUTERS for route in router.routes for method in sorted(route.methods)]
    return [(method, re.sub(r"\{\w+\}", "x", path)) for method, path in found]


def test_every_route_wants_a_user(client: Clients) -> None:
    """401 on every route of the router, whatever its method, without a log-in; 403 with a token that is none."""
    assert len(routes()) >= 17
    nobody, liar = client(None), client(None)
    liar.cookies.set("_token", "garbage")
    for method, path in routes():
        assert nobody.request(method, f"/basketry{path}").status_code == 401, path
        assert liar.request(method, f"/basketry{path}").status_code == 403, path
    assert nobody.get("/basketry/no/such/page").status_code in (401, 404)
    assert nobody.get("/basketry/openapi.json").status_code == 404


def test_nothing_is_mounted_beside_the_routes(airflow_app: Any) -> None:
    """The console has no route but those of its routers: none could lack the log-in."""
    from basketry_airflow.console.app import make_app

    listed = {(method, route.path) for route in make_app().routes for method in getattr(route, "methods", ["MOUNT"])}
    assert len(listed) == len(routes())


@pytest.mark.parametrize("page", [*PAGES, *VIEWS])
def test_every_page_opens_with_strict_headers(client: Clients, page: str, forgotten: None) -> None:
    """Each page for the team that reads all: no script or style within it, nothing from elsewhere, no shared cache."""
    answer = client("admin").get(f"/basketry/{page}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]
    assert not re.search(
        r"<script>|<script (?!src)|<style| style=| on\w+=|javascript:|(?:src|href|action)=\"https?:", answer.text
    )


def test_a_user_in_no_team_sees_nothing(client: Clients) -> None:
    """Airflow's log-in alone opens no page: the grants file must put the user into a team."""
    stranger = client("stranger")
    for path in (*PAGES, *VIEWS, *DOWNLOADS):
        answer = visit(stranger, path)
        assert answer.status_code == 403, path
        assert "is in no team" in answer.text and "P0001" not in answer.text


def test_a_team_sees_its_tables_only(client: Clients, forgotten: None) -> None:
    """Sales sees sales; of the rest only that it is not for them, on pages as in downloads."""
    sales = client("sales")
    assert "Net revenue" in sales.get("/basketry/sales").text
    for page in ("decisions", "segments", "propensity", "models", "data"):
        assert "may not read" in sales.get(f"/basketry/{page}").text, page
    for path in DOWNLOADS[1:6]:
        assert sales.get(f"/basketry/{path}").status_code == 403, path
    assert sales.get("/basketry/sales/download").status_code == 200


@pytest.mark.parametrize("user", ["admin", "data_science", "marketing", "sales"])
@pytest.mark.parametrize(
    "page", [page for page in all_pages() if page.tables and page.in_menu], ids=lambda page: page.path
)
def test_a_page_is_for_who_may_read_its_tables(client: Clients, page: Page, user: str, forgotten: None) -> None:
    """Whoever may not read one of the declared tables of a page is told so; nobody else is."""
    from basketry.access import load_grants

    grants = load_grants("demo", INCLUDE)
    team = grants.team_of(user)
    may_read = all(team.may_read(grants.tables[name]) for name in page.tables)
    assert (f"{page.title}: not for your team" in client(user).get(f"/basketry/{page.path}").text) != may_read


def test_every_page_is_declared(airflow_app: Any) -> None:
    """Its tables are declared ones, and DAGs that are there fill them; each place in the menu is one page's."""
    pages = all_pages()
    assert len({page.position for page in pages}) == len(pages) >= 10
    dags = {path.stem for path in (CHECKOUT / "dags").glob("*.py")}
    for page in pages:
        assert set(page.tables) <= {table.full_name for table in TABLES}
        assert set(page.fillers) <= dags and (page.fillers or not page.tables)


@pytest.mark.parametrize("user", ["admin", "data_science", "sales"])
def test_personal_data_is_nowhere_for_who_may_not(
    client: Clients, user: str, forgotten: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Not on a page, not in a download, not in an error, not in the log."""
    with caplog.at_level(logging.DEBUG):
        for path in (
            *PAGES,
            *VIEWS,
            *DOWNLOADS,
            "segments/download?segment=x'y",
            "propensity/download?category=M&best=0",
        ):
            text = visit(client(user), path).text
            for personal in PERSON:
                assert personal not in text, path
    assert not any(personal in caplog.text for personal in PERSON)


def test_personal_data_is_there_for_who_may(client: Clients, forgotten: None) -> None:
    """Marketing reads contact data in clear: its lists have it, everybody else's have the same rows without it."""
    name, email, phone = PERSON
    theirs = list(
        csv.DictReader(io.StringIO(client("marketing").get("/basketry/segments/download?segment=Loyal").text))
    )
    others = list(csv.DictReader(io.StringIO(client("admin").get("/basketry/segments/download?segment=Loyal").text)))
    assert (theirs[0]["name"], theirs[0]["email"], theirs[0]["phone"].lstrip("'")) == (name, email, phone)
    assert "email" not in others[0]
    assert [row["customer_id"] for row in theirs] == [row["customer_id"] for row in others]


def test_a_hostile_name_is_only_text(client: Clients, forgotten: None) -> None:
    """A product named like a script is shown letter by letter, wherever it stands."""
    admin = client("admin")
    for path in (
        "decisions",
        "decisions/P0042",
        "sales?department=Pets&category=Dog+Food",
        "sales?department=Pets&category=Dog+Food&product=P0042",
    ):
        text = admin.get(f"/basketry/{path}").text
        assert HOSTILE not in text, path
        assert "&lt;script&gt;" in text, path


@pytest.mark.parametrize(
    "value", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' OR 1=1 --", "\x00", "é" * 500]
)
@pytest.mark.parametrize(
    "path",
    [
        "sales?department=",
        "sales?period=",
        "decisions?text=",
        "decisions/",
        "data?feed=",
        "ask?q=",
        "?catalog=",
        "propensity?category=",
        "segments?view=",
    ],
)
def test_hostile_parameters_do_nothing(client: Clients, path: str, value: str, forgotten: None) -> None:
    """What a link carries is a value, never part of a page or of a query."""
    from urllib.parse import quote

    answer = visit(client("admin"), f"{path}{quote(value)}")
    assert answer.status_code < 500
    assert "<script>alert" not in answer.text and "<img" not in answer.text


def test_an_unexpected_error_tells_nothing(
    client: Clients, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text may hold a row's values: neither the answer nor the log repeats it, and the headers stay strict."""
    from basketry_airflow.console.pages import sales

    def broken(*given: object) -> None:
        raise ValueError(f"no such value: {PERSON[1]}")

    monkeypatch.setattr(sales, "sales", broken)
    answer = client("admin").get("/basketry/sales")
    assert answer.status_code == 500
    assert PERSON[1] not in answer.text and "content-security-policy" in answer.headers
    assert "ValueError" in caplog.text and PERSON[1] not in caplog.text


def test_a_download_is_harmless_in_a_spreadsheet(client: Clients, forgotten: None) -> None:
    """A name that begins like a formula is text; numbers stay numbers."""
    text = client("admin").get("/basketry/decisions/download").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["product"] for row in rows if "HYPERLINK" in row["product"]] == ['\'=HYPERLINK("http://x.example")']
    assert all(float(row["predicted_revenue"]) > 0 for row in rows)


def test_who_may_not_start_a_dag_gets_no_form(client: Clients) -> None:
    """Rolling back and replaying are Airflow's to allow: its API refuses a viewer, so the page offers nothing."""
    assert "data-trigger" in client("admin").get("/basketry/models").text
    assert "data-trigger" not in client("sales").get("/basketry/data?view=quarantine").text
    refused = client("sales").post("/api/v2/dags/model_rollback/dagRuns", json={"conf": {}, "logical_date": None})
    assert refused.status_code == 403
