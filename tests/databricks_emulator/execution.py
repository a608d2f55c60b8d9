"""Takes an accepted run through its states, from PENDING to the end."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tests.databricks_emulator import states
from tests.databricks_emulator.clusters import Cluster, Clusters
from tests.databricks_emulator.errors import ApiError
from tests.databricks_emulator.faults import FaultKind, Faults
from tests.databricks_emulator.payload import TaskSettings
from tests.databricks_emulator.process import POLL_SECONDS, Ending, ScriptEnvironment, run_script
from tests.databricks_emulator.runs import Run, TaskRun
from tests.databricks_emulator.states import State

TASK_ENDINGS = {
    "success": states.SUCCEEDED,
    "failure": states.FAILED,
    "canceled": states.CANCELED,
    "timed_out": states.TIMED_OUT,
}


@dataclass(frozen=True)
class RunFaults:
    """What will happen to a run, decided when it is submitted so that faults hit runs in order of submission."""

    skipped: bool
    no_cluster: bool
    queued_seconds: float
    canceled_after: float | None

    @classmethod
    def take(cls, faults: Faults) -> RunFaults:
        """Use up the faults that are meant for the next run."""
        queue, cancel = faults.take(FaultKind.QUEUE), faults.take(FaultKind.CANCEL)
        return cls(
            skipped=faults.take(FaultKind.SKIP) is not None,
            no_cluster=faults.take(FaultKind.CLUSTER_FAILURE) is not None,
            queued_seconds=queue.seconds if queue else 0.0,
            canceled_after=cancel.seconds if cancel else None,
        )


def execute(run: Run, run_faults: RunFaults, script_environment: ScriptEnvironment, clusters: Clusters) -> None:
    """Run to the end; blocks, so it belongs into a thread of its own."""
    try:
        _execute(run, run_faults, script_environment, clusters)
    except Exception as error:  # whatever goes wrong, a client that waits must see an end
        run.finish(states.CLUSTER_FAILED.saying(f"The emulator itself failed: {error!r}"))
        raise


def _execute(run: Run, run_faults: RunFaults, script_environment: ScriptEnvironment, clusters: Clusters) -> None:
    if run_faults.skipped:
        _finish_all(run, states.SKIPPED)
        return
    if run_faults.queued_seconds:
        _enter(run, states.QUEUED)
        run.cancel.wait(run_faults.queued_seconds)
        _enter(run, states.PENDING)
    if run.cancel.is_set():
        _finish_all(run, states.CANCELED)
    elif run_faults.no_cluster:
        _finish_all(run, states.CLUSTER_FAILED)
    else:
        _run_tasks(run, run_faults, script_environment, clusters)


def _enter(run: Run, state: State) -> None:
    run.enter(state)
    for task in run.tasks:
        task.state = state


def _finish_all(run: Run, state: State) -> None:
    for task in run.tasks:
        task.finish(state)
    run.finish(state)


def _run_tasks(run: Run, run_faults: RunFaults, script_environment: ScriptEnvironment, clusters: Clusters) -> None:
    ended: dict[str, State] = {}
    for task in run.tasks:
        if run.cancel.is_set():
            task.finish(states.CANCELED)
        elif any(ended[key].result != "SUCCESS" for key in task.settings.depends_on):
            task.finish(states.UPSTREAM_FAILED)
        else:
            cluster = clusters.of_task(task.settings.settings)
            if _waited_for(cluster, run):
                _run_task(
                    run=run, task=task, run_faults=run_faults, script_environment=script_environment, cluster=cluster
                )
            else:
                task.finish(states.CANCELED if run.cancel.is_set() else states.CLUSTER_FAILED)
        ended[task.settings.key] = task.state
    run.finish(states.run_state(ended))


def _waited_for(cluster: Cluster, run: Run) -> bool:
    """Whether the cluster runs before somebody cancels."""
    while not cluster.ready.wait(POLL_SECONDS):
        if run.cancel.is_set() or cluster.gone.is_set():
            return False
    return True


def _run_task(
    run: Run, task: TaskRun, run_faults: RunFaults, script_environment: ScriptEnvironment, cluster: Cluster
) -> None:
    run.enter(states.RUNNING)
    run.running.set()
    settings = task.settings
    script = script_environment.local_script(settings.python_file)
    if script is None:
        task.error = f"Cannot read the python file {settings.python_file}. Please check driver logs for more details."
        task.finish(states.FAILED)
        return
    try:
        script_environment = script_environment.with_variables_of(cluster.spec)
    except ApiError as error:
        task.error = error.message
        task.finish(states.CLUSTER_FAILED)
        return
    task.state = states.RUNNING
    person = _person_who_cancels(run, run_faults)
    limit = settings.timeout_seconds or run.submission.timeout_seconds
    ending = run_script(
        script_environment=script_environment,
        script=script,
        parameters=settings.parameters,
        logs=task.logs,
        stops=(run.cancel, cluster.gone),
        limit=limit,
        wheels=tuple(filter(None, map(script_environment.deployed, _wheels(settings)))),
        serverless=settings.dependencies is not None,
    )
    if person:
        person.cancel()
    if cluster.gone.is_set() and not run.cancel.is_set():
        task.finish(states.cluster_lost(cluster.cluster_id, cluster.reason))
    else:
        _keep(task, ending)


def _wheels(settings: TaskSettings) -> list[str]:
    """The workspace paths of the wheels that a task asks for; one that nobody deployed is not there."""
    if settings.dependencies is not None:
        return [line for line in settings.dependencies if line.endswith(".whl")]
    return [library["whl"] for library in settings.settings.get("libraries", ()) if "whl" in library]


def _keep(task: TaskRun, ending: Ending) -> None:
    task.error, task.trace = ending.error, ending.trace
    task.finish(TASK_ENDINGS[ending.how])


def _person_who_cancels(run: Run, run_faults: RunFaults) -> threading.Timer | None:
    if run_faults.canceled_after is None:
        return None
    person = threading.Timer(run_faults.canceled_after, run.ask_to_end)
    person.daemon = True
    person.start()
    return person
