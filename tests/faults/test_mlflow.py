"""MLflow that is down, slow, sick or cut off: one sentence that says what to do, in bounded time, and tried again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from basketry import registry
from basketry.errors import (
    BAD_INPUT_EXIT,
    LOGIN_EXIT,
    TRY_AGAIN_EXIT,
    UNTRUSTED_EXIT,
    BadInputError,
    UntrustedModelError,
)
from basketry.jobs.forecast import FORECAST
from basketry.jobs.propensity import TRAIN_PROPENSITY
from basketry.lake import runner
from basketry.lake.runner import job_main
from basketry.learning import tracking, versions
from basketry.registry import loading
from basketry.registry.artifacts import DATA, write_state
from basketry.registry.models import PROPENSITY_MODEL
from basketry_airflow.retry import cause_of, never_passes
from tests.faults.failing_mlflow import FailingMlflow, failing_mlflow

pytestmark = pytest.mark.slow

NAME = "demo.gold.propensity"
UNANSWERED = f"the model registry did not answer about {NAME}: see that MLflow runs where MLFLOW_TRACKING_URI says."
REFUSED = (
    f"the model registry refused the login that asked about {NAME}: set MLFLOW_TRACKING_USERNAME and"
    " MLFLOW_TRACKING_PASSWORD to the user and the password that make run prints."
)
LOGIN = "the model registry refused the login: the task's log says how to mend it"
LAKE: Any = SimpleNamespace(catalog="demo", experiment=lambda name: f"demo_{name}")


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingMlflow]:
    """The failing server as this process's MLflow, and a patience of seconds."""
    import mlflow as client

    for name, value in {"TIMEOUT": "1", "MAX_RETRIES": "1", "BACKOFF_FACTOR": "0", "BACKOFF_JITTER": "0"}.items():
        monkeypatch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", value)
    with failing_mlflow() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
        client.set_tracking_uri(server.url)
        yield server
        client.set_tracking_uri(None)


def read_champion() -> object:
    """What every job that scores asks first."""
    return registry.alias_version(NAME, registry.CHAMPION)


def keep_training() -> object:
    """What a training does at its end."""
    return tracking.register_challenger(
        LAKE,
        PROPENSITY_MODEL,
        tracking.TrainingRecord(params={}, metrics={}, tags={"basketry.as_of": "2026-11-20"}),
        lambda: "",
    )


def promote() -> object:
    """What a promotion does at its end."""
    return registry.move_champion(NAME, "7", "6")


def download() -> object:
    """A version's files on their way to a job."""
    import mlflow as client

    with registry.loading_version(NAME, "7"):
        return client.artifacts.download_artifacts(artifact_uri="mlflow-artifacts:/models/m/MLmodel")


ASKED = pytest.mark.parametrize("ask", [read_champion, keep_training, promote])


def check_sentence(ask: Callable[[], object], sentence: str, cause: str = "the model registry did not answer") -> None:
    """Fails unless the sentence is the answer, within seconds, and Airflow tries again."""
    start = time.monotonic()
    with pytest.raises(registry.RegistryDownError) as error:
        ask()
    assert str(error.value) == sentence
    assert time.monotonic() - start < 20
    assert never_passes(error.value) is None
    assert cause_of(error.value) == cause


def test_the_server_answers_when_nothing_fails(mlflow: FailingMlflow) -> None:
    """Else the other tests would prove nothing."""
    assert read_champion() == "7"
    assert os.path.getsize(str(download())) > 100


@ASKED
@pytest.mark.parametrize("status", [500, 502, 503, 429, 404, 200])
def test_a_sick_server_is_tried_again(mlflow: FailingMlflow, status: int, ask: Callable[[], object]) -> None:
    """Errors of the server, of a proxy before it, or another program's pages at its address, never mean "no champion"."""
    mlflow.status = status
    check_sentence(ask, UNANSWERED)


