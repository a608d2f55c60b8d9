"""What a training leaves in MLflow, and that anyone can load it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient

from basketry import registry
from basketry.domains.propensity import tracking
from basketry.domains.propensity.candidates import FAMILIES
from basketry.domains.propensity.estimators import Blend, Calibrated, PerCategory
from basketry.domains.propensity.inputs import InputDefinition
from basketry.learning.drift import Distribution
from basketry.registry.artifacts import downloaded_version
from tests.basketry.domains.propensity.simulated import CATEGORIES, INPUTS, rows

pytestmark = pytest.mark.slow

NAME = "demo.gold.propensity"
LAKE: Any = SimpleNamespace(catalog="demo", experiment=lambda name: f"demo_{name}")
DEFINITION = InputDefinition({name: f"pair_{name}" for name in INPUTS})

ELSEWHERE = """
import json, sys, mlflow, pandas
frame = pandas.DataFrame(json.load(open(sys.argv[2])))
predicted = mlflow.pyfunc.load_model(sys.argv[1]).predict(frame)
print(json.dumps([list(map(float, row)) for row in predicted]))
"""


def _fitted(frame: pd.DataFrame) -> Any:
    """As a training makes it: here the structure that needs code of this library."""
    alone = PerCategory(FAMILIES["lightgbm"].build(INPUTS, FAMILIES["lightgbm"].usual, 1))
    alone.fit(frame[["category", *INPUTS]], frame["bought"])
    return Calibrated.from_rows(Blend([alone]), frame[["category", *INPUTS]], frame["bought"])


def _record(frame: pd.DataFrame) -> tracking.PropensityRecord:
    profile = {name: Distribution.of(frame[name]) for name in INPUTS}
    version = tracking.PropensityVersion(
        number="",
        trained_as_of=date(2024, 12, 31),
        estimator=_fitted(frame),
        definition=DEFINITION,
        categories=CATEGORIES,
        profile=profile,
    )
    tags = {"basketry.as_of": "2024-12-31", "basketry.champion_version": ""}
    metrics = {"average_precision": 0.5, "category/hot_tea/roc_auc": 0.7}
    return tracking.PropensityRecord(
        version=version,
        params={"model.family": "lightgbm"},
        metrics=metrics,
        tags=tags,
        documents={"evaluation.json": {"curves": []}},
        texts={"model_card.md": "# Card\n", "importance.csv": "input\n"},
        figures={"gain.png": Figure()},
    )


def _loaded(name: str, number: str) -> tracking.PropensityVersion:
    """The version, whatever its files are."""
    digest = registry.version_digest(name, number)
    return tracking.propensity_version(number, registry.load_plain_values(name, number, "propensity", digest))


def test_a_registered_version_is_whole_and_loads_anywhere(registry_home: Path) -> None:
    """Params, metrics, tags, files, signature and alias are there; mlflow.pyfunc predicts the same in another process."""
    frame = rows(2, customers=80)
    record = _record(frame)
    number = tracking.register_propensity_version(LAKE, record)
    name = NAME
    assert name == "demo.gold.propensity" and registry.alias_version(name, registry.CHALLENGER) == number == "1"
    assert registry.alias_version(name, registry.CHAMPION) is None

    client = MlflowClient()
    run = client.get_run(client.get_model_version(name, number).run_id)
    assert (run.info.status, run.data.metrics, run.data.params) == ("FINISHED", record.metrics, record.params)
    assert run.data.tags.items() >= record.tags.items()
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files >= {"evaluation.json", "model_card.md", "importance.csv", "plots"}

    loaded = _loaded(name, number)
    expected = record.version.predict(frame)
    assert np.array_equal(loaded.predict(frame), expected)
    with downloaded_version(name, number) as folder:
        paths = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {path for path in paths if path.startswith("data/")} == {"data/model/state.json"}
    assert not {
        path for path in paths if path.endswith(("pkl", "example.json", ".py"))
    }  # an example would be of persons
    restored = replace(loaded, number="", estimator=record.version.estimator)
    assert restored == record.version
    assert len(expected) == len(frame)
    _check_elsewhere(registry_home, name, number, frame)


def _check_elsewhere(home: Path, name: str, number: str, frame: pd.DataFrame) -> None:
    info = mlflow.pyfunc.load_model(f"models:/{name}/{number}").metadata
    assert [column.name for column in info.signature.inputs] == ["category", *INPUTS]
    example = home / "example.json"
    example.write_text(json.dumps(frame[["category", "habit", "noise"]].assign(recency=1.5).head(4).to_dict("list")))
    command = [sys.executable, "-c", ELSEWHERE, f"models:/{name}/{number}", str(example)]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = np.array(json.loads(done.stdout))
    assert found.shape == (4, 2) and found.sum(axis=1) == pytest.approx(1)
    assert found[:, 1] == pytest.approx(_predicted(name, number, frame.assign(recency=1.5).head(4)))


def _predicted(name: str, number: str, frame: pd.DataFrame) -> np.ndarray:
    return _loaded(name, number).predict(frame)


def test_a_version_that_is_gone_says_so(registry_home: Path) -> None:
    """Never registered, or its files deleted: one sentence that names the version; a missing input names the input."""
    number = tracking.register_propensity_version(LAKE, _record(rows(2, customers=60)))
    name = NAME
    with pytest.raises(ValueError, match="the inputs habit, noise are missing"):
        _loaded(name, number).predict(pd.DataFrame({"category": ["Tea"], "recency": [1.0]}))
    with pytest.raises(registry.ModelGoneError, match=f"version 9 of {name} cannot be loaded"):
        _loaded(name, "9")
    for path in registry_home.rglob("state.json"):
        path.unlink()
    with pytest.raises(registry.ModelGoneError, match=f"version 1 of {name} cannot be loaded"):
        _loaded(name, number)


def test_a_registry_that_is_down_is_not_a_model_that_is_gone(
    registry_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nobody is told to train: it may pass by itself."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    mlflow.set_registry_uri("http://127.0.0.1:9")
    try:
        with pytest.raises(registry.RegistryDownError):
            _loaded(NAME, "1")
    finally:
        mlflow.set_registry_uri("")


def test_a_registry_that_goes_down_during_a_training_may_be_tried_again(
    registry_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is cut off before the alias is nobody's challenger; the next try registers."""
    frame = rows(2, customers=60)

    def gone(*arguments: object, **named: object) -> None:
        raise mlflow.exceptions.MlflowException(
            "API request to http://127.0.0.1:5000/api failed with exception connection refused",
            error_code=mlflow.protos.databricks_pb2.INTERNAL_ERROR,
        )

    with monkeypatch.context() as broken, pytest.raises(registry.RegistryDownError, match="did not answer"):
        broken.setattr(mlflow, "register_model", gone)
        tracking.register_propensity_version(LAKE, _record(frame))
    assert registry.alias_version(NAME, registry.CHALLENGER) is None
    number = tracking.register_propensity_version(LAKE, _record(frame))
    assert registry.alias_version(NAME, registry.CHALLENGER) == number
