"""The lineage event of a run: what a real server receives, and that no server of any kind disturbs a job."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from openlineage.client import event_v2
from openlineage.client.facet_v2 import dataset_version_dataset, error_message_run, job_type_job, tags_run

from basketry.config.run_settings import OF_EVERY_JOB, settings_argument
from basketry.config.settings import Settings
from basketry.jobs.sales import SALES
from basketry.lake.report import JobReport
from basketry.lake.runner import run_job
from basketry.tables import JOB_RUNS, PROMOTIONS
from basketry.tables import SALES as SALES_TABLES
from basketry.warehouse import lineage_event, open_rows
from basketry.warehouse.job_runs import JobRun, record_job_run

FACETS = {
    "version": dataset_version_dataset.DatasetVersionDatasetFacet,
    "errorMessage": error_message_run.ErrorMessageRunFacet,
    "jobType": job_type_job.JobTypeJobFacet,
}
ARGUMENTS = {"catalog": "demo", "run_id": "daily_sales/r1/sales/-1/1", "as_of": date(2026, 11, 20)}


class _Handler(BaseHTTPRequestHandler):
    received: ClassVar[list[tuple[str, str | None, dict[str, Any]]]] = []
    seconds: ClassVar[float] = 0.0

    def do_POST(self) -> None:
        """Keep the event, and answer when it is time."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, self.headers["Authorization"], json.loads(body)))
        time.sleep(self.seconds)
        self.send_response(201)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(seconds: float = 0.0) -> Iterator[tuple[str, list[tuple[str, str | None, dict[str, Any]]]]]:
    """A lineage server that answers after some seconds; yields its address and what it was sent."""
    handler = type("Handler", (_Handler,), {"received": [], "seconds": seconds})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler.received
    finally:
        server.shutdown()
        server.server_close()


def settings(home: Path, url: str = "", **more: str) -> Settings:
    """Of a run here that knows a lineage server."""
    return Settings.from_environment({"BASKETRY_HOME": str(home), "OPENLINEAGE_URL": url, **more})


class Lake(SimpleNamespace):
    """As much of a lakehouse as the runner asks for."""

    def record(self, table: Any, rows: Any, where: str) -> None:
        """Note nothing, but that it was written, as a lakehouse does."""
        self.written.add(table)


def lake(run_settings: Settings) -> Any:
    """An open lake in which nothing was written yet."""
    return Lake(settings=run_settings, catalog="demo", written=set())


def sales(lake: Any, arguments: Any) -> JobReport:
    """What the job sales would report."""
    lake.written.add(SALES_TABLES["day"])
    versions = {"silver.order_lines": 7, "silver.products": 3}
    return JobReport(rows_in=10, rows_out=4, summary=(), as_of=arguments.as_of, input_versions=versions)


def fail(lake: Any, arguments: Any) -> JobReport:
    """Write a table, then meet a person's name."""
    lake.written.add(SALES_TABLES["day"])
    raise ValueError("Jane Doe cannot be parsed")


def as_classes(body: dict[str, Any]) -> event_v2.RunEvent:
    """The event read by OpenLineage's own classes, which check ids, times and states; every facet names its own schema."""

    def facets(values: dict[str, Any]) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for name, value in values.items():
            own = {key: one for key, one in value.items() if not key.startswith("_")}
            if name == "tags":
                own = {"tags": [tags_run.TagsRunFacetFields(**tag) for tag in own["tags"]]}
            read[name] = (tags_run.TagsRunFacet if name == "tags" else FACETS[name])(**own)
            assert value["_schemaURL"] == read[name]._get_schema() and value["_producer"] == body["producer"]
        return read

    event = event_v2.RunEvent(
        eventTime=body["eventTime"],
        producer=body["producer"],
        run=event_v2.Run(body["run"]["runId"], facets(body["run"]["facets"])),
        job=event_v2.Job(body["job"]["namespace"], body["job"]["name"], facets(body["job"]["facets"])),
        eventType=event_v2.RunState(body["eventType"]),
        inputs=[event_v2.InputDataset(one["namespace"], one["name"], facets(one["facets"])) for one in body["inputs"]],
        outputs=[event_v2.OutputDataset(one["namespace"], one["name"]) for one in body["outputs"]],
    )
    assert body["schemaURL"] == event.schemaURL
    return event


