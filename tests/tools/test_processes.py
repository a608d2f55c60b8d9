"""Services: started once, found again, healed, and stopped with everything they started."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools import processes
from tools.manage import service_state
from tools.problem import Problem
from tools.processes import Service

# A service that starts a child which leaves its session, as a task's process may.
PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
time.sleep(120)
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    processes.stop(tmp_path, "sleeper")


@pytest.fixture
def sleeper() -> Service:
    return Service("sleeper", (sys.executable, "-c", PARENT))


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "BASKETRY_HOME": str(home)}


def wait_for_family(home: Path, size: int) -> list[psutil.Process]:
    end = time.monotonic() + 20
    while len(found := processes.family(home, "sleeper")) != size and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_running_service_is_kept(home: Path, sleeper: Service) -> None:
    """A second start with the same command changes nothing."""
    assert processes.ensure(home, sleeper, environment(home))
    first = processes.running(home, "sleeper")
    assert not processes.ensure(home, sleeper, environment(home))
    assert processes.running(home, "sleeper") == first


def test_stopping_ends_everything_that_was_started(home: Path, sleeper: Service) -> None:
    """Also a child in a session of its own is gone after the stop."""
    processes.ensure(home, sleeper, environment(home))
    assert len(wait_for_family(home, 2)) == 2
    assert processes.stop(home, "sleeper")
    assert processes.family(home, "sleeper") == []
    assert service_state(home, "sleeper") == "stopped"


def test_a_killed_service_is_seen_and_healed(home: Path, sleeper: Service) -> None:
    """After kill -9 the state says killed; the next start clears what it left and starts anew."""
    processes.ensure(home, sleeper, environment(home))
    orphan = next(p for p in wait_for_family(home, 2) if p != processes.running(home, "sleeper"))
    main = processes.running(home, "sleeper")
    assert main is not None
    os.kill(main.pid, signal.SIGKILL)
    os.waitpid(main.pid, 0)
    assert service_state(home, "sleeper") == "killed"
    assert processes.ensure(home, sleeper, environment(home))
    assert service_state(home, "sleeper") == "running"
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_used_port_names_the_variable() -> None:
    """The sentence says which port, who has it, and which variable gives another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        service = Service("web", ("true",), port, "BASKETRY_AIRFLOW_PORT")
        with pytest.raises(Problem, match=rf"port {port} is used by .*set BASKETRY_AIRFLOW_PORT to a free port"):
            processes.check_port(service)
    processes.check_port(service)


def test_a_service_that_dies_shows_its_last_error(home: Path) -> None:
    """Waiting for a service that ended is one sentence with its error and its log, not a time-out."""
    service = Service("sleeper", (sys.executable, "-c", "raise ValueError('bad key')"))
    processes.ensure(home, service, environment(home))
    with pytest.raises(Problem, match=r"sleeper stopped by itself \(ValueError: bad key\): see .*sleeper\.log"):
        processes.wait_until_alive(home, service, 20, lambda: False)


def test_another_home_is_left_alone(home: Path, sleeper: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Stopping one instance does not touch the services of another."""
    processes.ensure(home, sleeper, environment(home))
    assert not processes.stop(tmp_path_factory.mktemp("other"), "sleeper")
    assert processes.running(home, "sleeper")
