"""Services: started once, found again, healed, and stopped with everything they started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tools import manage, processes, service_records, services
from tools.manage import service_state
from tools.problem import Problem
from tools.processes import Service, Stopped

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
    while len(found := processes.process_tree(home, "sleeper")) != size and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_running_service_is_kept(home: Path, sleeper: Service) -> None:
    """A second start with the same command changes nothing."""
    assert processes.ensure(home, sleeper, environment(home))
    first = processes.running(home, "sleeper")
    assert not processes.ensure(home, sleeper, environment(home))
    assert processes.running(home, "sleeper") == first


def test_a_service_s_log_is_put_aside_before_it_fills_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is written to: nothing is lost but the oldest, and the service goes on in the same file."""
    monkeypatch.setattr(service_records, "LOG_BYTES", 1000)
    log = service_records.log_file(home, "web")
    log.parent.mkdir()
    with log.open("ab", buffering=0) as service:
        for number in range(7):
            service.write(f"{number}".encode() * 1000)
            service_records.rotate_log(log)
            assert log.stat().st_size == 0
        service.write(b"goes on")
        service_records.rotate_log(log)
    assert log.read_bytes() == b"goes on"
    aside = {path.name: path.read_bytes()[:1] for path in log.parent.iterdir() if path != log}
    assert aside == {"web.log.1": b"6", "web.log.2": b"5", "web.log.3": b"4", "web.log.4": b"3"}


def test_stopping_ends_everything_that_was_started(home: Path, sleeper: Service) -> None:
    """Also a child in a session of its own is gone after the stop."""
    processes.ensure(home, sleeper, environment(home))
    assert len(wait_for_family(home, 2)) == 2
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert processes.process_tree(home, "sleeper") == []
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
    assert not processes.stop(tmp_path_factory.mktemp("other"), "sleeper").was_running
    assert processes.running(home, "sleeper")


def test_stopping_needs_no_descriptor_of_a_process(
    home: Path, sleeper: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel or sandbox that refuses pidfd_open keeps nothing from being stopped."""

    def refused(*given: object) -> int:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "pidfd_open", refused, raising=False)
    processes.ensure(home, sleeper, environment(home))
    assert len(wait_for_family(home, 2)) == 2
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert processes.process_tree(home, "sleeper") == []


def test_a_process_that_is_gone_already_counts_as_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that ends between being listed and being signalled is no error and no survivor."""
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    gone = psutil.Process(ended.pid)
    ended.wait()
    monkeypatch.setattr(processes, "process_tree", lambda home, name: [gone])
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)


def test_a_zombie_counts_as_stopped() -> None:
    """What has ended and only waits for its parent to ask is not waited for."""
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    zombie = psutil.Process(child.pid)
    end = time.monotonic() + 20
    while zombie.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert zombie.status() == psutil.STATUS_ZOMBIE
    assert processes.still_alive([zombie], 30) == []
    child.wait()


def test_a_process_whose_environment_is_secret_is_stopped(
    home: Path, sleeper: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel shows no environment, the service and its children are found by their numbers."""

    def refused(process: psutil.Process) -> dict[str, str]:
        raise psutil.AccessDenied(process.pid)

    processes.ensure(home, sleeper, environment(home))
    assert len(wait_for_family(home, 2)) == 2
    monkeypatch.setattr(psutil.Process, "environ", refused)
    assert len(alive := wait_for_family(home, 2)) == 2
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert processes.still_alive(alive, 0) == []


def test_a_kernel_that_lists_no_processes_is_no_hindrance(
    home: Path, sleeper: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main process is known by its number."""

    def refused() -> Iterator[psutil.Process]:
        raise PermissionError(13, "Permission denied", "/proc")

    processes.ensure(home, sleeper, environment(home))
    alive = wait_for_family(home, 2)
    main = processes.running(home, "sleeper")
    monkeypatch.setattr(psutil, "process_iter", refused)
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert main in alive and processes.still_alive([main], 0) == []


def test_a_clock_that_was_set_hides_no_service(home: Path, sleeper: Service) -> None:
    """The moment of creation is counted from the machine's start, which moves with the clock: the mark decides then."""
    processes.ensure(home, sleeper, environment(home))
    wait_for_family(home, 2)
    main = processes.running(home, "sleeper")
    file = processes.pid_file(home, "sleeper")
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "created": record["created"] - 3600}))
    assert main and processes.running(home, "sleeper") == main
    file.write_text(json.dumps({**record, "created": record["created"] - 3600, "pid": os.getpid()}))
    assert processes.running(home, "sleeper") is None, "another program with that number is not ours"
    file.write_text(json.dumps(record))


