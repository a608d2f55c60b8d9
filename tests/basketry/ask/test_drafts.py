"""Genie and a model only draft: their query passes the same guard, for the same team, or is refused."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient

from basketry.ask import Answer, answer, drafter
from basketry.ask.answering import cached_metrics
from basketry.ask.drafts import ChatModel, GenieSpace, prompt
from basketry.ask.vocabulary import lexicon_of, newest_data_day
from basketry.config.settings import CHECKOUT, Settings
from basketry.errors import BadInputError
from basketry.warehouse import NotYetError, Warehouse, open_warehouse
from tests.databricks_emulator.emulator import DatabricksEmulator

QUESTION = "Tell me something clever about brands"
GOOD = "SELECT brand, SUM(net_revenue) AS net_revenue FROM gold.sales_year GROUP BY brand ORDER BY net_revenue DESC"
VIEWED = (
    "SELECT `brand`, MEASURE(`net_revenue`) AS net_revenue FROM `demo`.`gold`.`metrics_sales_year`"
    " GROUP BY `brand` ORDER BY net_revenue DESC"
)
"""The same, as Genie asks a metric view."""

BAD = {
    "another team's table": "SELECT action FROM gold.product_decisions",
    "personal data": "SELECT email FROM silver.customers",
    "a file": "SELECT * FROM read_files('/etc/passwd')",
    "two statements": "SELECT 1; DROP TABLE gold.sales_day",
    "a change": "DELETE FROM gold.sales_day",
    "an unknown column": "SELECT profit FROM gold.sales_day",
    "no SQL": "I am sorry, I cannot do that.",
}


class Endpoint(HTTPServer):
    """Speaks chat completions. content: what the model says; status: of every answer; asked: the bodies it got."""

    content: Any = ""
    status = 200

    def __init__(self) -> None:
        """Take a free port."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        """Answer one question."""
        assert self.path == "/v1/chat/completions"
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.keys.append(self.headers["Authorization"])
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": self.server.content}}]}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A running endpoint."""
    server = Endpoint()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def model(endpoint: Endpoint) -> ChatModel:
    """The settings' way to it."""
    settings = {"BASKETRY_MODEL_URL": f"http://127.0.0.1:{endpoint.server_port}/v1/", "BASKETRY_MODEL_NAME": "small"}
    found = drafter({**settings, "BASKETRY_MODEL_KEY": "k"})
    assert isinstance(found, ChatModel)
    return found


def asked(shop: Warehouse, endpoint: Endpoint, team: str = "sales", question: str = QUESTION) -> Answer:
    """The question, with the model to fall back on."""
    return answer(question, team=team, warehouse=shop, drafter=model(endpoint))


def test_a_model_drafts_what_the_grammar_does_not_understand(shop: Warehouse, endpoint: Endpoint) -> None:
    """The answer shows the query and says who wrote it; the model is told the team's tables only."""
    endpoint.content = f"Here it is:\n```sql\n{GOOD};\n```"
    drafted = asked(shop, endpoint)
    assert drafted.answered, drafted.refusal
    assert (drafted.source, drafted.sql) == ("model", GOOD)
    assert [(one.name, one.unit) for one in drafted.columns] == [("brand", "text"), ("net_revenue", "money")]
    assert len(drafted.rows) == 3
    assert "drafted by model" in drafted.understood
    prompt_text = endpoint.asked[0]["messages"][0]["content"]
    assert "gold.sales_year(" in prompt_text
    assert "product_decisions" not in prompt_text
    assert endpoint.keys == ["Bearer k"]


def test_what_the_grammar_understands_is_not_drafted(shop: Warehouse, endpoint: Endpoint) -> None:
    """Nor is what nobody answers: personal data."""
    assert asked(shop, endpoint, question="revenue last month").source == "grammar"
    assert not asked(shop, endpoint, question="email of customers").answered
    assert endpoint.asked == []


@pytest.mark.parametrize("sql", BAD.values(), ids=list(BAD))
def test_a_bad_draft_is_refused(shop: Warehouse, endpoint: Endpoint, sql: str) -> None:
    """By the same guard as everything else."""
    endpoint.content = sql
    found = asked(shop, endpoint)
    assert not found.answered
    assert not found.rows


def test_a_draft_over_personal_data_is_refused_even_to_who_may_see_it(shop: Warehouse, endpoint: Endpoint) -> None:
    """Questions never show it: that is what the pages of marketing are for."""
    endpoint.content = "SELECT email FROM gold.marketing_audience"
    found = asked(shop, endpoint, team="marketing")
    assert "personal data" in str(found.refusal)


