"""Serverless compute: a real Spark Connect server in a process of its own, behind the door that refuses.

One server serves all runs of a workspace; it starts with the first of them and ends when a cluster's job needs the metastore,
which Derby gives to one process at a time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.databricks_emulator.connect_proxy import LOOPBACK, ConnectProxy
from tests.kit.ports import free_port

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
START_SECONDS = 180.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.1
WHILE_ASKED = 'exec 3<&0; "$@" & server=$!; (cat <&3; kill $server) & wait $server'
"""Runs a program until it ends, or until whoever started it has closed the pipe: also where that one was killed."""


class ConnectServer:
    """The server of a workspace; `refused` is what its door refused of all runs, in order."""

    def __init__(self, home: Path) -> None:
        """Start nothing yet; home is the emulator's."""
        self.refused: list[str] = []
        self._log = home / "logs" / "connect-server.log"
        self._python_path = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._proxy: ConnectProxy | None = None

    def remote(self, python: Path, installed: Sequence[Path], variables: dict[str, str]) -> str:
        """The address for SPARK_REMOTE of a server whose Python workers have what a run's environment has installed.

        python: the interpreter of that environment. variables: the environment of the process, if it is to start.
        """
        python_path = os.pathsep.join(map(str, installed))
        alive = self._process is not None and self._process.poll() is None
        if self._proxy is None or not alive or python_path != self._python_path:
            self.stop()
            self._start(variables | {"PYSPARK_PYTHON": str(python), "PYTHONPATH": python_path})
            self._python_path = python_path
        assert self._proxy is not None
        return f"sc://{LOOPBACK}:{self._proxy.port}"

    def stop(self) -> None:
        """End the server, so that others can have the metastore."""
        if self._proxy is not None:
            self._proxy.close()
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(STOP_SECONDS)  # it lets go of the metastore
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._proxy = self._process = None

    def _start(self, variables: dict[str, str]) -> None:
        port = free_port()
        settings = {
            "spark.connect.grpc.binding.address": LOOPBACK,
            "spark.connect.grpc.binding.port": str(port),
            "spark.connect.session.planCompression.defaultAlgorithm": "NONE",  # the door reads the plans
        }
        words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        command = [f"{variables['SPARK_HOME']}/bin/spark-submit", "--class", SERVER, *words, "spark-internal"]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", WHILE_ASKED, "sh", *command],
                stdout=log,
                stderr=log,
                stdin=subprocess.PIPE,
                cwd=self._log.parent,
                env=variables,
                start_new_session=True,  # with its Python workers it is a group
            )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The Spark Connect server did not start: {self._log.read_text(errors='replace')}")
            time.sleep(POLL_SECONDS)
        self._proxy = ConnectProxy(port)
        self._proxy.refused = self.refused


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False
