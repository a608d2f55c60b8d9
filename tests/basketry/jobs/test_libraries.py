"""What is installed for a job in a workspace is what it imports there, and fits what the runtimes bring.

Imports are read from the sources, those within functions too; what is reached only where tables are folders is left out.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from basketry.jobs import Job, all_jobs, libraries
from basketry.jobs.libraries import MLFLOW, OF_LINEAGE
from basketry.registry.models import MODELS
from basketry_airflow.compute import load_profile, profile_names
from tests.kit.documents import INCLUDE

CHECKOUT = Path(__file__).resolve().parents[3]
LIBRARY = CHECKOUT / "spark_jobs"
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
OF_THE_RUNTIME = {"pyspark", "databricks-sdk", "mlflow-skinny"}
"""What a cluster has anyway, and jobs that only reach for it take as it is there."""

ON_THIS_MACHINE = {
    "basketry.domains.maintenance.local_folders",
    "basketry.lake.local_lake",
    "basketry.warehouse.local",
    "basketry.warehouse.local_delta",
    "basketry.warehouse.local_rows",
}
"""Where tables are folders: delta-rs, DuckDB. Entered from within functions alone."""

NAMES_OF_OTHERS = ("basketry.jobs.", "basketry.registry.models")
"""Where modules are named that are others' to import: entries of jobs, what serves a kind of model."""

DISTRIBUTIONS = {
    "databricks": "databricks-sdk",
    "mlflow": "mlflow-skinny",
    "pyspark": "pyspark",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Modules that more than one distribution brings."""

PUBLISHED = ("dbr-18.x-python-3.12.constraints.txt", "serverless-5.constraints.txt")


def package(line: str) -> str:
    """The name of a requirement's package."""
    return canonicalize_name(Requirement(line).name)


@cache
def module_tree(module: str) -> ast.Module | None:
    """The source of a module of the library; None for any other name."""
    path = LIBRARY.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else None


def _statements(body: Iterable[ast.stmt], *, deep: bool) -> Iterator[tuple[ast.AST, bool]]:
    """Every node that is carried out, and whether it is within a function."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node, deep
        for child in ast.iter_child_nodes(node):
            inside = deep or isinstance(node, ast.FunctionDef)
            yield from _statements([child], deep=inside)  # type: ignore[list-item]


@cache
def imports(module: str) -> tuple[frozenset[str], frozenset[str]]:
    """The modules of the library and the foreign ones that a module imports; of this machine's those of the top alone."""
    ours, foreign = set[str](), set[str]()
    tree = module_tree(module)
    for node, deep in _statements(tree.body if tree else (), deep=False):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not module.startswith(NAMES_OF_OTHERS):
            names = [node.value.partition(":")[0]] if re.match(r"basketry[.\w]+(:\w+)?\Z", node.value) else []
        for name in names:
            if name.partition(".")[0] != "basketry":
                foreign.add(name.partition(".")[0])
            elif not (deep and name in ON_THIS_MACHINE) and module_tree(name) is not None:
                ours.add(name)
    return frozenset(ours), frozenset(foreign - sys.stdlib_module_names - {"__future__"})


def imported(job: Job[..., Any]) -> dict[str, str]:
    """The packages that a job's process may import on Databricks, each with a module that does."""
    entries = [job.entry, *job.needs.values()]
    if job.name == "restate_results":
        entries += [other.entry for other in all_jobs().values() if other.result is not None]
    runner = (
        ("basketry.lake.runner", "basketry.lake.unity_lake") if job.needs_spark else ("basketry.warehouse.plain_job",)
    )
    waiting = [*runner, *(entry.partition(":")[0] for entry in entries)]
    seen, by_package = set[str](), dict[str, str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        ours, foreign = imports(module)
        waiting += [*ours, *([module.rpartition(".")[0]] if "." in module else [])]
        by_package |= {_distribution(name): module for name in foreign}
    return by_package


@cache
def _distribution(module: str) -> str:
    return DISTRIBUTIONS.get(module) or canonicalize_name(_installed().get(module, [module])[0])


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@pytest.mark.parametrize("job", all_jobs().values(), ids=all_jobs())
def test_a_job_gets_what_it_imports_and_nothing_else(job: Job[..., Any]) -> None:
    """From the wheel's metadata, its own list, or the runtime; a library of another job costs every run its installation."""
    needs = imported(job)
    own, common = {package(line) for line in job.libraries}, {package(line) for line in PROJECT["dependencies"]}
    lineage = {package(line) for line in OF_LINEAGE}  # of a run whose DAG knows a server for it
    missing = {name: module for name, module in needs.items() if name not in common | own | lineage | OF_THE_RUNTIME}
    assert not missing
    assert own <= needs.keys()
    assert len(job.libraries) == len(own)


def test_who_makes_or_loads_versions_has_mlflow_as_it_is_tested() -> None:
    """A runtime's own is older; where a run is only noted it will do."""
    making = {spec.training.name for spec in MODELS.values()} | {
        spec.scoring.name for spec in MODELS.values() if spec.scoring
    }
    with_it = {name for name, job in all_jobs().items() if MLFLOW in job.libraries}
    assert making | {"judge", "promote", "offers", "restate_results"} <= with_it


def test_the_lists_are_those_of_pyproject() -> None:
    """Word for word, so that a run is tested on what it gets; and each is some job's."""
    lines = {
        value for value in vars(libraries).values() if isinstance(value, str) and re.fullmatch(r"[a-z-]+>=.*", value)
    }
    assert lines == set(PROJECT["optional-dependencies"]["jobs"])
    assert lines == {*OF_LINEAGE, *(line for job in all_jobs().values() for line in job.libraries)}


def _published(file: str) -> Mapping[str, str]:
    """The version of every package of a published list; a missing list skips the test, or fails it where it is required."""
    data = Path(os.environ.get("BASKETRY_DATA") or CHECKOUT.parent / "shared" / "data") / "databricks" / file
    if not data.is_file():
        reason = f"{data} is missing: package versions that Databricks publishes (github.com/databricks/environments)"
        if os.environ.get("BASKETRY_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    lines = [line.partition("~=") for line in data.read_text().splitlines() if "~=" in line]
    return {canonicalize_name(name): version for name, _, version in lines}


def test_the_profiles_are_of_the_runtimes_that_are_compared() -> None:
    """Another runtime or environment in a profile needs its published list here."""
    profiles = [load_profile(INCLUDE, name, cloud="aws") for name in profile_names(INCLUDE)]
    runtimes = {profile.task["new_cluster"]["spark_version"] for profile in profiles if "new_cluster" in profile.task}
    specs = [entry["spec"] for profile in profiles for entry in profile.run.get("environments", ())]
    assert runtimes == {"18.x-scala2.13"} and {spec["environment_version"] for spec in specs} == {"5"}


@pytest.mark.parametrize("file", PUBLISHED)
def test_pip_changes_nothing_that_a_runtime_brings(file: str) -> None:
    """But MLflow, for the jobs of models: what all jobs share is there in a version that fits."""
    versions = _published(file)
    assert OF_THE_RUNTIME - {"pyspark"} <= versions.keys()
    changed = {
        package(line)
        for line in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["jobs"])
        if (version := versions.get(package(line))) and not Requirement(line).specifier.contains(version)
    }
    assert changed == {"mlflow-skinny"}
    absent = {package(line) for line in PROJECT["dependencies"]} - versions.keys()
    assert absent == {"sqlglot"}, "each run installs this"
