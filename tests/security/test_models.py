"""Whoever reaches the model registry runs no code by it, and makes nothing score that no promotion let in."""

from __future__ import annotations

import io
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import numpy as np
import pytest
import yaml

from basketry import registry
from basketry.domains.forecast import tracking as forecast
from basketry.domains.offers import tracking as offers
from basketry.domains.offers import train_recommender
from basketry.domains.offers.champion import PRIOR, new_champion
from basketry.domains.propensity import tracking as propensity
from basketry.domains.rfm import tracking as rfm
from basketry.errors import UNTRUSTED_EXIT, BadInputError, UntrustedModelError
from basketry.lake.lakehouse import Lakehouse
from basketry.learning import versions
from basketry.registry.artifacts import ARRAYS, DATA, STATE
from basketry.tables import PROMOTIONS
from basketry.warehouse import open_rows
from basketry_airflow.retry import cause_of, never_passes
from tests.kit.registry import gate_says, let_in, own_registry, pointing, promote, register, rollback, stored_decisions

pytestmark = pytest.mark.slow

LOADERS = {
    loader.spec.name: loader
    for loader in (propensity.LOADER, rfm.LOADER, forecast.LOADER, offers.LOADER, train_recommender.LOADER)
}
NAME = "demo.gold.recommendations"
CAUSE = "the model is not the one that was promoted: nothing scores until a person has looked"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """The registry's folder, with the artifacts in it."""
    folder = tmp_path / "mlflow"
    folder.mkdir()
    with own_registry(folder):
        yield folder


class Bomb:
    """Unpickled anywhere, it leaves a file."""

    def __init__(self, marker: Path) -> None:
        """Remember where."""
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        """What pickle calls instead of making the object."""
        return os.mkdir, (str(self.marker),)


def plant(store: Path, kind: str, marker: Path) -> str:
    """Register a version as an attacker does: any model of MLflow's own, its pickle made to leave the marker."""
    name = registry.registered_name("demo", kind)
    version = register(store, name)
    folder = files_of(name, version)
    shutil.rmtree(folder / "data")
    (folder / "model.pkl").write_bytes(cloudpickle.dumps(Bomb(marker)))
    content = yaml.safe_load((folder / "MLmodel").read_text())
    flavor = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "predict_fn": "predict", "env": {}}
    sklearn = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle", "sklearn_version": "1.9.1"}
    content["flavors"] = {"python_function": flavor, "sklearn": sklearn}
    (folder / "MLmodel").write_text(yaml.safe_dump(content))
    return version


def files_of(name: str, version: str) -> Path:
    """Where the files of a version lie."""
    import mlflow

    return Path(mlflow.MlflowClient().get_model_version_download_uri(name, version).removeprefix("file://"))


def move_alias(name: str, version: str) -> None:
    """Move the alias champion past every gate."""
    import mlflow

    mlflow.MlflowClient().set_registered_model_alias(name, "champion", version)


def score(lake: Lakehouse, kind: str = "recommendations", wanted: str = "champion") -> str:
    """Load what a day would be scored with, and return its number."""
    (choice,) = versions.resolve(lake, LOADERS[kind], wanted, [date(2026, 11, 20)])
    return str(choice.version.number)


def check_refused(lake: Lakehouse, kind: str, sentence: str, caplog: pytest.LogCaptureFixture) -> None:
    """Fails unless scoring is refused in a sentence, with an alarm, and Airflow does not try again."""
    caplog.clear()
    with caplog.at_level(logging.ERROR), pytest.raises(UntrustedModelError) as error:
        score(lake, kind)
    assert error.value.message.startswith(sentence) and error.value.message.count(".") <= 6
    assert cause_of(error.value) == never_passes(error.value) == CAUSE
    (alarm,) = [record.getMessage() for record in caplog.records if "basketry alert" in record.getMessage()]
    assert CAUSE in alarm


