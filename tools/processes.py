"""Long-running processes: started in groups of their own, found again later, stopped with everything they started."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.problem import Problem

MARK = "BASKETRY_SERVICE"
"""Set in a service's environment, so inherited by all that it starts: how leftovers of a killed one are found."""


@dataclass(frozen=True)
class Service:
    """A process to keep running.

    Attributes:
        name: What people call it.
        command: Program and arguments.
        port: What it listens on; None for no port.
        port_variable: The environment variable that changes the port.
    """

    name: str
    command: tuple[str, ...]
    port: int | None = None
    port_variable: str = ""


def pid_file(home: Path, name: str) -> Path:
    """Return the file that records a service's process."""
    return home / "services" / f"{name}.json"


def log_file(home: Path, name: str) -> Path:
    """Return the file that a service's output goes to."""
    return home / "logs" / f"{name}.log"


def pid_record(home: Path, name: str) -> dict[str, object] | None:
    """Read what was started under that name: pid, created, command, port.

    Returns:
        None when nothing was started, or it was stopped on purpose.
    """
    try:
        return dict(json.loads(pid_file(home, name).read_text()))
    except (FileNotFoundError, ValueError):
        return None


def running(home: Path, name: str) -> psutil.Process | None:
    """Return the service's main process if it lives; a pid that another program got since is not it."""
    record = pid_record(home, name)
    if record is None:
        return None
    try:
        process = psutil.Process(int(str(record["pid"])))
        same = abs(process.create_time() - float(str(record["created"]))) < 1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def process_tree(home: Path, name: str) -> list[psutil.Process]:
    """List every living process that the service started, itself included, also those that outlived it."""
    record = pid_record(home, name)
    session = int(str(record["pid"])) if record else -1
    return [process for process in psutil.process_iter() if _belongs(process, home, name, session)]


def _belongs(process: psutil.Process, home: Path, name: str, session: int) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        env = process.environ()
        marked = env.get(MARK) == name and env.get("BASKETRY_HOME") == str(home)
        return marked or (os.getsid(process.pid) == session and "BASKETRY_HOME" in env)
    except (psutil.Error, OSError):
        return False


@dataclass(frozen=True)
class Stopped:
    """What became of a service.

    Attributes:
        was_running: Whether there was anything to end.
        survivors: What lives on all the same.
    """

    was_running: bool
    survivors: tuple[psutil.Process, ...] = ()


def stop(home: Path, name: str, patience: float = 15) -> Stopped:
    """End a service and all that it started, gently and then for certain.

    What survives a kill is returned and stays recorded, so that `make status` shows it and the next stop tries again.

    Args:
        home: The home of the instance.
        name: The name of the service.
        patience: Seconds that the main process has to end by itself.
    """
    processes = process_tree(home, name)
    main = running(home, name)
    if main is not None:
        _signal([main], kill=False)
        still_alive([main], patience)
    _signal(processes, kill=False)
    stubborn = {*still_alive(processes, 5), *process_tree(home, name)}
    _signal(stubborn, kill=True)
    survivors = still_alive(stubborn, 5)
    if not survivors:
        pid_file(home, name).unlink(missing_ok=True)
    return Stopped(bool(processes), tuple(survivors))


def survivor_names(survivors: Iterable[psutil.Process]) -> str:
    """Name the processes that could not be stopped, as a person looks for them."""
    return ", ".join(f"process {process.pid}" for process in survivors)


def still_alive(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return the processes that have not ended within so many seconds.

    Asked again and again rather than by psutil's own wait: that opens a descriptor of each process, which kernels and
    sandboxes may refuse, and then waits for none of them.
    """
    alive = [process for process in processes if not _has_ended(process)]
    end = time.monotonic() + seconds
    while alive and time.monotonic() < end:
        time.sleep(0.05)
        alive = [process for process in alive if not _has_ended(process)]
    return alive


def _has_ended(process: psutil.Process) -> bool:
    """Whether a process is gone or a zombie; one that cannot be looked at is taken to live."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except (psutil.Error, OSError):
        return False


def _signal(processes: Iterable[psutil.Process], kill: bool) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            process.kill() if kill else process.terminate()


def ensure(home: Path, service: Service, env: Mapping[str, str]) -> bool:
    """Have the service running with this very command; returns whether it had to be started."""
    record = pid_record(home, service.name)
    if running(home, service.name) and record and record["command"] == list(service.command):
        return False
    left = stop(home, service.name).survivors
    if left:
        raise Problem(
            f"{service.name} must start anew, but {survivor_names(left)} could not be stopped: end it, then run again."
        )
    check_port(service)
    _start(home, service, env)
    return True


def _start(home: Path, service: Service, env: Mapping[str, str]) -> None:
    log = log_file(home, service.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    pid_file(home, service.name).parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603
            service.command,
            env={**env, MARK: service.name, "SPT_NOENV": "1"},  # a process title must not overwrite the mark
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    created = psutil.Process(child.pid).create_time()
    facts = {"pid": child.pid, "created": created, "command": list(service.command), "port": service.port}
    pid_file(home, service.name).write_text(json.dumps(facts))


def check_port(service: Service) -> None:
    """Check that the service's port is free.

    Raises:
        Problem: Another program listens there.
    """
    if service.port is None or port_free(service.port):
        return
    raise Problem(
        f"port {service.port} is used by {_listener(service.port)}: stop that program, "
        f"or set {service.port_variable} to a free port and run again."
    )


def port_free(port: int) -> bool:
    """Whether a server could listen on the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listener(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens = connection.status == psutil.CONN_LISTEN and getattr(connection.laddr, "port", None) == port
            if listens and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:  # macOS tells only root
        pass
    return "another program"


def last_line(log: Path) -> str:
    """Return the last telling line of a log."""
    if not log.is_file():
        return "it wrote no log"
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-200:] if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "exception" in line.lower()]
    return (telling or lines or ["it wrote nothing"])[-1][:300]


def wait_until_alive(home: Path, service: Service, seconds: float, healthy: Callable[[], bool]) -> None:
    """Wait until `healthy()` is true.

    Raises:
        Problem: The process ends, or the time is over.
    """
    end = time.monotonic() + seconds
    log = log_file(home, service.name)
    while not healthy():
        if running(home, service.name) is None:
            raise Problem(f"{service.name} stopped by itself ({last_line(log)}): see {log}, then run again.")
        if time.monotonic() > end:
            raise Problem(f"{service.name} did not answer within {seconds:.0f} s: see {log}, make down, and run again.")
        time.sleep(0.3)
