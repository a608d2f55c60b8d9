"""The SQL Statement Execution API: INLINE results as JSON_ARRAY, in chunks, synchronous or polled."""

from __future__ import annotations

import inspect
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as WaitTimeoutError
from typing import Annotated, Any

import pyarrow as pa
from databricks.sdk.service.sql import StatementExecutionAPI
from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.sql_engine import Lake, Statement, StatementError, as_text, column_info

Document = dict[str, Any]
ROWS_PER_CHUNK = 1000
DEFAULT_WAIT_SECONDS = 10
KNOWN_FIELDS = frozenset(inspect.signature(StatementExecutionAPI.execute_statement).parameters) - {"self"}


class Execution:
    """A statement on its way, and its result once it has one."""

    def __init__(self, statement_id: str, future: Future[pa.Table], row_limit: int | None, up: threading.Event) -> None:
        """row_limit: most rows of the result; the manifest says when it cut some off. up: set while the warehouse runs."""
        self.up = up
        self.statement_id = statement_id
        self.future = future
        self.row_limit = row_limit
        self.canceled = False

    def as_dict(self) -> Document:
        """A `StatementResponse`."""
        body: Document = {"statement_id": self.statement_id, "status": {"state": self._state()}}
        error = self.future.exception() if self.future.done() and not self.canceled else None
        if error is not None:
            body["status"] |= _failure(error)
        elif body["status"]["state"] == "SUCCEEDED":
            body |= {"manifest": self._manifest(), "result": self.chunk(0)}
        return body

    def _state(self) -> str:
        if self.canceled:
            return "CANCELED"
        if not self.future.done():
            return "RUNNING" if self.up.is_set() else "PENDING"
        return "FAILED" if self.future.exception() else "SUCCEEDED"

    def _rows(self) -> pa.Table:
        table = self.future.result()
        return table.slice(0, self.row_limit) if self.row_limit else table

    def _manifest(self) -> Document:
        rows = self._rows()
        columns = [column_info(field, position) for position, field in enumerate(rows.schema)]
        sizes = [min(ROWS_PER_CHUNK, rows.num_rows - start) for start in range(0, rows.num_rows, ROWS_PER_CHUNK)]
        return {
            "format": "JSON_ARRAY",
            "schema": {"column_count": len(columns), "columns": columns},
            "total_row_count": rows.num_rows,
            "total_chunk_count": len(sizes),
            "chunks": [
                {"chunk_index": index, "row_offset": index * ROWS_PER_CHUNK, "row_count": size}
                for index, size in enumerate(sizes)
            ],
            "truncated": rows.num_rows < self.future.result().num_rows,
        }

    def chunk(self, index: int) -> Document:
        """A `ResultData`; a result without rows has no data_array, as on Databricks."""
        total, start = self._rows().num_rows, index * ROWS_PER_CHUNK
        if index < 0 or (start >= total and index > 0):
            raise ApiError(404, "NOT_FOUND", f"Statement {self.statement_id} has no chunk {index}.")
        part = self._rows().slice(start, ROWS_PER_CHUNK)
        columns = [column.to_pylist(maps_as_pydicts="lossy") for column in part.columns]
        rows = [[as_text(value) for value in row] for row in zip(*columns, strict=True)]
        body: Document = {"chunk_index": index, "row_offset": start, "row_count": len(rows)}
        if rows:
            body["data_array"] = rows
        if start + len(rows) < total:
            link = f"/api/2.0/sql/statements/{self.statement_id}/result/chunks/{index + 1}"
            body |= {"next_chunk_index": index + 1, "next_chunk_internal_link": link}
        return body


def _failure(error: BaseException) -> Document:
    if isinstance(error, StatementError):
        return {"error": {"error_code": error.code, "message": error.message}, "sql_state": error.sql_state}
    if isinstance(error, ApiError):
        return {"error": {"error_code": "BAD_REQUEST", "message": error.message}, "sql_state": "42000"}
    return {"error": {"error_code": "INTERNAL_ERROR", "message": f"The emulator failed: {error!r}"}}


