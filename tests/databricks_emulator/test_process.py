"""How a script's end is told, and that its end is really one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from databricks.sdk import WorkspaceClient

from tests.databricks_emulator.connect_server import ConnectServer
from tests.databricks_emulator.emulator import WORKSPACE_ROOT, DatabricksEmulator
from tests.databricks_emulator.fixtures import CHECKOUT, databricks_emulator
from tests.databricks_emulator.metastore import Metastore
from tests.databricks_emulator.process import ScriptEnvironment, error_text, run_script

__all__ = ["databricks_emulator"]

FRAMES = 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    raise x\n'
CHILD = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
FAMILY = f"""
import subprocess, sys
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
Path("child.part").write_text(str(child.pid))
Path("child.part").rename("child")
child.wait()
"""


@pytest.mark.parametrize(
    ("trace", "exit_code", "error"),
    [
        (f"{FRAMES}basketry.errors.BadInputError: BAD_INPUT: no.\n", 1, "BadInputError: BAD_INPUT: no."),
        (f"{FRAMES}KeyError: 'a'\n\nDuring handling of …:\n\n{FRAMES}ValueError: b\n", 1, "ValueError: b"),
        (f"{FRAMES}pyspark.errors.AnalysisException: [X] first\nsecond\n", 1, "AnalysisException: [X] first\nsecond"),
        (f"{FRAMES}ValueError: logged\nbasketry.BadInputError: BAD_INPUT: no.\n", 65, "BadInputError: BAD_INPUT: no."),
        ("WARN something\n", 3, "SystemExit: 3"),
        ("", -9, "The Python process exited with exit code 137 (SIGKILL)."),
    ],
)
def test_error_is_the_exception_without_its_module(trace: str, exit_code: int, error: str) -> None:
    """What ended the process is named as Databricks names it, whatever else was printed."""
    assert error_text(trace, exit_code) == error


def test_cancellation_reaches_the_whole_process_group(tmp_path: Path) -> None:
    """A child that ignores SIGTERM, as a JVM may, is gone after a cancellation."""
    script = tmp_path / "family.py"
    script.write_text(FAMILY)
    cancel, logs = threading.Event(), tmp_path / "logs"

    def cancel_once_the_child_lives() -> None:
        while not (logs / "child").exists():
            time.sleep(0.02)
        cancel.set()

    threading.Thread(target=cancel_once_the_child_lives, daemon=True).start()
    ending = run_script(
        script_environment=ScriptEnvironment(
            workspace_root="/w",
            scripts=tmp_path,
            environment={},
            logs=logs,
            metastore=Metastore(tmp_path),
            connect=ConnectServer(tmp_path),
        ),
        script=script,
        parameters=[],
        logs=logs,
        stops=(cancel,),
        limit=60,
    )
    assert ending.how == "canceled"
    assert _is_gone(int((logs / "child").read_text()))


def _is_gone(pid: int) -> bool:
    """Whether the process does no more, within a moment; a container may keep the dead one's name."""
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        time.sleep(0.05)
    return not psutil.pid_exists(pid)


def test_shared_fixture_holds_the_real_jobs(databricks_emulator: DatabricksEmulator) -> None:  # noqa: F811
    """The fixture for other rooms maps the workspace to spark_jobs/ and leads Airflow's connection there."""
    script_environment = ScriptEnvironment(
        workspace_root=WORKSPACE_ROOT,
        scripts=CHECKOUT / "spark_jobs",
        environment={},
        logs=databricks_emulator.home,
        metastore=Metastore(databricks_emulator.home),
        connect=databricks_emulator.connect,
    )
    assert script_environment.local_script(f"{WORKSPACE_ROOT}/noop.py") == CHECKOUT / "spark_jobs" / "noop.py"
    assert str(databricks_emulator.port) in os.environ["AIRFLOW_CONN_DATABRICKS_DEFAULT"]


def test_started_by_hand_it_answers_until_killed(tmp_path: Path) -> None:
    """`python -m tests.databricks_emulator` prints its connection, answers, and ends cleanly on SIGTERM."""
    command = [sys.executable, "-m", "tests.databricks_emulator", "--port", "0", "--home", str(tmp_path)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        values = json.loads(process.stdout.readline().split("=", 1)[1].strip().strip("'"))
        client = WorkspaceClient(host=f"http://{values['host']}:{values['port']}", token=values["password"])
        assert client.current_user.me().active
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
