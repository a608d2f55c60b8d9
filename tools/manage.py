"""`make status`, `make logs`, `make down`, `make clean`: what runs, what it says, and its end."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.environment import InstancePaths
from tools.home import MARK, is_ours
from tools.problem import Problem
from tools.processes import running, survivor_names
from tools.service_records import log_file, pid_record
from tools.services import NAMES, stop_all
from tools.terminal import verbatim

OWNED = ("airflow", "checkpoints", "exports", "landing", "lake", "logs", "mlflow", "services", "tmp", "turns")
"""What is deleted of a home that Basketry did not make; a folder with none of these is none, and stays."""

HEADINGS = ("service", "state", "process", "since", "address")


def service_state(home: Path, name: str) -> str:
    """Return `running`, `stopped` (never started, or by make down) or `killed` (it ended by itself or was killed)."""
    if running(home, name):
        return "running"
    return "killed" if pid_record(home, name) else "stopped"


def status_command(arguments: list[str]) -> int:
    """Show every service; exit code 1 when one was killed."""
    places = InstancePaths.from_environment()
    table = Table(*HEADINGS, box=None, header_style="bold")
    states = {name: service_state(places.home, name) for name in NAMES}
    for name, state in states.items():
        table.add_row(name, state, *_facts(places.home, name))
    console = Console() if sys.stdout.isatty() else Console(width=140)
    console.print(verbatim(f"Home: {places.home}"), soft_wrap=True)
    console.print(table)
    killed = [name for name, state in states.items() if state == "killed"]
    if killed:
        console.print(f"{', '.join(killed)}: ended unasked. `make run` starts it again, `make logs` may say why.")
    return int(bool(killed))


def _facts(home: Path, name: str) -> tuple[str, str, str]:
    process, record = running(home, name), pid_record(home, name)
    if process is None or record is None:
        return "", "", ""
    since = datetime.fromtimestamp(process.create_time()).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 a person's clock
    return str(process.pid), since, f"http://127.0.0.1:{record['port']}" if record.get("port") else ""


def logs_command(arguments: list[str]) -> int:
    """Show the end of the logs, and follow them on a terminal."""
    places = InstancePaths.from_environment()
    wanted = [*arguments, *shlex.split(os.environ.get("ARGS", ""))] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        raise Problem(f"there is no service '{unknown[0]}'; there are: {', '.join(NAMES)}.")
    logs = [str(log_file(places.home, name)) for name in wanted if log_file(places.home, name).is_file()]
    if not logs:
        raise Problem(f"nothing has run in {places.home} yet: `make run` starts it.")
    follow = ["-F"] if sys.stdout.isatty() else []
    print(f"Logs of tasks: {places.home / 'logs' / 'tasks'}", flush=True)
    return subprocess.call(["tail", "-n", "20", *follow, *logs])  # noqa: S603


def down_command(arguments: list[str]) -> int:
    """Stop every service with all that it started.

    Raises:
        Problem: Something lives on after all were tried.
    """
    stopped = stop_all(InstancePaths.from_environment())
    ended = [name for name, what in stopped.items() if what.was_running and not what.survivors]
    left = [f"{name} ({survivor_names(what.survivors)})" for name, what in stopped.items() if what.survivors]
    print(f"Stopped: {', '.join(ended) or 'nothing'}." if ended or left else "Nothing was running.")
    if left:
        raise Problem(
            f"these could not be stopped: {', '.join(left)}. End them as their owner or as root, then make down again."
        )
    return 0


def clean_command(arguments: list[str]) -> int:
    """Delete the home after asking; YES=1 answers beforehand."""
    home = InstancePaths.from_environment().home
    if not home.exists():
        print(f"There is nothing to delete: {home} does not exist.")
        return 0
    if not is_ours(home) and not any((home / name).is_dir() for name in OWNED):
        raise Problem(f"{home} does not look like a home of Basketry, so it stays: set BASKETRY_HOME to the right one.")
    if not _agreed(home):
        print("Nothing was deleted.")
        return 1
    down_command([])
    whole = is_ours(home)
    if whole:
        _delete_all(home)
    else:
        _delete_owned(home)
    rest = sorted(path.name for path in home.iterdir()) if home.exists() else []
    if not rest:
        if home.exists():
            home.rmdir()
        print(f"Deleted {home} with all its data.")
        return 0
    undeleted = rest if whole else [name for name in rest if name in OWNED]
    if undeleted:
        raise Problem(
            f"not all data of {home} could be deleted, {', '.join(undeleted)} is still there: delete it by hand."
        )
    print(f"Deleted the data of {home}. What Basketry did not put there stays: {', '.join(rest)}.")
    return 0


def _delete_all(home: Path) -> None:
    """Delete everything, the mark last: what is interrupted is begun again as a whole."""
    for path in home.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != MARK:
            path.unlink()
    if [path.name for path in home.iterdir()] == [MARK]:
        (home / MARK).unlink()


def _delete_owned(home: Path) -> None:
    for name in OWNED:
        shutil.rmtree(home / name, ignore_errors=True)
    for lock in home.glob("*.lock"):
        lock.unlink()


def _agreed(home: Path) -> bool:
    if os.environ.get("YES") == "1":
        return True
    if not sys.stdin.isatty():
        raise Problem("make clean deletes data and asks first: run it on a terminal, or say make clean YES=1.")
    return (
        input(f"Delete everything in {home} (lake, landing, call lists, logs, databases)? Type yes: ").strip() == "yes"
    )
