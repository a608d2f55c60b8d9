"""Mutated files through the readers, one after another in one process: `python -m tests.kit.fuzz KIND SEED COUNT SECONDS`.

Each is read or refused; any other error ends the process, as a death would. What came of them is written as JSON.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from basketry.config.settings import CHECKOUT
from basketry.contracts import load_contract
from basketry.errors import BadInputError
from basketry.files import inspect_file, read_batches
from tests.kit.files import COLUMNS, contract, workbook, written

ROWS = [COLUMNS, *((f"P{number}", f"Tea {number}, black", f"{number}.50") for number in range(40))]
TOKENS = (
    *(
        b"\0",
        b'"',
        b"\n",
        b"\r",
        b",",
        b";",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"*a",
        b"&a",
    ),
    *(
        b'r="XFD1048576"',
        b'r="A99999999999"',
        b"<c><v>1</v></c>",
        b"<row>",
        b"</row>",
        b"<si/>",
        b't="e"',
        b't="s"',
        b"]]>",
        b"<!--",
    ),
    *(
        b"[" * 3000,
        b"{" * 3000,
        b"," * 20000,
        b"<si/>" * 5000,
        b"1" * 5000,
        b"- " * 200,
        b"\\ud800",
        b"\\u0000",
        b"1e999",
        b"-9" * 99,
    ),
)
"""What parsers stumble over."""


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with a few pieces changed, cut out, repeated or put in."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        start = chance.randrange(len(changed) + 1)
        length = chance.choice((1, 4, 60, 2000))
        match chance.randrange(5):
            case 0:
                changed[start : start + 1] = chance.randbytes(1)
            case 1:
                del changed[start : start + length]
            case 2:
                changed[start:start] = changed[start : start + length] * chance.choice((1, 3, 50))
            case 3:
                changed[start:start] = chance.choice(TOKENS)
            case _:
                changed[start : start + 8] = chance.choice(TOKENS)[:8]
    return bytes(changed)


def whole(kind: str) -> bytes:
    """A good file of a kind."""
    if kind == "xlsx":
        with tempfile.TemporaryDirectory() as folder:
            return workbook(Path(folder), "whole.xlsx", ROWS).read_bytes()
    if kind == "yaml":
        return (CHECKOUT / "include" / "contracts" / "demo" / "order_lines.odcs.yaml").read_bytes()
    if kind == "jsonl":
        return "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in ROWS[1:]).encode()
    text = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in ROWS).encode()
    return gzip.compress(text, mtime=0) if kind == "csv.gz" else text


def mutant(kind: str, content: bytes, chance: random.Random) -> bytes:
    """A mutated file; half of the workbooks and gzips are good archives of mutated parts."""
    if kind == "csv.gz" and chance.random() < 0.5:
        return gzip.compress(mutated(gzip.decompress(content), chance), mtime=0)
    if kind != "xlsx" or chance.random() < 0.5:
        return mutated(content, chance)
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    names = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml")
    name = chance.choice(names)
    parts[name] = mutated(parts[name], chance)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


def _read_delivery(kind: str, folder: Path) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        path = written(folder, f"a.{kind}", content)
        if kind != "xlsx":  # reading a workbook checks it once more, in another process
            inspect_file(path, contract())
        for _ in read_batches(path, contract(), 7):
            pass

    return read


def _read_contract(folder: Path) -> Callable[[bytes], None]:
    include = folder / "include"
    (include / "contracts" / "demo").mkdir(parents=True)
    shutil.copytree(CHECKOUT / "include" / "catalogs", include / "catalogs")

    def read(content: bytes) -> None:
        written(include / "contracts" / "demo", "order_lines.odcs.yaml", content)
        load_contract("demo", "order_lines", include)

    return read


def fuzz(kind: str, seed: int, count: int, seconds: float) -> Counter[str]:
    """Read so many mutated files, or as many as the time allows, and count what came of them."""
    chance, content, fates = random.Random(f"{kind}{seed}"), whole(kind), Counter[str]()
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        read = _read_contract(Path(folder)) if kind == "yaml" else _read_delivery(kind, Path(folder))
        while fates.total() < count and time.monotonic() < until:
            try:
                read(mutant(kind, content, chance))
                fates["loaded"] += 1
            except BadInputError as error:
                assert "\n" not in error.message.strip() and "Traceback" not in error.message, error.message
                fates["refused"] += 1
    return fates


if __name__ == "__main__":
    print(json.dumps(fuzz(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
