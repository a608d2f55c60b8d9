"""Drafts of queries for questions that the grammar does not understand: by a Genie space, or by a model behind a URL.

A draft is only text: it is run by the warehouse like every other query, so it passes the same guard, for the team that
asks; and, as in every answer, a table with personal data is not read for it. Without a space or a URL nothing is drafted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sqlglot.errors import SqlglotError

from basketry.errors import BadInputError
from basketry.metrics.genie import instructions
from basketry.metrics.metric_views import views_of
from basketry.metrics.model import Cube
from basketry.metrics.plain_sql import as_plain_sql
from basketry.tables import TABLES
from basketry.warehouse.model import WarehouseError

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

SECONDS = 60.0
GENIE, MODEL = "genie", "model"
_FENCED = re.compile(r"```(?:sql)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)


class Drafter(Protocol):
    """Writes a query for a question."""

    @property
    def source(self) -> str:
        """What an answer says about who wrote the query."""
        ...

    def draft(self, question: str, cubes: tuple[Cube, ...], today: date) -> str:
        """Return Databricks SQL over the cubes' tables; WarehouseError with one sentence when there is none."""
        ...


@dataclass(frozen=True)
class GenieSpace:
    """A Genie space of the workspace, which the bundle deploys. It asks metric views, which the guard reads as their tables."""

    client: Callable[[], WorkspaceClient]
    space_id: str
    source: str = GENIE

    def draft(self, question: str, cubes: tuple[Cube, ...], today: date) -> str:
        """Return the query that Genie attaches to its answer. It knows the tables by its own space."""
        from databricks.sdk.errors import DatabricksError, OperationFailed

        try:
            message = self.client().genie.start_conversation_and_wait(
                self.space_id, question, timeout=timedelta(seconds=SECONDS)
            )
        except (DatabricksError, OperationFailed, TimeoutError) as error:
            raise WarehouseError(f"Genie did not answer ({type(error).__name__}).") from None
        for attachment in message.attachments or []:
            if attachment.query and attachment.query.query:
                return _over_tables(str(attachment.query.query), cubes)
        raise WarehouseError("Genie answered without a query: ask in other words.")


def _over_tables(sql: str, cubes: tuple[Cube, ...]) -> str:
    """Return Genie's query as the guard reads it; what cannot be read, or is of no cube of the team, the guard refuses."""
    try:
        return as_plain_sql(sql, [view for cube in cubes for view in views_of(cube)])
    except (SqlglotError, LookupError):
        return sql


@dataclass(frozen=True)
class ChatModel:
    """Any endpoint that speaks OpenAI's chat completions.

    Attributes:
        url: Its base, before /chat/completions.
        model: The model's name there.
        key: The API key, '' for none.
        source: What an answer says about who wrote the query.
    """

    url: str
    model: str
    key: str = ""
    source: str = MODEL

    def draft(self, question: str, cubes: tuple[Cube, ...], today: date) -> str:
        """Return the query in the model's answer."""
        import httpx

        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [{"role": "system", "content": prompt(cubes, today)}, {"role": "user", "content": question}],
        }
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        try:
            answer = httpx.post(f"{self.url.rstrip('/')}/chat/completions", json=body, headers=headers, timeout=SECONDS)
            answer.raise_for_status()
            return _sql_in(answer.json()["choices"][0]["message"]["content"])
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise WarehouseError(f"the model did not answer ({type(error).__name__}).") from None


def drafter(environment: Mapping[str, str], client: Callable[[], WorkspaceClient] | None = None) -> Drafter | None:
    """Return the drafter that the settings name, None without one.

    Args:
        environment: BASKETRY_GENIE_SPACE_ID, or BASKETRY_MODEL_URL with BASKETRY_MODEL_NAME (and _KEY).
        client: Makes the workspace's client, for a Genie space.
    """
    space, url = environment.get("BASKETRY_GENIE_SPACE_ID"), environment.get("BASKETRY_MODEL_URL")
    if space and client is not None:
        return GenieSpace(client, space)
    if not url:
        return None
    name = environment.get("BASKETRY_MODEL_NAME")
    if not name or not url.startswith(("http://", "https://")):
        raise BadInputError(
            "BASKETRY_MODEL_URL needs http(s)://… and BASKETRY_MODEL_NAME beside it: set both, or neither."
        )
    return ChatModel(url, name, environment.get("BASKETRY_MODEL_KEY", ""))


def prompt(cubes: tuple[Cube, ...], today: date) -> str:
    """Return the instructions for a model: the measures and tables that the team may ask about, and the last day."""
    used = {name for cube in cubes for name in cube.tables}
    lines = [
        "You write one SELECT statement in Databricks SQL that answers the user's question, and nothing else.\n",
        f"The last day in the data is {today}; never use functions of the clock. Name tables as schema.table.\n",
        "If the tables cannot answer the question, write only: NONE\n",
        *instructions(cubes),
    ]
    for table in TABLES:
        if table.full_name in used and not table.pii_columns:
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            lines.append(f"{table.full_name}({columns}): one row is {table.meaning}\n")
    return "".join(lines)


def _sql_in(content: Any) -> str:
    fenced = _FENCED.search(str(content))
    sql = (fenced[1] if fenced else str(content)).strip().rstrip(";").strip()
    if not sql or sql.upper() == "NONE":
        raise WarehouseError("the model knows no query for this question: ask in other words.")
    return sql
