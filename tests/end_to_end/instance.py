"""One instance of `make run`: a home with ports of its own, and what stands in its tables."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from tests.faults.lake import contents
from tests.kit.plumbing import include_of_plumbing
from tests.kit.ports import free_port
from tools.airflow_client import AirflowClient
from tools.deliver import yesterday
from tools.environment import CHECKOUT
from tools.instance_secrets import USER, instance_secrets


class Instance:
    """One home with ports of its own.

    Attributes:
        end: Where its demo ends. Said once, because midnight may pass while its tests run.
        first_end: Where the first deliveries end, a day earlier, so that a later run has something to add.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.end = yesterday("demo")
        self.first_end = self.end - timedelta(days=1)
        self.env = {
            **os.environ,
            "BASKETRY_HOME": str(home),
            "BASKETRY_AIRFLOW_PORT": str(free_port()),
            "BASKETRY_MLFLOW_PORT": str(free_port()),
            "BASKETRY_INCLUDE": str(include_of_plumbing(home.parent)),
            "BASKETRY_DEMO_WEEKS": "30",
            "BASKETRY_DEMO_SCALE": "0.08",
            "COLUMNS": "160",
        }
        for name in ("ARGS", "DATA", "SCALE", "ONLY", "JOB", "MAKEFLAGS"):  # what the test command itself was given
            self.env.pop(name, None)

    def make(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run make as a person would; the output is kept for the failure message."""
        env = {**self.env, **changes}
        return subprocess.run(
            ["make", *arguments], cwd=CHECKOUT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(DeltaTable(str(self.home / "lake" / "demo" / table)).to_pyarrow_table().to_pylist())

    @property
    def airflow(self) -> AirflowClient:
        """The instance's Airflow."""
        address = f"http://127.0.0.1:{self.env['BASKETRY_AIRFLOW_PORT']}"
        return AirflowClient(address, USER, instance_secrets(self.home)["password"])

    def says(self) -> dict[str, list[str]]:
        """The rows of every table but what the pipeline notes about its own runs."""
        found = contents(self.home / "lake" / "demo")
        return {name: rows for name, rows in found.items() if not name.startswith("ops/") or name == "ops/quarantine"}

    def load_again(self, feed: str) -> str:
        """Have Airflow load a feed's files although they are loaded; returns the run's id."""
        return self.airflow.trigger("ingest", {"catalog": "demo", "feed": feed, "load_again": True})

    def versions(self) -> dict[str, int]:
        """Delta version of every table."""
        logs = (self.home / "lake").glob("*/*/*/_delta_log")
        return {str(log.parent): DeltaTable(str(log.parent)).version() for log in logs}
