"""The stack of docker-compose.yaml while it is up, and what a test asks of it."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from deltalake import DeltaTable

from tests.containers.outside import Stack
from tools.airflow_client import AirflowClient

CATALOG = "sales_project"
"""The retailer whose files are delivered."""


class Running:
    """The stack while it is up, and what was asked of it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.outside = stack.outside
        self.home = stack.outside.folder("/var/lib/basketry")

    def client(self, user: str = "admin") -> AirflowClient:
        """Airflow's API, with the password that lies where the guide says."""
        passwords = json.loads((self.home / "airflow" / "passwords.json").read_text())
        return AirflowClient(f"http://{self.outside.address('airflow-api-server:8080')}", user, passwords[user])

    def user(self, **variables: str) -> str:
        """What the guide's command says when it is given these variables."""
        command = ["env", *(f"{name}={value}" for name, value in variables.items())]
        done = self.stack.containers["airflow-scheduler"].run([*command, ".venv/bin/python", "-m", "tools", "user"])
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page(self, address: str, path: str) -> Any:
        """A JSON page of a service."""
        with urllib.request.urlopen(f"http://{self.outside.address(address)}{path}", timeout=30) as response:
            return json.load(response)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(DeltaTable(str(self.home / "lake" / CATALOG / table)).to_pyarrow_table().to_pylist())
