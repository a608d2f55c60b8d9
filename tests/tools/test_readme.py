"""The README tells the truth: its commands, its table of DAGs, its links."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.tools.declared import DAGS, PAGES, TARGETS
from tools.environment import CHECKOUT

README = (CHECKOUT / "README.md").read_text()


def table_row(line: str) -> tuple[str, ...]:
    cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
    runbook = re.search(r"\((docs/runbooks/\S+?)\)", cells[-1])
    assert runbook
    return cells[0], cells[1], cells[2], cells[3], runbook[1]


def test_the_table_of_dags_is_what_the_dags_say() -> None:
    """Schedule, owner, tier and runbook of every DAG, and of no other."""
    said = {table_row(line) for line in README.splitlines() if "docs/runbooks/" in line and line.startswith("|")}
    assert said == {dataclasses.astuple(dag) for dag in DAGS.values()}


def test_the_two_commands_are_on_the_first_screen() -> None:
    """Within 40 lines: what it is, a picture, the two commands, and real output."""
    first = "\n".join(README.splitlines()[:40])
    assert "make run" in first and "make test" in first
    assert first.count("```") >= 4


def test_every_command_exists() -> None:
    """Each `make <target>` that the README or a guide names is a target."""
    text = "\n".join((CHECKOUT / page).read_text() for page in PAGES)
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.M))
    assert named <= TARGETS
    assert {"run", "test"} <= named


def test_every_target_is_in_the_readme() -> None:
    """No command is a secret."""
    assert all(f"make {target}" in README for target in TARGETS)


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
    printed = "".join(path.read_text() for path in (CHECKOUT / "tools" / "show").glob("*.py"))
    headings = (
        *(
            "rows read",
            "quarantined",
            "first figures",
            "net revenue",
            "product, week of",
            "may be called on",
            "moved from",
        ),
        *(
            "decision for the",
            "worth",
            "likeliest to buy",
            "probability",
            "offers (simulated shoppers)",
            "How many customers are at risk?",
        ),
    )
    assert [heading for heading in headings if heading not in README] == []
    assert [heading for heading in headings if heading not in printed] == []
