"""How far a catalog has come on its way from delivered files to answers: the state of each of its first steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from basketry.config.settings import Settings
from basketry.contracts import feed_names
from basketry_airflow.console import formats
from basketry_airflow.console.airflow_status import RunTrigger, run_trigger
from basketry_airflow.console.dag_activity import DagActivity, dag_activities
from basketry_airflow.console.filling import describe, start_fields
from basketry_airflow.console.page import Page
from basketry_airflow.console.run_errors import run_error
from basketry_airflow.console.verdicts import first_refusal_of
from basketry_airflow.console.viewer import Viewer

DONE, RUNNING, WAITING, FAILED, NOT_YET = "done", "running", "waiting", "failed", "not yet"
RUNS = "ops.job_runs"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One of the first steps of a catalog.

    Attributes:
        name: The step.
        title: What to do, for people.
        about: What it brings, in a sentence.
        pages: The pages that it fills.
        tables: The tables that tell whether it is done; by default those of its pages.
        view: Which view of its page to look at, where that has several.
        dag_id: The DAG that does it; '' for what a person does.
        after: The step without whose results it has nothing to work on.
        feeds: Feeds of which a catalog must have one; without any of them the step is not for it.
        is_done_by: What says that it is done, where tables do not.
        is_needed: Whether the catalog is in use only once it is done.
    """

    name: str
    title: str
    about: str
    pages: tuple[Page, ...]
    tables: tuple[str, ...] = ()
    view: str = ""
    dag_id: str = ""
    after: str = ""
    feeds: frozenset[str] = frozenset()
    is_done_by: Callable[[Viewer], bool] | None = None
    is_needed: bool = True

    def readable_pages(self, viewer: Viewer) -> tuple[Page, ...]:
        """Return the pages that the team may read."""
        return tuple(page for page in self.pages if page.is_readable(viewer))

    def is_offered(self, viewer: Viewer) -> bool:
        """Return whether the catalog can take the step, and the team may read what comes of it."""
        if self.feeds and not self.feeds & set(feed_names(viewer.catalog.name, Settings.from_environment().include)):
            return False
        return all(viewer.may_read(name) for name in self.tables) and bool(self.readable_pages(viewer))

    def is_done(self, viewer: Viewer) -> bool:
        """Return whether what the team may read of its results is there; a model that was refused is a result too."""
        if self.is_done_by is not None:
            return self.is_done_by(viewer)
        if self.tables:
            return all(viewer.state(name) is not None for name in self.tables)
        return all(page.is_filled(viewer) or _refusal(viewer, page) for page in self.readable_pages(viewer))


@dataclass(frozen=True, kw_only=True)
class StepState:
    """A step as it stands.

    Attributes:
        step: The step.
        state: DONE, RUNNING, WAITING, FAILED or NOT_YET.
        sentences: What there is to say about that.
        took: How long it took when it was done last, for people; '' where nothing tells.
        run_page: The path within Airflow of the run that the sentences are about; '' without one.
        start: How the user may start it; None when they may not, or need not now.
        fields: What the form says of such a run.
        looks: Title and address of what to look at next.
    """

    step: Step
    state: str
    sentences: tuple[str, ...] = ()
    took: str = ""
    run_page: str = ""
    start: RunTrigger | None = None
    fields: Mapping[str, str]
    looks: tuple[tuple[str, str], ...] = ()


def are_over(viewer: Viewer, steps: tuple[Step, ...]) -> bool:
    """Return whether the catalog is in use: whatever the team may read of the needed steps is there."""
    return all(step.is_done(viewer) for step in steps if step.is_needed and step.is_offered(viewer))


def step_states(viewer: Viewer, steps: tuple[Step, ...], now: datetime) -> tuple[StepState, ...]:
    """Return how the steps stand that the catalog can take and the team may see."""
    dag_ids = {step.dag_id for step in steps if step.dag_id}
    activities = dag_activities(viewer.account, dag_ids, viewer.catalog.name, viewer.catalogs[0])
    offered = [step for step in steps if step.is_offered(viewer)]
    not_done = {step.name: step.title for step in offered if not step.is_done(viewer)}
    return tuple(
        _state(
            viewer,
            step,
            activities.get(step.dag_id),
            now,
            is_done=step.name not in not_done,
            waits_for=not_done.get(step.after, ""),
        )
        for step in offered
    )


