"""What the DAG files and the Makefile say of themselves, read without importing them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from tools.environment import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
_GUIDES = sorted(str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "docs").rglob("*.md"))
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "SECURITY.md", *_GUIDES]


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A DAG as its file says it. schedule: cron text in UTC, `by hand` when it has none."""

    name: str
    schedule: str
    owner: str
    tier: str
    runbook: str


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    """Calls of a function by its plain name."""
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]


def _schedule(tree: ast.AST, dag: ast.Call) -> str:
    schedule = next(keyword.value for keyword in dag.keywords if keyword.arg == "schedule")
    if isinstance(schedule, ast.Constant) and schedule.value is None:
        return "by hand"
    timetable = calls(tree, "CronTriggerTimetable")[0]
    zone = next(keyword.value for keyword in timetable.keywords if keyword.arg == "timezone")
    assert isinstance(zone, ast.Constant) and zone.value == "UTC"
    assert isinstance(timetable.args[0], ast.Constant)
    return str(timetable.args[0].value)


def declared(path: Path) -> Declared:
    """The one DAG of a file."""
    tree = ast.parse(path.read_text())
    dag = calls(tree, "DAG")[0]
    defaults = {
        k.arg: k.value.value for k in calls(tree, "dag_defaults")[0].keywords if isinstance(k.value, ast.Constant)
    }
    assert isinstance(dag.args[0], ast.Constant)
    return Declared(
        name=str(dag.args[0].value),
        schedule=_schedule(tree, dag),
        **{name: str(defaults[name]) for name in ("owner", "tier", "runbook")},
    )


DAGS = {path.stem: declared(path) for path in sorted((CHECKOUT / "dags").glob("*.py"))}
