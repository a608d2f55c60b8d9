"""A few rows without Spark: in a local folder, and through the SQL warehouse of a workspace."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from basketry.config.settings import CHECKOUT, Settings
from basketry.errors import BadInputError
from basketry.tables import JOB_RUNS, PROMOTIONS, Table
from basketry.warehouse import open_rows
from basketry.warehouse.rows import RowConflictError, RowStore
from basketry.warehouse.statements import StatementConflictError
from tests.databricks_emulator.emulator import DatabricksEmulator
from tests.kit.lake import fill

ROW: dict[str, Any] = {
    "model": "demo.gold.rfm",
    "number": 1,
    "version": "7",
    "champion_before": None,
    "champion_after": "7",
    "verdict": "promote",
    "decided_by": 'Miles O\'Brien \\ "x"',
    "decided_at": datetime(2026, 3, 10, 9, 30, tzinfo=UTC),
    "reason": "better; DROP TABLE x --",
    "checks": "[]",
    "run_id": "weekly/run/promote/-1/1",
    "artifacts": "0123abcd",
}
RUN: dict[str, Any] = {
    "run_id": "r1",
    "job": "promote",
    "as_of": date(2026, 3, 9),
    "arguments": "{}",
    "input_versions": {"silver.order_lines": 3, "silver.products": 4},
    "rows_in": 0,
    "rows_out": 1,
    "seconds": 0.25,
    "model_version": None,
    "details": "{}",
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabricksEmulator]:
    """A workspace whose warehouse writes into a home of its own."""
    home = tmp_path_factory.mktemp("workspace")
    with DatabricksEmulator(home / "nothing", home) as emulator:
        yield emulator


@pytest.fixture(params=["local", "databricks"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Callable[[str], RowStore]]]:
    """The home of the tables, and what opens the rows of a catalog there."""
    if request.param == "local":
        settings = Settings.from_environment({"BASKETRY_HOME": str(tmp_path)})
        yield tmp_path, lambda catalog: open_rows(catalog, settings)
        return
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config

    emulator: DatabricksEmulator = request.getfixturevalue("emulator")
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks"})
    client = WorkspaceClient(config=Config(host=emulator.url, token=emulator.token, rate_limit=1000))
    yield emulator.home, lambda catalog: open_rows(catalog, settings, lambda: client, emulator.warehouse_id)


def test_a_key_is_taken_once(home: tuple[Path, Callable[[str], RowStore]]) -> None:
    """The first row of a key stays; every value comes back as it was written, whatever it holds."""
    rows = home[1]("taken")
    assert rows.read(PROMOTIONS, ["number"], {"model": ROW["model"]}) == []
    assert rows.insert(PROMOTIONS, ROW)
    assert not rows.insert(PROMOTIONS, {**ROW, "verdict": "refuse"})
    assert rows.insert(PROMOTIONS, {**ROW, "number": 2})
    stored = rows.read(PROMOTIONS, PROMOTIONS.column_names, {"model": ROW["model"], "number": 1})
    assert [{**row, "decided_at": datetime.fromisoformat(row["decided_at"])} for row in stored] == [ROW]
    assert len(rows.read(PROMOTIONS, ["number"], {})) == 2


def test_a_row_replaces_the_one_of_its_key(home: tuple[Path, Callable[[str], RowStore]]) -> None:
    """And no other; counts by name come back as a mapping."""
    rows = home[1]("replaced")
    for run_id, seconds in (("r1", 0.25), ("r2", 1.0), ("r1", 0.5)):
        rows.put(JOB_RUNS, {**RUN, "run_id": run_id, "seconds": seconds})
    found = {row["run_id"]: row for row in rows.read(JOB_RUNS, JOB_RUNS.column_names, {"job": "promote"})}
    same = {**RUN, "as_of": "2026-03-09"}
    assert found == {"r1": {**same, "seconds": 0.5}, "r2": {**same, "run_id": "r2", "seconds": 1.0}}


def test_a_table_of_an_earlier_release_gains_its_columns(home: tuple[Path, Callable[[str], RowStore]]) -> None:
    """Release 0.1.0 knew no version of a model in ops.job_runs: its rows have none."""
    folder, store = home
    columns = tuple(column for column in JOB_RUNS.columns if column.name != "model_version")
    older: Table = dataclasses.replace(JOB_RUNS, columns=columns)
    fill(
        folder / "lake",
        "older",
        older,
        [{**RUN, "run_id": "r0", "input_versions": list(RUN["input_versions"].items())}],
    )
    rows = store("older")
    assert rows.read(JOB_RUNS, ["model_version"], {"run_id": "r0"}) == [{"model_version": None}]
    rows.put(JOB_RUNS, {**RUN, "model_version": "7"})
    found = {row["run_id"]: row["model_version"] for row in rows.read(JOB_RUNS, ["run_id", "model_version"], {})}
    assert found == {"r0": None, "r1": "7"}


def test_of_many_writers_at_once_one_takes_the_number(home: tuple[Path, Callable[[str], RowStore]]) -> None:
    """Threads that all want number 1: one wrote it, the others are told."""
    begin, ends = threading.Barrier(4), []

    def write(version: int) -> None:
        rows = home[1]("raced")
        begin.wait()
        ends.append(rows.insert(PROMOTIONS, {**ROW, "version": str(version)}))

    threads = [threading.Thread(target=write, args=(version,)) for version in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [False, False, False, True]
    assert len(home[1]("raced").read(PROMOTIONS, ["number"], {})) == 1


@pytest.mark.parametrize("name", ["../demo", "Demo", ""])
def test_a_catalog_is_an_identifier(home: tuple[Path, Callable[[str], RowStore]], name: str) -> None:
    """It becomes a folder or a name in SQL."""
    with pytest.raises(BadInputError, match="cannot be a catalog"):
        home[1](name)


def test_a_conflict_is_tried_again_or_told(emulator: DatabricksEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that replaces is written again; one that must be the first asks its writer to look again."""
    settings = Settings.from_environment({"BASKETRY_RUNTIME": "databricks"})
    rows: Any = open_rows("met", settings, None, emulator.warehouse_id)
    tries: list[str] = []

    def meet(sql: str, parameters: object, seconds: float) -> Any:
        tries.append(sql)
        raise StatementConflictError("another statement wrote the same table at the same time.")

    rows._prepared |= {JOB_RUNS, PROMOTIONS}
    monkeypatch.setattr(rows._statements, "run", meet)
    with pytest.raises(StatementConflictError):
        rows.put(JOB_RUNS, RUN)
    assert len(tries) == 5
    with pytest.raises(RowConflictError, match=r"another row was written to ops\.promotions at the same time"):
        rows.insert(PROMOTIONS, ROW)


def test_a_promotion_starts_neither_spark_nor_pandas() -> None:
    """What the job promote imports before it asks the registry: no pyspark, no pandas, no MLflow."""
    program = "import sys, promote, judge; print(sorted({'pyspark', 'pandas', 'mlflow', 'duckdb'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=CHECKOUT / "spark_jobs", check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
