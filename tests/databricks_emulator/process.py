"""Runs a task's script as a local process in the environment of a cluster, and says how it ended in Databricks' words."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.databricks_emulator.client_environment import client_python
from tests.databricks_emulator.connect_server import ConnectServer
from tests.databricks_emulator.metastore import Metastore

KEPT = frozenset(
    ("HOME", "JAVA_HOME", "LANG", "LC_ALL", "PATH", "SPARK_HOME", "SPARK_LOCAL_DIRS", "SPARK_LOCAL_IP", "TMPDIR")
)
"""Variables of this machine that stand for those of a cluster; it has no other, so a job that needs one must fail here, too."""
OF_A_CLUSTER = frozenset(("JAVA_HOME", "SPARK_HOME", "SPARK_LOCAL_DIRS", "SPARK_LOCAL_IP"))
"""Of these what serverless compute has not: there Spark runs elsewhere."""
SERVERLESS = {"DATABRICKS_RUNTIME_VERSION": "client.5.0", "DATABRICKS_ENV_VERSION": "5"}
"""By these a process knows that it runs on serverless compute: mlflow/utils/databricks_utils.py reads both."""
CLOCK = "BASKETRY_NOW"
"""The moment that counts as now for all of a test, its clusters included."""
DRIVER = Path(__file__).with_name("driver.py")
POLL_SECONDS = 0.02
GRACE_SECONDS = 5.0
SECRET = re.compile(r"\{\{secrets/([^/{}]+)/([^/{}]+)\}\}")
FRAME = re.compile(r"^(\s|$)")
ERROR_LINE = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt)(?::.*)?)$", re.M)
UNCAUGHT = 1
"""Exit code of Python after an exception that nobody caught."""


@dataclass(frozen=True)
class Ending:
    """How a process ended: `how` is success, failure, canceled or timed_out; error and trace only after a failure."""

    how: str
    error: str = ""
    trace: str = ""


StandIn = Callable[[Path, Sequence[str]], Ending]
"""What is done instead of running a script with its parameters."""


@dataclass(frozen=True, kw_only=True)
class ScriptEnvironment:
    """Where scripts run: workspace paths below `workspace_root` mean files in `scripts`.

    environment: what a process gets beside KEPT. deployed: the local file of a workspace file, which comes before
    `scripts`. stand_in: where it is given no process starts. secret: the value of a secret. metastore: where jobs of the
    library find tables. connect: what serverless runs have for Spark.
    """

    workspace_root: str
    scripts: Path
    environment: Mapping[str, str]
    logs: Path
    metastore: Metastore
    connect: ConnectServer
    deployed: Callable[[str], Path | None] = lambda path: None
    stand_in: StandIn | None = None
    secret: Callable[[str, str], bytes] = lambda scope, key: b""

    def with_variables_of(self, cluster: Mapping[str, Any]) -> ScriptEnvironment:
        """The same with the variables of a cluster's specification, secrets in place of their references.

        Raises:
            ApiError: There is no such secret, so the cluster does not start.
        """
        variables = {
            name: SECRET.sub(lambda found: self.secret(found[1], found[2]).decode(), text)
            for name, text in (cluster.get("spark_env_vars") or {}).items()
        }
        return replace(self, environment={**self.environment, **variables})

    def local_script(self, python_file: str) -> Path | None:
        """The local file of a workspace path, or None when there is none."""
        if deployed := self.deployed(python_file):
            return deployed
        root = self.workspace_root.rstrip("/") + "/"
        if not python_file.startswith(root):
            return None
        path = (self.scripts / python_file.removeprefix(root)).resolve()
        inside = path.is_relative_to(self.scripts.resolve())
        return path if inside and path.is_file() else None

    def variables(self) -> dict[str, str]:
        """The environment of a process."""
        kept = {name: value for name, value in os.environ.items() if name in KEPT or name == CLOCK}
        return kept | dict(self.environment)


def run_script(
    script_environment: ScriptEnvironment,
    script: Path,
    parameters: Sequence[str],
    logs: Path,
    stops: Sequence[threading.Event],
    limit: float,
    wheels: Sequence[Path] = (),
    *,
    serverless: bool = False,
) -> Ending:
    """Run the script as a driver does to its end, until something stops it, or until `limit` seconds (0: none) are over.

    It works in its log folder, since a session leaves files where it was started and the scripts' folder is source.
    wheels: what the run's cluster has installed; it comes before what this Python has. Who has any waits for its turn.
    serverless: it is a client of Spark Connect, by a Python that has no other Spark; without a wheel it is no job that
    would ask for Spark.
    """
    if script_environment.stand_in:
        return script_environment.stand_in(script, parameters)
    logs.mkdir(parents=True, exist_ok=True)
    command = [str(DRIVER), str(script_environment.metastore.schemas), str(script), *parameters]
    variables = script_environment.variables()
    if not wheels:
        return _run([sys.executable, "-P", *command], logs, stops, limit, variables)
    turn = script_environment.metastore.turn
    while not turn.acquire(timeout=POLL_SECONDS):
        if any(stop.is_set() for stop in stops):
            return Ending("canceled")
    try:
        installed = [_installed(wheel, script_environment.logs / "installed") for wheel in wheels]
        variables["PYTHONPATH"] = os.pathsep.join(map(str, installed))
        if serverless:
            return _run_serverless(script_environment, command, installed, logs, stops, limit)
        script_environment.connect.stop()
        variables |= script_environment.metastore.variables()
        return _run([sys.executable, "-P", *command], logs, stops, limit, variables)
    finally:
        turn.release()


def _run_serverless(
    script_environment: ScriptEnvironment,
    command: Sequence[str],
    installed: Sequence[Path],
    logs: Path,
    stops: Sequence[threading.Event],
    limit: float,
) -> Ending:
    python, connect = client_python(), script_environment.connect
    machine = {name: value for name, value in os.environ.items() if name in KEPT or name == CLOCK}
    remote = connect.remote(python, installed, machine | script_environment.metastore.variables())
    variables = {name: value for name, value in script_environment.variables().items() if name not in OF_A_CLUSTER}
    variables |= {
        **SERVERLESS,
        "PATH": os.pathsep.join((str(python.parent), "/usr/bin", "/bin")),
        "PYTHONPATH": os.pathsep.join(map(str, installed)),
        "SPARK_REMOTE": remote,
    }
    ending = _run([str(python), "-P", *command], logs, stops, limit, variables)
    if ending.how in ("canceled", "timed_out"):
        connect.stop()  # what its client began there would go on
    return ending


def _run(
    command: Sequence[str], logs: Path, stops: Sequence[threading.Event], limit: float, variables: Mapping[str, str]
) -> Ending:
    with (logs / "stdout").open("wb") as out, (logs / "stderr").open("wb") as err:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd=logs,
            env=dict(variables),
            start_new_session=True,  # a group of its own, so that a cancellation also reaches its JVM
        )
        stopped = _wait(process, stops, limit)
    if stopped:
        return Ending(stopped)
    if process.returncode == 0:
        return Ending("success")
    trace = (logs / "stderr").read_text(errors="replace")
    return Ending("failure", error_text(trace, process.returncode), trace)


def _installed(wheel: Path, folder: Path) -> Path:
    """Where a wheel of pure Python lies once it is installed; a wheel of one name is installed once."""
    if (folder / wheel.stem).exists():
        return folder / wheel.stem
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / wheel.stem)  # noqa: S202 it was deployed by this very test
    return folder / wheel.stem


def _wait(process: subprocess.Popen[bytes], stops: Sequence[threading.Event], limit: float) -> str:
    """Why the process was stopped, or nothing when it ended by itself."""
    deadline = time.monotonic() + limit if limit else float("inf")
    while process.poll() is None:
        reason = (
            "canceled" if any(stop.is_set() for stop in stops) else "timed_out" if time.monotonic() > deadline else ""
        )
        if reason:
            _kill_group(process)
            return reason
        time.sleep(POLL_SECONDS)
    return ""


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # whoever of the group is left, or deaf
    process.wait()


def error_text(trace: str, exit_code: int) -> str:
    """What get-output calls `error`: the exception's class without its module, and its message.

    After an uncaught exception that is everything below the last traceback's frames; else the last line that looks
    like an exception (a local job prints one and exits with a code of its own); else the exit itself.
    """
    if exit_code < 0:
        name = signal.Signals(-exit_code).name
        return f"The Python process exited with exit code {128 - exit_code} ({name})."
    if exit_code == UNCAUGHT and (raised := _raised(trace)):
        return raised
    errors = ERROR_LINE.findall(trace)
    return errors[-1] if errors else f"SystemExit: {exit_code}"


def _raised(trace: str) -> str:
    _, found, tail = trace.rpartition("Traceback (most recent call last):")
    lines = tail.splitlines() if found else []
    while lines and FRAME.match(lines[0]):
        lines.pop(0)
    return re.sub(r"^(?:\w+\.)+(?=\w+(:|$))", "", "\n".join(lines).strip(), flags=re.M)
