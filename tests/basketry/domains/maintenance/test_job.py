"""The job on a local lakehouse: few files afterwards, every row as before, nothing on a dry run. It needs no session."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from basketry.config.settings import Settings
from basketry.lake.opening import open_lake
from basketry.tables import JOB_RUNS, RFM_SEGMENTS
from basketry.warehouse import local_delta
from tests.kit.jobs import run_job

RUNS = 20


def test_small_files_are_merged_once(settings: Settings) -> None:
    """A dry run says it, a run does it, a second run has nothing to do; a table with a file a day is left alone."""
    without_session: Any = None
    lake = open_lake(without_session, "demo", settings)
    for number in range(RUNS):
        write_deltalake(lake.path(JOB_RUNS), pa.table({"run_id": [f"run-{number}"]}), mode="append")
        day = pa.table({"as_of": [f"2026-01-{number + 1:02}"], "customer_id": ["1"]})
        write_deltalake(lake.path(RFM_SEGMENTS), day, mode="append", partition_by=["as_of"])

    def maintained(dry_run: bool) -> set[str]:
        return set(run_job(lake, "maintenance", dry_run=dry_run).summary)

    kept = {f"{table.full_name}: keep every version of 30 days readable" for table in (JOB_RUNS, RFM_SEGMENTS)}
    told = {f"ops.job_runs: compact {RUNS - 1} small files of {RUNS}", *kept}
    assert maintained(dry_run=True) == told
    assert len(local_delta.data_files(lake.path(JOB_RUNS))) == RUNS
    assert maintained(dry_run=False) == told
    assert len(local_delta.data_files(lake.path(JOB_RUNS))) == 1
    assert maintained(dry_run=True) == {"no table needs anything"}
    stored = DeltaTable(lake.path(JOB_RUNS)).to_pyarrow_table()["run_id"].to_pylist()
    assert sorted(stored) == sorted(f"run-{number}" for number in range(RUNS))
    assert len(local_delta.data_files(lake.path(RFM_SEGMENTS))) == RUNS
