"""Long-running processes: started in groups of their own, found again later, stopped with everything they started."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.preflight import port_free, used_port
from tools.problem import Problem
from tools.service_records import log_file, pid_file, pid_record, rotate_log

MARK = "BASKETRY_SERVICE"
"""Set in a service's environment, so inherited by all that it starts: how leftovers of a killed one are found."""
KILLS = 3
"""How often a service's processes are looked for and killed: one that was killed may have started another before."""


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


def running(home: Path, name: str) -> psutil.Process | None:
    """Return the service's main process if it lives; a pid that another program got since is not it."""
    record = pid_record(home, name)
    if record is None:
        return None
    try:
        process = psutil.Process(int(str(record["pid"])))
        # Moments of creation shift when the machine's clock is set; the mark does not, but not every system shows it.
        same = abs(process.create_time() - float(str(record["created"]))) < 1 or _marked(process, home, name)
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, OSError):
        return None


def process_tree(home: Path, name: str) -> list[psutil.Process]:
    """List every living process that the service started, itself included, also those that outlived it.

    The main process and its children are found without a look at anybody's environment, which systems may refuse.
    """
    record, main = pid_record(home, name), running(home, name)
    session = int(str(record["pid"])) if record else -1
    tree = {main, *_children(main)} if main else set()
    tree |= {process for process in _all_processes() if _belongs(process, home, name, session, main is not None)}
    return [process for process in tree if process.pid != os.getpid() and not _has_ended(process)]


def _all_processes() -> list[psutil.Process]:
    try:
        return list(psutil.process_iter())
    except (psutil.Error, OSError):
        return []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except (psutil.Error, OSError):
        return []


def _belongs(process: psutil.Process, home: Path, name: str, session: int, main_lives: bool) -> bool:
    if _marked(process, home, name):
        return True
    try:
        # The number of a session whose leader has ended may be somebody else's by now.
        return os.getsid(process.pid) == session and (main_lives or "BASKETRY_HOME" in process.environ())
    except (psutil.Error, OSError):
        return False


def _marked(process: psutil.Process, home: Path, name: str) -> bool:
    """Whether a process has inherited the mark of this home's service, by whatever path the home was named."""
    try:
        env = process.environ()
    except (psutil.Error, OSError):
        return False
    theirs = env.get("BASKETRY_HOME", "")
    return env.get(MARK) == name and bool(theirs) and os.path.realpath(theirs) == os.path.realpath(home)


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
    survivors = _killed(home, name, still_alive(processes, 5))
    if not survivors:
        with contextlib.suppress(OSError):  # in a home that cannot be written the record stays
            pid_file(home, name).unlink(missing_ok=True)
    return Stopped(bool(processes), tuple(survivors))


def _killed(home: Path, name: str, alive: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Kill what lives, and again what it had only just started; return what survives."""
    survivors: set[psutil.Process] = set(alive)
    for _ in range(KILLS):
        targets = survivors.union(process_tree(home, name))
        if not targets:
            break
        _signal(targets, kill=True)
        survivors = set(still_alive(targets, 5))
        if survivors == targets:
            break
    return sorted(survivors, key=lambda process: process.pid)


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
    if running(home, service.name) and record and record.get("command") == list(service.command):
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
    rotate_log(log)
    pid_file(home, service.name).parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(  # noqa: S603
                service.command,
                env={**env, MARK: service.name, "SPT_NOENV": "1"},  # a process title must not overwrite the mark
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            missing = f"{service.name} could not be started, {error.filename} is not there"
            raise Problem(f"{missing}: rm -r .venv, then run again.") from None
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
    raise Problem(used_port(service.port, service.port_variable))


def last_line(log: Path) -> str:
    """Return the last telling line of a log."""
    return telling_line(log.read_text(errors="replace")) if log.is_file() else "it wrote no log"


def telling_line(text: str) -> str:
    """Return the last line of a program's output that tells of an error, else the last one."""
    lines = [line.strip() for line in text.splitlines()[-200:] if line.strip()]
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
