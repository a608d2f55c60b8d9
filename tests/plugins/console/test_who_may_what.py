"""docs/security.md says of every user what they may do in the console and by Airflow's API: asked of the real application."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.kit.console.visits import visit
from tests.plugins.console.conftest import USERS
from tests.plugins.console.test_access import DOWNLOADS, PAGES, VIEWS

pytestmark = pytest.mark.timeout(900)

Clients = Callable[[str | None], Any]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- who may what: begin -->\n", "<!-- who may what: end -->\n"
EVERYBODY = (None, *USERS)
QUESTION = "ask?q=Top+5+products+by+revenue"
CONSOLE = (*PAGES, *VIEWS, QUESTION, *DOWNLOADS, "audit", "audit/download", "static/console.css")
METHODS = ("get", "post", "put", "patch", "delete")
NOTHING_THERE = {400, 404, 409, 422}
BULK = {"actions": [{"action": "delete", "entities": ["no_such"], "action_on_non_existence": "skip"}]}
"""What calls for many things at once are asked; with an empty body they are refused for it before any right is looked at."""
LOOKS_FIRST = "looks first"


def word(status: int, text: str = "") -> str:
    """What an answer comes to: whether the request was let in, not whether there was something to find."""
    if status in (401, 403):
        return "–"
    return "told why not" if re.search(r"(?:[Nn]ot for your team|may not read)", text) else "yes"


def console_rows(client: Clients) -> Iterator[tuple[str, ...]]:
    """One row per page, view, form and download."""
    for path in CONSOLE:
        answers = [visit(client(user), path) for user in EVERYBODY]
        assert all(answer.status_code in (200, 401, 403) for answer in answers), path
        shown = f"`/basketry/{path.replace('|', '')}`".replace(f"{QUESTION.partition('?')[2]}", "…")
        yield shown, *(word(answer.status_code, answer.text) for answer in answers)


def api_calls(app: Any) -> Iterator[tuple[str, str, str]]:
    """Method, path and resource of every call of Airflow's public API."""
    for path, operations in app.openapi()["paths"].items():
        resource = re.sub(r"^/api/v2/|/?\{[^}]*\}", "", path)
        if path.startswith("/api/v2/"):
            for method in METHODS:
                if method in operations:
                    yield method.upper(), re.sub(r"\{[^}]*\}", "1", path), resource


def api_rows(client: Clients, app: Any) -> Iterator[tuple[str, ...]]:
    """One row per method and who is let in, with all calls that have these in common."""
    clients = [client(user) for user in EVERYBODY]
    resources: dict[tuple[str, ...], list[str]] = {}
    for method, path, resource in api_calls(app):
        body = None if method in ("GET", "DELETE") else BULK if method == "PATCH" and not path.endswith("/1") else {}
        nobody, *statuses = [each.request(method, path, json=body).status_code for each in clients]
        if method != "GET" and set(statuses) <= NOTHING_THERE:
            words = [word(nobody), *(LOOKS_FIRST for _ in statuses)]
        else:
            words = [word(status) for status in (nobody, *statuses)]
        resources.setdefault((method, *words), []).append(resource)
    for (method, *words), found in resources.items():
        names = sorted(set(found))
        yield f"{method} {', '.join(f'`/{name}`' for name in names)}", *words


def table(first: str, rows: Iterator[tuple[str, ...]]) -> str:
    """Rows as Markdown."""
    heads = (first, *("nobody" if user is None else f"{user} ({USERS[user].lower()})" for user in EVERYBODY))
    lines = [heads, ("---",) * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def written() -> str:
    """What the page says."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0]


def test_the_page_says_who_may_what(client: Clients, airflow_app: Any, forgotten: None, tmp_path: Path) -> None:
    """Every page, view and download of the console, and every call of the API, by every kind of user and by nobody."""
    made = f"{table('console', console_rows(client))}\n{table('API', api_rows(client, airflow_app))}"
    (tmp_path / "who_may_what.md").write_text(made)
    assert written() == made, f"put {tmp_path / 'who_may_what.md'} between the marks of docs/security.md"


def columns(text: str) -> Mapping[str, list[str]]:
    """The cells of a table by its column's user."""
    lines = [line.strip("| \n").split(" | ") for line in text.strip().splitlines()]
    heads = [head.split(" ")[0] for head in lines[0]]
    return {head: [line[index] for line in lines[2:]] for index, head in enumerate(heads)}


def test_what_it_says_is_what_was_meant() -> None:
    """Nobody without a log-in; a stranger nothing of the console; the record of use for an auditor; changes for no viewer."""
    console, api = (columns(part) for part in written().split("\n\n"))
    assert len(console["console"]) == len(CONSOLE) and len(api["API"]) >= 5
    assert set(console["nobody"]) == {"–"}
    assert set(console["stranger"]) == {"–", "yes"}
    assert [row for row, cell in zip(console["console"], console["stranger"], strict=True) if cell == "yes"] == [
        "`/basketry/static/console.css`"
    ]
    for row, *cells in zip(console["console"], *(console[user] for user in USERS), strict=True):
        if "/audit" in row:
            assert {user for user, cell in zip(USERS, cells, strict=True) if cell != "–"} == {"auditor"}, row
    for row, nobody, viewer in zip(api["API"], api["nobody"], api["sales"], strict=True):
        assert nobody == "–" or row.startswith("GET"), row
        assert viewer in ("–", LOOKS_FIRST) or row.startswith("GET") or "/list" in row, row
