"""CONTRIBUTING.md is followed to the letter: the domain that it adds is added to a copy, and passes the tests that it names."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.checks import LINTERS
from tools.environment import CHECKOUT

PAGE = (CHECKOUT / "CONTRIBUTING.md").read_text()
STEPS = PAGE[PAGE.index("## Add a domain") :]
BLOCK = re.compile(r"^\*\*([\w./\\-]+)\*\*$|^(`{3,4})(\w+)\n(.*?)^\2$", re.M | re.S)
LEFT_OUT = (".git", ".venv", ".tools", ".basketry", "__pycache__", ".ruff_cache", ".hypothesis", "mlruns")
TOO_SLOW = "not mypy and not answers_and_changes_nothing and not really_worked"
"""mypy is run once below, and for the new domain alone; commands of other runbooks have nothing to do with it."""


@dataclass(frozen=True)
class Step:
    """A block of the page: a new file, a change of one, or commands. path: the file that is named above it."""

    language: str
    path: str
    text: str


def steps() -> list[Step]:
    """Every block, in the order of the page."""
    listed, path = [], ""
    for named, _, language, text in BLOCK.findall(STEPS):
        if named:
            path = named.replace("\\", "")
        else:
            listed.append(Step(language, path, text))
    return listed


def change(path: Path, text: str) -> None:
    """Put the lines with + where those with - or a space stand, wherever they stand."""
    lines = text.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
    after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
    known = path.read_text()
    assert before in known, f"{path.name} has no such lines any more:\n{before}"
    path.write_text(known.replace(before, after))


def do(step: Step, copy: Path) -> None:
    """Make the file, or change it."""
    path = copy / step.path
    if step.language == "diff":
        change(path, step.text)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which every file of the page was made or changed."""
    copy = tmp_path_factory.mktemp("contributing") / "basketry"
    shutil.copytree(CHECKOUT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
    for step in steps():
        if step.language != "sh":
            do(step, copy)
    return copy


def run(command: list[str], copy: Path) -> None:
    """A command in the copy with this environment's programs; its output when it fails."""
    path = os.pathsep.join(str(copy / folder) for folder in ("spark_jobs", "plugins", "."))
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PYTHONPATH": path, "PATH": programs}
    done = subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"


@pytest.mark.system
def test_the_domain_of_the_page_works(copy: Path) -> None:
    """Its commands, one after another: the page of tables, the linters, its own test (on Spark) and the tests of the house."""
    (commands,) = [step.text.splitlines() for step in steps() if step.language == "sh"]
    made, linted, tested = [shlex.split(command) for command in commands]
    assert (made[:2], linted) == (["make", "data-model"], ["make", "lint"])
    run([sys.executable, "-m", "tools", made[1]], copy)
    for linter in LINTERS:
        run([*linter, "spark_jobs/basketry/domains/stores"] if linter == ("mypy",) else list(linter), copy)
    selection = tested[2].removeprefix("ARGS=").split()
    run([sys.executable, "-m", "pytest", "-n0", "-q", "--tb=short", "-k", TOO_SLOW, *selection], copy)
    assert "## gold.store_days" in (copy / "docs" / "data-model.md").read_text()


def test_a_change_that_no_longer_fits_is_noticed(tmp_path: Path) -> None:
    """A block whose lines are gone from the file fails instead of doing nothing."""
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    change(path, " one\n-two\n+three\n")
    assert path.read_text() == "one\nthree\n"
    with pytest.raises(AssertionError, match="no such lines"):
        change(path, "-two\n+four\n")
