"""Questions in plain words with their answers, as `make ask` would give them."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from basketry.ask import answer
from basketry.config.settings import Settings
from basketry.warehouse import open_warehouse
from tools.ask import answer_grid
from tools.terminal import verbatim

TEAM = "on_call"
QUESTIONS = (
    "Top 3 products by revenue last month",
    "Revenue last week compared with the week before",
    "How many customers are at risk?",
)


def show_questions(console: Console, home: Path, catalog: str) -> None:
    """Print each question with its answer, or with the sentence that says why there is none."""
    warehouse = open_warehouse(catalog, Settings.from_environment({"BASKETRY_HOME": str(home)}))
    for question in QUESTIONS:
        reply = answer(question, team=TEAM, warehouse=warehouse)
        console.print()
        console.print("[bold]make ask[/]", verbatim(f'Q="{question}"'))
        if reply.answered:
            console.print(answer_grid(reply))
        else:
            console.print(verbatim(reply.refusal))
