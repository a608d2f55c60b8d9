"""Declared models: every gate, form, registered name and training is of one of them."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from basketry import domains
from basketry.gates.loader import gate_names, load_gate
from basketry.jobs import Job, all_jobs, argument_fields
from basketry.learning.versions import ModelLoader
from basketry.registry.models import MODELS

CHECKOUT = Path(__file__).resolve().parents[3]
INCLUDE = CHECKOUT / "include"
NO_MODELS = {"marketing_clusters"}
"""What MLflow keeps numbers of, and no version: made anew every week, and nothing loads them."""


def test_every_gate_is_of_a_model() -> None:
    """One gate for each model, of its name, and no other."""
    assert gate_names(INCLUDE) == sorted(MODELS)
    assert {name: load_gate(name, INCLUDE).model for name in MODELS} == {name: name for name in MODELS}


def test_every_version_that_is_loaded_is_of_a_model() -> None:
    """Each model has one loader, and a loader has a declared model."""
    modules = [import_module(module.name) for module in walk_packages(domains.__path__, "basketry.domains.")]
    loaders = {
        id(value): value for module in modules for value in vars(module).values() if isinstance(value, ModelLoader)
    }
    assert sorted(loader.spec.name for loader in loaders.values()) == sorted(MODELS)
    assert all(loader.spec is MODELS[loader.spec.name] for loader in loaders.values())


def test_no_model_is_registered_by_a_text() -> None:
    """Where a model's registered name is asked for, or a version is registered, the kind comes from its declaration.

    MLflow itself is asked in one place alone, which refuses what Unity Catalog would.
    """
    by_text, by_mlflow = [], set()
    for path in sorted((CHECKOUT / "spark_jobs").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = node.func if isinstance(node, ast.Call) else None
            called = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
            if called in ("registered_name", "register_challenger", "log_state") and isinstance(node, ast.Call):
                texts = {given.value for given in node.args if isinstance(given, ast.Constant)} - NO_MODELS
                by_text += [f"{path}:{node.lineno} {text}" for text in texts]
            if called == "register_model":
                by_mlflow.add(path.name)
    assert not by_text and by_mlflow == {"loading.py"}


def test_every_training_is_of_a_model() -> None:
    """A job that trains, by its name or by a flag, makes versions of one model; its flags are arguments that it has."""
    trainings = {spec.training.name for spec in MODELS.values()}
    assert trainings == {name for name, job in all_jobs().items() if name.startswith("train_") or "fit" in _fields(job)}
    assert all(spec.training_options.keys() <= _fields(spec.training) for spec in MODELS.values())


def test_what_scores_takes_the_version_and_names_it() -> None:
    """The job that scores is told which version does; rows of each table of the model say which one made them."""
    for spec in MODELS.values():
        assert spec.makes and all({"model_version", "policy_version"} & set(table.column_names) for table in spec.makes)
        if spec.scoring is not None:
            assert {"as_of", "model"} <= _fields(spec.scoring)
            assert spec.scoring.result is None or spec.scoring.result.table in spec.makes


def _fields(job: Job[..., Any]) -> set[str]:
    return set(argument_fields(job))


def test_nothing_but_the_upgrade_reads_pickles() -> None:
    """Nor does anything have MLflow load a model by itself, which runs whatever the model names."""
    modules = {"pickle", "cloudpickle", "joblib", "dill", "skops"}
    reading = set()
    for folder in ("spark_jobs", "plugins", "tools", "dags"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
                if called == "load_model" or modules & {name.partition(".")[0] for name in imported}:
                    reading.add(path.relative_to(CHECKOUT).as_posix())
    assert reading == {"tools/upgrade/unpickle.py"}