@ASKED
@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_is_refused_is_named(mlflow: FailingMlflow, status: int, ask: Callable[[], object]) -> None:
    """Mended by a person, who may do so between two tries."""
    mlflow.status = status
    check_sentence(ask, REFUSED, LOGIN)


@ASKED
def test_a_server_that_hangs_is_given_up(mlflow: FailingMlflow, ask: Callable[[], object]) -> None:
    """After the patience that is set, a request and its repetition."""
    mlflow.seconds = 5
    check_sentence(ask, UNANSWERED)
    assert 1 <= len(mlflow.asked) <= 2


@ASKED
def test_nobody_at_the_address(mlflow: FailingMlflow, ask: Callable[[], object]) -> None:
    """Connection refused."""
    import mlflow as client

    client.set_tracking_uri("http://127.0.0.1:9")
    check_sentence(ask, UNANSWERED)


@pytest.mark.parametrize(
    "failing",
    [{"status": 503}, {"status": 429}, {"seconds": 5}, {"broken_off": 50}],
    ids=["503", "429", "hangs", "broken off"],
)
def test_a_download_that_is_cut_off_does_not_make_the_model_gone(
    mlflow: FailingMlflow, failing: dict[str, Any]
) -> None:
    """The registry answers, its files do not come: nobody is told to train, and no older version scores instead."""
    vars(mlflow).update(failing, path="mlflow-artifacts")
    check_sentence(download, UNANSWERED)


@pytest.mark.parametrize("status", [404, 500])
def test_files_that_are_gone_make_the_model_gone(mlflow: FailingMlflow, status: int) -> None:
    """404, or 500 as MLflow's own server has it, while the registry answers: a person must name or train another version."""
    mlflow.status, mlflow.path = status, "mlflow-artifacts"
    with pytest.raises(registry.ModelGoneError, match=f"^BAD_INPUT: version 7 of {NAME} cannot be loaded") as error:
        download()
    assert never_passes(error.value)


@pytest.fixture
def versions_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """What the registry holds by version, an error for what downloading it ends in; 6 was champion before 7."""
    held: dict[str, object] = {}

    @contextmanager
    def downloaded_version(name: str, version: str) -> Iterator[Path]:
        state = held.get(version, FileNotFoundError("No such artifact: MLmodel"))
        if isinstance(state, Exception):
            raise state
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        write_state(folder / DATA, PROPENSITY_MODEL.name, cast("dict[str, object]", state))
        yield folder

    monkeypatch.setattr(loading, "downloaded_version", downloaded_version)
    monkeypatch.setattr(loading, "artifacts_digest", lambda folder: "as promoted")
    moves = [_promotion("6", None), _promotion("7", "6")]
    monkeypatch.setattr(versions, "read_promotions", lambda lake, name: moves)
    return held


def _promotion(version: str, before: str | None) -> Any:
    """A row of ops.promotions."""
    return SimpleNamespace(
        version=version,
        verdict="promote",
        champion_before=before,
        champion_after=version,
        artifacts="as promoted",
        run_id="gate",
    )


KIND = versions.ModelLoader(
    replace(PROPENSITY_MODEL, training=replace(TRAIN_PROPENSITY, name="weekly_retraining")),
    lambda number, state: state["segments"],
)
BROKEN = {
    "gone": FileNotFoundError("No such artifact: MLmodel"),
    "half there": EOFError("Ran out of input"),
    "another model's": {"trees": 3},
}


@pytest.mark.parametrize("champion", BROKEN.values(), ids=BROKEN)
def test_a_champion_that_cannot_serve_is_replaced_or_named(
    mlflow: FailingMlflow, versions_of: dict[str, object], champion: object
) -> None:
    """The last good one scores and the report says why; where none is left, one sentence says what to do, never to retry."""
    versions_of.update({"7": champion, "6": {"segments": "good"}})
    (choice,) = versions.resolve(LAKE, KIND, registry.CHAMPION, [date(2026, 11, 20)])
    assert choice.version == "good"
    assert choice.note.startswith(f"version 7 of {NAME} cannot be loaded (")
    assert choice.note.endswith("): scored with version 6, the last good champion")
    versions_of["6"] = champion
    with pytest.raises(BadInputError, match="and so are its predecessors: run weekly_retraining") as error:
        versions.resolve(LAKE, KIND, registry.CHAMPION, [date(2026, 11, 20)])
    assert never_passes(error.value)