@pytest.mark.parametrize(("status", "content"), [(500, GOOD), (401, GOOD), (200, "NONE"), (200, ""), (200, None)])
def test_a_model_without_an_answer(shop: Warehouse, endpoint: Endpoint, status: int, content: str | None) -> None:
    """One sentence, not a stack trace."""
    endpoint.status, endpoint.content = status, content
    assert "the model" in str(asked(shop, endpoint).refusal) or "SQL" in str(asked(shop, endpoint).refusal)


def test_settings_of_a_model() -> None:
    """None without a URL; a URL without a name, or that is none, says what to set."""
    assert drafter({}) is None
    for settings in ({"BASKETRY_MODEL_URL": "http://x"}, {"BASKETRY_MODEL_URL": "x", "BASKETRY_MODEL_NAME": "m"}):
        with pytest.raises(BadInputError, match="set both, or neither"):
            drafter(settings)


def test_the_prompt_names_no_table_with_personal_data(shop: Warehouse) -> None:
    """A model outside the house is not even told that it exists."""
    cubes = tuple(lexicon_of(cached_metrics(CHECKOUT / "include"), shop, "on_call").cubes.values())
    day = newest_data_day(cubes[0], shop, "on_call")
    assert day is not None
    assert "silver.customers" not in prompt(cubes, day)


@pytest.fixture(scope="module")
def workspace(shop_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabricksEmulator]:
    """A workspace whose Unity Catalog holds the shop."""
    home = tmp_path_factory.mktemp("databricks")
    shutil.copytree(shop_home / "lake", home / "lake")
    with DatabricksEmulator(CHECKOUT / "spark_jobs", home) as emulator:
        yield emulator


def client(workspace: DatabricksEmulator) -> WorkspaceClient:
    """The SDK's own client."""
    return WorkspaceClient(host=workspace.url, token=workspace.token, auth_type="pat")


@pytest.fixture(scope="module")
def remote(workspace: DatabricksEmulator) -> Warehouse:
    """The same shop through a SQL warehouse."""
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks"})
    return open_warehouse("demo", settings, lambda: client(workspace), workspace.warehouse_id)


@pytest.mark.parametrize(
    ("question", "team"),
    [
        ("Top 5 products by predicted revenue", "data_science"),
        ("revenue by category last month vs last year", "sales"),
        ("customers by month in 2025", "sales"),
    ],
)
def test_a_sql_warehouse_gives_the_same_answer(shop: Warehouse, remote: Warehouse, question: str, team: str) -> None:
    """The same query, the same rows with the same types, the same versions."""
    here, there = (answer(question, team=team, warehouse=reader) for reader in (shop, remote))
    assert there.answered, there.refusal
    assert (there.sql, there.understood, there.columns) == (here.sql, here.understood, here.columns)
    assert [tuple(map(str, row)) for row in there.rows] == [tuple(map(str, row)) for row in here.rows]
    assert [(state.name, state.version) for state in there.read] == [(state.name, state.version) for state in here.read]


def test_a_table_that_the_workspace_lacks(remote: Warehouse) -> None:
    """The error says what to do."""
    with pytest.raises(NotYetError, match="run the job that fills it"):
        remote.query("SELECT model FROM ops.promotions", team="on_call")


def test_genie_drafts_and_the_guard_decides(workspace: DatabricksEmulator, remote: Warehouse) -> None:
    """Its query is run as any other; what the team may not read is refused, and words alone are no answer."""
    genie = GenieSpace(lambda: client(workspace), workspace.conversations.space_id)
    workspace.conversations.answers = {
        "Which brands matter to us?": f"{GOOD}",
        "Which brands sell?": VIEWED,
        "What do we do?": "SELECT action, MEASURE(expected_worth) FROM gold.metrics_decisions GROUP BY action",
        "Whom do we call?": BAD["personal data"],
        "Why?": None,
    }
    viewed = answer("Which brands sell?", team="sales", warehouse=remote, drafter=genie)
    assert viewed.sql and "MEASURE" not in viewed.sql, viewed.refusal
    assert not answer(
        "What do we do?", team="sales", warehouse=remote, drafter=genie
    ).answered  # of no cube of the team
    found = answer("Which brands matter to us?", team="sales", warehouse=remote, drafter=genie)
    assert (found.source, len(found.rows)) == ("genie", 3), found.refusal
    assert viewed.rows == found.rows
    for question, why in (("Why?", "without a query"), ("Who are you?", "did not answer")):
        assert why in str(answer(question, team="sales", warehouse=remote, drafter=genie).refusal)
    assert not answer("Whom do we call?", team="sales", warehouse=remote, drafter=genie).answered
