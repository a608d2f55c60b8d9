"""What fills a page that has nothing yet: the DAG, which run of it is at work, when it will be there, and how to start one.

Every page says this in the same way, from its declaration. Times come from earlier runs about the same thing or from the
schedule; without either there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

from basketry_airflow.console import formats
from basketry_airflow.console.airflow_status import RunTrigger, run_trigger
from basketry_airflow.console.dag_activity import START_FIELDS, ActiveRun, DagActivity, dag_activities
from basketry_airflow.console.viewer import Notice, Viewer


@dataclass(frozen=True, kw_only=True)
class Filling:
    """What is done about a page that has nothing yet.

    Attributes:
        dag_id: The DAG that does it.
        sentences: What the DAG does about it now and when it will be there, in sentences.
        run_page: The path within Airflow of the run that the sentences are about; '' without one.
        start: How the user may start a run; None when they may not, or one is active already.
        fields: What the form says of such a run.
    """

    dag_id: str
    sentences: tuple[str, ...]
    run_page: str
    start: RunTrigger | None
    fields: Mapping[str, str]


def nothing_yet(viewer: Viewer, what: str, dag_ids: tuple[str, ...], *full_names: str) -> Notice | None:
    """Say why `what` cannot be shown from these tables, and what is done about it; None when it can.

    Args:
        viewer: Who looks.
        what: The page, or a part of it.
        dag_ids: The DAGs that fill the tables, the one that fills them first in front.
        full_names: The tables, as schema.table.
    """
    unavailable = viewer.missing(what, dag_ids[0], *full_names)
    if unavailable is None or not all(viewer.may_read(name) for name in full_names):
        return unavailable
    return with_filling(viewer, unavailable, dag_ids)


def with_filling(viewer: Viewer, notice: Notice, dag_ids: tuple[str, ...]) -> Notice:
    """Return the notice with what is done about it by the first of the DAGs that is at work, else by the first of all."""
    scheduled = viewer.catalogs[0]
    activities = dag_activities(viewer.account, dag_ids, viewer.catalog.name, scheduled)
    filling = filling_by(viewer, dag_ids, activities, datetime.now(UTC))
    return replace(notice, filling=filling) if filling else notice


def filling_by(
    viewer: Viewer, dag_ids: tuple[str, ...], activities: Mapping[str, DagActivity], now: datetime
) -> Filling | None:
    """Return what these DAGs do; None where the user may see none of them."""
    visible = [activities[dag_id] for dag_id in dag_ids if dag_id in activities]
    if not visible:
        return None
    activity = next((candidate for candidate in visible if candidate.active), visible[0])
    run = activity.active or (activity.last if activity.last and activity.last.state == "failed" else None)
    return Filling(
        dag_id=activity.dag_id,
        sentences=describe(activity, now, is_scheduled=viewer.catalog.name == viewer.catalogs[0]),
        run_page=run.page if run else "",
        start=None if activity.active else run_trigger(viewer.account, activity.dag_id),
        fields=start_fields(viewer, activity.dag_id),
    )


def start_fields(viewer: Viewer, dag_id: str) -> Mapping[str, str]:
    """Return what the form of a run that fills this catalog says."""
    return {
        "catalog": viewer.catalog.name,
        **{name: str(value) for name, value in START_FIELDS.get(dag_id, {}).items()},
    }


def describe(activity: DagActivity, now: datetime, *, is_scheduled: bool) -> tuple[str, ...]:
    """Say what the DAG does about the catalog now, and when that will be over.

    Args:
        activity: What it does.
        now: The time of the request.
        is_scheduled: Whether scheduled runs are about this catalog.
    """
    if activity.active and activity.active.state == "queued":
        return _queued(activity, activity.active, now)
    if activity.active:
        return _running(activity, activity.active, now)
    sentences = []
    if activity.last and activity.last.state == "failed":
        sentences.append(f"The last run of {activity.dag_id} failed {formats.ago(activity.last.ended_at, now)}.")
    if activity.next_at and is_scheduled:
        sentences.append(f"The next run of {activity.dag_id} begins at {_clock(activity.next_at, now)}.")
    if activity.earlier:
        sentences.append(f"{_earlier(activity)}.")
    return tuple(sentences)


def _queued(activity: DagActivity, run: ActiveRun, now: datetime) -> tuple[str, ...]:
    waits = f"A run of {activity.dag_id} has been waiting since {_clock(run.since, now)}"
    if activity.paused:
        return (f"{waits}: it begins once the DAG, which is paused, is unpaused in Airflow.",)
    return (f"{waits} for its turn.", *((f"{_earlier(activity)}.",) if activity.earlier else ()))


def _running(activity: DagActivity, run: ActiveRun, now: datetime) -> tuple[str, ...]:
    progress = f": {run.tasks_ended} of {run.tasks} tasks have ended" if run.tasks else ""
    since = f"A run of {activity.dag_id} has been at work since {_clock(run.since, now)}{progress}."
    if run.awaits_answer:
        return since, "It waits for a person's answer."
    if not activity.earlier:
        return since, "No earlier run tells how long it takes."
    ready = run.since + timedelta(seconds=_usual(activity.earlier))
    if ready <= now:
        return since, f"{_earlier(activity)}; this one takes longer."
    return since, f"{_earlier(activity)}: it should be there at about {_clock(ready, now)}."


def _usual(earlier: tuple[timedelta, ...]) -> float:
    return median(length.total_seconds() for length in earlier)


def _earlier(activity: DagActivity) -> str:
    usual, number = formats.duration(timedelta(seconds=_usual(activity.earlier))), len(activity.earlier)
    if number == 1:
        return f"The last successful run of {activity.dag_id} took {usual}"
    return f"The last {number} successful runs of {activity.dag_id} took about {usual}"


def _clock(when: datetime, now: datetime) -> str:
    """Write a time of today without its day."""
    return f"{when:%H:%M} UTC" if when.date() == now.date() else formats.moment(when)