def _state(
    viewer: Viewer, step: Step, activity: DagActivity | None, now: datetime, *, is_done: bool, waits_for: str
) -> StepState:
    """Return how a step stands.

    Args:
        viewer: Who looks.
        step: The step.
        activity: What its DAG does; None without one, or where the user may not see it.
        now: The time of the request.
        is_done: Whether its results are there.
        waits_for: The title of the step whose results it lacks; '' for none.
    """
    active = activity.active if activity else None
    state = _state_name(activity, is_done=is_done, waits_for=waits_for)
    failed = activity.last if activity and activity.last and state == FAILED else None
    sentences = describe(activity, now, is_scheduled=viewer.catalog.name == viewer.catalogs[0]) if activity else ()
    if state == DONE and not active:
        sentences = tuple(refusal for page in step.readable_pages(viewer) if (refusal := _refusal(viewer, page)))
    elif failed:
        reason = run_error(viewer.account, step.dag_id, failed.run_id)
        sentences = (reason or "The log of its failed task says why.", *sentences)
    elif state == WAITING and not active:
        sentences = (f"It waits for “{waits_for}”.",)
    run = active or failed
    # What was refused may be trained again; what is done is repeated by its schedule, or in Airflow.
    may_start = bool(step.dag_id) and not active and (state in (NOT_YET, FAILED) or (state == DONE and bool(sentences)))
    return StepState(
        step=step,
        state=state,
        sentences=sentences,
        took=_took(viewer, step, activity) if is_done else "",
        run_page=run.page if run else "",
        start=run_trigger(viewer.account, step.dag_id) if may_start else None,
        fields=start_fields(viewer, step.dag_id),
        looks=_looks(viewer, step) if is_done or not step.dag_id else (),
    )


def _state_name(activity: DagActivity | None, *, is_done: bool, waits_for: str) -> str:
    if is_done:
        return DONE
    if activity and activity.active:
        active = activity.active
        return WAITING if active.state == "queued" or active.awaits_answer else RUNNING
    if activity and activity.last and activity.last.state == "failed":
        return FAILED
    return WAITING if waits_for else NOT_YET


def _refusal(viewer: Viewer, page: Page) -> str:
    """Return why the model behind an empty page was refused; '' where it was not, or the page is filled."""
    if page.model is None or page.is_filled(viewer):
        return ""
    refusal = first_refusal_of(viewer, page.model.name)
    return f"{page.model.label}: {refusal.sentence}" if refusal else ""


def _looks(viewer: Viewer, step: Step) -> tuple[tuple[str, str], ...]:
    return tuple((page.title, viewer.link(page.path, view=step.view)) for page in step.readable_pages(viewer))


def _took(viewer: Viewer, step: Step, activity: DagActivity | None) -> str:
    """Say how long the last success took: by its run, else by what its jobs have noted, which outlives Airflow's runs."""
    if activity and activity.last_success:
        return f"took {formats.duration(activity.last_success.took)}"
    seconds = _seconds_of_jobs(viewer, step.dag_id) if step.dag_id else None
    return f"its jobs took {formats.duration(timedelta(seconds=seconds))}" if seconds else ""


def _seconds_of_jobs(viewer: Viewer, dag_id: str) -> float | None:
    """Return the seconds of the jobs of the DAG's newest run; None where none is noted, or the team may not know."""
    if not viewer.may_read(RUNS) or viewer.state(RUNS) is None:
        return None
    sql = f"SELECT run_id, seconds FROM {RUNS} WHERE run_id LIKE :dag"  # noqa: S608
    seconds: dict[str, float] = {}
    for row in viewer.records(sql, dag=f"{dag_id}/%"):
        run_id = row["run_id"].split("/")[1]
        seconds[run_id] = seconds.get(run_id, 0.0) + row["seconds"]
    newest = max(seconds, key=lambda run_id: run_id.partition("__")[2], default=None)
    return seconds[newest] if newest is not None else None
