"""From a bare Python to .venv: which interpreter, what is installed, and what a failure says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import bootstrap


def test_an_interpreter_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """A pyenv shim of an inactive version exists and fails: the next one is asked."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert bootstrap.version_of(str(shim)) == ""
    assert bootstrap.find_python([str(shim), sys.executable]) == sys.executable


def test_no_fitting_python_is_one_sentence(tmp_path: Path) -> None:
    """Without Python 3.11, 3.12 or 3.13 a person learns how to name one."""
    with pytest.raises(SystemExit, match=r"^Basketry: Python 3\.11, 3\.12 or 3\.13 was not found: .*make PYTHON="):
        bootstrap.find_python([str(tmp_path / "missing")])


def test_pyenv_versions_are_candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions that pyenv keeps but has not activated are found too."""
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    kept = tmp_path / ".pyenv" / "versions" / "3.12.4" / "bin" / "python3.12"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert str(kept) in bootstrap.candidates("", tmp_path)


def test_uv_is_held_to_the_lock() -> None:
    """The installer uv itself is installed by version and hash from the lock, like everything else."""
    lines = bootstrap.uv_requirement(bootstrap.LOCK.read_text()).splitlines()
    assert lines[0].startswith("uv==")
    assert len(lines) > 5
    assert all(line.startswith("    --hash=sha256:") for line in lines[1:])


@pytest.mark.parametrize(
    ("output", "has_compiler", "sentence"),
    [
        ("error: Failed to build `x`\n error: command 'gcc' failed", False, "build-essential"),
        ("error: Failed to build `x`", True, "see the lines above"),
        ("error: Failed to fetch: dns error: failed to lookup address", True, "connect to the network"),
        ("OSError: [Errno 28] No space left on device", True, "the disk is full"),
        ("Hash mismatch for `rich==1`", True, "requirements.txt names"),
    ],
)
def test_a_failed_installation_says_what_to_do(output: str, has_compiler: bool, sentence: str) -> None:
    """A missing compiler, no network, a full disk: one sentence with the remedy."""
    explained = bootstrap.explain(output, has_compiler)
    assert sentence in explained
    assert "\n" not in explained


def test_an_unchanged_lock_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second command starts at once: the stamp of the lock decides, and another lock installs."""
    lock = tmp_path / "requirements.txt"
    lock.write_text("uv==1\n")
    installed: list[Path] = []
    monkeypatch.setattr(bootstrap, "LOCK", lock)
    monkeypatch.setattr(bootstrap, "install_uv", installed.append)
    monkeypatch.setattr(bootstrap, "run_shown", lambda command: None)
    for _ in range(2):
        bootstrap.install_lock(tmp_path)
    assert len(installed) == 1
    lock.write_text("uv==2\n")
    bootstrap.install_lock(tmp_path)
    assert len(installed) == 2
