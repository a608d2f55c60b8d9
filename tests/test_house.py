"""The house rules, checked on every file: style, types, who knows whom, and how large a piece may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from itertools import chain
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
CODE = ("dags", "plugins", "spark_jobs", "tools", "benchmarks")
PLAIN = {
    "errors",
    "config",
    "tables",
    "contracts",
    "files",
    "access",
    "gates",
    "registry",
    "metrics",
    "ask",
    "warehouse",
    "databricks",
    "jobs",
}
SPARK = {"lake", "retail", "learning", "features", "domains"}
CLOCKS = {"now", "utcnow", "today", "current_date", "current_timestamp", "localtimestamp"}
CLOCK = Path("spark_jobs/basketry/config/clock.py")
ASK_IT = (
    "spark_jobs/basketry/lake/runner.py",
    "spark_jobs/basketry/registry/promotion_job.py",
    "spark_jobs/basketry/files/",
    "spark_jobs/basketry/domains/ingest/",
    "spark_jobs/basketry/retail/coverage.py",
    "spark_jobs/basketry/warehouse/lineage_event.py",
)
"""Who may ask the clock's module: the runner about as-of dates, a promotion by hand about when it was decided, who judges
the day in a file's name, and whom such a day that is stored already must not deceive."""


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
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_the_walls_between_the_rooms_hold() -> None:
    """Nothing that computes imports Airflow; nothing that schedules imports Spark; also inside functions."""
    assert not [path for path in sources("spark_jobs") if imported(path) & {"airflow", "basketry_airflow", "tools"}]
    assert not [path for path in sources("dags", "plugins") if imported(path) & {"pyspark", "delta", "tools"}]


def library() -> dict[str, Path]:
    """Every module of the library by its dotted name."""
    modules = {}
    for path in sources("spark_jobs/basketry"):
        parts = path.relative_to(CHECKOUT / "spark_jobs").with_suffix("").parts
        modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def test_the_library_has_few_rooms() -> None:
    """At most eighteen entries, each a plain package or one of Spark."""
    rooms = {name.split(".")[1] for name in library() if "." in name}
    assert rooms == PLAIN | SPARK and len(rooms) <= 18


def test_plain_packages_load_neither_spark_nor_mlflow() -> None:
    """What Airflow, the console and tools read starts in a process that has no pyspark and no mlflow at all."""
    modules = [name for name in library() if name.count(".") and name.split(".")[1] in PLAIN]
    assert len(modules) > 80
    program = f"""
import importlib, sys
for missing in ("pyspark", "delta", "mlflow"):
    sys.modules[missing] = None
for name in {modules!r}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT / "spark_jobs")
    assert done.returncode == 0, done.stderr


def test_no_module_has_a_name_of_the_standard_library() -> None:
    """Whoever reads `import calendar` must not have to ask whose it is."""
    assert not [str(path) for path in sources(*CODE) if path.stem in sys.stdlib_module_names]


def test_no_import_goes_round_in_a_circle() -> None:
    """Modules of the library can be read from the bottom up; what is imported within a function counts too."""
    modules = library()
    graph = TopologicalSorter({name: imports_of(path, modules) - {name} for name, path in modules.items()})
    graph.prepare()


def imports_of(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """The modules of the library that a file imports, but for its types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    only_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in only_types:
            for alias in node.names:
                named = f"{node.module}.{alias.name}"
                imports.add(named if named in modules else node.module)
        elif isinstance(node, ast.Import) and id(node) not in only_types:
            imports |= {alias.name for alias in node.names}
    return imports & modules.keys()


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
    """No function, in tests either, has more than 60 lines."""
    sized = {
        f"{path.relative_to(CHECKOUT)}:{function.name}": lines(function)
        for path in sources(*CODE, "tests")
        for function in functions(path)
    }
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
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    assert {re.split("[=<> ;]", line)[0].lower() for line in wanted} <= set(pins)
