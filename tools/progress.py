"""Live progress: one line per step, with its time. On a terminal the lines move; into a pipe each is said when it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

from tools.terminal import plain

MARKS = {"done": "[green]✔[/]", "failed": "[red]✘[/]"}


class Step:
    """One thing that is being done. seconds counts on until it ends."""

    def __init__(self, title: str) -> None:
        """Start the clock of a step with the title that a person reads."""
        self.title = title
        self.detail = ""
        self.state = "running"
        self._start = time.monotonic()
        self._end: float | None = None
        self.spinner = Spinner("dots")

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self._end or time.monotonic()) - self._start

    def end(self, state: str) -> None:
        """Stop the clock.

        Args:
            state: `done` or `failed`.
        """
        self.state = state
        self._end = time.monotonic()


class Board:
    """All steps of a run, shown while they are done."""

    def __init__(self, console: Console) -> None:
        """Prepare a board that is shown on a console."""
        self.console = console
        self.steps: list[Step] = []
        self.started = time.monotonic()
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=8, transient=False)

    def __enter__(self) -> Board:
        """Begin to show."""
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Show the last state and stop."""
        for step in self.steps:
            if step.state == "running":
                step.end("failed")
        if self.console.is_terminal:
            self._live.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Time a block; it failed when it raises."""
        step = self.begin(title)
        try:
            yield step
        except BaseException:
            self.end(step, "failed")
            raise
        self.end(step, "done")

    def begin(self, title: str) -> Step:
        """Begin a step that runs beside others; give it to `end`."""
        step = Step(title)
        self.steps.append(step)
        return step

    def end(self, step: Step, state: str) -> None:
        """End a step.

        Args:
            step: The step that is over.
            state: `done` or `failed`.
        """
        step.end(state)
        if not self.console.is_terminal:
            rest = f"[dim]{step.seconds:.1f} s {escape(plain(step.detail))}[/]"
            self.console.print(f"{MARKS[state]} {escape(plain(step.title))} {rest}", soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for step in self.steps:
            mark = MARKS.get(step.state) or step.spinner
            detail = f"[dim]{escape(plain(step.detail))}[/]"
            table.add_row(mark, escape(plain(step.title)), f"[dim]{step.seconds:6.1f} s[/]", detail)
        return table
