"""The files of a version: plain values that come back as they were, and a digest that every change shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from basketry.registry.artifacts import DATA, NotPlainError, artifacts_digest, check_plain, read_state, write_state
from basketry.registry.models import LOADERS
from tests.kit.registry import tiny_state

MLMODEL = """flavors:
  python_function: {data: data/model, loader_module: basketry.domains.rfm.serving}
"""


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """The files of a version, as MLflow lays them."""
    write_state(tmp_path / "version" / DATA, "rfm", tiny_state("rfm"))
    (tmp_path / "version" / "MLmodel").write_text(MLMODEL)
    return tmp_path / "version"


@pytest.mark.parametrize("kind", LOADERS)
def test_plain_values_come_back(tmp_path: Path, kind: str) -> None:
    """Of the least model of every kind, to the last bit; not a number among them."""
    state = {**tiny_state(kind), "odd": [0.1 + 0.2, float("nan"), 5e-324, "ü", None, True, {"a": np.float64(1.5)}]}
    write_state(tmp_path / kind, kind, state)
    np.testing.assert_equal(read_state(tmp_path / kind, kind), state)
    with pytest.raises(NotPlainError):
        read_state(tmp_path / kind, "another")


@pytest.mark.parametrize(
    "value",
    [object(), np.array([object()]), {1, 2}, np.array(["text"])],
    ids=("object", "array of objects", "set", "array of texts"),
)
def test_nothing_else_can_be_written(tmp_path: Path, value: object) -> None:
    """An object would need code to come back."""
    with pytest.raises(TypeError):
        write_state(tmp_path / "version", "rfm", {"value": value})


def test_a_digest_shows_every_change(version: Path) -> None:
    """Another byte, another name, a file more or less; not what MLflow adds to a download."""
    digest = artifacts_digest(version)
    (version / "registered_model_meta").write_text("model_name: demo.gold.rfm")
    assert artifacts_digest(version) == digest
    digests = {digest}
    (version / "MLmodel").rename(version / "mlmodel")
    digests.add(artifacts_digest(version))
    (version / "mlmodel").write_text(MLMODEL + " ")
    digests.add(artifacts_digest(version))
    (version / "more").write_text("")
    digests.add(artifacts_digest(version))
    (version / "more").unlink()
    (version / "mlmodel").unlink()
    digests.add(artifacts_digest(version))
    assert len(digests) == 5


@pytest.mark.parametrize(
    "instead",
    [
        MLMODEL.replace("basketry.domains.rfm.serving", "basketry.domains.forecast.serving"),
        MLMODEL.replace("basketry.domains.rfm.serving", "os"),
        MLMODEL.replace("data/model", "data"),
        MLMODEL.replace("{data", "{code: code, data"),
        MLMODEL + "  sklearn: {pickled_model: model.pkl}\n",
    ],
)
def test_mlflow_loads_it_as_plain_values_or_not_at_all(version: Path, instead: str) -> None:
    """By the module of its kind, from the files that are checked, and in no second way."""
    assert check_plain(version, LOADERS, "rfm") == LOADERS["rfm"]
    (version / "MLmodel").write_text(instead)
    with pytest.raises(NotPlainError, match="in another way"):
        check_plain(version, LOADERS, "rfm")
