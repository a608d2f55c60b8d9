"""Lets another process make the emulator fail: POST /emulator/faults {"kind": "throttle", "operation": "submit"}."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body

from tests.databricks_emulator.errors import invalid
from tests.databricks_emulator.faults import Faults
from tests.databricks_emulator.runs import RunRegistry

Document = dict[str, Any]


def control_router(faults: Faults, runs: RunRegistry, calls: list[str]) -> APIRouter:
    """The routes below /emulator; the service has none of them."""
    router = APIRouter()

    @router.post("/faults")
    def add(body: Annotated[Document, Body()]) -> Document:
        try:
            faults.add(**body)
        except (TypeError, ValueError) as error:
            raise invalid(f"Cannot add this fault: {error}") from None
        return {"faults": faults.pending()}

    @router.get("/faults")
    def pending() -> Document:
        return {"faults": faults.pending()}

    @router.delete("/faults")
    def clear() -> Document:
        faults.clear()
        return {"faults": []}

    @router.get("/calls")
    def made() -> Document:
        return {"calls": calls, "runs": [run.run_id for run in runs]}

    return router
