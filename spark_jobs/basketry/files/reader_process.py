"""Reads a workbook in a process of its own: what its parser does to a process, it does to that one, and to one file.

    this process                            python -m basketry.files.workbook_reader
    the private copy  -- inherited file -->  checks it against the budget, makes a clean workbook of it
    what is wanted    -- a line of JSON -->  parses that under limits of memory and processor time
    layout, batches  <-- frames ----------   one letter, eight bytes of length, content

A frame is JSON or Arrow, never an object: what comes back is data, whatever the workbook did to its reader.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from basketry.errors import BasketryError, RefusedFileError
from basketry.files.headers import Layout
from basketry.files.limits import BUDGET, MEGABYTE, size_text
from basketry.files.private_copy import PrivateCopy, refusal

if TYPE_CHECKING:
    from basketry.contracts import Contract

READER = "basketry.files.workbook_reader"
READY, LAYOUT, BATCH, REFUSED, FAILED, END = b"H", b"L", b"B", b"R", b"X", b"E"
"""The kinds of frames: ready to read, the layout, a batch, a refusal, the name of another error, the end."""
HEAD_BYTES = 9
LARGEST_FRAME = 512 * MEGABYTE


class ReaderError(BasketryError):
    """The reader of workbooks cannot be started here: a defect of the installation, never of a delivery."""


def layout_in_child(file: PrivateCopy, contract: Contract) -> Layout:
    """Return the layout of a workbook after checking every byte of its sheet.

    Raises:
        RefusedFileError: for whatever cannot be loaded, a reader that died of it included.
    """
    for kind, content in _frames(file, contract, None):
        if kind == LAYOUT:
            return _layout(content)
    raise refusal(file, "its reader ended without a word; save the workbook again in Excel as XLSX.")


def record_batches_in_child(file: PrivateCopy, contract: Contract, rows_per_batch: int) -> Iterator[pa.RecordBatch]:
    """Read the rows of a workbook; see `basketry.files.read_batches`."""
    for kind, content in _frames(file, contract, rows_per_batch):
        if kind == BATCH:
            with pa.ipc.open_stream(content) as batches:
                yield from batches


def _layout(content: bytes) -> Layout:
    values = json.loads(content)
    unknown = tuple((index, name) for index, name in values["unknown"])
    return Layout(values["width"], tuple(values["positions"]), unknown, values["padding"])


def _frames(file: PrivateCopy, contract: Contract, rows_per_batch: int | None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the frames of a reader up to its end; see the module's head."""
    with _started(file) as process:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101  # both are pipes
        with suppress(BrokenPipeError):  # it is dead already; reading says of what
            process.stdin.write(json.dumps(_request(file, contract, rows_per_batch)).encode())
            process.stdin.close()
        ready = False
        while True:
            frame = _next_frame(process.stdout, file)
            if frame is None:
                raise _death(process, file, ready=ready)
            kind, content = frame
            if kind == REFUSED:
                raise RefusedFileError(content.decode())
            if kind == FAILED:
                problem = (
                    f"its reader failed ({content.decode()}); save the workbook again in Excel as XLSX, or as CSV."
                )
                raise refusal(file, problem)
            if kind == END:
                return
            ready = True
            yield kind, content


def _request(file: PrivateCopy, contract: Contract, rows_per_batch: int | None) -> dict[str, Any]:
    return {
        "file": asdict(file),
        "rows_per_batch": rows_per_batch,
        "contract": {
            "path": {"name": contract.path.name},
            "file": asdict(contract.file),
            "delivered": [asdict(column) for column in contract.delivered],
            "unknown_columns": contract.unknown_columns,
        },
    }


@contextmanager
def _started(file: PrivateCopy) -> Iterator[subprocess.Popen[bytes]]:
    """Start a reader, and end it with the context, whatever it does."""
    # What this process can import, its reader can; one thread and the plain allocator fit into the limit of memory.
    settings = {
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[file.descriptor],
        env={**os.environ, **settings},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                _close(stream)


def _close(stream: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # nobody reads what was not sent any more
        stream.close()


def _next_frame(stream: IO[bytes], file: PrivateCopy) -> tuple[bytes, bytes] | None:
    """Read a frame; None at the end of the stream."""
    head = _exactly(stream, HEAD_BYTES, file)
    if head is None:
        return None
    length = int.from_bytes(head[1:], "big")
    if length > LARGEST_FRAME:
        raise refusal(file, f"some of its rows take more than {size_text(LARGEST_FRAME)}; deliver it as CSV.")
    content = _exactly(stream, length, file)
    return None if content is None else (head[:1], content)


def _exactly(stream: IO[bytes], length: int, file: PrivateCopy) -> bytes | None:
    content = bytearray()
    while len(content) < length:
        if not select.select([stream], [], [], BUDGET.reader_seconds)[0]:
            raise refusal(file, f"reading it takes more than {BUDGET.reader_seconds} seconds; deliver it as CSV.")
        part = os.read(stream.fileno(), min(MEGABYTE, length - len(content)))
        if not part:
            return None
        content += part
    return bytes(content)


def _death(process: subprocess.Popen[bytes], file: PrivateCopy, *, ready: bool) -> BasketryError:
    """Return the error of a reader that ended before its last frame."""
    code = process.wait()
    if not ready:
        return ReaderError(f"The reader of workbooks cannot be started ({_how(code)}); try `python -m {READER}` here.")
    return refusal(
        file, f"its reader was ended by it ({_how(code)}); save it again in Excel with its rows alone, or as CSV."
    )


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
