"""What is looked at, and what is not waited for, before any package is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap
from tools.environment import CHECKOUT
from tools.locks import alone


def test_what_runs_can_be_stopped_without_installing_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that has changed, and no network, keep nobody from make down; an environment that lacks packages does."""
    python = bootstrap.venv_python(tmp_path)
    python.parent.mkdir()
    assert not bootstrap.can_stop(tmp_path, "down"), "there is no environment yet"
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    assert [command for command in ("down", "status", "run", "job", "") if bootstrap.can_stop(tmp_path, command)] == [
        "down",
        "status",
    ]
    python.write_text("#!/bin/sh\nexit 1\n")
    assert not bootstrap.can_stop(tmp_path, "down")


def test_a_full_disk_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages take 4 GB."""
    monkeypatch.setattr(bootstrap, "FREE_BYTES", 2**62)
    with pytest.raises(SystemExit, match="^Basketry: less than 4 GB are free"):
        bootstrap.prepare_venv(tmp_path / "venv", "run")


def test_a_java_that_must_be_fetched_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the packages, because it needs the network too; one that is there is not mentioned."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BASKETRY_CACHE", str(tmp_path / "cache"))
    for java, lines in ((Path("/jdk"), 0), (None, 1)):
        monkeypatch.setattr(bootstrap, "find_java", lambda cache, java=java: java)
        bootstrap.check_machine("setup")
        assert len(re.findall("No Java 17 to 23 here", capsys.readouterr().out)) == lines


def test_of_two_commands_one_installs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other one says that it waits, and goes on when the first has ended; where there are no locks both go on."""
    waiting = "import sys; from pathlib import Path; from tools.bootstrap import alone, say\n"
    waiting += "with alone(Path(sys.argv[1]), say): print('goes on', flush=True)"
    with alone(tmp_path / "lock", print):
        other = subprocess.Popen(
            [sys.executable, "-c", waiting, str(tmp_path / "lock")], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout is not None
        assert other.stdout.readline() == "Another command installs packages here: this one waits for its end\n"
    assert other.communicate(timeout=20)[0] == "goes on\n"
    with alone(tmp_path / "missing" / "lock", print):
        assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("locale", "later"), [("C", "C.UTF-8"), ("POSIX", "C.UTF-8"), ("de_DE.UTF-8", "de_DE.UTF-8")])
def test_a_path_may_have_any_letters_in_the_plainest_locale(
    locale: str, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started gets one in which files of such paths can be read; another choice stays."""
    seen: list[str] = []
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setattr(bootstrap, "can_stop", lambda venv, command: True)
    monkeypatch.setattr(bootstrap.os, "execv", lambda *given: seen.append(bootstrap.os.environ["LC_ALL"]))
    bootstrap.main(["status"])
    assert seen == [later]
