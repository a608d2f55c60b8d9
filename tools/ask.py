"""`make ask Q="…"`: a question in plain words to the local tables, answered in the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table as Grid

from tools.environment import InstancePaths, chosen_catalog
from tools.problem import Problem
from tools.terminal import verbatim

if TYPE_CHECKING:
    from basketry.ask import Answer

MOST_SHOWN = 50
_UNITS: dict[str, Callable[[Any], str]] = {
    "money": lambda value: f"{float(value):,.2f}",
    "count": lambda value: f"{float(value):,.6g}" if float(value) % 1 else f"{int(value):,}",
    "share": lambda value: f"{float(value):.1%}",
    "number": lambda value: f"{float(value):,.3f}",
}


def ask_command(arguments: list[str]) -> int:
    """Answer the question of Q or of the command line."""
    question = " ".join(arguments) or os.environ.get("Q", "")
    if not question.strip():
        raise Problem('ask something: make ask Q="Top 5 products by revenue last month".')
    from basketry.ask import answer, drafter
    from basketry.config.settings import Settings
    from basketry.errors import BadInputError
    from basketry.warehouse import open_warehouse

    catalog = chosen_catalog()
    places = InstancePaths.from_environment()
    try:
        warehouse = open_warehouse(
            catalog, Settings.from_environment({**os.environ, "BASKETRY_HOME": str(places.home)})
        )
        drafts = drafter(os.environ)
    except BadInputError as error:
        raise Problem(error.message) from None
    reply = answer(question, team=os.environ.get("TEAM") or "on_call", warehouse=warehouse, drafter=drafts)
    show(reply, Console(file=sys.stdout))
    return 0 if reply.answered else 1


def show(answer: Answer, console: Console) -> None:
    """Print the question as understood, the rows, the query, and how fresh the data is; or why not, and what to ask."""
    if not answer.answered:
        console.print(verbatim(f"Not answered: {answer.refusal}"))
        for suggestion in answer.suggestions:
            console.print("  Did you mean:", verbatim(suggestion))
        return
    console.print(verbatim(f"{answer.understood[:1].upper()}{answer.understood[1:]}."), end="\n\n")
    console.print(answer_grid(answer))
    if len(answer.rows) > MOST_SHOWN:
        console.print(f"… {len(answer.rows) - MOST_SHOWN} more rows")
    console.print("", *map(verbatim, answer.sql.splitlines()), "", sep="\n")
    for state in answer.read:
        written = state.written_at.strftime("%Y-%m-%d %H:%M UTC")
        console.print(verbatim(f"{state.name} version {state.version}, written {written}"))


def answer_grid(answer: Answer) -> Grid:
    """Lay out the rows of an answer, at most MOST_SHOWN."""
    grid = Grid(box=None, pad_edge=False)
    for heading in answer.columns:
        grid.add_column(verbatim(heading.label), justify="left" if heading.unit in ("text", "date") else "right")
    for row in answer.rows[:MOST_SHOWN]:
        grid.add_row(
            *(verbatim(_text(value, heading.unit)) for value, heading in zip(row, answer.columns, strict=True))
        )
    return grid


def _text(value: Any, unit: str) -> str:
    return "" if value is None else _UNITS.get(unit, str)(value)
