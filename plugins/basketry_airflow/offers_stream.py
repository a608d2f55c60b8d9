"""The stream of offers as a task: locally it decides what is waiting; on Databricks a job of the bundle does, and is watched.

A cluster that started every five minutes would never be off. So there the task starts nothing: it looks whether the job
that never ends runs, and how far behind it is, by files alone: no warehouse has to be awake for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from basketry.config.settings import Settings
from basketry.databricks.bundle_paths import offers_job_name
from basketry.errors import BadInputError
from basketry.jobs.offers import OFFERS
from basketry_airflow.script_arguments import CATALOG
from basketry_airflow.spark_job import spark_job

if TYPE_CHECKING:
    from airflow.sdk import Context
    from databricks.sdk import WorkspaceClient

LATE = timedelta(minutes=15)
"""How long a delivered file may wait before somebody is told; a cluster that was lost takes minutes to come back."""

FEED, STREAM = "offer_events", "offers"


class OffersBehindError(Exception):
    """The job of offers does not keep up, or does not run."""


def offers_stream() -> BaseOperator:
    """Make the task of the DAG `offers`."""
    if Settings.from_environment().runtime == "databricks":
        return WatchOffers(task_id=OFFERS.name, catalog=CATALOG)
    return spark_job(OFFERS)(catalog=CATALOG)


class WatchOffers(BaseOperator):
    """Tells how far the job of offers is; fails where it does not run or does not keep up."""

    template_fields = ("catalog",)

    def __init__(self, *, catalog: str, **named: Any) -> None:
        """Make the task.

        Args:
            catalog: The retailer, a template.
            named: Arguments of Airflow's operator.
        """
        super().__init__(**named)
        self.catalog = catalog

    def execute(self, context: Context) -> dict[str, Any]:
        """Look and tell.

        Returns:
            The number of files that wait, the minutes that the oldest of them has waited, and when the last batch ended.

        Raises:
            BadInputError: The workspace has no such job, or somebody has paused it.
            OffersBehindError: A file waits for longer than LATE, or nothing runs.
        """
        from basketry.config.clock import now
        from basketry_airflow.workspace import workspace

        client = workspace()
        running = _running(client, self.catalog)
        settings = Settings.from_environment()
        ended = max(_times(client, str(settings.checkpoint_folder(self.catalog, STREAM) / "commits")), default=None)
        delivered = [] if settings.offer_events else _times(client, str(settings.landing_folder(self.catalog, FEED)))
        waiting = [time for time in delivered if ended is None or time > ended]
        waited = now() - min(waiting) if waiting else timedelta()
        backlog = f"{len(waiting)} files wait, the oldest for {waited.total_seconds() / 60:.0f} minutes"
        self.log.info("offers of %s: %s; the last batch ended at %s.", self.catalog, backlog, ended or "no time yet")
        if not running or waited > LATE:
            state = "the job does not keep up" if running else "no run of the job is active"
            raise OffersBehindError(
                f"{state}: {backlog}. See its runs in the workspace: {offers_job_name(self.catalog)}."
            )
        return {"files": len(waiting), "minutes": waited.total_seconds() / 60, "ended": str(ended or "")}


def _running(client: WorkspaceClient, catalog: str) -> bool:
    """Whether a run of the job is active.

    Raises:
        BadInputError: There is no job, or it is paused.
    """
    name = offers_job_name(catalog)
    job = next(iter(client.jobs.list(name=name)), None)
    if job is None:
        raise BadInputError(f"the workspace has no job '{name}' that this login may see: make deploy makes it.")
    continuous = job.settings.continuous if job.settings else None
    if continuous and continuous.pause_status and continuous.pause_status.value == "PAUSED":
        raise BadInputError(f"the job '{name}' is paused: resume it in the workspace, or pause this DAG, too.")
    return next(iter(client.jobs.list_runs(job_id=job.job_id, active_only=True)), None) is not None


def _times(client: WorkspaceClient, folder: str) -> list[datetime]:
    """Return when each file of a volume's folder was written last; none where the folder is not there."""
    return [time for path, time in _files(client, folder) if not PurePosixPath(path).name.startswith((".", "_"))]


def _files(client: WorkspaceClient, folder: str) -> Iterator[tuple[str, datetime]]:
    from databricks.sdk.errors import NotFound

    try:
        for entry in client.files.list_directory_contents(folder):
            if not entry.is_directory and entry.last_modified is not None:
                yield str(entry.path), datetime.fromtimestamp(entry.last_modified / 1000, UTC)
    except NotFound:
        return