class StatementsService:
    """What the statements API does, apart from HTTP."""

    def __init__(self, lake: Lake, warehouse_id: str, govern: Callable[[str], bool] = lambda sql: False) -> None:
        """warehouse_id: the only warehouse there is. govern: carries out statements about masks, False for others."""
        self.lake = lake
        self._govern = govern
        self.warehouse_id = warehouse_id
        self.up = threading.Event()
        """Cleared by a test while the warehouse starts: statements wait, PENDING."""
        self.up.set()
        self._executions: dict[str, Execution] = {}
        self._workers = ThreadPoolExecutor(4, thread_name_prefix="statement")

    def execute(self, body: Document) -> Document:
        """Start a statement and wait as long as asked for; ApiError 400 when it cannot be accepted at all."""
        self._check(body)
        statement = Statement(
            body["statement"], _parameters(body), str(body.get("catalog") or ""), str(body.get("schema") or "")
        )
        seconds = _wait_seconds(body.get("wait_timeout"))
        future = self._workers.submit(self._run, statement)
        execution = Execution(str(uuid.uuid4()), future, body.get("row_limit"), self.up)
        self._executions[execution.statement_id] = execution
        if not seconds:
            return {"statement_id": execution.statement_id, "status": {"state": "PENDING"}}
        try:
            future.exception(seconds)
        except WaitTimeoutError:
            execution.canceled = body.get("on_wait_timeout") == "CANCEL"
        return execution.as_dict()

    def _run(self, statement: Statement) -> pa.Table:
        self.up.wait()
        return pa.table({}) if self._govern(statement.sql) else self.lake.execute(statement)

    def _check(self, body: Document) -> None:
        unknown = sorted(set(body) - KNOWN_FIELDS)
        if unknown:
            raise invalid(f"sql/statements has no field '{unknown[0]}' (the service would ignore it).")
        if not body.get("statement"):
            raise invalid("sql/statements needs a 'statement'.")
        if body.get("warehouse_id") != self.warehouse_id:
            raise invalid(f"{body.get('warehouse_id')} is not a valid endpoint id.")
        if body.get("disposition", "INLINE") != "INLINE" or body.get("format", "JSON_ARRAY") != "JSON_ARRAY":
            raise invalid("The emulator gives INLINE results as JSON_ARRAY only.")

    def find(self, statement_id: str) -> Execution:
        """The execution with this id; ApiError 404 otherwise."""
        if statement_id not in self._executions:
            raise ApiError(404, "NOT_FOUND", f"The statement {statement_id} was not found.")
        return self._executions[statement_id]

    def cancel(self, statement_id: str) -> Document:
        """Give up a statement; a finished one stays finished."""
        execution = self.find(statement_id)
        execution.canceled = not execution.future.done()
        return {}

    def close(self) -> None:
        """Accept no more statements."""
        self.up.set()
        self._workers.shutdown(wait=False, cancel_futures=True)


def _parameters(body: Document) -> dict[str, tuple[str | None, str]]:
    parameters = body.get("parameters") or []
    for item in parameters:
        if not isinstance(item, dict) or not item.get("name") or set(item) - {"name", "value", "type"}:
            raise invalid(f"A parameter must be an object of name, value and type, not {item!r}.")
        if not isinstance(item.get("value"), str | None):
            raise invalid(f"The value of parameter {item['name']} must be text; say its type in 'type'.")
    return {item["name"]: (item.get("value"), item.get("type") or "STRING") for item in parameters}


def _wait_seconds(given: object) -> int:
    text = str(given or f"{DEFAULT_WAIT_SECONDS}s")
    seconds = int(text[:-1]) if text.endswith("s") and text[:-1].isdecimal() else -1
    if seconds != 0 and not 5 <= seconds <= 50:
        raise invalid(f"wait_timeout is '{text}'; give 0s, or 5s to 50s.")
    return seconds


def statements_router(service: StatementsService) -> APIRouter:
    """The routes below /api/2.0/sql/statements."""
    router = APIRouter()

    # With and without the slash: the documentation has it, databricks-sdk and the provider do not.
    @router.post("")
    @router.post("/")
    def execute(body: Annotated[Document, Body()]) -> Document:
        return service.execute(body)

    @router.get("/{statement_id}")
    def get(statement_id: str) -> Document:
        return service.find(statement_id).as_dict()

    @router.get("/{statement_id}/result/chunks/{index}")
    def chunk(statement_id: str, index: int) -> Document:
        return service.find(statement_id).chunk(index)

    @router.post("/{statement_id}/cancel")
    def cancel(statement_id: str) -> Document:
        return service.cancel(statement_id)

    return router
