"""Starts the emulator by hand: `python -m tests.databricks_emulator --port 18777 --home .basketry-databricks`."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from tests.databricks_emulator.emulator import WORKSPACE_ROOT, DatabricksEmulator
from tests.databricks_emulator.fixtures import CHECKOUT


def main() -> None:
    """Answer until interrupted."""
    parser = argparse.ArgumentParser(prog="databricks_emulator", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="BASKETRY_HOME of the jobs")
    parser.add_argument("--port", type=int, default=18777)
    parser.add_argument("--scripts", type=Path, default=CHECKOUT / "spark_jobs", help="folder with the job scripts")
    parser.add_argument("--workspace-root", default=WORKSPACE_ROOT, help="what that folder is called in the workspace")
    given = parser.parse_args()
    home = given.home.absolute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a kill also ends the jobs
    with DatabricksEmulator(given.scripts, home, workspace_root=given.workspace_root, port=given.port) as emulator:
        print(f"AIRFLOW_CONN_DATABRICKS_DEFAULT='{emulator.connection}'", flush=True)
        print(f"BASKETRY_WAREHOUSE_ID={emulator.warehouse_id}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
