"""The registry: aliases move whole, what is not there is none or one sentence, a registry that is down may be tried again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from basketry import registry
from basketry.errors import BadInputError
from basketry.registry import RegistryDownError
from basketry.registry.models import LOADERS
from tests.kit.registry import aliases, own_registry, register

NAME = "demo.gold.propensity"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A registry for this module: three versions of one model."""
    folder = tmp_path_factory.mktemp("registry")
    with own_registry(folder):
        for value in (0.1, 0.2, 0.3):
            register(folder, NAME, {"average_precision": value}, {"basketry.champion_version": ""})
        yield folder


def test_a_model_is_called_the_same_in_both_runtimes() -> None:
    """Three parts: catalog, schema, model."""
    assert registry.registered_name("demo", "propensity") == NAME


def test_what_is_not_there_is_none(folder: Path) -> None:
    """A model that was never registered has no versions under its aliases, and neither has an alias nobody set."""
    assert registry.alias_version("demo.gold.nothing", "champion") is None
    assert registry.alias_version(NAME, "nobody") is None


def test_aliases_move_whole_and_repeatably(folder: Path) -> None:
    """champion and previous move, the promoted challenger is none any more, another challenger stays; twice is once."""
    registry.set_challenger(NAME, "1")
    assert registry.alias_version(NAME, "challenger") == "1"
    for _ in range(2):
        registry.move_champion(NAME, "1", None)
        assert aliases(NAME) == {"champion": "1"}
    registry.set_challenger(NAME, "3")
    for _ in range(2):
        registry.move_champion(NAME, "2", "1")
        assert aliases(NAME) == {"champion": "2", "previous": "1", "challenger": "3"}


def test_a_versions_numbers_and_verdict(folder: Path) -> None:
    """The run's metrics and tags are read by version; a verdict that is kept there is found, and replaced by the next."""
    run = registry.version_run(NAME, "2")
    assert run.metrics == {"average_precision": 0.2}
    assert run.tags["basketry.champion_version"] == ""
    assert registry.load_verdict(NAME, "2") == {}
    for verdict in ("ask", "refuse"):
        said = {"verdict": verdict, "champion": None, "reason": "noise.", "checks": []}
        registry.save_verdict(NAME, run.run_id, said)
        assert registry.load_verdict(NAME, "2") == said


def test_a_version_that_is_gone_or_broken_is_one_sentence(folder: Path) -> None:
    """A version that was never made, and one whose files were deleted, are bad input that names the way out."""
    registry.check_loadable(NAME, "1", LOADERS)
    with pytest.raises(BadInputError) as gone:
        registry.check_loadable(NAME, "99", LOADERS)
    assert gone.value.message == f"version 99 of {NAME} does not exist: name one that the registry lists."
    with pytest.raises(
        BadInputError, match=f"version 99 of {NAME} or the run that made it does not exist: train again."
    ):
        registry.version_run(NAME, "99")
    shutil.rmtree(folder / "artifacts" / "models")
    with pytest.raises(BadInputError) as broken:
        registry.check_loadable(NAME, "1", LOADERS)
    assert broken.value.message.startswith(f"version 1 of {NAME} cannot be loaded (")
    assert broken.value.message.endswith("): choose another version.")


def test_a_registry_that_is_down_may_be_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is one sentence, and no bad input: the next try may find it up."""
    import mlflow

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    up = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    try:
        for ask in (
            lambda: registry.alias_version(NAME, "champion"),
            lambda: registry.check_loadable(NAME, "1", LOADERS),
            lambda: registry.set_challenger(NAME, "1"),
            lambda: registry.version_run(NAME, "1"),
        ):
            with pytest.raises(RegistryDownError) as error:
                ask()
            assert not isinstance(error.value, BadInputError)
            assert str(error.value) == (
                f"the model registry did not answer about {NAME}: see that MLflow runs where MLFLOW_TRACKING_URI says."
            )
    finally:
        mlflow.set_tracking_uri(up)
