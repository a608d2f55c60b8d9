"""What reads a pickle of an earlier release sees no secret, no network and no home, and what it writes is read as plain values."""

from __future__ import annotations

import json
import pickle
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from basketry.config.settings import Settings
from basketry.registry import RETRY_ENV
from basketry.tables import PROMOTIONS
from tests.kit.lake import fill
from tools.doctor import data
from tools.problem import Problem
from tools.upgrade import agreed, sandbox, upgrade, upgrade_command

SEEN = """
import json, os, pathlib, socket
seen = {"environment": sorted(os.environ), "folder": os.getcwd(), "home": os.listdir(HOME)}
try:
    socket.create_connection(("127.0.0.1", PORT), timeout=5)
    seen["network"] = True
except OSError:
    seen["network"] = False
pathlib.Path("seen.json").write_text(json.dumps(seen))
"""
"""What a hostile model could look at."""


class Hostile:
    """Runs code when it is read, and then is no model."""

    def __init__(self, code: str) -> None:
        """Remember the code."""
        self.code = code

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        """What pickle calls instead of making the object."""
        return exec, (self.code,)


def test_a_hostile_pickle_sees_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is empty but for itself, its environment names no secret, and it ends as a refusal."""
    home, folder = tmp_path / "home", tmp_path / "private"
    home.mkdir()
    folder.mkdir()
    (home / "lake").write_text("names and telephones")
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", "token")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = SEEN.replace("HOME", repr(str(home))).replace("PORT", str(server.getsockname()[1]))
        (folder / "model.pkl").write_bytes(pickle.dumps(Hostile(code)))
        with pytest.raises(Problem, match="the model of forecast cannot be read by this release: train and promote"):
            sandbox.read_pickle(folder, "forecast", home)
    seen = read_json(folder / "seen.json")
    usual = {"HOME", "LC_CTYPE", "OLDPWD", "OMP_NUM_THREADS", "PATH", "PWD", "SHLVL", "TMPDIR", "_"}
    assert set(seen["environment"]) <= usual | RETRY_ENV.keys()
    assert seen["folder"] == str(folder)
    isolated = sandbox.isolation(home)
    assert seen["home"] == ([] if "sh" in isolated else ["lake"])
    assert seen["network"] is not bool(isolated)


def read_json(path: Path) -> Any:
    """What the pickle left."""
    return json.loads(path.read_text())


def test_where_nothing_can_be_taken_away_the_environment_still_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another system than Linux, or one that forbids it: an own process with an own environment remains."""
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert sandbox.isolation(tmp_path) == ()
    monkeypatch.undo()
    monkeypatch.setenv("SECRET", "word")
    monkeypatch.setattr(sandbox, "isolation", lambda home: ())
    (tmp_path / "model.pkl").write_bytes(
        pickle.dumps(Hostile("import os; open('seen', 'w').write(str(dict(os.environ)))"))
    )
    with pytest.raises(Problem):
        sandbox.read_pickle(tmp_path, "forecast", tmp_path)
    assert "word" not in (tmp_path / "seen").read_text()


def test_a_person_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read where nobody can be asked, or when the answer is another one than yes."""
    champion: Any = SimpleNamespace(name="demo.gold.rfm", version="1")
    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    with pytest.raises(Problem, match="reads pickles and asks first"):
        agreed(champion)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    for reply, expected in (("yes", True), ("y", False), ("", False)):
        monkeypatch.setattr("builtins.input", lambda question, reply=reply: reply)
        assert agreed(champion) is expected


def test_what_cannot_be_upgraded_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that does not exist, and one on Databricks."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(Problem, match="nowhere does not exist: set BASKETRY_HOME"):
        upgrade_command([])
    monkeypatch.setenv("BASKETRY_RUNTIME", "databricks")
    with pytest.raises(Problem, match="on Databricks jobs add columns by themselves"):
        upgrade_command([])


def test_a_home_of_this_release_needs_nothing(tmp_path: Path) -> None:
    """Its folder is closed if it was not, and that is all."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    settings = Settings.from_environment({"BASKETRY_HOME": str(home)})
    first = list(upgrade(settings, home, "demo"))
    assert first[0].startswith("home: other accounts may not enter") and home.stat().st_mode & 0o777 == 0o700
    assert [line for line in first[1:] if "nothing to do" not in line] == []
    assert [line for line in upgrade(settings, home, "demo") if "nothing to do" not in line] == []


def test_a_champion_of_an_earlier_release_is_told_by_doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its promotion noted no digest, so it does not score before the upgrade; a later refusal changes nothing."""
    settings = Settings.from_environment({"BASKETRY_HOME": str(tmp_path)})
    monkeypatch.setattr("basketry.registry.alias_version", lambda name, alias: "1")
    verdicts = ({"number": 1, "verdict": "promote"}, {"number": 2, "verdict": "refuse"})
    rows = [{"model": "demo.gold.rfm", "champion_after": "1", **verdict} for verdict in verdicts]
    fill(settings.lake, "demo", PROMOTIONS, rows)
    findings = {finding.what: finding for finding in data.look(settings, "demo", datetime.now(UTC))}
    told = findings["files of demo.gold.rfm"]
    assert "noted no digest of its files" in told.wrong and told.fix == "make upgrade"
    assert not findings["champion of demo.gold.rfm"].wrong