def test_an_alias_that_names_nothing_is_replaced(
    mlflow: FailingMlflow, versions_of: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its version was deleted, or somebody removed the alias."""
    monkeypatch.setattr(registry, "alias_version", lambda name, alias: None)
    versions_of["6"] = {"segments": "good"}
    (choice,) = versions.resolve(LAKE, KIND, registry.CHAMPION, [date(2026, 11, 20)])
    assert choice.note == f"the alias champion of {NAME} is gone: scored with version 6, the last good champion"


def test_nothing_replaces_a_champion_that_is_only_late(mlflow: FailingMlflow, versions_of: dict[str, object]) -> None:
    """Its files were cut off on their way: tried again, rather than scored with an older one."""
    broken = "Connection broken: IncompleteRead(50 bytes read, 190 more expected)"
    versions_of.update({"7": OSError(broken), "6": {"segments": "good"}})
    check_sentence(lambda: versions.resolve(LAKE, KIND, registry.CHAMPION, [date(2026, 11, 20)]), UNANSWERED)


def test_patience_is_bounded_where_nobody_set_it() -> None:
    """A job on its own waits two minutes for a server that hangs, where MLflow's defaults would wait for 16."""
    ask = "import os; from basketry import registry; print(*(os.environ[name] for name in registry.RETRY_ENV))"
    plain = {name: value for name, value in os.environ.items() if name not in registry.RETRY_ENV}
    said = subprocess.run([sys.executable, "-c", ask], env=plain, capture_output=True, text=True, check=True).stdout
    seconds, repetitions, in_a_workspace = map(int, said.split())
    assert seconds * (1 + repetitions) <= 120 and in_a_workspace <= 120
    kept = {**plain, "MLFLOW_HTTP_REQUEST_TIMEOUT": "7"}
    assert subprocess.check_output([sys.executable, "-c", ask], env=kept, text=True).split()[0] == "7"


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (registry.RegistryDownError(UNANSWERED), TRY_AGAIN_EXIT, f"basketry.errors.RegistryDownError: {UNANSWERED}"),
        (registry.RegistryLoginError(REFUSED), LOGIN_EXIT, f"basketry.errors.RegistryLoginError: {REFUSED}"),
        (
            registry.ModelGoneError("it is gone."),
            BAD_INPUT_EXIT,
            "basketry.errors.ModelGoneError: BAD_INPUT: it is gone.",
        ),
        (
            UntrustedModelError("it is another."),
            UNTRUSTED_EXIT,
            "basketry.errors.UntrustedModelError: BAD_INPUT: it is another.",
        ),
    ],
    ids=["down", "refused", "gone", "another"],
)
def test_a_job_ends_with_one_line_and_its_own_exit_code(
    settings: object, raised: Exception, code: int, line: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """No stack trace is the answer; Airflow tells the two apart by the code, and so does the alert."""
    monkeypatch.setattr(runner, "_run", lambda *given: (_ for _ in ()).throw(raised))
    monkeypatch.setattr(sys, "argv", ["forecast", "--catalog=demo", "--as-of=2026-11-20"])
    with pytest.raises(SystemExit) as end:
        job_main(FORECAST)
    assert (end.value.code, capsys.readouterr().err) == (code, f"{line}\n")
    told = RuntimeError(f"Cannot execute: spark-submit forecast.py. Error code is: {code}.")
    assert (never_passes(told) is None) == (code in (TRY_AGAIN_EXIT, LOGIN_EXIT))
    assert (cause_of(told) == "the model registry did not answer") == (code == TRY_AGAIN_EXIT)
    assert (cause_of(told) == LOGIN) == (code == LOGIN_EXIT)
