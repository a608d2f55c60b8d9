"""Runs of DAGs, followed on the board until they end, several side by side.

What is done beside other things is a generator that yields while it waits; `side_by_side` goes through all of them in
turn. So Ctrl-C ends `make run` at once, whatever it waits for; the runs go on, and the next `make run` follows them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from basketry.errors import BasketryError
from tools.airflow_client import AirflowClient
from tools.deliver import yesterday
from tools.environment import scheduled_catalog
from tools.problem import Problem
from tools.progress import Step
from tools.task_errors import failed_run

Result = TypeVar("Result")
Waits = Generator[None, None, Result]
"""Something that yields while it waits."""

PAUSE, RUN_SECONDS = 1.0, 3600.0
RESUMED = ("bootstrap",)
"""To train and judge first models twice would ask a person which of two equal ones is better."""
FINDS_NOTHING = "There are no files of the day that this run is about, so make run has let its tasks be skipped."
"""Noted at a scheduled run that began when its DAG was unpaused, and would only fail."""
FINISHED = frozenset({"success", "skipped"})
"""States of a task whose result is there, or never will be."""


def side_by_side(*branches: Iterator[None]) -> None:
    """Go through the branches in turn until all have ended.

    Raises:
        Problem: A branch failed; raised when the others have ended, with what went wrong in each.
    """
    waiting, problems = list(branches), []
    while waiting:
        for branch in list(waiting):
            try:
                next(branch)
            except StopIteration:
                waiting.remove(branch)
            except (Problem, BasketryError) as problem:
                waiting.remove(branch)
                problems.append(getattr(problem, "message", str(problem)))
        if waiting:
            time.sleep(PAUSE)
    if problems:
        raise Problem(" ".join(problems))


def in_background(work: Callable[[], Result]) -> Waits[Result]:
    """Yield while a thread works, which Ctrl-C does not wait for; return its result, or raise its error."""
    future: Future[Result] = Future()

    def finish() -> None:
        """Do the work."""
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=finish, daemon=True).start()
    while not future.done():
        yield
    return future.result()


@dataclass(frozen=True)
class DagRuns:
    """Starts runs of one catalog and follows them.

    Attributes:
        client: Airflow.
        catalog: The catalog.
        home: Of the instance, where the logs are.
    """

    client: AirflowClient
    catalog: str
    home: Path

    def is_active(self, dag: str, conf: Mapping[str, object] | None = None) -> bool:
        """Whether a run with these answers to the form waits or works already."""
        return self.client.active_run(dag, self._form_of_equals(dag, conf or {})) is not None

    def _form_of_equals(self, dag: str, conf: Mapping[str, object]) -> dict[str, object]:
        """Return the answers by which a run is known to do the same; those of RESUMED do whatever the day."""
        return {"catalog": self.catalog} if dag in RESUMED else {"catalog": self.catalog, **conf}

    def finish(
        self,
        dag: str,
        step: Step,
        done: Callable[[], bool],
        conf: Mapping[str, object],
        ready: Mapping[str, Callable[[], None]] | None = None,
    ) -> Waits[None]:
        """Let a DAG run until a thing is done: by runs that are under way or due, else by one of its own.

        Args:
            dag: The DAG.
            step: Shows which tasks run.
            done: Whether nothing is left to do.
            conf: The answers to the DAG's form, besides the catalog.
            ready: By task, what to do as soon as it has ended well or was skipped.

        Raises:
            FailedRun: The run failed.
        """
        equals, waiting = self._form_of_equals(dag, conf), dict(ready or {})
        due = self.client.unpause_due(dag)
        if due and self._finds_nothing(conf):
            self.client.skip(dag, due, FINDS_NOTHING)
            due = None
        if self.catalog != scheduled_catalog():
            due = None
        for run in filter(None, (due, self.client.active_run(dag, equals))):
            yield from self._follow(dag, run, step, waiting)
        if not done():
            resumed = self.client.resume(dag, equals) if dag in RESUMED else None
            run = resumed or self.client.trigger(dag, {"catalog": self.catalog, **conf})
            if (yield from self._follow(dag, run, step, waiting)) == "failed":
                raise failed_run(self.client, dag, run, self.home)
        for act in waiting.values():
            act()

    def _finds_nothing(self, conf: Mapping[str, object]) -> bool:
        """Whether a scheduled run, which is about yesterday, could only fail: the files end before, or there are none."""
        scheduled = scheduled_catalog()
        if self.catalog != scheduled:
            return not (self.home / "lake" / scheduled).exists()
        return conf.get("as_of") not in (None, yesterday(scheduled).isoformat())

    def _follow(self, dag: str, run: str, step: Step, waiting: dict[str, Callable[[], None]]) -> Waits[str]:
        polls = self.client.polls(dag, run, RUN_SECONDS)
        while True:
            try:
                next(polls)
            except StopIteration as ended:
                step.detail = ""
                return str(ended.value)
            states = {str(task["task_id"]): task["state"] for task in self.client.tasks(dag, run)}
            step.detail = ", ".join(task for task, state in states.items() if state == "running")
            for task in [task for task in waiting if states.get(task) in FINISHED]:
                waiting.pop(task)()
            yield
