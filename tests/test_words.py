"""The words of the code: one name means one thing, and no name is one that says nothing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
LIBRARY = CHECKOUT / "spark_jobs" / "basketry"
CODE = ("dags", "plugins", "spark_jobs", "tools", "benchmarks", "tests")
SAYS_NOTHING = frozenset({"found", "one", "told", "kept", "given", "place", "known", "said", "those"})
"""Names that a variable must not have which lives for more than three lines."""
SHAPE = frozenset({"run", "load_settings"})
"""Public functions that every domain may have: the entry of a job, and the reader of a domain's settings."""
SHORT_LIVED = 3
HE = re.compile(r"\b(he|him|his|himself)\b", re.IGNORECASE)
TEXTS = (".py", ".md", ".yaml", ".yml", ".html", ".toml")
LEFT_OUT = {".venv", ".tools", ".basketry", ".git", "node_modules", "__pycache__", "releases"}


def files(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> Iterator[Path]:
    """Files of the checkout, without what is installed or kept from earlier releases."""
    for folder in folders:
        for path in sorted((CHECKOUT / folder).rglob("*")):
            if path.suffix in suffixes and not LEFT_OUT & set(path.relative_to(CHECKOUT).parts):
                yield path


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def scopes(module: ast.Module) -> Iterator[ast.AST]:
    yield module
    yield from (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def names_of(scope: ast.AST) -> Iterator[tuple[str, int]]:
    """Every variable and parameter that a scope mentions, with its line; not those of functions within it."""
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = scope.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield argument.arg, argument.lineno
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.Name):
            yield node.id, node.lineno
        waiting.extend(ast.iter_child_nodes(node))


def say_nothing(path: Path) -> Iterator[str]:
    """Variables of a file that have a banned name and live for more than three lines."""
    for scope in scopes(tree(path)):
        lines: defaultdict[str, list[int]] = defaultdict(list)
        for name, line in names_of(scope):
            if name in SAYS_NOTHING:
                lines[name].append(line)
        for name, places in lines.items():
            if max(places) - min(places) > SHORT_LIVED:
                yield f"{path.relative_to(CHECKOUT)}:{min(places)}: {name}"


def twice(kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> dict[str, list[str]]:
    """Public top-level names of the library that two of its modules define."""
    modules: defaultdict[str, list[str]] = defaultdict(list)
    for path in files("spark_jobs/basketry"):
        for node in tree(path).body:
            if isinstance(node, kind) and not node.name.startswith("_"):  # type: ignore[attr-defined]
                modules[node.name].append(path.relative_to(LIBRARY).as_posix())  # type: ignore[attr-defined]
    return {name: places for name, places in modules.items() if len(places) > 1}


def test_no_variable_has_a_name_that_says_nothing() -> None:
    """A variable that outlives three lines is called what it is."""
    assert not [line for path in files(*CODE) for line in say_nothing(path)]


def test_a_class_name_stands_once_in_the_library() -> None:
    """One name, one thing: whoever searches for a class finds one."""
    assert twice(ast.ClassDef) == {}


def test_a_public_function_name_stands_once_in_the_library() -> None:
    """A function's name says what it does without its module's name, but for the shape that all domains have."""
    found = twice((ast.FunctionDef, ast.AsyncFunctionDef))
    assert {name: places for name, places in found.items() if name not in SHAPE} == {}


def test_people_are_they() -> None:
    """Nobody is taken for a man: not in code, not in table comments, not in messages, not in the docs."""
    lines = []
    for path in (*files(*CODE, "docs", "include", suffixes=TEXTS), *CHECKOUT.glob("*.md")):
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if HE.search(line):
                lines.append(f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()}")
    assert not lines


def test_no_text_is_multiplied_by_a_condition() -> None:
    """`" (dry run)" * dry_run` is a puzzle; a conditional expression is none."""
    puzzles = []
    for path in files(*CODE):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                texts = [side for side in (node.left, node.right) if is_text(side)]
                others = [side for side in (node.left, node.right) if not is_text(side)]
                if texts and others and not is_count(others[0]):
                    puzzles.append(f"{path.relative_to(CHECKOUT)}:{node.lineno}")
    assert not puzzles


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def is_count(node: ast.AST) -> bool:
    """A number, a length or arithmetic: what repeats a text on purpose."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and not isinstance(node.value, bool)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"len", "max", "min", "int"}
    return isinstance(node, ast.BinOp)
