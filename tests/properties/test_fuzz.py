"""Any bytes give rows or one plain sentence: files damaged in every way, contracts and settings full of nonsense."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from basketry.access import load_grants
from basketry.contracts import load_catalog, load_contract
from basketry.domains.decisions.rules import load_decision_rules
from basketry.domains.marketing.calling import load_calling
from basketry.errors import BadInputError
from basketry.files import inspect_file, read_batches
from basketry.files.batches import record_batches
from basketry.files.private_copy import private_copy
from basketry.files.workbooks import open_workbook
from basketry.gates import load_gate
from basketry.metrics import load_metrics
from tests.kit.contracts import RATINGS
from tests.kit.documents import copy_include
from tests.kit.files import COLUMNS, contract, workbook, written
from tests.properties import SAME_EACH_TIME

ROWS = [COLUMNS, *((f"P{number}", f"Tea {number}, black", f"{number}.50") for number in range(60))]
KINDS = ("a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.xlsx", "a.xlsx.gz")


@lru_cache(maxsize=16)
def whole(folder: Path, name: str) -> bytes:
    """A good file of that kind."""
    plain = name.removesuffix(".gz")
    if plain.endswith("csv"):
        content = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in ROWS).encode()
    elif plain.endswith("jsonl"):
        content = "".join(json.dumps(dict(zip(COLUMNS, row, strict=True))) + "\n" for row in ROWS[1:]).encode()
    else:
        content = workbook(folder, "whole.xlsx", ROWS).read_bytes()
    return gzip.compress(content, mtime=0) if name.endswith(".gz") else content


def cut(data: st.DataObject, content: bytes) -> bytes:
    """Only its first bytes: an upload that broke off."""
    return content[: data.draw(st.integers(0, len(content)))]


def spoil(data: st.DataObject, content: bytes) -> bytes:
    """Some bytes are others."""
    changed = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        changed[place] = data.draw(st.integers(0, 255))
    return bytes(changed)


def repeat(data: st.DataObject, content: bytes) -> bytes:
    """A piece of it comes twice."""
    start = data.draw(st.integers(0, len(content)))
    return content[: start + data.draw(st.integers(0, 400))] + content[start:]


def insert(data: st.DataObject, content: bytes) -> bytes:
    """Something foreign in the middle."""
    place = data.draw(st.integers(0, len(content)))
    return content[:place] + data.draw(st.binary(min_size=1, max_size=60)) + content[place:]


DAMAGE = (cut, spoil, repeat, insert)


def one_sentence(error: BadInputError) -> None:
    """What a person reads: short, of one line, without a stack trace."""
    assert error.message and "Traceback" not in error.message and "\n" not in error.message.strip()
    assert len(error.message) < 2000


def row_numbers(path: Path) -> list[int]:
    """The numbers of the rows of a file; a workbook is read here and not in a process of its own, which takes its time."""
    if ".xlsx" in path.name:
        with private_copy(path) as copy, open_workbook(copy, contract()) as book:
            batches = list(record_batches(contract(), book.layout, book.rows(), 7))
    else:
        inspect_file(path, contract())
        batches = list(read_batches(path, contract(), 7))
    return [number for batch in batches for number in batch.column("_row_number").to_pylist()]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda one: one.__name__)
@SAME_EACH_TIME
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(
    name: str, damage: Callable[[st.DataObject, bytes], bytes], tmp_path: Path, data: st.DataObject
) -> None:
    """Every row that is given has its number, once, in order; or the file is refused by name."""
    path = written(tmp_path, name, damage(data, whole(tmp_path, name)))
    try:
        numbers = row_numbers(path)
    except BadInputError as error:
        one_sentence(error)
        assert path.name in error.message
        return
    assert numbers == sorted(set(numbers))


LOADERS: dict[str, Callable[[Path], Any]] = {
    "contracts/shop/ratings.odcs.yaml": lambda include: load_contract("shop", "ratings", include),
    "catalogs/shop.yaml": lambda include: load_catalog("shop", include),
    "gates/rfm.yaml": lambda include: load_gate("rfm", include),
    "grants/demo.yaml": lambda include: load_grants("demo", include),
    "metrics.yaml": load_metrics,
    "decisions.yaml": load_decision_rules,
    "calling.yaml": load_calling,
}


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped folder, and a shop with a good contract."""
    home = tmp_path_factory.mktemp("fuzz")
    copy_include(home)
    return RATINGS.write(home)


yaml_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20)
nonsense = st.recursive(
    yaml_scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
JUNK = (
    "\t",
    "&a *a",
    "<<: *x",
    "{",
    "]",
    ": :",
    "- - -",
    "!!python/name:os.system",
    "\x00",
    "\ufeff",
    "? ",
    "|",
    ">",
    "%YAML 9",
    "...",
    "---",
)


def garbled(data: st.DataObject, text: str) -> bytes:
    """Bytes of a good file, changed: any bytes, junk among the text, or a value that is of another kind."""
    way = data.draw(st.sampled_from(("bytes", "junk", "value", "damage")))
    if way == "bytes":
        return data.draw(st.binary(max_size=200))
    if way == "damage":
        return data.draw(st.sampled_from(DAMAGE))(data, text.encode())
    if way == "junk":
        lines = text.split("\n")
        lines.insert(data.draw(st.integers(0, len(lines))), data.draw(st.sampled_from(JUNK)))
        return "\n".join(lines).encode()
    document = yaml.safe_load(text)
    node = document
    for _ in range(data.draw(st.integers(0, 5))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        inner = [key for key in keys if isinstance(node[key], dict | list) and node[key]]
        if not inner:
            break
        node = node[data.draw(st.sampled_from(inner))]
    key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else list(range(len(node)))))
    node[key] = data.draw(nonsense)
    return yaml.safe_dump(document, allow_unicode=True).encode()


@pytest.mark.parametrize("name", LOADERS)
@SAME_EACH_TIME
@given(data=st.data())
def test_a_garbled_file_of_include_is_read_or_told(name: str, include: Path, data: st.DataObject) -> None:
    """Whatever stands in a file that people edit, the answer is what it says or one sentence with the file's name."""
    path = include / name
    good = path.read_bytes()
    path.write_bytes(garbled(data, good.decode()))
    try:
        LOADERS[name](include)
    except BadInputError as error:
        one_sentence(error)
    finally:
        path.write_bytes(good)