@pytest.mark.parametrize("kind", LOADERS)
def test_a_planted_pickle_is_never_read(
    lake: Lakehouse, store: Path, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An alias that was moved to it is an alarm and a refusal; the champion before does not score in its place."""
    marker, name = tmp_path / "marker", registry.registered_name("demo", kind)
    register(store, name)
    let_in(lake, kind, "1")
    assert registry.load_plain_values(
        name, "1", kind, stored_decisions(open_rows("demo", lake.settings), kind)[0].artifacts or ""
    )
    version = plant(store, kind, marker)
    move_alias(name, version)
    check_refused(lake, kind, f"the alias champion of {name} names version 2, but ops.promotions says 1: ", caplog)
    with pytest.raises(BadInputError, match=f"version 2 of {name} was not promoted"):
        score(lake, kind, "2")
    assert not marker.exists()
    cloudpickle.loads((files_of(name, version) / "model.pkl").read_bytes())  # else the test would prove nothing
    assert marker.exists()


def test_a_pickle_cannot_be_promoted(lake: Lakehouse, store: Path, tmp_path: Path) -> None:
    """Neither by a forged verdict nor by an override, and trying it runs nothing."""
    marker, rows = tmp_path / "marker", open_rows("demo", lake.settings)
    version = plant(store, "recommendations", marker)
    for request in ({}, {"verdict": None, "override": True, "decided_by": "mallory", "reason": "let me in"}):
        with pytest.raises(
            BadInputError, match="version 1 of .* cannot be promoted, .* none of a model of plain values"
        ):
            promote(rows, "recommendations", version, **request)
    assert not marker.exists() and not stored_decisions(rows, "recommendations")


def _change_values(folder: Path) -> None:
    state = folder / DATA / STATE
    state.write_text(state.read_text().replace("P1", "P2"))


def _add_file(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text("")


def _change_loader(folder: Path) -> None:
    content = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(content.replace("basketry.domains.offers.serving", "os"))


def _pickled_array(folder: Path) -> None:
    packed = io.BytesIO()
    np.savez(packed, a0=np.array([Bomb(folder / "marker")], dtype=object), allow_pickle=True)
    (folder / DATA / ARRAYS).write_bytes(packed.getvalue())


CHANGES = pytest.mark.parametrize("change", [_change_values, _add_file, _change_loader, _pickled_array])


@CHANGES
def test_files_that_changed_after_the_promotion_are_not_loaded(
    lake: Lakehouse, store: Path, change: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """One byte, one file more, another loader, an array of objects: alarm and refusal, and no earlier champion steps in."""
    for _ in range(2):
        register(store, NAME)
    let_in(lake, "recommendations", "1")
    let_in(lake, "recommendations", "2", "1")
    assert score(lake) == "2"
    change(files_of(NAME, "2"))
    check_refused(
        lake, "recommendations", f"the files of version 2 of {NAME} are not those that were promoted: ", caplog
    )
    assert not (files_of(NAME, "2") / "marker").exists()
    assert score(lake, wanted="1") == "1"


@CHANGES
def test_files_that_changed_after_the_gate_are_not_promoted(
    lake: Lakehouse, store: Path, change: Callable[[Path], None]
) -> None:
    """The gate's verdict is about the files that it saw; a rollback returns to the files that were promoted."""
    rows = open_rows("demo", lake.settings)
    for _ in range(2):
        register(store, NAME)
    gate_says("recommendations", "1", "promote")
    change(files_of(NAME, "1"))
    with pytest.raises(BadInputError, match=r"have changed since they were judged|cannot be (?:promoted|loaded)"):
        promote(rows, "recommendations", "1", said=None)
    assert not stored_decisions(rows, "recommendations") and "champion" not in pointing("recommendations")


def test_a_rollback_does_not_return_to_other_files(lake: Lakehouse, store: Path) -> None:
    """The version was champion before, and its files are not what they were."""
    rows = open_rows("demo", lake.settings)
    for _ in range(2):
        register(store, NAME)
    let_in(lake, "recommendations", "1")
    let_in(lake, "recommendations", "2", "1")
    _change_values(files_of(NAME, "1"))
    with pytest.raises(UntrustedModelError, match="the files of version 1 of .* have changed since they were judged"):
        rollback(rows, "recommendations", "previous", reason="complaints")
    assert pointing("recommendations")["champion"] == "2" and len(stored_decisions(rows, "recommendations")) == 2


@pytest.mark.parametrize("moved_to", ["1", "3", "4"])
def test_an_alias_that_was_moved_by_hand_is_refused(
    lake: Lakehouse, store: Path, moved_to: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """To the champion before, to one that its gate refused, to one that was never judged: alike."""
    monkeypatch.setattr(versions, "_PAUSE", 0.0)
    for _ in range(4):
        register(store, NAME)
    let_in(lake, "recommendations", "1")
    let_in(lake, "recommendations", "2", "1")
    let_in(lake, "recommendations", "3", "2", verdict="refuse")
    move_alias(NAME, moved_to)
    sentence = f"the alias champion of {NAME} names version {moved_to}, but ops.promotions says 2: nothing is loaded; "
    check_refused(lake, "recommendations", sentence, caplog)


def test_a_promotion_under_way_is_waited_for(lake: Lakehouse, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It notes what it does before it moves the alias: who scores in between is no attacker."""
    for _ in range(2):
        register(store, NAME)
    let_in(lake, "recommendations", "1")
    let_in(lake, "recommendations", "2", "1")
    move_alias(NAME, "1")
    monkeypatch.setattr(versions, "time", SimpleNamespace(sleep=lambda seconds: move_alias(NAME, "2")))
    assert score(lake) == "2"


def test_a_version_that_was_refused_since_is_not_loaded(lake: Lakehouse, store: Path) -> None:
    """Its newest verdict counts."""
    for _ in range(2):
        register(store, NAME)
    let_in(lake, "recommendations", "1")
    let_in(lake, "recommendations", "2", "1")
    let_in(lake, "recommendations", "1", "2", verdict="refuse")
    with pytest.raises(BadInputError, match=f"version 1 of {NAME} was not promoted"):
        score(lake, wanted="1")


def test_a_ledger_of_an_earlier_release_says_what_to_do(lake: Lakehouse, store: Path) -> None:
    """It noted no digests: nothing is loaded before a person has run the upgrade; the table is read and written as it is."""
    register(store, NAME)
    let_in(lake, "recommendations", "1")
    old = lake.read(PROMOTIONS).drop("artifacts").collect()
    schema = lake.read(PROMOTIONS).drop("artifacts").schema
    changed = lake.spark.createDataFrame(old, schema).write.format("delta").mode("overwrite")
    changed.option("overwriteSchema", "true").save(str(lake.path(PROMOTIONS)))
    with pytest.raises(
        BadInputError, match="by an earlier release that noted no digest of its files: run make upgrade"
    ):
        score(lake)
    champion, tags = versions.champion_to_compare(lake, LOADERS["recommendations"])
    assert champion is None and "run make upgrade" in tags["basketry.champion_problem"]
    register(store, NAME)
    let_in(lake, "recommendations", "2", "1")
    assert score(lake) == "2"


def test_the_stream_of_offers_refuses_as_well(lake: Lakehouse, store: Path) -> None:
    """What decided last does not go on quietly beside a planted policy."""
    name = registry.registered_name("demo", "offer_policy")
    register(store, name)
    move_alias(name, "1")
    with pytest.raises(UntrustedModelError, match="names version 1, but ops.promotions says none"):
        new_champion(lake, PRIOR)


@pytest.mark.parametrize(
    "text",
    [
        f"Cannot execute: spark-submit forecast.py. Error code is: {UNTRUSTED_EXIT}.",
        "Job run failed with terminal state: {'life_cycle_state': 'TERMINATED', 'result_state': 'FAILED'} and with the"
        " errors [{'task_key': 'job', 'run_id': 1, 'error': 'UntrustedModelError: BAD_INPUT: x'}]",
    ],
)
def test_an_alert_names_the_cause(text: str) -> None:
    """From the exit code, or the name of the error alone: never from its text."""
    assert never_passes(RuntimeError(text)) == cause_of(RuntimeError(text)) == CAUSE
