"""The README tells the truth: its commands, its table of DAGs, its links."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.environment import CHECKOUT

README = (CHECKOUT / "README.md").read_text()
MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]


def schedule_of(tree: ast.AST, dag: ast.Call) -> str:
    """The cron text of a DAG in UTC, `by hand` when it has none."""
    given = next(keyword.value for keyword in dag.keywords if keyword.arg == "schedule")
    if isinstance(given, ast.Constant) and given.value is None:
        return "by hand"
    timetable = calls(tree, "CronTriggerTimetable")[0]
    zone = next(keyword.value for keyword in timetable.keywords if keyword.arg == "timezone")
    assert isinstance(zone, ast.Constant) and zone.value == "UTC"
    assert isinstance(timetable.args[0], ast.Constant)
    return str(timetable.args[0].value)


def facts_of(path: Path) -> tuple[str, ...]:
    """(DAG, schedule, owner, tier, runbook) as the file says them, without importing it."""
    tree = ast.parse(path.read_text())
    dag = calls(tree, "DAG")[0]
    on_call = {k.arg: k.value.value for k in calls(tree, "on_call")[0].keywords if isinstance(k.value, ast.Constant)}
    assert isinstance(dag.args[0], ast.Constant)
    name = str(dag.args[0].value)
    return name, schedule_of(tree, dag), str(on_call["owner"]), str(on_call["tier"]), str(on_call["runbook"])


def table_row(line: str) -> tuple[str, ...]:
    cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
    runbook = re.search(r"\((docs/runbooks/\S+?)\)", cells[-1])
    assert runbook
    return cells[0], cells[1], cells[2], cells[3], runbook[1]


def test_the_table_of_dags_is_what_the_dags_say() -> None:
    """Schedule, owner, tier and runbook of every DAG, and of no other."""
    said = {table_row(line) for line in README.splitlines() if "docs/runbooks/" in line and line.startswith("|")}
    assert said == {facts_of(path) for path in (CHECKOUT / "dags").glob("*.py")}


def test_the_two_commands_are_on_the_first_screen() -> None:
    """Within 40 lines: what it is, a picture, the two commands, and real output."""
    first = "\n".join(README.splitlines()[:40])
    assert "make run" in first and "make test" in first
    assert first.count("```") >= 4


def test_every_command_exists() -> None:
    """Each `make <target>` that the README or a guide names is a target."""
    text = "\n".join([README, *(page.read_text() for page in (CHECKOUT / "docs").rglob("*.md"))])
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.M))
    assert named <= TARGETS
    assert {"run", "test"} <= named


def test_every_target_is_in_the_readme() -> None:
    """No command is a secret."""
    assert all(f"make {target}" in README for target in TARGETS)


PAGES = ["README.md", *sorted(str(page.relative_to(CHECKOUT)) for page in (CHECKOUT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_resolves(page: str) -> None:
    """A relative link leads to a file of the repository."""
    text = (CHECKOUT / page).read_text()
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:|#", link)]
    roots = ((CHECKOUT / page).parent, CHECKOUT)
    assert not [link for link in links if not any((root / link).exists() for root in roots)]


def test_the_output_shown_has_the_shape_of_the_real_one() -> None:
    """The first screen's output has the very headings that the summary prints."""
    summary = (CHECKOUT / "tools" / "summary.py").read_text()
    for heading in ("rows read", "quarantined", "duplicate", "net revenue"):
        assert heading in README and heading in summary
