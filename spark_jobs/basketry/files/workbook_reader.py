"""The program that reads one workbook for its parent: see reader_process.py, which starts it and reads what it writes."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib.abc import MetaPathFinder
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from basketry.errors import BasketryError
from basketry.files.batches import record_batches
from basketry.files.limits import BUDGET
from basketry.files.private_copy import PrivateCopy
from basketry.files.reader_process import BATCH, END, FAILED, LAYOUT, READY, REFUSED
from basketry.files.workbooks import open_workbook

try:
    import resource
except ImportError:  # no such limits here: the parent's limit of time and the checks of the budget remain
    resource = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from basketry.contracts import Contract


class _NoPandas(MetaPathFinder):
    """Hides pandas: Arrow would load it, for most of a second, only to ask whether a list is one of its."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Refuse pandas; leave all else to others."""
        if fullname == "pandas":
            raise ImportError("a reader of workbooks needs no pandas")


def main() -> None:
    """Read the request, then write the layout, the batches if they are wanted, and the end."""
    sys.meta_path.insert(0, _NoPandas())
    request = json.loads(sys.stdin.buffer.read())
    _limit_resources()
    _send(READY)
    file = PrivateCopy(**request["file"])
    contract = cast("Contract", _namespace(request["contract"]))
    try:
        _read(file, contract, request["rows_per_batch"])
    except BasketryError as error:
        _send(REFUSED, getattr(error, "message", str(error)).encode())
    except Exception as error:  # whatever a workbook can make of a parser is the workbook's
        _send(FAILED, type(error).__name__.encode())
    else:
        _send(END)


def _read(file: PrivateCopy, contract: Contract, rows_per_batch: int | None) -> None:
    with open_workbook(file, contract) as workbook:
        _send(LAYOUT, json.dumps(asdict(workbook.layout)).encode())
        if rows_per_batch is None:
            return
        for batch in record_batches(contract, workbook.layout, workbook.rows(), rows_per_batch):
            content = io.BytesIO()
            with pa.ipc.new_stream(content, batch.schema) as stream:
                stream.write_batch(batch)
            _send(BATCH, content.getvalue())


def _limit_resources() -> None:
    """Take no more memory and time than the budget says; a limit that is lower already stays."""
    if resource is None:
        return
    for kind, limit in ((resource.RLIMIT_AS, BUDGET.reader_memory), (resource.RLIMIT_CPU, BUDGET.reader_seconds)):
        soft, hard = resource.getrlimit(kind)
        lowest = min(value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY)
        with suppress(ValueError, OSError):  # macOS knows no limit of address space
            resource.setrlimit(kind, (lowest, hard))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _namespace(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _namespace(inner) for key, inner in value.items()})
    return tuple(map(_namespace, value)) if isinstance(value, list) else value


def _send(kind: bytes, content: bytes = b"") -> None:
    rest = memoryview(kind + len(content).to_bytes(8, "big") + content)
    while rest:
        rest = rest[os.write(sys.stdout.fileno(), rest) :]


if __name__ == "__main__":
    main()