def test_a_run_is_one_event(tmp_path: Path) -> None:
    """Inputs with versions, outputs without the record itself, rows, as-of date; the same run again has the same id."""
    with serving() as (url, received):
        for _ in range(2):
            given = settings(tmp_path, url + "/lineage", OPENLINEAGE_API_KEY="k", OPENLINEAGE_NAMESPACE="shop")
            run_job(lake(given), "sales", SALES.arguments(**ARGUMENTS), sales)
    (path, key, body), (_, _, again) = received
    assert (path, key) == ("/lineage/api/v1/lineage", "Bearer k")
    event = as_classes(body)
    assert (event.eventType.value, event.job.namespace, event.job.name) == ("COMPLETE", "shop", "demo.sales")
    assert again["run"]["runId"] == event.run.runId
    tags = {tag["key"]: tag["value"] for tag in body["run"]["facets"]["tags"]["tags"]}
    assert tags == {"run_id": ARGUMENTS["run_id"], "as_of": "2026-11-20", "rows_in": "10", "rows_out": "4"}
    versions = {Path(one["name"]).name: one["facets"]["version"]["datasetVersion"] for one in body["inputs"]}
    assert versions == {"order_lines": "7", "products": "3"}
    assert [(one.namespace, one.name) for one in event.outputs or ()] == [
        ("file", str(tmp_path / "lake" / "demo" / "gold" / "sales_day"))
    ]


def test_a_failed_run_says_so_without_its_message(tmp_path: Path) -> None:
    """The error goes on as it was; the server learns its type and what had been written, and no person's name."""
    with serving() as (url, received), pytest.raises(ValueError, match="Jane Doe"):
        run_job(lake(settings(tmp_path, url)), "sales", SALES.arguments(**ARGUMENTS), fail)
    ((_, _, body),) = received
    event = as_classes(body)
    assert event.eventType == event_v2.RunState.FAIL and "Jane" not in json.dumps(body)
    assert body["run"]["facets"]["errorMessage"]["message"] == "ValueError"
    assert len(event.outputs or ()) == 1


def test_a_job_without_spark_is_an_event_too(tmp_path: Path) -> None:
    """Its row is in ops.job_runs, and its tables are called as in Unity Catalog where they lie there."""
    here = settings(tmp_path)
    rows = open_rows("demo", here)
    with serving() as (url, received):
        there = {"BASKETRY_RUNTIME": "databricks", "OPENLINEAGE_URL": url, "BASKETRY_HOME": str(tmp_path)}
        told = Settings.from_environment(there)
        run = JobRun(seconds=0.1, rows_out=1)
        record_job_run(rows, "promote", {**ARGUMENTS}, run, outputs=[PROMOTIONS.full_name], settings=told)
    ((_, _, body),) = received
    assert [(one.namespace, one.name) for one in as_classes(body).outputs or ()] == [
        ("unitycatalog", "demo.ops.promotions")
    ]
    assert [row["job"] for row in rows.read(JOB_RUNS, ["job"], {})] == ["promote"]


def test_nothing_is_sent_that_was_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the library is not even loaded; a dry run, which notes nothing, is no event."""
    monkeypatch.setattr(lineage_event, "run_event", lambda *given: pytest.fail("made an event"))
    run_job(lake(settings(tmp_path)), "sales", SALES.arguments(**ARGUMENTS), sales)
    with serving() as (url, received), pytest.raises(ValueError, match="Jane"):
        run_job(lake(settings(tmp_path, url)), "sales", SALES.arguments(**ARGUMENTS, dry_run=True), fail)
    assert received == []


@pytest.mark.parametrize("kind", ["down", "slow", "silent", "no address", "no secret"])
def test_a_server_in_trouble_is_one_line_and_little_time(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down, slow, silent, an address or a secret that is none: the job ends well, and a login in the address is not shown."""
    monkeypatch.setattr(lineage_event, "SECONDS", 0.4)
    monkeypatch.setattr(lineage_event, "TIMEOUT", 30.0)
    with socket.socket() as silent, serving(seconds=1.0) as (slow, _):
        silent.bind(("127.0.0.1", 0))
        if kind == "silent":
            silent.listen()
        there = f"http://me:hidden@127.0.0.1:{silent.getsockname()[1]}"
        address = {"slow": slow, "no address": "lineage", "no secret": slow}.get(kind, there)
        key = {"OPENLINEAGE_API_KEY": "{{secrets/basketry/lineage}}"} if kind == "no secret" else {}
        start = time.monotonic()
        report = run_job(lake(settings(tmp_path, address, **key)), "sales", SALES.arguments(**ARGUMENTS), sales)
        assert report.rows_out == 4 and time.monotonic() - start < 3
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("lineage: no event at ") and "hidden" not in line


def test_it_reaches_a_run_in_a_workspace_as_other_settings_do() -> None:
    """The address as it is, the key by reference alone."""
    names = OF_EVERY_JOB
    environment = {
        "OPENLINEAGE_URL": "https://lineage.example.com",
        "OPENLINEAGE_API_KEY": "{{secrets/basketry/lineage}}",
    }
    told = Settings.of_run(settings_argument(environment, names))
    assert (told.lineage_url, told.lineage_key) == tuple(environment.values())
