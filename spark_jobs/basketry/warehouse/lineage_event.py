"""One OpenLineage event per run of a job, made of what ops.job_runs says of it, for catalogs and lineage tools of others.

Sent where OPENLINEAGE_URL is set, by the library `openlineage-python`, with no listener in Spark: so also on serverless
compute. It is a courtesy: a server that is down or slow costs a job `SECONDS` at most, and one line of warning.

    run      id made of catalog, job and run_id, so that a repeated run is the same; as_of, rows and run_id are its tags
    job      <catalog>.<job> in the namespace OPENLINEAGE_NAMESPACE, `basketry` by default
    inputs   each table with its Delta version      outputs   each table that was written
"""

from __future__ import annotations

import logging
import sys
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from basketry.config.clock import now
from basketry.config.edition import edition
from basketry.config.settings import Settings
from basketry.errors import BasketryError

SECONDS = 3.0
"""How long a job waits for the lineage server at most."""

TIMEOUT = 2.0
"""How long one step of the request may take."""

_RUNS = uuid.UUID("6f0a3a0e-6a0f-5c1b-9a43-0f7b1a0d7c55")
"""Of this namespace every run's id is made."""

Row = Mapping[str, Any]
"""A row of ops.job_runs."""


def send_event(settings: Settings, catalog: str, row: Row, outputs: Iterable[str], failure: str = "") -> None:
    """Tell the lineage server, if one is set, how a run ended. Never fails, and never waits longer than SECONDS.

    Args:
        settings: Of the run.
        catalog: The retailer.
        row: What ops.job_runs says of the run; of one that failed, as far as it came.
        outputs: Every table that was written, as schema.name.
        failure: The type of the error with which the run failed; empty where it ended well.
    """
    if not settings.lineage_url:
        return
    problem = _attempt(lambda: _send(settings, run_event(settings, catalog, row, tuple(outputs), failure)))
    if problem:
        server = urlsplit(settings.lineage_url)  # without a login that stands in it
        print(f"lineage: no event at {server.hostname}:{server.port} of this run ({problem})", file=sys.stderr)


def _send(settings: Settings, event: Any) -> str:
    """Send the event in a thread of its own, since no time-out of a library bounds the whole of a request."""
    problems: list[str] = []
    sender = threading.Thread(
        target=lambda: problems.append(_attempt(lambda: _emit(settings, event))), name="lineage", daemon=True
    )
    sender.start()
    sender.join(SECONDS)
    return problems[0] if problems else f"no answer within {SECONDS:g} s"


def _attempt(step: Callable[[], str]) -> str:
    """Return what a step returns; where it fails, what went wrong, for lineage stops no job."""
    try:
        return step()
    except BasketryError as error:  # a secret without a value: its sentence names the command
        return str(error).rstrip(".")
    except Exception as error:  # of whatever library
        return type(error).__name__


def run_event(settings: Settings, catalog: str, row: Row, outputs: Iterable[str], failure: str = "") -> Any:
    """Return the event as OpenLineage's own classes have it, see `send_event`."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import dataset_version_dataset, error_message_run, job_type_job, tags_run

    producer = f"urn:basketry:{edition()}"
    tags = {key: row[key] for key in ("run_id", "as_of", "rows_in", "rows_out", "model_version")}
    fields = [
        tags_run.TagsRunFacetFields(key=key, value=str(value), source="basketry")
        for key, value in tags.items()
        if value is not None
    ]
    run_facets: dict[str, Any] = {"tags": tags_run.TagsRunFacet(tags=fields, producer=producer)}
    if failure:
        run_facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=failure, programmingLanguage="python", producer=producer
        )
    kind = job_type_job.JobTypeJobFacet(
        processingType="BATCH", integration="BASKETRY", jobType="JOB", producer=producer
    )
    version_of = partial(dataset_version_dataset.DatasetVersionDatasetFacet, producer=producer)
    inputs = [
        InputDataset(*_dataset(settings, catalog, name), facets={"version": version_of(datasetVersion=str(version))})
        for name, version in sorted(row["input_versions"].items())
    ]
    return RunEvent(
        eventType=RunState.FAIL if failure else RunState.COMPLETE,
        eventTime=now().isoformat(),
        run=Run(runId=str(uuid.uuid5(_RUNS, f"{catalog}/{row['job']}/{row['run_id']}")), facets=run_facets),
        job=Job(namespace=settings.lineage_namespace, name=f"{catalog}.{row['job']}", facets={"jobType": kind}),
        inputs=inputs,
        outputs=[OutputDataset(*_dataset(settings, catalog, name)) for name in sorted(set(outputs))],
        producer=producer,
    )


def _dataset(settings: Settings, catalog: str, name: str) -> tuple[str, str]:
    """Return namespace and name of a table: a folder, or a table of Unity Catalog."""
    schema, _, table = name.partition(".")
    if settings.runtime == "databricks":
        return "unitycatalog", settings.names(catalog).full_name(schema, table)
    return "file", str(settings.lake / catalog / schema / table)


def _emit(settings: Settings, event: Any) -> str:
    from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport, TokenProvider

    logging.getLogger("openlineage").setLevel(logging.CRITICAL)  # one line of our own says it
    key = settings.resolve_secret(settings.lineage_key)
    auth = ApiKeyTokenProvider({"apiKey": key}) if key else TokenProvider({})
    config = HttpConfig(url=settings.lineage_url.rstrip("/") + "/", timeout=TIMEOUT, auth=auth, retry={"total": 0})
    HttpTransport(config).emit(event)
    return ""
