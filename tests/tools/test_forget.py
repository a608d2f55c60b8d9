"""`make forget`: numbers are asked for, never an argument, and lie in a file for its user alone."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from basketry.config.forget_requests import load_forget_request
from tools.forget import forget_command
from tools.problem import Problem


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home."""
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path))
    monkeypatch.setenv("CATALOG", "demo")
    monkeypatch.setenv("REQUEST", "R-1")
    return tmp_path


def test_what_is_typed_is_written_and_not_repeated(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says how many numbers there are and what to start, and shows none."""
    monkeypatch.setattr("sys.stdin", io.StringIO("200001\n200417\n"))
    assert forget_command([]) == 0
    path = home / "requests" / "demo" / "forget" / "R-1.txt"
    assert load_forget_request(path) == ("200001", "200417") and path.stat().st_mode & 0o777 == 0o600
    said = capsys.readouterr().out
    assert "2 customer numbers" in said and "request R-1" in said and "200001" not in said


@pytest.mark.parametrize(("arguments", "typed", "problem"), [
    (["200001"], "", "name the request"),
    ([], "Ann Smith\n", "line 1 of the request holds no customer number"),
    ([], "", "names nobody"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], typed: str, problem: str
) -> None:
    """A number as an argument, a name, nothing at all: no file is written."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with pytest.raises(Problem, match=problem):
        forget_command(arguments)
    assert not list(home.rglob("*.txt"))
