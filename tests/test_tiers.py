"""No test is lost between the commands: each is run by exactly one of `make test`, `make test-system` and `make faults`."""

from __future__ import annotations

import re
from collections.abc import Collection

import pytest

from tests.kit.scheduling import SHARED, together
from tests.kit.tiers import COLLECTED
from tools.checks import FAST, FULL, FULL_FOLDERS, SYSTEM, TEST
from tools.environment import CHECKOUT

OWN_TESTS = re.compile(r"^(?:async )?def test_", re.M)


def runs(expression: str, marks: Collection[str]) -> bool:
    """Whether pytest's `-m` with this expression runs a test with these marks."""
    return bool(eval(re.sub(r"\b(?!not\b|and\b|or\b)(\w+)\b", lambda word: str(word[0] in marks), expression)))


def test_every_test_belongs_to_one_command(request: pytest.FixtureRequest) -> None:
    """Of all that was collected, what one command leaves out another one runs, and none runs what another does."""
    collected = request.config.stash[COLLECTED]
    commands = {name: [tier for tier in (TEST, SYSTEM, FULL) if runs(tier, marks)] for name, marks in collected.items()}
    assert request.node.nodeid in commands
    assert {name: tiers for name, tiers in commands.items() if len(tiers) != 1} == {}
    assert not [name for name, marks in collected.items() if runs(FAST, marks) and not runs(TEST, marks)]
    assert all(name.startswith(FULL_FOLDERS) for name, marks in collected.items() if runs(FULL, marks))


@pytest.mark.parametrize(
    ("marks", "command"),
    [
        ((), TEST),
        (("slow", "spark"), TEST),
        (("system",), SYSTEM),
        (("slow", "system"), SYSTEM),
        (("full",), FULL),
        (("system", "full"), FULL),
    ],
)
def test_marks_choose_the_command(marks: tuple[str, ...], command: str) -> None:
    """The longest time that a test names decides, wherever it has its marks from."""
    assert [tier for tier in (TEST, SYSTEM, FULL) if runs(tier, marks)] == [command]
    assert runs(FAST, marks) == (marks == ())


def test_every_test_stands_in_a_file_that_is_collected() -> None:
    """A test in a file whose name pytest does not look at would never fail."""
    files = [path for path in (CHECKOUT / "tests").rglob("*.py") if OWN_TESTS.search(path.read_text(encoding="utf-8"))]
    assert len(files) > 200
    assert not [str(path) for path in files if not path.stem.startswith("test_")]


def test_what_takes_long_to_set_up_is_set_up_in_one_process() -> None:
    """Files go to a process each, and a folder that shares an Airflow or a lake goes to one; each such folder is there."""
    console, other = "tests/plugins/console/", "tests/plugins/test_forms.py"
    assert together(f"{console}test_roles.py::test_a[x::y]") == console
    assert together(f"{other}::test_a") == other
    assert all(list((CHECKOUT / folder).glob("test_*.py")) for folder in SHARED)


def test_a_submission_passes_all_but_the_faults() -> None:
    """`.ci/run` calls linters, tests and system tests, in this order, and ends at the first that fails."""
    script = (CHECKOUT / ".ci" / "run").read_text()
    assert re.findall(r"^(?:exec )?make ([a-z-]+)", script, re.M) == ["lint", "test", "test-system"]
    assert "set -euo pipefail" in script
