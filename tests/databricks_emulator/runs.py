"""The runs of the emulated workspace: what is known of each, and which of them a request means."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.databricks_emulator.errors import ApiError, invalid
from tests.databricks_emulator.payload import Submission, TaskSettings
from tests.databricks_emulator.states import PENDING, TERMINATING, State

CREATOR = "basketry@example.com"
CLUSTER_ID = "1121-100000-emulator"
UNTOUCHED_SETTINGS = ("environment_key", "existing_cluster_id", "new_cluster", "libraries", "spark_python_task")
"""What the service repeats of a task's settings when asked for the run."""


def now_millis() -> int:
    """Milliseconds since 1970, the unit of every time in the Jobs API."""
    return time.time_ns() // 1_000_000


@dataclass(kw_only=True)
class TaskRun:
    """One task of a run; it has a run id of its own, and only that one has an output."""

    run_id: int
    settings: TaskSettings
    logs: Path
    state: State = PENDING
    started: int = field(default_factory=now_millis)
    ended: int = 0
    error: str = ""
    trace: str = ""

    def log(self, name: str = "stdout") -> str:
        """What its script has written to stdout or stderr so far; only tests can read it, see get-output."""
        path = self.logs / name
        return path.read_text(errors="replace") if path.exists() else ""

    def finish(self, state: State) -> None:
        """Enter a state that stays."""
        self.ended = now_millis()
        self.state = state

    def as_dict(self, url: str) -> dict[str, Any]:
        """A `RunTask` of the Jobs API."""
        kept = {name: self.settings.settings[name] for name in UNTOUCHED_SETTINGS if name in self.settings.settings}
        return {
            **kept,
            **times(self.started, self.ended),
            "task_key": self.settings.key,
            "run_id": self.run_id,
            "attempt_number": 0,
            "depends_on": [{"task_key": key} for key in self.settings.depends_on],
            "run_if": "ALL_SUCCESS",
            "run_page_url": f"{url}/run/{self.run_id}",
            "cluster_instance": {"cluster_id": CLUSTER_ID, "spark_context_id": str(self.run_id)},
            "state": self.state.as_state(),
            "status": self.state.as_status(),
        }


@dataclass(kw_only=True)
class Run:
    """A submitted run with its tasks; `cancel` is set by whoever wants it to end."""

    run_id: int
    job_id: int
    submission: Submission
    tasks: tuple[TaskRun, ...]
    state: State = PENDING
    started: int = field(default_factory=now_millis)
    ended: int = 0
    cancel: threading.Event = field(default_factory=threading.Event)
    running: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, state: State) -> None:
        """Enter a state, unless the run has ended meanwhile: a late cancellation must not wake it up again."""
        with self._lock:
            if not self.state.terminal:
                self.state = state

    def ask_to_end(self) -> None:
        """What a cancellation does; it ends later, when its process is gone."""
        self.enter(TERMINATING)
        self.cancel.set()

    def finish(self, state: State) -> None:
        """Enter a state that stays."""
        with self._lock:
            self.ended = now_millis()
            self.state = state
        self.done.set()

    def as_dict(self, url: str, task: TaskRun | None = None, *, with_tasks: bool = True) -> dict[str, Any]:
        """A `Run` of the Jobs API: the run, or one of its tasks seen as a run."""
        seen = task or self
        page = f"{url}/?o=1#job/{self.job_id}/run/{seen.run_id}"
        body = {
            **times(seen.started, seen.ended),
            "job_id": self.job_id,
            "run_id": seen.run_id,
            "job_run_id": self.run_id,
            "number_in_job": self.run_id,
            "original_attempt_run_id": seen.run_id,
            "creator_user_name": CREATOR,
            "run_name": self.submission.name,
            "run_type": "SUBMIT_RUN",
            "format": "MULTI_TASK",
            "trigger": "ONE_TIME",
            "run_page_url": page,
            "state": seen.state.as_state(),
            "status": seen.state.as_status(),
        }
        if with_tasks:
            tasks = (task,) if task else self.tasks
            body["tasks"] = [each.as_dict(f"{url}/?o=1#job/{self.job_id}") for each in tasks]
        return body


def times(started: int, ended: int) -> dict[str, int]:
    """The times of a run or task; an active one ends at 0."""
    duration = ended - started if ended else 0
    return {"start_time": started, "end_time": ended, "run_duration": duration, "execution_duration": duration}


class RunRegistry:
    """All runs, oldest first, and the tokens that they were submitted with."""

    def __init__(self, logs: Path) -> None:
        """logs: folder for what the scripts print."""
        self._logs = logs
        self._runs: dict[int, Run] = {}
        self._by_token: dict[str, int] = {}
        # Ids of an earlier emulator must not come back: Airflow remembers the run of a task that is tried again.
        self._ids = itertools.count(now_millis())
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Run]:
        """Runs in order of submission."""
        with self._lock:
            return iter(list(self._runs.values()))

    def __len__(self) -> int:
        """Number of runs that were accepted and not deleted."""
        return len(self._runs)

    def __getitem__(self, run_id: int) -> Run:
        """The run with this id; KeyError otherwise."""
        return self._runs[run_id]

    def accept(self, submission: Submission) -> tuple[Run, bool]:
        """The run of a submission and whether it is new: a token that is known gives the run it gave before."""
        with self._lock:
            run_id = self._by_token.get(submission.token) if submission.token else None
            if run_id is not None:
                if run_id not in self._runs:
                    raise invalid("The run with this idempotency token was deleted.")
                return self._runs[run_id], False
            run = self._new_run(submission)
            self._runs[run.run_id] = run
            if submission.token:
                self._by_token[submission.token] = run.run_id
            return run, True

    def _new_run(self, submission: Submission) -> Run:
        run_id, job_id = next(self._ids), next(self._ids)
        tasks = []
        for settings in submission.tasks:
            task_id = next(self._ids)
            tasks.append(TaskRun(run_id=task_id, settings=settings, logs=self._logs / str(task_id)))
        return Run(run_id=run_id, job_id=job_id, submission=submission, tasks=tuple(tasks))

    def find(self, run_id: int) -> tuple[Run, TaskRun | None]:
        """The run with this id, or the run and its task when the id is a task's; ApiError when neither."""
        for run in self:
            if run.run_id == run_id:
                return run, None
            for task in run.tasks:
                if task.run_id == run_id:
                    return run, task
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Run {run_id} does not exist.")

    def delete(self, run_id: int) -> None:
        """Forget a finished run; ApiError when it is still active."""
        run, _ = self.find(run_id)
        if not run.state.terminal:
            raise ApiError(400, "INVALID_STATE", f"Run {run_id} is active; cancel it before deleting it.")
        with self._lock:
            self._runs.pop(run.run_id, None)
