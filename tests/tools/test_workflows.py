"""What the forge runs is what a person runs: make targets, with pinned actions and the least rights."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.declared import DAGS, TARGETS
from tools import bootstrap, checks
from tools.dist import SBOM_MAKER
from tools.doctor import machine
from tools.environment import CHECKOUT
from tools.problem import Problem

FORGE = CHECKOUT / ".github"
WORKFLOWS = sorted((FORGE / "workflows").glob("*.yml"))
ACTIONS = sorted((FORGE / "actions").glob("*/action.yml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n")
every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def loaded(path: Path) -> dict[str, Any]:
    """Read a YAML file of the forge; `on` is the true of YAML 1.1."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every step of every job of a workflow."""
    for job in loaded(path)["jobs"].values():
        yield from job["steps"]


@every_workflow
def test_a_workflow_runs_make_targets_alone(path: Path) -> None:
    """What a step runs is one target of make, which anybody can run; only the release itself is the forge's own command."""
    commands = [shlex.split(step["run"]) for step in steps(path) if "run" in step]
    assert commands
    for command in commands:
        if command[:3] != ["gh", "release", "create"]:
            assert command[0] == "make" and command[1] in TARGETS and len(command) == 2, command


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_action_is_pinned(path: Path) -> None:
    """A commit's full hash with its version beside it; actions of this repository come with its own commit."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if re.search(r"\buses:", line)]
    assert lines
    for line in lines:
        own = re.search(r"uses: \$/(\S+)\n", line)
        assert PINNED.search(line) or (own and (CHECKOUT / own[1] / "action.yml").is_file()), line


def test_an_action_has_one_version() -> None:
    """Two workflows do not use two editions of one action."""
    text = "".join(path.read_text(encoding="utf-8") for path in [*WORKFLOWS, *ACTIONS])
    pins = set(re.findall(r"uses: ([^@\s]+)@(\S+ # \S+)", text))
    assert len(pins) == len({action for action, _ in pins})


@every_workflow
def test_rights_are_declared_job_by_job(path: Path) -> None:
    """A workflow has no rights; each job takes what it needs, and only a release may write."""
    workflow = loaded(path)
    assert workflow["permissions"] == {}
    rights = [right for job in workflow["jobs"].values() for right in job["permissions"].values()]
    assert set(rights) <= ({"read", "write"} if path.stem == "release" else {"read"})


@every_workflow
def test_a_workflow_ends(path: Path) -> None:
    """Every job has a limit of time, and a later run of the same takes the place of an earlier one or waits for it."""
    workflow = loaded(path)
    assert {"group", "cancel-in-progress"} <= set(workflow["concurrency"])
    assert all(0 < job["timeout-minutes"] <= 360 for job in workflow["jobs"].values())


@every_workflow
def test_a_checkout_leaves_no_credentials(path: Path) -> None:
    """No later step finds the token in .git/config."""
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_the_fast_tests_run_on_every_python() -> None:
    """The Pythons of the workflow are those that the bootstrap takes, the doctor accepts and pyproject.toml states."""
    tested = loaded(FORGE / "workflows" / "ci.yml")["jobs"]["test-fast"]["strategy"]["matrix"]["python-version"]
    assert sorted(tested) == sorted(bootstrap.VERSIONS) == [".".join(map(str, version)) for version in machine.PYTHONS]
    oldest, newest = machine.PYTHONS[0], machine.PYTHONS[-1]
    bounds = f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"'
    assert bounds in (CHECKOUT / "pyproject.toml").read_text()


def test_every_file_of_the_forge_has_its_schema() -> None:
    """No workflow, action or form goes unchecked because of its name."""
    checked = {word for linter in checks.LINTERS if linter[0] == "check-jsonschema" for word in linter[3:]}
    assert checked == {str(path.relative_to(CHECKOUT)) for path in FORGE.rglob("*.y*ml")}


def test_linters_are_chosen_by_name() -> None:
    """`make lint ARGS="ruff mypy"` runs these; a name that is none is answered with the list."""
    assert checks.chosen_linters([]) == list(checks.LINTERS)
    assert {linter[0] for linter in checks.chosen_linters(["mypy", "check-jsonschema"])} == {"mypy", "check-jsonschema"}
    with pytest.raises(Problem, match=r"no linter 'pylint'; there are: ruff, mypy, "):
        checks.chosen_linters(["pylint"])


def test_pre_commit_runs_what_make_runs() -> None:
    """Each hook is a target of make in the lock's environment; together they run every linter."""
    hooks = [hook for repo in loaded(CHECKOUT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    commands = [shlex.split(hook["entry"]) for hook in hooks]
    assert all(command[0] == "make" and command[1] in {"format", "lint"} for command in commands)
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in hooks)
    chosen = {name for command in commands for word in command[2:] for name in word.removeprefix("ARGS=").split()}
    assert chosen == {linter[0] for linter in checks.LINTERS}


def owned() -> list[tuple[str, list[str]]]:
    """Read CODEOWNERS: each path with its teams."""
    lines = (FORGE / "CODEOWNERS").read_text(encoding="utf-8").splitlines()
    return [(words[0], words[1:]) for words in map(str.split, lines) if words and not words[0].startswith("#")]


def test_code_owners_are_owners_of_dags() -> None:
    """Every path is there, every team is one that a DAG names, and each DAG's file belongs to the DAG's owner."""
    teams = {dag.owner for dag in DAGS.values()}
    for path, owners in owned():
        assert path == "*" or (CHECKOUT / path.strip("/")).exists(), path
        assert owners and {owner.split("/")[1] for owner in owners} <= teams
    for stem, dag in DAGS.items():
        last = [owners for path, owners in owned() if path in ("*", "/dags/", f"/dags/{stem}.py")][-1]
        assert [owner.split("/")[1] for owner in last] == [dag.owner], stem


def test_generated_files_are_marked() -> None:
    """What a command makes is marked for reviews, and each pattern of .gitattributes still meets a file."""
    lines = (CHECKOUT / ".gitattributes").read_text().splitlines()
    marked = [line.split()[0] for line in lines if "linguist-generated" in line]
    assert {"requirements.txt", "docs/data-model.md", "include/dashboards/*.json"} <= set(marked)
    absent = [
        pattern for pattern in marked if not pattern.startswith("tests/releases") and not list(CHECKOUT.glob(pattern))
    ]
    assert not absent


def test_the_licence_is_stated_once() -> None:
    """LICENSE is the text that pyproject.toml names."""
    text = (CHECKOUT / "LICENSE").read_text()
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert 'license = "Apache-2.0"' in (CHECKOUT / "pyproject.toml").read_text()


def test_what_is_fetched_outside_the_lock_is_pinned() -> None:
    """The auditor and the maker of the SBOM are named with their versions."""
    assert all(re.fullmatch(r"[\w-]+==\d+\.\d+\.\d+", name) for name in (checks.AUDITOR, SBOM_MAKER))
