"""A Spark Connect server in a process of its own, as serverless compute has one: clients share nothing with it but files."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.few_rows import write_settings
from tests.kit.ports import free_port

SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
PATIENCE = 180
LOOPBACK = "127.0.0.1"


@contextmanager
def connect_server(folder: Path) -> Iterator[str]:
    """Start a server that writes its log into the folder; yields what a client connects to, and ends it with the block."""
    port = free_port()
    write_settings(folder / "spark-conf")
    bound = {"address": LOOPBACK, "port": str(port)}
    words = [word for name, value in bound.items() for word in ("--conf", f"spark.connect.grpc.binding.{name}={value}")]
    # A tester's settings must not stand in for what the function was given.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BASKETRY_")}
    environment |= {"SPARK_CONF_DIR": str(folder / "spark-conf"), "SPARK_LOCAL_DIRS": str(folder / "tmp")}
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [f"{environment['SPARK_HOME']}/bin/spark-submit", "--class", SERVER, *words, "spark-internal"],
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    try:
        _await_answer(port, process, log)
        yield f"sc://{LOOPBACK}:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)


def _await_answer(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-5_000:]
        time.sleep(0.2)
