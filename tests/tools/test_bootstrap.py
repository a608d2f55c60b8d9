"""From a bare Python to .venv: which interpreter, what is installed, and what a failure says."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bootstrap
from tools.environment import CHECKOUT


def test_an_interpreter_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """A pyenv shim of an inactive version exists and fails: the next one is asked."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert bootstrap.version_of(str(shim)) == ""
    assert bootstrap.find_python([str(shim), sys.executable]) == sys.executable


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv on the path that notes what it is asked, fetches nothing, and says that this Python is the one fetched."""
    program, asked = tmp_path / "bin" / "uv", tmp_path / "asked"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> {asked}\n[ "$2" = find ] && echo {sys.executable}\nexit ${{UV_FAILS:-0}}\n'
    )
    program.chmod(0o755)
    asked.touch()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.delenv("BASKETRY_PYTHON", raising=False)
    return asked


def test_where_no_python_fits_uv_fetches_one(tmp_path: Path, fake_uv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said in a line, with what forbids it."""
    assert bootstrap.find_python([str(tmp_path / "missing")]) == sys.executable
    assert fake_uv.read_text().splitlines() == ["python install 3.12", "python find --managed-python --no-project 3.12"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "No Python 3.11, 3.12 or 3.13 here: uv fetches 3.12 (BASKETRY_PYTHON=system forbids it)"


def test_a_python_that_fits_is_not_fetched(fake_uv: Path) -> None:
    """uv is not even asked."""
    assert bootstrap.find_python([sys.executable]) == sys.executable
    assert not fake_uv.read_text()


def test_the_machine_s_own_python_can_be_insisted_on(
    tmp_path: Path, fake_uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With BASKETRY_PYTHON=system nothing is fetched: a person learns how to name one."""
    monkeypatch.setenv("BASKETRY_PYTHON", "system")
    with pytest.raises(SystemExit, match=r"^Basketry: Python 3\.11, 3\.12 or 3\.13 was not found, .*make PYTHON="):
        bootstrap.find_python([str(tmp_path / "missing")])
    assert not fake_uv.read_text()


def test_no_fitting_python_is_one_sentence(tmp_path: Path, fake_uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Python 3.11, 3.12 or 3.13, and without one to be had, a person learns how to name one."""
    monkeypatch.setenv("UV_FAILS", "2")
    with pytest.raises(SystemExit, match=r"^Basketry: Python 3\.11, 3\.12 or 3\.13 was not found and .*make PYTHON="):
        bootstrap.find_python([str(tmp_path / "missing")])
    assert fake_uv.read_text().splitlines() == ["python install 3.12"]


def test_a_machine_without_uv_gets_it_by_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a folder of its own in the cache, by the lock's version and hashes; a failure leaves no uv."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BASKETRY_CACHE", str(tmp_path / "cache"))
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda command, **_: commands.append(command))
    assert bootstrap.find_uv() == ""
    folder = tmp_path / "cache" / "uv"
    assert commands[0][:4] == [sys.executable, "-m", "pip", "install"]
    assert "--require-hashes" in commands[0] and str(folder) in commands[0]
    assert (folder / "requirement.txt").read_text().startswith("uv==")
    (folder / "bin").mkdir()
    (folder / "bin" / "uv").touch()
    assert bootstrap.find_uv() == str(folder / "bin" / "uv")


def test_a_python_too_old_is_one_sentence(tmp_path: Path) -> None:
    """What the first file does with a Python that cannot read the next one, here one that says it is 2.7."""
    source = (CHECKOUT / "tools" / "start.py").read_text()
    told = source.replace("import sys\n", "import sys\nsys.version_info = (2, 7, 18)\n")
    program = tmp_path / "start.py"
    program.write_text(told)
    done = subprocess.run([sys.executable, str(program)], env={"PATH": "/nowhere"}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "Basketry: Python 2.7 is too old: install 3.11, 3.12 or 3.13 (apt, brew, pyenv)"
        " or name it: make PYTHON=/path/to/python3.12.\n"
    )


def test_a_python_too_old_starts_a_newer_one(tmp_path: Path) -> None:
    """That of the path goes on, with the same command."""
    source = (CHECKOUT / "tools" / "start.py").read_text()
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "start.py").write_text(source.replace("import sys\n", "import sys\nsys.version_info = (3, 7, 1)\n"))
    (folder / "bootstrap.py").write_text("import sys; print('goes on with', *sys.argv[1:])")
    newer = tmp_path / "bin" / "python3.13"
    newer.parent.mkdir()
    newer.symlink_to(sys.executable)
    done = subprocess.run(
        [sys.executable, str(folder / "start.py"), "test", "-x"],
        env={"PATH": str(newer.parent)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "goes on with test -x\n", done.stderr


def test_what_runs_before_the_packages_needs_nothing_newer_than_python_3_8() -> None:
    """The bootstrap and all that it imports: no newer syntax, and of other packages only what it can do without."""
    names = set(subprocess.check_output([sys.executable, "-S", "-c", LOADED], cwd=CHECKOUT, text=True).split())
    assert {"tools.bootstrap", "tools.preflight", "tools.memory"} <= names
    for name in names:
        path = CHECKOUT / (name.replace(".", "/") + ".py")
        text = (path if path.exists() else CHECKOUT / name / "__init__.py").read_text(encoding="utf-8")
        ast.parse(text, feature_version=(3, 8))
        assert name == "tools" or "from __future__ import annotations" in text, name


LOADED = """
import sys
import tools.bootstrap
print(*[name for name in sys.modules if name.split(".")[0] == "tools"])
"""
"""Loads the bootstrap, by a Python that sees no package (-S), and tells the modules of ours that it needs."""


def test_the_first_file_is_of_any_python() -> None:
    """No word in it that Python 2.7 does not know: it has no annotation, no f-string and no import that is newer."""
    text = (CHECKOUT / "tools" / "start.py").read_text()
    tree = ast.parse(text)
    assert not [
        n for n in ast.walk(tree) if isinstance(n, (ast.JoinedStr, ast.AnnAssign, ast.FunctionDef, ast.NamedExpr))
    ]
    assert {one.name for n in ast.walk(tree) if isinstance(n, ast.Import) for one in n.names} == {"os", "sys"}
    assert text.isascii() and "tools/start.py" in (CHECKOUT / "Makefile").read_text()


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


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A checkout with both locks in which nothing is really installed; returns the commands that would have done it."""
    for name in ("requirements.txt", "tests/requirements.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("uv==1\n")
    for name, path in (("CHECKOUT", "."), ("LOCK", "requirements.txt"), ("TEST_LOCK", "tests/requirements.txt")):
        monkeypatch.setattr(bootstrap, name, tmp_path / path)
    monkeypatch.setattr(bootstrap, "PROJECT", tmp_path / "pyproject.toml")
    shown: list[str] = []
    monkeypatch.setattr(bootstrap, "install_uv", lambda venv: None)
    monkeypatch.setattr(bootstrap, "run_shown", lambda command: shown.append(" ".join(command)))
    return shown


def install(venv: Path, command: str) -> None:
    """Prepare the environment for a command."""
    bootstrap.install_locks(venv, command)
    bootstrap.install_library(venv)


def test_an_unchanged_lock_is_not_installed_again(tmp_path: Path, checkout: list[str]) -> None:
    """The second command starts at once: the stamp of the lock decides, and another lock installs."""
    for _ in range(2):
        install(tmp_path, "run")
    assert len(checkout) == 2, "packages and library"
    (tmp_path / "requirements.txt").write_text("uv==2\n")
    install(tmp_path, "run")
    assert len(checkout) == 4, "the library too, which installing the lock removes"


def test_who_only_runs_gets_nothing_to_develop_with(tmp_path: Path, checkout: list[str]) -> None:
    """`make run` installs one lock, `make test` the other one too, and it stays for whatever comes next."""
    install(tmp_path, "run")
    assert checkout[0].endswith(f" {tmp_path}/requirements.txt")
    install(tmp_path, "test")
    assert checkout[2].endswith(f" {tmp_path}/requirements.txt {tmp_path}/tests/requirements.txt")
    install(tmp_path, "run")
    assert len(checkout) == 4


def test_an_image_gets_packages_before_code(tmp_path: Path, checkout: list[str]) -> None:
    """Without tests/ one lock is all; without pyproject.toml the library waits for a second setup, which installs it alone."""
    (tmp_path / "tests" / "requirements.txt").unlink()
    (tmp_path / "pyproject.toml").rename(tmp_path / "later")
    install(tmp_path, "setup")
    assert [command.split()[2] for command in checkout] == ["sync"]
    (tmp_path / "later").rename(tmp_path / "pyproject.toml")
    install(tmp_path, "setup")
    assert [command.split()[2] for command in checkout] == ["sync", "install"]
    assert "--no-build-isolation" in checkout[1] and checkout[1].endswith(f"--editable {tmp_path}")


def test_another_checkouts_library_is_replaced(
    tmp_path: Path, checkout: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment that two checkouts share runs the code of the one that was started last."""
    install(tmp_path, "run")
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path / "tests")
    bootstrap.install_library(tmp_path)
    assert checkout[-1].endswith(f"--editable {tmp_path / 'tests'}")


def test_the_machine_is_looked_at_before_anything_is_fetched(
    tmp_path: Path, checkout: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that is used stops the run with one sentence, and nothing was made or installed."""
    made: list[str] = []
    monkeypatch.setattr(bootstrap, "make_venv", lambda python, venv: made.append(python))
    monkeypatch.setenv("BASKETRY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BASKETRY_CACHE", str(tmp_path / "cache"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("BASKETRY_MLFLOW_PORT", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit, match=r"^Basketry: port \d+ is used by .*BASKETRY_MLFLOW_PORT"):
            bootstrap.prepare_venv(tmp_path / "venv", "run")
    assert made == checkout == []