def test_a_home_has_many_names(home: Path, sleeper: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leftovers of a service are found by another path to the same home."""
    link = tmp_path_factory.mktemp("names") / "link"
    link.symlink_to(home)
    processes.ensure(home, sleeper, environment(home))
    assert len(wait_for_family(home, 2)) == 2
    processes.pid_file(home, "sleeper").unlink()
    assert len(processes.process_tree(link, "sleeper")) == 2
    assert processes.stop(link, "sleeper").was_running
    assert processes.process_tree(home, "sleeper") == []


@pytest.mark.parametrize("text", ["", "null", "[1]", "{}", '{"pid": "x", "created": 1}', '{"pid": 1}', "\0"])
def test_a_record_that_was_cut_off_is_no_record(home: Path, sleeper: Service, text: str) -> None:
    """A disk that was full may have left anything: what runs is found by its mark and stopped."""
    processes.ensure(home, sleeper, environment(home))
    wait_for_family(home, 2)
    processes.pid_file(home, "sleeper").write_text(text)
    assert processes.running(home, "sleeper") is None
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert not processes.pid_file(home, "sleeper").exists()


def test_what_starts_while_its_parent_is_killed_is_killed_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree is looked at again until it is empty."""
    children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(3)]
    listed = [[psutil.Process(child.pid)] for child in children] + [[]]
    monkeypatch.setattr(processes, "process_tree", lambda home, name: listed.pop(0))
    assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert [child.wait(10) for child in children] == [-signal.SIGTERM, -signal.SIGKILL, -signal.SIGKILL]


def test_a_record_that_cannot_be_removed_stops_nothing_from_stopping(
    home: Path, sleeper: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home of another account, or one that became read-only, ends in no stack trace."""

    def refused(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    processes.ensure(home, sleeper, environment(home))
    wait_for_family(home, 2)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refused)
        assert processes.stop(home, "sleeper") == Stopped(was_running=True)
    assert service_state(home, "sleeper") == "killed"


def test_a_program_that_is_missing_is_one_sentence(home: Path) -> None:
    """An environment that somebody cleaned by hand is named, with what makes a new one."""
    with pytest.raises(Problem, match=r"gone could not be started, /nowhere/mlflow is not there: rm -r \.venv"):
        processes.ensure(home, Service("gone", ("/nowhere/mlflow",)), environment(home))


def test_what_cannot_be_stopped_is_returned_and_stays_noted(
    home: Path, sleeper: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that no signal of ours reaches is named, and the next stop tries it again."""
    processes.ensure(home, sleeper, environment(home))
    alive = wait_for_family(home, 2)
    with monkeypatch.context() as patched:
        patched.setattr(processes, "_signal", lambda listed, kill: None)
        patched.setattr(processes, "still_alive", lambda listed, seconds: list(listed))
        stopped = processes.stop(home, "sleeper", patience=0)
    assert {process.pid for process in stopped.survivors} == {process.pid for process in alive}
    assert processes.pid_record(home, "sleeper")


def test_down_tries_every_service_and_names_what_lives_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One service that cannot be stopped keeps none of the others up, and the command fails with its name."""
    tried: list[str] = []

    def stop(home: Path, name: str) -> Stopped:
        tried.append(name)
        return Stopped(was_running=True, survivors=(psutil.Process(),) if name == "airflow-scheduler" else ())

    monkeypatch.setattr(services, "stop", stop)
    with pytest.raises(Problem, match=rf"airflow-scheduler \(process {os.getpid()}\)"):
        manage.down_command([])
    assert sorted(tried) == sorted(services.NAMES)
    assert "Stopped: airflow-dag-processor, airflow-api-server, mlflow." in capsys.readouterr().out
