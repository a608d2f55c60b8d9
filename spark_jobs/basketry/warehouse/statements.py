"""Statements for the SQL warehouse of a Databricks workspace, through the statement execution API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from basketry.errors import BadInputError
from basketry.warehouse.model import NotYetError, Rows, SlowQueryError, UnavailableError, WarehouseError

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.service.sql import StatementParameterListItem, StatementResponse

POLL_SECONDS = 0.5

CONFLICTS = ("DELTA_CONCURRENT_", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED")
"""What the refusal of a commit holds that met another one: carried out again, it may succeed."""

_TYPES = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    Decimal: "DECIMAL(38,10)",
    date: "DATE",
    datetime: "TIMESTAMP",
}
_READERS: dict[str, Callable[[str], Any]] = {
    "BOOLEAN": lambda text: text == "true",
    "BYTE": int,
    "SHORT": int,
    "INT": int,
    "LONG": int,
    "FLOAT": float,
    "DOUBLE": float,
    "DECIMAL": Decimal,
    "DATE": date.fromisoformat,
    "TIMESTAMP": lambda text: datetime.fromisoformat(text).astimezone(UTC),
    "ARRAY": json.loads,
    "MAP": json.loads,
    "STRUCT": json.loads,
}
"""How the text of a value is read, by the type that the manifest names; every other type stays text."""


class StatementConflictError(WarehouseError):
    """Of two statements that wrote the same table at once, the other won."""


class Statements:
    """Runs statements on one SQL warehouse; they name every table in full."""

    def __init__(self, catalog: str, client: Callable[[], WorkspaceClient] | None, warehouse_id: str | None) -> None:
        """Connect nothing yet.

        Args:
            catalog: The catalog whose tables are asked, for messages.
            client: Makes the workspace's client; the SDK's own settings are used without one.
            warehouse_id: The id of the SQL warehouse.
        """
        if not warehouse_id:
            raise BadInputError("BASKETRY_WAREHOUSE_ID is not set: give the id of the SQL warehouse that answers.")
        self.catalog = catalog
        self._warehouse_id = warehouse_id
        self._make_client = client
        self._client: WorkspaceClient | None = None

    @property
    def client(self) -> WorkspaceClient:
        """The workspace's client."""
        if self._client is None:
            if self._make_client is None:
                from databricks.sdk import WorkspaceClient

                self._make_client = WorkspaceClient
            self._client = self._make_client()
        return self._client

    def run(self, sql: str, parameters: dict[str, Any], seconds: float) -> Rows:
        """Run a statement to its end and return its rows.

        Args:
            sql: The statement.
            parameters: The value of each `:name`.
            seconds: How long it may take; then it is cancelled.

        Raises:
            NotYetError: A table is not there yet.
            WarehouseError: Any other failure, in words of ours.
        """
        with _plain_errors():
            return self._execute(sql, parameters, seconds)

    def _execute(self, sql: str, parameters: dict[str, Any], seconds: float) -> Rows:
        answer = self._await(sql, parameters, seconds)
        state = answer.status.state.value if answer.status and answer.status.state else "FAILED"
        if state == "CANCELED":
            raise SlowQueryError(f"the query took longer than {seconds:g} seconds: ask for less at once.")
        if state != "SUCCEEDED":
            self._refuse(answer)
        columns = (answer.manifest.schema.columns if answer.manifest and answer.manifest.schema else None) or []
        readers = [_READERS.get(column.type_name.value if column.type_name else "", str) for column in columns]
        rows = tuple(
            tuple(None if text is None else read(text) for read, text in zip(readers, row, strict=True))
            for row in self._texts(answer)
        )
        return Rows(tuple(str(column.name) for column in columns), rows, ())

    def _await(self, sql: str, parameters: dict[str, Any], seconds: float) -> StatementResponse:
        """Return the statement's end; it is cancelled when it takes too long."""
        api = self.client.statement_execution
        answer = api.execute_statement(
            statement=sql,
            warehouse_id=self._warehouse_id,
            parameters=[_parameter(name, value) for name, value in parameters.items()] or None,
            wait_timeout="5s",
        )
        deadline = time.monotonic() + seconds
        while answer.status and answer.status.state and answer.status.state.value in ("PENDING", "RUNNING"):
            if time.monotonic() > deadline:
                api.cancel_execution(str(answer.statement_id))
                if answer.status.state.value == "PENDING":
                    raise UnavailableError("the SQL warehouse is still starting: try again in a minute.")
                raise SlowQueryError(f"the query took longer than {seconds:g} seconds: ask for less at once.")
            time.sleep(POLL_SECONDS)
            answer = api.get_statement(str(answer.statement_id))
        return answer

    def _texts(self, answer: StatementResponse) -> Iterator[list[str | None]]:
        part = answer.result
        while part is not None:
            yield from part.data_array or []
            following = part.next_chunk_index
            api = self.client.statement_execution
            part = api.get_statement_result_chunk_n(str(answer.statement_id), following) if following else None

    def _refuse(self, answer: StatementResponse) -> None:
        error = answer.status.error if answer.status else None
        message = str(error.message) if error else ""
        if any(sign in message for sign in CONFLICTS):
            raise StatementConflictError("another statement wrote the same table at the same time.")
        if "TABLE_OR_VIEW_NOT_FOUND" in message:
            raise NotYetError(f"a table of catalog {self.catalog} does not exist yet: run the job that fills it.")
        # The class alone: the rest of the warehouse's words may quote a value of a row.
        kind = message.partition("]")[0].lstrip("[") if message.startswith("[") else "no reason given"
        raise WarehouseError(f"the SQL warehouse cannot answer the query ({kind}).")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say refusals of the workspace in words of ours: its own may name what the reader need not know."""
    from databricks.sdk.errors import DatabricksError, PermissionDenied, TooManyRequests, Unauthenticated
    from databricks.sdk.errors.platform import BadRequest, NotFound

    try:
        yield
    except (DatabricksError, TimeoutError, ConnectionError) as error:
        cause = error.__cause__ or error  # a client that has lost its patience says with what
        if isinstance(cause, Unauthenticated) or "Invalid access token" in str(cause):
            raise UnavailableError("Databricks refuses the login: renew the connection's token.") from None
        if isinstance(cause, PermissionDenied):
            message = "the login may not use the SQL warehouse: make deploy-check names the missing permission."
        elif isinstance(cause, TooManyRequests):
            message = "the SQL warehouse has too many requests: try again in a minute."
        elif isinstance(cause, BadRequest | NotFound):
            message = "the SQL warehouse of BASKETRY_WAREHOUSE_ID cannot be asked: make deploy-check tells why."
        else:
            message = "the workspace does not answer: try again in a minute."
        raise UnavailableError(message) from None


def _parameter(name: str, value: Any) -> StatementParameterListItem:
    from databricks.sdk.service.sql import StatementParameterListItem

    text = value.isoformat() if isinstance(value, date) else None if value is None else str(value)
    return StatementParameterListItem(name=name, value=text, type=_TYPES.get(type(value), "STRING"))
