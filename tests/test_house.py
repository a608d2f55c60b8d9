"""The house rules, checked on every file: style, types, who knows whom, and how large a piece may be."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.checks import LINTERS, lint_environment

CHECKOUT = Path(__file__).resolve().parents[1]
CODE = ("dags", "plugins", "spark_jobs", "tools", "benchmarks")
CLOCKS = {"now", "utcnow", "today", "current_date", "current_timestamp", "localtimestamp"}
CLOCK = Path("spark_jobs/basketry/config/clock.py")
ASK_IT = (
    "spark_jobs/basketry/lake/runner.py",
    "spark_jobs/basketry/files/",
    "spark_jobs/basketry/domains/ingest/",
    "spark_jobs/basketry/retail/coverage.py",
)
"""Who may ask the clock's module: the runner about as-of dates, who judges the day in a file's name, and whom such a day
that is stored already must not deceive."""


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((CHECKOUT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def imported(path: Path) -> set[str]:
    """Top-level names of all that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("linter", LINTERS, ids=[" ".join(linter) for linter in LINTERS])
def test_linters_are_content(linter: tuple[str, ...]) -> None:
    """What `make lint` runs finds nothing."""
    done = subprocess.run(linter, env=lint_environment(), cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_walls_between_the_rooms_hold() -> None:
    """Nothing that computes imports Airflow; nothing that schedules imports Spark; also inside functions."""
    assert not [path for path in sources("spark_jobs") if imported(path) & {"airflow", "basketry_airflow", "tools"}]
    assert not [path for path in sources("dags", "plugins") if imported(path) & {"pyspark", "delta", "tools"}]


def test_no_clock_below_the_dags() -> None:
    """A job's result depends on its arguments alone: one module asks for the time of day, and only who lets days in asks it."""
    asking, importing = [], []
    for path in sources("spark_jobs"):
        name, text = path.relative_to(CHECKOUT), path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                asking.append(name)
        if re.search(r"from basketry\.config\.clock import|from basketry\.config import .*\bclock\b", text):
            importing.append(name.as_posix())
    assert asking == [CLOCK]
    assert ASK_IT[0] in importing
    assert not [name for name in importing if not name.startswith(ASK_IT)]


def test_functions_are_short() -> None:
    """Half of all functions have at most 12 lines, nine of ten at most 30, none more than 60."""
    sized = {f"{path.relative_to(CHECKOUT)}:{f.name}": lines(f) for path in sources(*CODE) for f in functions(path)}
    sizes = sorted(sized.values())
    assert statistics.median(sizes) <= 12
    assert sizes[int(len(sizes) * 0.9)] <= 30
    assert not {name: size for name, size in sized.items() if size > 60}


def test_test_functions_are_short() -> None:
    """Tests and their helpers too: half have at most 12 lines, none more than 60."""
    sized = {f"{path.relative_to(CHECKOUT)}:{f.name}": lines(f) for path in sources("tests") for f in functions(path)}
    assert statistics.median(sized.values()) <= 12
    assert not {name: size for name, size in sized.items() if size > 60}


def test_files_are_short() -> None:
    """No file of code or of tests has more than 300 lines."""
    assert not {str(p): n for p in sources(*CODE, "tests") if (n := len(p.read_text().splitlines())) > 300}


def test_what_has_a_public_name_says_what_it_does() -> None:
    """Modules, classes, functions and methods have a docstring, those inside functions too; a leading _ spares one."""
    silent = []
    for path in sources(*CODE):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if named and not node.name.startswith("_") and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(CHECKOUT)}:{node.lineno} {node.name}")
    assert not silent


def test_the_limit_of_complexity_is_ten() -> None:
    """No function takes more than ten ways: ruff's C901, which no file is spared."""
    rules = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert rules["mccabe"]["max-complexity"] <= 10 and "C90" in rules["select"]
    assert not [
        path for path, spared in rules["per-file-ignores"].items() if any(rule.startswith("C9") for rule in spared)
    ]
    assert not [str(path) for path in sources(*CODE, "tests") if re.search(r"noqa:[^\n]*C90[1]", path.read_text())]


def test_every_function_says_its_types() -> None:
    """Parameters and results are annotated everywhere in the code."""
    untyped = []
    for path in sources(*CODE):
        for function in functions(path):
            given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            bare = [a.arg for a in given if a.annotation is None and a.arg not in ("self", "cls")]
            if bare or function.returns is None:
                untyped.append(f"{path.relative_to(CHECKOUT)}:{function.lineno} {function.name} {bare}")
    assert not untyped


def test_every_test_states_its_rule() -> None:
    """A test's docstring is the rule that it keeps."""
    silent = [
        f"{path.relative_to(CHECKOUT)}:{f.name}"
        for path in sources("tests")
        for f in functions(path)
        if f.name.startswith("test_") and not ast.get_docstring(f)
    ]
    assert not silent


def test_the_lock_holds_both_pythons_and_one_spark() -> None:
    """Every package is pinned with hashes, and pyspark-client is the very version of pyspark."""
    text = (CHECKOUT / "requirements.txt").read_text()
    pins = dict(line.split(" ")[0].split("==") for line in text.splitlines() if "==" in line and line[0].isalnum())
    assert pins["pyspark"] == pins["pyspark-client"]
    assert text.count("--hash=sha256:") > len(pins)
    wanted = (CHECKOUT / "requirements.in").read_text().split()
    assert {re.split("[=<>]", line)[0].lower() for line in wanted} <= set(pins)
